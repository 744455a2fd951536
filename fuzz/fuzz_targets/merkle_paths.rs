//! Roots, inclusion paths and consistency paths beside the recursive definitions of RFC 9162.
#![no_main]

use emrshare_codec::Digest;
use emrshare_fuzz::naive;
use emrshare_ledger::merkle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u8, Vec<[u8; 32]>)| {
    let (count, position, first, given) = input;
    let leaves: Vec<_> = (0..count).map(|leaf| merkle::leaf_hash(&[leaf])).collect();
    let root = naive::root(&leaves);
    assert_eq!(merkle::root(&leaves), root);
    let given: Vec<_> = given.into_iter().map(Digest).collect();
    let (count, position, first) = (leaves.len(), position.into(), usize::from(first));
    let right = merkle::prove(&leaves, position);
    assert_eq!(right.is_some(), position < count);
    if let Some(right) = right {
        assert!(merkle::verify(root, leaves[position], position, count, &right));
        let accepted = merkle::verify(root, leaves[position], position, count, &given);
        assert_eq!(accepted, given == right);
    }
    if let Some(right) = merkle::prove_consistency(&leaves, first) {
        let of_first = (first, naive::root(&leaves[..first]));
        assert!(merkle::verify_consistency(of_first, (count, root), &right));
        let accepted = merkle::verify_consistency(of_first, (count, root), &given);
        assert_eq!(accepted, given == right);
    }
});
