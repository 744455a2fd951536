//! Merkle trees against another implementation of RFC 9162.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use emrshare_ledger::merkle;
use proptest::prelude::*;

#[test]
fn roots_equal_those_of_ct_merkle() {
    let mut reference = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    let mut leaves = Vec::new();
    for count in 0..130u8 {
        assert_eq!(merkle::root(&leaves).0, reference.root().as_bytes().as_slice());
        reference.push(vec![count; 3]);
        leaves.push(merkle::leaf_hash(&[count; 3]));
    }
}

proptest! {
    #[test]
    fn every_leaf_is_proven_and_every_bit_counts(
        count in 1usize..70,
        position in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let leaves: Vec<_> = (0..count).map(|n| merkle::leaf_hash(&n.to_be_bytes())).collect();
        let (root, position) = (merkle::root(&leaves), position.index(count));
        let path = merkle::prove(&leaves, position).unwrap();
        prop_assert!(merkle::verify(root, leaves[position], position, count, &path));
        prop_assert!(!merkle::verify(root, leaves[position], position + 1, count, &path));
        if !path.is_empty() {
            let mut wrong = path.clone();
            let byte = flip.index(wrong.len() * 32);
            wrong[byte / 32].0[byte % 32] ^= 1 << bit;
            prop_assert!(!merkle::verify(root, leaves[position], position, count, &wrong));
            prop_assert!(!merkle::verify(root, leaves[position], position, count, &path[1..]));
        }
    }
}
