//! Sealing: round trip, and that key, place and bytes all matter.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_identity::{MasterKey, RecordKey, SealError};
use proptest::prelude::*;

proptest! {
    #[test]
    fn opens_only_at_its_place(part: u32, chunk: u64, bytes: Vec<u8>, flip: prop::sample::Index) {
        let key = RecordKey::from_bytes([1; 32]);
        let sealed = key.seal(part, chunk, bytes.clone());
        prop_assert_eq!(sealed.len(), bytes.len() + 16);
        prop_assert_eq!(key.open(part, chunk, sealed.clone()), Ok(bytes));
        prop_assert_eq!(key.open(part, chunk ^ 1, sealed.clone()), Err(SealError));
        let mut damaged = sealed;
        let position = flip.index(damaged.len());
        damaged[position] ^= 1;
        prop_assert_eq!(key.open(part, chunk, damaged), Err(SealError));
    }
}

#[test]
fn wrapped_key_needs_its_master_key() {
    let key = RecordKey::from_bytes([1; 32]);
    let wrapped = MasterKey::from_bytes([2; 32]).wrap(&key, [3; 12]);
    let unwrapped = MasterKey::from_bytes([2; 32]).unwrap(&wrapped).unwrap();
    let sealed = key.seal(0, 0, b"text".to_vec());
    assert_eq!(unwrapped.open(0, 0, sealed), Ok(b"text".to_vec()));
    assert!(MasterKey::from_bytes([4; 32]).unwrap(&wrapped).is_err());
}
