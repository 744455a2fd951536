//! Any bytes are refused or are the canonical form of a block, item or receipt.
#![no_main]

use emrshare_ledger::{Block, Item, Receipt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(block) = Block::from_bytes(bytes) {
        assert_eq!(block.as_bytes(), bytes);
        assert_eq!(block.items().count(), block.header().items as usize);
    }
    if let Ok(receipt) = Receipt::from_bytes(bytes) {
        assert_eq!(receipt.to_bytes(), bytes);
    }
    let _ = Item::from_bytes(bytes);
});
