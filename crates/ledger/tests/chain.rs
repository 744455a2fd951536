//! Submissions, blocks, rules, certificates and receipts.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_codec::{Digest, Entry, Kind, Marker, Operation, RecordIndex, Serial};
use emrshare_ledger::{
    Block, BlockBuilder, Memory, Overlay, Receipt, StateRead, Status, Submission, VerifyError,
    rules::{self, RuleError},
};
use proptest::prelude::*;

mod common;
use common::{CHAIN, certificate, entry, key, node, submission, validators};

fn apply(state: &mut Memory, bytes: &[u8]) -> Result<(), RuleError> {
    apply_if(state, bytes, false)
}

/// As if others might update records, or not.
fn apply_if(state: &mut Memory, bytes: &[u8], may_update: bool) -> Result<(), RuleError> {
    let submission = Submission::from_bytes(bytes).unwrap();
    let mut overlay = Overlay::new(&*state);
    rules::apply(&mut overlay, &submission, 1, |_, _| Ok(may_update))?;
    let changes = overlay.into_changes();
    state.apply(changes);
    Ok(())
}

fn block() -> Block {
    let genesis = Block::genesis(CHAIN, Digest([0; 32]), validators(4).root());
    let mut builder = BlockBuilder::new(1 << 20);
    builder
        .push(&submission(1, (0..5).map(|n| entry(Kind::Add, 0, n, n as u8)).collect()))
        .unwrap();
    builder.push(&submission(1, vec![entry(Kind::Add, 1, 0, 77)])).unwrap();
    builder.build(genesis.header(), 1000, Digest([1; 32]), Digest([0; 32]))
}

fn receipt(votes: usize) -> Receipt {
    let block = block();
    let certificate = certificate(block.hash(), &validators(4), votes);
    let wanted = entry(Kind::Add, 0, 3, 3);
    Receipt::make(&block, |entry| *entry == wanted, Vec::new(), certificate).unwrap()
}

#[test]
fn receipt_proves_its_entry() {
    let proven = receipt(3).verify(CHAIN, &validators(4)).unwrap();
    assert_eq!(proven.entry, entry(Kind::Add, 0, 3, 3));
    assert_eq!((proven.votes, proven.block), (3, block().hash()));
}

#[test]
fn receipt_is_small() {
    assert!(receipt(4).to_bytes().len() < 2048);
}

#[test]
fn two_of_four_votes_are_too_few() {
    let found = receipt(2).verify(CHAIN, &validators(4));
    assert_eq!(found, Err(VerifyError::Quorum { found: 2, needed: 3, total: 4 }));
}

#[test]
fn receipt_of_another_consortium_is_refused() {
    let found = receipt(3).verify(CHAIN, &validators(3));
    assert_eq!(found, Err(VerifyError::Foreign { what: "validator set" }));
    assert!(receipt(3).verify(Digest([8; 32]), &validators(4)).is_err());
}

#[test]
fn every_flipped_bit_of_a_receipt_is_caught() {
    let right = receipt(3).to_bytes();
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let verified = Receipt::from_bytes(&wrong)
            .ok()
            .and_then(|receipt| receipt.verify(CHAIN, &validators(4)).ok());
        assert_eq!(verified, None, "bit {bit}");
    }
}

#[test]
fn block_round_trips_and_every_flipped_bit_changes_its_name_or_breaks_it() {
    let block = block();
    let right = block.as_bytes().to_vec();
    assert_eq!(Block::from_bytes(right.clone()).unwrap().hash(), block.hash());
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Block::from_bytes(wrong) {
            assert_ne!(other.hash(), block.hash(), "bit {bit}");
        }
    }
}

#[test]
fn signature_is_good_for_one_chain_and_one_key() {
    let bytes = submission(1, vec![entry(Kind::Add, 0, 0, 1)]);
    let read = Submission::from_bytes(&bytes).unwrap();
    assert!(read.verify(CHAIN, &key(0).public_key()).is_ok());
    assert!(read.verify(Digest([8; 32]), &key(0).public_key()).is_err());
    assert!(read.verify(CHAIN, &key(1).public_key()).is_err());
}

#[test]
fn record_lives_through_add_update_delete() {
    let mut state = Memory::default();
    apply(&mut state, &submission(1, vec![entry(Kind::Add, 0, 0, 1)])).unwrap();
    apply(&mut state, &submission(2, vec![entry(Kind::Update, 0, 0, 2)])).unwrap();
    let index = RecordIndex::new(node(0), Serial::ZERO);
    assert_eq!(state.record(index).unwrap().unwrap().version, 2);
    apply(&mut state, &submission(3, vec![entry(Kind::Delete, 0, 0, 2)])).unwrap();
    assert_eq!(state.record(index).unwrap().unwrap().status, Status::Deleted);
    let again = apply(&mut state, &submission(4, vec![entry(Kind::Update, 0, 0, 3)]));
    assert!(matches!(again, Err(RuleError::NotActive { .. })));
}

#[test]
fn gap_in_serials_is_refused() {
    let found = apply(&mut Memory::default(), &submission(1, vec![entry(Kind::Add, 0, 1, 1)]));
    assert!(matches!(found, Err(RuleError::Serial { .. })));
}

#[test]
fn an_update_may_repeat_the_original_at_hand_and_no_other() {
    let mut state = Memory::default();
    let added = [entry(Kind::Add, 0, 0, 1), entry(Kind::Add, 0, 1, 5)];
    apply(&mut state, &submission(1, added.to_vec())).unwrap();
    let index = RecordIndex::new(node(0), Serial::ZERO);
    let operation = Operation::new(Marker::RECORD, Kind::Update, node(0));
    let anew = Entry::new(operation, index, Digest([1; 32]), Digest([9; 32]));
    apply(&mut state, &submission(2, vec![anew])).unwrap();
    let record = state.record(index).unwrap().unwrap();
    assert_eq!((record.version, record.original), (2, Digest([1; 32])));
    assert_eq!(record.desensitized, Digest([9; 32]));
    apply(&mut state, &submission(3, vec![entry(Kind::Update, 0, 0, 2)])).unwrap();
    for (sequence, other) in [(4, 1), (5, 5)] {
        let found =
            apply(&mut state, &submission(sequence, vec![entry(Kind::Update, 0, 0, other)]));
        assert!(matches!(found, Err(RuleError::Duplicate { .. })));
    }
}

#[test]
fn duplicate_original_is_refused_also_from_another_node() {
    let mut state = Memory::default();
    apply(&mut state, &submission(1, vec![entry(Kind::Add, 0, 0, 1)])).unwrap();
    let found = apply(&mut state, &submission(1, vec![entry(Kind::Add, 1, 0, 1)]));
    assert!(matches!(found, Err(RuleError::Duplicate { .. })));
    let twice = submission(2, vec![entry(Kind::Add, 0, 1, 5), entry(Kind::Add, 0, 2, 5)]);
    assert!(matches!(apply(&mut state, &twice), Err(RuleError::Duplicate { .. })));
}

#[test]
fn old_submission_cannot_come_again() {
    let mut state = Memory::default();
    let bytes = submission(7, vec![entry(Kind::Add, 0, 0, 1)]);
    apply(&mut state, &bytes).unwrap();
    assert!(matches!(apply(&mut state, &bytes), Err(RuleError::Sequence { .. })));
}

#[test]
fn only_the_origin_acts_on_its_records() {
    let mut state = Memory::default();
    apply(&mut state, &submission(1, vec![entry(Kind::Add, 0, 0, 1)])).unwrap();
    let index = RecordIndex::new(node(0), Serial::ZERO);
    let foreign = |kind, original| {
        let operation = Operation::new(Marker::RECORD, kind, node(1));
        Entry::new(operation, index, Digest([original; 32]), Digest([0xfe; 32]))
    };
    let kinds = [(Kind::Add, 2), (Kind::Update, 2), (Kind::Delete, 2)];
    for (sequence, (kind, original)) in (1..).zip(kinds) {
        let foreign = submission(sequence, vec![foreign(kind, original)]);
        let found = apply(&mut state, &foreign);
        assert!(matches!(found, Err(RuleError::NotOrigin { .. })));
        let found = apply_if(&mut state, &foreign, true);
        assert_eq!(found.is_ok(), kind == Kind::Update, "{kind:?}");
    }
    assert_eq!(state.record(index).unwrap().unwrap().acting, node(1));
    // Whose original it is makes the copy anew: not the origin, and not another.
    let anew = submission(4, vec![entry(Kind::Update, 0, 0, 2)]);
    assert!(matches!(apply(&mut state, &anew), Err(RuleError::NotHolder { .. })));
    apply_if(&mut state, &submission(5, vec![foreign(Kind::Update, 2)]), true).unwrap();
    apply(&mut state, &submission(2, vec![entry(Kind::Update, 0, 0, 3)])).unwrap();
}

#[test]
fn delete_must_name_the_current_version() {
    let mut state = Memory::default();
    apply(&mut state, &submission(1, vec![entry(Kind::Add, 0, 0, 1)])).unwrap();
    let found = apply(&mut state, &submission(2, vec![entry(Kind::Delete, 0, 0, 2)]));
    assert!(matches!(found, Err(RuleError::NotCurrent { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read_without_panic(bytes: Vec<u8>) {
        let _ = Block::from_bytes(bytes.clone());
        let _ = Receipt::from_bytes(&bytes);
        let _ = Submission::from_bytes(&bytes);
    }

    /// Whatever is submitted, serials have no gap and no original stands for two records.
    #[test]
    fn invariants_hold_under_random_submissions(
        moves in prop::collection::vec((0u32..3, 0u64..4, 0u8..12, 0u8..3), 1..60),
    ) {
        let mut state = Memory::default();
        let mut accepted = std::collections::BTreeMap::<u32, u64>::new();
        let mut originals = std::collections::BTreeMap::new();
        for (sequence, (origin, serial, original, kind)) in (1..).zip(moves) {
            let kind = [Kind::Add, Kind::Update, Kind::Delete][usize::from(kind)];
            let bytes = submission(sequence, vec![entry(kind, origin, serial, original)]);
            if apply(&mut state, &bytes).is_ok() {
                if kind == Kind::Add {
                    let next = accepted.entry(origin).or_default();
                    prop_assert_eq!(serial, *next);
                    *next += 1;
                }
                if kind != Kind::Delete {
                    let holder = *originals.entry(original).or_insert((origin, serial));
                    prop_assert_eq!(holder, (origin, serial));
                }
            }
        }
    }
}
