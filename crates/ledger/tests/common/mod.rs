//! Keys, entries and votes that the tests share.
#![allow(missing_docs, clippy::unwrap_used, dead_code)]

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_identity::SigningKey;
use emrshare_ledger::{Certificate, SubmissionDraft, Validator, ValidatorSet, Vote};

pub(crate) const CHAIN: Digest = Digest([9; 32]);

pub(crate) fn node(id: u32) -> NodeId {
    NodeId::new(id).unwrap()
}

pub(crate) fn key(id: u32) -> SigningKey {
    SigningKey::from_seed([id as u8 + 1; 32])
}

pub(crate) fn entry(kind: Kind, origin: u32, serial: u64, original: u8) -> Entry {
    Entry::new(
        Operation::new(Marker::RECORD, kind, node(origin)),
        RecordIndex::new(node(origin), Serial::from(serial)),
        Digest([original; 32]),
        Digest([original ^ 0xff; 32]),
    )
}

pub(crate) fn submission(sequence: u64, entries: Vec<Entry>) -> Vec<u8> {
    let acting = entries[0].operation().acting().get();
    SubmissionDraft { entries, sequence }.sign(CHAIN, &key(acting)).unwrap()
}

pub(crate) fn validators(count: u32) -> ValidatorSet {
    let validator = |id| Validator { node: node(id), key: key(id).public_key() };
    ValidatorSet::new((0..count).map(validator).collect())
}

/// Votes as the engine makes them.
pub(crate) fn certificate(block: Digest, set: &ValidatorSet, votes: usize) -> Certificate {
    certificate_in(5, block, set, 0..votes)
}

/// Votes in a view by the validators at these positions.
pub(crate) fn certificate_in(
    view: u8,
    block: Digest,
    set: &ValidatorSet,
    positions: std::ops::Range<usize>,
) -> Certificate {
    let tag_len = Certificate::namespace(CHAIN).len() + 9;
    let mut message = vec![tag_len as u8];
    message.extend_from_slice(&Certificate::namespace(CHAIN));
    message.extend_from_slice(b"_FINALIZE");
    assert_eq!(b"_FINALIZE".len(), 9);
    message.extend_from_slice(&[0, view, 4]);
    message.extend_from_slice(&block.0);
    let sign = |key: &SigningKey| {
        let pair = ring_sign(key.seed(), &message);
        emrshare_identity::Signature(pair)
    };
    let votes = set.members().iter().enumerate().skip(positions.start).take(positions.len()).map(
        |(position, member)| {
            let signer = (0..16).map(key).find(|key| key.public_key() == member.key).unwrap();
            Vote { validator: position as u16, signature: sign(&signer) }
        },
    );
    Certificate { epoch: 0, view: view.into(), parent_view: 4, votes: votes.collect() }
}

fn ring_sign(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    pair.sign(message).as_ref().try_into().unwrap()
}
