//! The chain rules of record entries.
//!
//! | rule | why |
//! |---|---|
//! | sequences of a node ascend | an old submission cannot come again |
//! | only the origin acts on its records; others update one if they may | nobody else can add, change or end them |
//! | serials of new records count up from 0 without a gap | nothing can be left out unseen |
//! | an `add` or `update` brings an original that no block holds | a record is shared once |
//! | an `update` that repeats the original of its record's version makes the copy anew; only the node does that which made the version | policies change; who is named last has the original |
//! | an `update` finds an active record | what has ended stays so |
//! | a `delete` repeats the digests of the version that it ends | it says what it ends |

use emrshare_codec::{Digest, Entry, Kind, NodeId, RecordIndex, Serial};

use crate::{Overlay, RecordState, StateError, StateRead, Status, Submission, key};

/// Why a submission is not to be on the ledger.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The sequence was used already.
    #[error("sequence {found} of node {node} is not above {last}")]
    Sequence {
        /// The acting node.
        node: NodeId,
        /// The submission's sequence.
        found: u64,
        /// The last sequence on the ledger.
        last: u64,
    },
    /// Another node than the origin acts.
    #[error("node {acting} may not act on records of node {origin}")]
    NotOrigin {
        /// The acting node.
        acting: NodeId,
        /// The record's origin.
        origin: NodeId,
    },
    /// A new record leaves a gap or uses a serial again.
    #[error("serial {found} does not follow: {expected} is next")]
    Serial {
        /// The entry's serial.
        found: Serial,
        /// The serial that is next.
        expected: Serial,
    },
    /// The original is on the ledger already.
    #[error("the original is on the ledger as {existing}")]
    Duplicate {
        /// The entry's original digest.
        original: Digest,
        /// The record that holds it.
        existing: RecordIndex,
    },
    /// The record does not exist or is deleted.
    #[error("there is no active record {index}")]
    NotActive {
        /// The entry's index.
        index: RecordIndex,
    },
    /// Another node than the one that has the original makes the copy anew.
    #[error("node {acting} does not have the original of the current version of {index}")]
    NotHolder {
        /// The acting node.
        acting: NodeId,
        /// The entry's index.
        index: RecordIndex,
    },
    /// A delete names other digests than the record has.
    #[error("the digests are not those of the current version of {index}")]
    NotCurrent {
        /// The entry's index.
        index: RecordIndex,
    },
    /// The state cannot be read: says nothing about the submission.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Judges a submission and writes what it changes, all of it or (on an error) unusable parts:
/// give it an overlay of its own and drop that on an error.
///
/// `may_update` says whether the submission's node may update a record of another. Signatures are
/// not looked at: see [`Submission::verify`].
///
/// # Errors
/// The first rule that an entry breaks.
pub fn apply<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    submission: &Submission<'_>,
    height: u64,
    may_update: impl Fn(&Overlay<'_, S>, RecordIndex) -> Result<bool, StateError>,
) -> Result<(), RuleError> {
    let node = submission.node();
    let mut counters = state.node(node)?;
    let (found, last) = (submission.sequence(), counters.sequence);
    if found <= last {
        return Err(RuleError::Sequence { node, found, last });
    }
    counters.sequence = found;
    // An entry changes its record and claims its original.
    state.reserve(2 * submission.entries().len());
    for entry in submission.entries().iter() {
        let (kind, origin) = (entry.operation().kind(), entry.index().origin());
        if origin != node && !(kind == Kind::Update && may_update(state, entry.index())?) {
            return Err(RuleError::NotOrigin { acting: node, origin });
        }
        match kind {
            Kind::Add => counters.next_serial = add(state, &entry, counters.next_serial, height)?,
            Kind::Update => update(state, &entry, height)?,
            Kind::Delete => delete(state, &entry, height)?,
        }
    }
    state.put(key::node(node), counters.to_bytes());
    Ok(())
}

fn add<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    entry: &Entry,
    expected: Serial,
    height: u64,
) -> Result<Serial, RuleError> {
    let found = entry.index().serial();
    let mismatch = RuleError::Serial { found, expected };
    if found != expected {
        return Err(mismatch);
    }
    let next = expected.next().ok_or(mismatch)?;
    claim_original(state, entry)?;
    put_record(state, entry, Status::Active, 1, height);
    Ok(next)
}

fn update<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    entry: &Entry,
    height: u64,
) -> Result<(), RuleError> {
    let (index, acting) = (entry.index(), entry.operation().acting());
    let record = active(state, index)?;
    if entry.original() != record.original {
        claim_original(state, entry)?;
    } else if acting != record.acting {
        return Err(RuleError::NotHolder { acting, index });
    }
    put_record(state, entry, Status::Active, record.version.saturating_add(1), height);
    Ok(())
}

fn delete<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    entry: &Entry,
    height: u64,
) -> Result<(), RuleError> {
    let index = entry.index();
    let record = active(state, index)?;
    if (record.original, record.desensitized) != (entry.original(), entry.desensitized()) {
        return Err(RuleError::NotCurrent { index });
    }
    put_record(state, entry, Status::Deleted, record.version, height);
    Ok(())
}

fn active<S: StateRead + ?Sized>(
    state: &Overlay<'_, S>,
    index: RecordIndex,
) -> Result<RecordState, RuleError> {
    state
        .record(index)?
        .filter(|record| record.status == Status::Active)
        .ok_or(RuleError::NotActive { index })
}

fn claim_original<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    entry: &Entry,
) -> Result<(), RuleError> {
    let original = entry.original();
    if let Some(existing) = state.record_of_original(original)? {
        return Err(RuleError::Duplicate { original, existing });
    }
    state.put(key::original(original), entry.index().to_key().to_vec());
    Ok(())
}

fn put_record<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    entry: &Entry,
    status: Status,
    version: u32,
    height: u64,
) {
    let record = RecordState {
        status,
        version,
        height,
        acting: entry.operation().acting(),
        original: entry.original(),
        desensitized: entry.desensitized(),
    };
    state.put(key::record(entry.index()), record.to_bytes());
}
