//! Where the contracts keep what in the ledger's state: a byte for the kind of row, then fields.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::{EthereumAddress, PublicKey};
use emrshare_ledger::key::CONTRACTS;

use crate::{Grantee, Party, Scope, Subject, wire::Field};

/// Member → its consensus key.
pub(crate) fn member(node: NodeId) -> Vec<u8> {
    key(b'm', &node)
}

/// Member that is suspended → since when.
pub(crate) fn suspended(node: NodeId) -> Vec<u8> {
    key(b's', &node)
}

/// Node, also one that left → institution, addresses, certificate.
pub(crate) fn card(node: NodeId) -> Vec<u8> {
    key(b'C', &node)
}

/// Consensus key → the node that has or had it.
pub(crate) fn seat(consensus_key: PublicKey) -> Vec<u8> {
    key(b'K', &consensus_key)
}

/// Transaction that passed it on → application for membership.
pub(crate) fn application(id: Digest) -> Vec<u8> {
    key(b'y', &id)
}

/// One row: members that are not suspended.
pub(crate) fn active() -> Vec<u8> {
    key(b'V', &())
}

/// Epoch → validators from then on.
pub(crate) fn validators_from(epoch: u64) -> Vec<u8> {
    key(b'W', &epoch)
}

/// One row: the authority's certificate in PEM.
pub(crate) fn authority() -> Vec<u8> {
    key(b'U', &())
}

/// Proposal → what is proposed and how the vote stands.
pub(crate) fn proposal(id: Digest) -> Vec<u8> {
    key(b'v', &id)
}

/// Proposal, member → how it voted.
pub(crate) fn vote(proposal: Digest, node: NodeId) -> Vec<u8> {
    key_of_two(b'w', &proposal, &node)
}

/// One row: the number of members.
pub(crate) fn member_count() -> Vec<u8> {
    key(b'M', &())
}

/// One row: how many members must say yes.
pub(crate) fn thresholds() -> Vec<u8> {
    key(b'H', &())
}

/// One row: the terms in force, and since when.
pub(crate) fn terms() -> Vec<u8> {
    key(b'T', &())
}

/// Key → the identity that has it.
pub(crate) fn person(holder: PublicKey) -> Vec<u8> {
    key(b'p', &holder)
}

/// Key that was replaced → nothing: it is never registered again.
pub(crate) fn retired(holder: PublicKey) -> Vec<u8> {
    key(b'P', &holder)
}

/// Key that acted without being registered → nothing: it is never registered.
pub(crate) fn alone(holder: PublicKey) -> Vec<u8> {
    key(b'N', &holder)
}

/// Identity → role, registrar and current key.
pub(crate) fn identity(identity: Digest) -> Vec<u8> {
    key(b'i', &identity)
}

/// Ethereum address → the identity that signs in with it.
pub(crate) fn wallet(address: EthereumAddress) -> Vec<u8> {
    key(b'E', &address)
}

/// Identity → a new key that waits for a second institution.
pub(crate) fn recovery(identity: Digest) -> Vec<u8> {
    key(b'R', &identity)
}

/// Patient, doctor's identity → their relationship.
pub(crate) fn relationship(patient: Party, doctor: Digest) -> Vec<u8> {
    key_of_two(b'l', &patient, &doctor)
}

/// Patient, institution → how many accepted relationships there are.
pub(crate) fn treated_at(patient: Party, node: NodeId) -> Vec<u8> {
    key_of_two(b'L', &patient, &node)
}

/// Record → its patient.
pub(crate) fn owner(index: RecordIndex) -> Vec<u8> {
    key(b'o', &index)
}

/// Patient, record → nothing.
pub(crate) fn owned(patient: Party, index: RecordIndex) -> Vec<u8> {
    key_of_two(b'q', &patient, &index)
}

/// Patient, what, to whom → the grant.
pub(crate) fn grant(patient: Party, scope: Scope, grantee: Grantee) -> Vec<u8> {
    let mut key = key_of_two(b'g', &patient, &scope);
    grantee.put(&mut key);
    key
}

/// Record, doctor's identity → until when an emergency opens the record.
pub(crate) fn emergency(index: RecordIndex, doctor: Digest) -> Vec<u8> {
    key_of_two(b'b', &index, &doctor)
}

/// Request → who asked for which original, and what was decided.
pub(crate) fn request(id: Digest) -> Vec<u8> {
    key(b't', &id)
}

/// Subject → how many events it has.
pub(crate) fn event_count(subject: Subject) -> Vec<u8> {
    key(b'A', &subject)
}

/// Subject, number → event.
pub(crate) fn event(subject: Subject, number: u32) -> Vec<u8> {
    key_of_two(b'a', &subject, &number)
}

/// Deleted record, node → nothing: the node has removed its files.
pub(crate) fn erased(index: RecordIndex, node: NodeId) -> Vec<u8> {
    key_of_two(b'e', &index, &node)
}

/// Agreement → who agreed on what.
pub(crate) fn agreement(id: Digest) -> Vec<u8> {
    key(b'F', &id)
}

/// Institution, agreement → nothing: it is a party.
pub(crate) fn party_of(node: NodeId, agreement: Digest) -> Vec<u8> {
    key_of_two(b'f', &node, &agreement)
}

/// Record, institution → the agreement that opens it, and whether the patient agrees.
pub(crate) fn inclusion(index: RecordIndex, other: NodeId) -> Vec<u8> {
    key_of_two(b'J', &index, &other)
}

/// Agreement, record → nothing.
pub(crate) fn included(agreement: Digest, index: RecordIndex) -> Vec<u8> {
    key_of_two(b'j', &agreement, &index)
}

/// Agreement → how many notes its log has.
pub(crate) fn log_length(agreement: Digest) -> Vec<u8> {
    key(b'Z', &agreement)
}

/// Agreement, number → note.
pub(crate) fn log_entry(agreement: Digest, number: u32) -> Vec<u8> {
    key_of_two(b'z', &agreement, &number)
}

/// Question → who asked whom, and how it stands.
pub(crate) fn consultation(id: Digest) -> Vec<u8> {
    key(b'x', &id)
}

/// Person, question → nothing: the person asked or was asked.
pub(crate) fn consultation_of(person: Digest, id: Digest) -> Vec<u8> {
    key_of_two(b'X', &person, &id)
}

/// Institution → what it gave and took.
pub(crate) fn contribution(node: NodeId) -> Vec<u8> {
    key(b'k', &node)
}

/// One row: how many originals an institution may take for research beyond what it gave.
pub(crate) fn quota() -> Vec<u8> {
    key(b'Q', &())
}

/// The key, or the beginning of keys, of a kind of rows.
pub(crate) fn key(kind: u8, first: &impl Field) -> Vec<u8> {
    let mut key = vec![CONTRACTS, kind];
    first.put(&mut key);
    key
}

fn key_of_two(kind: u8, first: &impl Field, second: &impl Field) -> Vec<u8> {
    let mut key = key(kind, first);
    second.put(&mut key);
    key
}
