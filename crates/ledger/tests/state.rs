//! The state's tree against the definition of its root, and proofs against every changed bit.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::collections::BTreeMap;

use emrshare_codec::Digest;
use emrshare_ledger::{
    Block, FinalHeader, Header, Memory, Overlay, StateError, StatePath, StateProof, StateRead,
    VerifyError, hash, key,
};
use proptest::prelude::*;
use sha2::Digest as _;

mod common;
use common::{CHAIN, certificate, entry, validators};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// The root as `docs/format.md`, section 7.1, defines it.
fn defined(rows: &Rows) -> Digest {
    let digest = |bytes: &[u8]| Digest(sha2::Sha256::digest(bytes).into());
    let mut leaves: Vec<_> = rows.iter().map(|(key, value)| (digest(key), digest(value))).collect();
    leaves.sort();
    subtree(&leaves, 0)
}

fn subtree(leaves: &[(Digest, Digest)], level: usize) -> Digest {
    match leaves {
        [] => Digest([0; 32]),
        [(key, value)] => hash(b"_EMRSHARE_LEDGER_STATE_LEAF", &[&key.0, &value.0]),
        _ => {
            let bit = |key: &Digest| key.0[level / 8] >> (7 - level % 8) & 1;
            let (left, right) = leaves.split_at(leaves.partition_point(|(key, _)| bit(key) == 0));
            let (left, right) = (subtree(left, level + 1), subtree(right, level + 1));
            hash(b"_EMRSHARE_LEDGER_STATE_NODE", &[&left.0, &right.0])
        }
    }
}

/// Applies one block's changes and returns the root that it has from the tree's pages.
fn grow(state: &mut Memory, changes: &[(u16, Option<u8>)]) -> Digest {
    let mut overlay = Overlay::new(state);
    for (number, value) in changes {
        let key = number.to_be_bytes().to_vec();
        match value {
            Some(value) => overlay.put(key, vec![*value]),
            None => overlay.delete(key),
        }
    }
    let (changes, root) = overlay.seal().unwrap();
    state.apply(changes);
    root
}

fn finality(state_root: Digest) -> FinalHeader {
    let genesis = Block::genesis(CHAIN, Digest([0; 32]), validators(4).root());
    let header = Header { state_root, ..*genesis.header() };
    let certificate = certificate(header.hash(), &validators(4), 3);
    FinalHeader { header, descendants: Vec::new(), certificate }
}

proptest! {
    #[test]
    fn the_root_is_that_of_the_rows_however_they_came(
        blocks in prop::collection::vec(
            prop::collection::vec((0..300u16, prop::option::weighted(0.6, any::<u8>())), 0..200),
            1..8,
        ),
        wanted in 0..320u16,
    ) {
        let (mut state, mut rows) = (Memory::default(), Rows::new());
        let mut root = Digest([0; 32]);
        for block in &blocks {
            root = grow(&mut state, block);
            for (number, value) in block {
                let key = number.to_be_bytes().to_vec();
                match value {
                    Some(value) => rows.insert(key, vec![*value]),
                    None => rows.remove(&key),
                };
            }
            prop_assert_eq!(root, defined(&rows));
        }
        let key = wanted.to_be_bytes().to_vec();
        let proof = StatePath::find(&state, key.clone()).unwrap().proven_by(finality(root));
        prop_assert_eq!(proof.value(), rows.get(&key).map(Vec::as_slice));
        prop_assert!(proof.verify(CHAIN, &validators(4)).is_ok());
        // What is empty leaves nothing behind.
        let all: Vec<_> = (0..300).map(|number| (number, None)).collect();
        prop_assert_eq!(grow(&mut state, &all), Digest([0; 32]));
        prop_assert!(state.0.is_empty());
    }
}

#[test]
fn a_large_state_has_the_defined_root_in_one_step_and_in_many() {
    let rows = |numbers: std::ops::Range<u16>| numbers.map(|n| (n, Some(1))).collect::<Vec<_>>();
    let (mut once, mut often) = (Memory::default(), Memory::default());
    let root = grow(&mut once, &rows(0..20_000));
    let steps = (0..20_000).step_by(997).map(|start| rows(start..20_000.min(start + 997)));
    let last = steps.map(|step| grow(&mut often, &step)).last().unwrap();
    let defined = defined(&(0..20_000u16).map(|n| (n.to_be_bytes().to_vec(), vec![1])).collect());
    assert_eq!((root, last), (defined, defined));
    assert_eq!(once.0, often.0);
}

#[test]
fn every_bit_of_a_proof_counts() {
    let mut state = Memory::default();
    let root = grow(&mut state, &(0..40).map(|number| (number, Some(7))).collect::<Vec<_>>());
    // One that is there, and some that are not: beside another leaf or where there is none.
    for wanted in [3, 40, 41, 42, 43, 44] {
        let key = u16::to_be_bytes(wanted).to_vec();
        let proof = StatePath::find(&state, key).unwrap().proven_by(finality(root));
        let bytes = proof.to_bytes();
        assert_eq!(StateProof::from_bytes(&bytes).as_ref(), Ok(&proof));
        for bit in 0..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let passed = StateProof::from_bytes(&wrong)
                .is_ok_and(|read| read.verify(CHAIN, &validators(4)).is_ok());
            // Of a key that is absent nearly every neighbour is absent too, and truly so.
            let still_true = StateProof::from_bytes(&wrong).is_ok_and(|read| {
                read.value().is_none() && state.get(read.key()).unwrap().is_none()
            });
            assert!(!passed || still_true, "bit {bit} of the proof for {wanted}");
        }
    }
}

#[test]
fn originals_and_records_are_read_from_proofs_of_their_keys_only() {
    let [here, gone] = [[1; 32], [2; 32]].map(Digest);
    let index = entry(emrshare_codec::Kind::Add, 0, 5, 1).index();
    let mut state = Memory::default();
    let mut overlay = Overlay::new(&state);
    overlay.put(key::original(here), index.to_key().to_vec());
    let (changes, root) = overlay.seal().unwrap();
    state.apply(changes);
    let proof = |key| StatePath::find(&state, key).unwrap().proven_by(finality(root));
    assert_eq!(proof(key::original(here)).original(here), Ok(Some(index)));
    assert_eq!(proof(key::original(gone)).original(gone), Ok(None));
    assert_eq!(proof(key::original(gone)).original(here), Err(VerifyError::OtherKey));
    assert_eq!(proof(key::record(index)).record(index), Ok(None));
    assert_eq!(proof(key::record(index)).original(gone), Err(VerifyError::OtherKey));
}

#[test]
fn a_lost_or_damaged_page_is_an_error() {
    let mut state = Memory::default();
    grow(&mut state, &(0..600).map(|number| (number, Some(7))).collect::<Vec<_>>());
    let pages: Vec<_> = state.0.keys().filter(|key| key[0] == b't').cloned().collect();
    assert!(pages.len() > 16, "{}", pages.len());
    let prove = |state: &Memory| -> Result<(), StateError> {
        for number in 0..600u16 {
            StatePath::find(state, number.to_be_bytes().to_vec())?;
        }
        Ok(())
    };
    prove(&state).unwrap();
    for page in &pages[1..] {
        let mut lost = state.clone();
        lost.0.remove(page);
        assert!(prove(&lost).unwrap_err().reason.contains("missing"));
        let mut damaged = state.clone();
        damaged.0.get_mut(page).unwrap()[0] = 9;
        assert!(prove(&damaged).unwrap_err().reason.contains("slot"));
    }
}
