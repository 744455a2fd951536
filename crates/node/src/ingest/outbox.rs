//! What is to go on the ledger, kept until it is there.

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex};
use emrshare_ledger::{StateError, StateRead};
use emrshare_storage::{Batch, Kv};

use crate::{tables::OUTBOX, view::FinalState};

/// What is to go on the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    /// The record; a new one gets its index when it is packed.
    pub(crate) index: Option<RecordIndex>,
    pub(crate) original: Digest,
    pub(crate) desensitized: Digest,
    /// The policy that made the copy; not known of what a crash left.
    pub(crate) policy: Option<Digest>,
    /// Whether the original is on the ledger and only its copy is new.
    pub(crate) is_anew: bool,
}

impl Order {
    /// The order as an entry of node `me` under an index.
    pub(super) fn entry(&self, me: NodeId, index: RecordIndex) -> Entry {
        let operation = Operation::new(Marker::RECORD, self.kind, me);
        Entry::new(operation, index, self.original, self.desensitized)
    }

    /// Removes the order from the outbox.
    pub(super) fn remove(&self, batch: &mut Batch) {
        batch.delete(OUTBOX, &key(self.kind, self.original));
    }

    /// The order of an entry of the outbox.
    fn of(entry: &Entry, state: &FinalState) -> Result<Self, StateError> {
        let (original, desensitized) = (entry.original(), entry.desensitized());
        let (kind, record) = (entry.operation().kind(), state.record(entry.index())?);
        let is_anew =
            kind == Kind::Update && record.is_some_and(|record| record.original == original);
        let index = (kind != Kind::Add).then(|| entry.index());
        Ok(Self { kind, index, original, desensitized, policy: None, is_anew })
    }
}

/// Keeps an order as the entry that it was packed as.
pub(super) fn put(batch: &mut Batch, entry: &Entry) {
    batch.put(OUTBOX, &key(entry.operation().kind(), entry.original()), &entry.to_bytes());
}

/// The orders that are kept.
pub(super) fn orders(kv: &dyn Kv, state: &FinalState) -> Result<Vec<Order>, StateError> {
    let failed = |reason: String| StateError { reason };
    let rows = kv.range(OUTBOX, b"", b"", usize::MAX).map_err(|error| failed(error.to_string()))?;
    let order = |row: &[u8]| {
        let entry = row.try_into().ok().and_then(|bytes| Entry::from_bytes(bytes).ok());
        let entry = entry.ok_or_else(|| failed("a row of the outbox is malformed".into()))?;
        Order::of(&entry, state)
    };
    rows.iter().map(|(_, row)| order(row)).collect()
}

/// Whether an order is kept that brings this original.
pub(super) fn brings(kv: &dyn Kv, original: Digest) -> Result<bool, StateError> {
    for kind in [Kind::Add, Kind::Update] {
        let row = kv.get(OUTBOX, &key(kind, original));
        if row.map_err(|error| StateError { reason: error.to_string() })?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Orders are told apart by kind and original: at most one of each can be under way.
fn key(kind: Kind, original: Digest) -> Vec<u8> {
    [&[kind as u8], original.0.as_slice()].concat()
}
