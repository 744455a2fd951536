//! What a block asks a node to do.

use emrshare_codec::{Digest, Entry, Kind, NodeId, RecordIndex};
use emrshare_ledger::{Block, Item};

use crate::Want;

/// Something to be done after a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// Another node made or changed a record: get its file.
    Fetch(Want),
    /// A record has ended: remove all its files.
    Erase {
        /// The record.
        index: RecordIndex,
        /// Desensitized digest of its last version.
        digest: Digest,
    },
}

/// The entries of a block in their order, each with what it asks node `me` to do.
///
/// Items of other markers, and of no records, ask for nothing.
pub fn tasks(block: &Block, me: NodeId) -> Vec<(Entry, Option<Task>)> {
    let height = block.header().height;
    let mut tasks = Vec::with_capacity(block.header().entries as usize);
    for item in block.items() {
        // `Item::from_bytes` compares the marker in the first 14 bits.
        if let Item::Submission(submission) = item {
            tasks
                .extend(submission.entries().iter().map(|entry| (entry, task(&entry, me, height))));
        }
    }
    tasks
}

fn task(entry: &Entry, me: NodeId, height: u64) -> Option<Task> {
    let (index, digest) = (entry.index(), entry.desensitized());
    let acting = entry.operation().acting();
    match entry.operation().kind() {
        Kind::Delete => Some(Task::Erase { index, digest }),
        Kind::Add | Kind::Update if acting == me => None,
        Kind::Add | Kind::Update => Some(Task::Fetch(Want { index, digest, acting, height })),
    }
}
