//! Of the receipts and split views near those of the vectors, only these themselves verify.
#![no_main]

use emrshare_fuzz::vectors;
use emrshare_ledger::{Receipt, SplitView};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let vectors = vectors::ledger();
    if let Ok(receipt) = Receipt::from_bytes(bytes) {
        assert_eq!(receipt.to_bytes(), bytes);
        if receipt.verify(vectors.chain, &vectors.validators).is_ok() {
            assert!(vectors.receipts.iter().any(|good| good == bytes));
        }
    }
    if let Ok(split) = SplitView::from_bytes(bytes) {
        assert_eq!(split.to_bytes(), bytes);
        if split.verify(vectors.chain, &vectors.validators).is_ok() {
            assert!(vectors.split_views.iter().any(|good| good == bytes));
        }
    }
});
