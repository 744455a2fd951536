//! Of the receipts, split views and successions near those of the vectors, only these themselves
//! verify; a state proof that does says what is so.
#![no_main]

use emrshare_fuzz::vectors;
use emrshare_ledger::{Receipt, SplitView, StateProof, Successions};
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
    if let Ok(proof) = StateProof::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        if let Ok(header) = proof.verify(vectors.chain, &vectors.validators) {
            let rows = vectors.states.get(&header.state_root).expect("a state of the vectors");
            assert_eq!(proof.value(), rows.get(proof.key()).map(Vec::as_slice));
        }
    }
    if let Ok(successions) = Successions::from_bytes(bytes) {
        assert_eq!(successions.to_bytes(), bytes);
        let founders = vectors.validators.clone();
        let led = successions.validators_at(u64::MAX, vectors.chain, founders);
        // Without a change the founders stay; every other way is in the vectors, or begins one.
        if led.is_ok_and(|led| led != vectors.validators) {
            let first = successions.0[0].last.to_bytes();
            assert!(vectors.successions.iter().any(|good| good[5..].starts_with(&first)));
        }
    }
});
