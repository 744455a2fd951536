//! Any bytes are refused or are the canonical form of a block, item or transaction.
#![no_main]

use emrshare_ledger::{Block, History, Item, Submission, Transaction};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(block) = Block::from_bytes(bytes) {
        assert_eq!(block.as_bytes(), bytes);
        assert_eq!(block.items().count(), block.header().items as usize);
    }
    if let Ok(item) = Item::from_bytes(bytes) {
        std::hint::black_box(item.leaf());
    }
    if let Ok(submission) = Submission::from_bytes(bytes) {
        assert_eq!(submission.as_bytes(), bytes);
        assert!(!submission.entries().is_empty());
    }
    if let Ok(transaction) = Transaction::from_bytes(bytes) {
        assert_eq!(transaction.as_bytes(), bytes);
    }
    if let Ok(history) = History::from_bytes(bytes) {
        assert_eq!(history.to_bytes(), bytes);
    }
});
