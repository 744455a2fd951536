//! The tree over all blocks, light clients and split views.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_codec::{Digest, Kind};
use emrshare_ledger::{
    Block, BlockBuilder, CertifiedHeader, Header, History, LightClient, Memory, Overlay, Receipt,
    SplitView, Step, ValidatorSet, VerifyError, history, merkle,
};
use proptest::prelude::*;

mod common;
use common::{CHAIN, certificate, certificate_in, entry, submission, validators};

/// Headers of a chain of empty blocks; `next` says which validators follow a height.
fn headers(count: u64, next: impl Fn(u64) -> ValidatorSet) -> Vec<Header> {
    let genesis = Block::genesis(CHAIN, Digest([0; 32]), next(0).root());
    let mut headers = vec![*genesis.header()];
    let mut state = Memory::default();
    for height in 1..count {
        let parent = headers.last().unwrap();
        let mut overlay = Overlay::new(&state);
        let root = history::advance(&mut overlay, parent).unwrap();
        let changes = overlay.into_changes();
        let block = BlockBuilder::new(1 << 20).build(parent, height, root, Digest([0; 32]));
        let mut header = *block.header();
        header.next_validators_root = next(height).root();
        headers.push(header);
        state.apply(changes);
    }
    headers
}

fn certified(header: Header, set: &ValidatorSet) -> CertifiedHeader {
    CertifiedHeader { header, certificate: certificate(header.hash(), set, set.quorum()) }
}

/// Leaves of the tree that the header at `height` commits to.
fn leaves(headers: &[Header], height: usize) -> Vec<Digest> {
    headers[..height].iter().map(|header| merkle::leaf_hash(&header.hash().0)).collect()
}

#[test]
fn every_header_proves_every_earlier_one_and_no_other() {
    let headers = headers(21, |_| validators(4));
    for (later, header) in headers.iter().enumerate() {
        let leaves = leaves(&headers, later);
        for (earlier, ancestor) in headers[..later].iter().enumerate() {
            let path = merkle::prove(&leaves, earlier).unwrap();
            let (block, height) = (ancestor.hash(), earlier as u64);
            assert_eq!(history::verify_ancestor(block, height, header, &path), Ok(()));
            assert!(history::verify_ancestor(block, height + 1, header, &path).is_err());
            assert!(history::verify_ancestor(header.hash(), height, header, &path).is_err());
        }
    }
}

#[test]
fn chains_are_consistent_only_with_their_own_beginnings() {
    let ours = headers(18, |_| validators(4));
    let theirs = headers(18, |height| validators(if height == 2 { 3 } else { 4 }));
    for later in 1..18 {
        for earlier in 0..later {
            let path = merkle::prove_consistency(&leaves(&ours, later), earlier).unwrap();
            let check = |first: &[Header]| {
                history::verify_consistency(&first[earlier], &ours[later], &path)
            };
            assert_eq!(check(&ours), Ok(()), "{earlier} {later}");
            assert_eq!(check(&theirs).is_ok(), earlier <= 2, "{earlier} {later}");
        }
    }
}

#[test]
fn a_light_client_follows_changing_validators() {
    let set = |height| validators(if height < 5 { 4 } else { 7 });
    let headers = headers(12, set);
    let mut client = LightClient::new(CHAIN, set(0));
    let step = client.advance(certified(headers[3], &set(0)), None).unwrap();
    assert_eq!(step, Step::Advanced);
    // The new set certifies only what follows the block that names it.
    let by_new_set = certified(headers[5], &set(5));
    assert!(client.advance(by_new_set, Some(set(5))).is_err());
    let change = certified(headers[5], &set(0));
    let missing = client.advance(change.clone(), None);
    assert_eq!(missing, Err(VerifyError::Foreign { what: "next validator set" }));
    assert_eq!(client.header(), Some(&headers[3]));
    client.advance(change.clone(), Some(set(5))).unwrap();
    assert_eq!(client.advance(change, None), Ok(Step::Known));
    assert!(client.advance(certified(headers[9], &set(0)), None).is_err());
    client.advance(certified(headers[9], &set(5)), None).unwrap();
    let older = client.advance(certified(headers[4], &set(0)), None);
    assert_eq!(older, Err(VerifyError::Ancestry { height: 4 }));
    let path = merkle::prove(&leaves(&headers, 9), 4).unwrap();
    assert_eq!(client.verify_ancestor(headers[4].hash(), 4, &path), Ok(()));
}

#[test]
fn a_light_client_checks_receipts_of_validators_that_left() {
    let set = validators(4);
    let genesis = Block::genesis(CHAIN, Digest([0; 32]), set.root());
    let mut history = History::default();
    history.append(genesis.hash());
    let mut builder = BlockBuilder::new(1 << 20);
    builder.push(&submission(1, vec![entry(Kind::Add, 0, 0, 1)])).unwrap();
    let block = builder.build(genesis.header(), 1, history.root(), Digest([0; 32]));
    history.append(block.hash());
    let later =
        BlockBuilder::new(1 << 20).build(block.header(), 2, history.root(), Digest([0; 32]));
    let votes = certificate(block.hash(), &set, 3);
    let receipt = Receipt::make(&block, |_| true, Vec::new(), votes).unwrap();

    let mut client = LightClient::new(CHAIN, set.clone());
    assert!(client.verify_receipt(&receipt, &[]).is_err());
    client.advance(certified(*later.header(), &set), None).unwrap();
    let leaves = [genesis.hash(), block.hash()].map(|hash| merkle::leaf_hash(&hash.0));
    let path = merkle::prove(&leaves, 1).unwrap();
    assert_eq!(client.verify_receipt(&receipt, &path), Ok(()));
    assert!(client.verify_receipt(&receipt, &[]).is_err());
}

#[test]
fn two_final_headers_at_one_height_prove_misbehaviour() {
    let set = validators(4);
    let [a, b] = [1, 2].map(|time_ms| Header { time_ms, ..headers(4, |_| validators(4))[3] });
    let vote = |view, header: Header, positions| {
        let certificate = certificate_in(view, header.hash(), &set, positions);
        CertifiedHeader { header, certificate }
    };
    let split = SplitView::between(vote(5, a, 0..3), vote(5, b, 1..4)).unwrap();
    let again = SplitView::between(vote(5, b, 1..4), vote(5, a, 0..3)).unwrap();
    assert_eq!(split, again);
    let read = SplitView::from_bytes(&split.to_bytes()).unwrap();
    let proven = read.verify(CHAIN, &set).unwrap();
    assert_eq!((proven.height, proven.voted_twice.len()), (3, 2));

    // In two views, an honest validator may stand under both: nobody is named.
    let views = SplitView::between(vote(5, a, 0..3), vote(6, b, 0..3)).unwrap();
    assert_eq!(views.verify(CHAIN, &set).unwrap().voted_twice, []);

    let mut client = LightClient::new(CHAIN, set.clone());
    client.advance(vote(5, a, 0..3), None).unwrap();
    let seen = client.advance(vote(5, b, 1..4), None).unwrap();
    assert_eq!(seen, Step::Split(Box::new(split)));
    // A header without a quorum is a lie of whoever shows it, not of the validators.
    let lie = client.advance(vote(5, b, 0..2), None);
    assert_eq!(lie, Err(VerifyError::Quorum { found: 2, needed: 3, total: 4 }));
}

#[test]
fn an_empty_set_certifies_nothing() {
    let nobody = ValidatorSet::new(Vec::new());
    let header = headers(1, |_| ValidatorSet::new(Vec::new()))[0];
    let unsigned = CertifiedHeader { header, certificate: certificate(header.hash(), &nobody, 0) };
    let found = unsigned.verify(CHAIN, &nobody);
    assert_eq!(found, Err(VerifyError::Quorum { found: 0, needed: 1, total: 0 }));
}

#[test]
fn what_is_no_split_proves_nothing() {
    let set = validators(4);
    let chain = headers(4, |_| validators(4));
    let same = certified(chain[3], &set);
    assert_eq!(SplitView::between(same.clone(), same.clone()), None);
    assert_eq!(SplitView::between(same.clone(), certified(chain[2], &set)), None);
    let twice = [&[1], same.to_bytes().as_slice(), &same.to_bytes()].concat();
    let read = SplitView::from_bytes(&twice).unwrap();
    assert_eq!(read.verify(CHAIN, &set), Err(VerifyError::NoSplit));
}

#[test]
fn every_flipped_bit_of_a_certified_header_is_caught() {
    let set = validators(4);
    let header = headers(3, |_| validators(4))[2];
    let right = certified(header, &set).to_bytes();
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let read = CertifiedHeader::read(&mut emrshare_ledger::wire::Reader::new(&wrong));
        assert!(read.is_err() || read.is_ok_and(|read| read.verify(CHAIN, &set).is_err()));
    }
}

proptest! {
    #[test]
    fn appending_gives_the_root_over_all(blocks in prop::collection::vec(any::<[u8; 32]>(), 0..80)) {
        let mut history = History::default();
        blocks.iter().for_each(|block| history.append(Digest(*block)));
        let leaves: Vec<_> = blocks.iter().map(|block| merkle::leaf_hash(block)).collect();
        prop_assert_eq!(history.root(), merkle::root(&leaves));
        prop_assert_eq!(History::from_bytes(&history.to_bytes()), Ok(history));
    }

    #[test]
    fn consistency_holds_for_prefixes_only(
        count in 1usize..60,
        first in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let leaves: Vec<_> = (0..count).map(|n| merkle::leaf_hash(&n.to_be_bytes())).collect();
        let first = first.index(count + 1);
        let of_first = (first, merkle::root(&leaves[..first]));
        let of_all = (count, merkle::root(&leaves));
        let path = merkle::prove_consistency(&leaves, first).unwrap();
        prop_assert!(merkle::verify_consistency(of_first, of_all, &path));
        if !path.is_empty() {
            let mut wrong = path.clone();
            let byte = flip.index(wrong.len() * 32);
            wrong[byte / 32].0[byte % 32] ^= 1 << bit;
            prop_assert!(!merkle::verify_consistency(of_first, of_all, &wrong));
            prop_assert!(!merkle::verify_consistency(of_first, of_all, &path[1..]));
            let other = (first, merkle::leaf_hash(b"another"));
            prop_assert!(!merkle::verify_consistency(other, of_all, &path));
        }
        prop_assert_eq!(merkle::prove_consistency(&leaves, count + 1), None);
    }
}
