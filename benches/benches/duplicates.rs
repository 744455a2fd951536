//! The duplicate check against stores of growing size: is this original on the ledger?
//!
//! `cargo bench -p emrshare-benches --bench duplicates [LARGEST] [ENGINE]`, a million digests and
//! both engines if not given. Memory is told apart only if one engine runs alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stdout)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
use emrshare_ledger::{StateError, StateRead, key};
use emrshare_node::StoreEngine;
use emrshare_storage::{Batch, Kv, Table};
use sha2::{Digest as _, Sha256};

const STATE: Table = Table::new(b's');
const BATCH: u64 = 20_000;
const LOOKUPS: u64 = 20_000;

struct Stored<'a>(&'a dyn Kv);

impl StateRead for Stored<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0.get(STATE, key).map_err(|error| StateError { reason: error.to_string() })
    }
}

fn main() {
    // Test runners ask every target for its tests; here are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let largest = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let only: Option<StoreEngine> = std::env::args().find_map(|argument| argument.parse().ok());
    let both = [StoreEngine::Redb, StoreEngine::Sled];
    for engine in both.into_iter().filter(|engine| only.is_none_or(|only| only == *engine)) {
        let folder = tempfile::tempdir().unwrap();
        let store = engine.open(folder.path()).unwrap();
        let (mut filled, mut size, mut first) = (0, 10_000, None);
        while size <= largest {
            fill(&*store, filled..size);
            let each = look_up(&*store, size);
            let first = *first.get_or_insert(each);
            let ratio = each.as_secs_f64() / first.as_secs_f64();
            let name = engine.name();
            let memory = memory();
            println!(
                "{name}: {size} digests, {each:.0?} a check, {ratio:.2} of the first, {memory}"
            );
            filled = size;
            size = next(size);
        }
    }
}

/// 10 thousand, 100 thousand, a million, then each million: memory is seen to grow.
const fn next(size: u64) -> u64 {
    if size < 1_000_000 { size * 10 } else { size + 1_000_000 }
}

/// Resident memory of this process, where the system tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or("memory unknown".into(), |kilobytes| format!("{} resident", kilobytes.trim()))
}

fn digest(number: u64) -> Digest {
    Digest(Sha256::digest(number.to_be_bytes()).into())
}

fn fill(store: &dyn Kv, numbers: std::ops::Range<u64>) {
    let node = NodeId::new(1).unwrap();
    for start in numbers.clone().step_by(BATCH as usize) {
        let mut batch = Batch::default();
        for number in start..numbers.end.min(start + BATCH) {
            let index = RecordIndex::new(node, Serial::from(number));
            batch.put(STATE, &key::original(digest(number)), &index.to_key());
        }
        store.commit(batch).unwrap();
    }
}

/// The time of one check: half of the digests are known, half are not.
fn look_up(store: &dyn Kv, size: u64) -> Duration {
    let numbers = (0..LOOKUPS).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (2 * size));
    let digests: Vec<_> = numbers.map(digest).collect();
    let start = Instant::now();
    for digest in &digests {
        black_box(Stored(store).record_of_original(*digest).unwrap());
    }
    start.elapsed() / LOOKUPS as u32
}
