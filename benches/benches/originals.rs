//! Originals in stores of growing size: is this one on the ledger, what does the state's tree cost
//! that every header commits to, and a proof that an original is on no block?
//!
//! `cargo bench -p emrshare-benches --bench originals [LARGEST] [ENGINE]`, a million digests and
//! both engines if not given. Memory is told apart only if one engine runs alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stdout)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
use emrshare_ledger::{
    Block, Certificate, FinalHeader, Overlay, StateError, StatePath, StateRead, ValidatorSet, key,
};
use emrshare_node::StoreEngine;
use emrshare_storage::{Batch, Kv, Table};
use sha2::{Digest as _, Sha256};

const STATE: Table = Table::new(b's');
/// As many as a large block has.
const BATCH: u64 = 2_048;
const LOOKUPS: u64 = 20_000;
const PROOFS: u64 = 1_000;

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
            let (sealing, committing) = fill(&*store, filled..size);
            let each = look_up(&*store, size);
            let first = *first.get_or_insert(each);
            let ratio = each.as_secs_f64() / first.as_secs_f64();
            let (proving, verifying, length) = prove(&*store);
            let (name, memory) = (engine.name(), memory());
            println!("{name}: {size} digests, {memory}");
            println!("  a check {each:.0?}, {ratio:.2} of the first");
            println!(
                "  the tree {sealing:.1?} and the store {committing:.1?} for each that was added"
            );
            println!(
                "  a proof of absence {proving:.0?}, {length} bytes, checked in {verifying:.0?}"
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

/// Adds originals as blocks do; the times that the tree and the store took for each.
fn fill(store: &dyn Kv, numbers: std::ops::Range<u64>) -> (Duration, Duration) {
    let node = NodeId::new(1).unwrap();
    let state = Stored(store);
    let (mut sealing, mut committing) = (Duration::ZERO, Duration::ZERO);
    for start in numbers.clone().step_by(BATCH as usize) {
        let mut overlay = Overlay::new(&state);
        for number in start..numbers.end.min(start + BATCH) {
            let index = RecordIndex::new(node, Serial::from(number));
            overlay.put(key::original(digest(number)), index.to_key().to_vec());
        }
        let time = Instant::now();
        let (changes, _) = overlay.seal().unwrap();
        sealing += time.elapsed();
        let mut batch = Batch::default();
        for (key, value) in &changes.0 {
            match value {
                Some(value) => batch.put(STATE, key, value),
                None => batch.delete(STATE, key),
            }
        }
        let time = Instant::now();
        store.commit(batch).unwrap();
        committing += time.elapsed();
    }
    let count = (numbers.end - numbers.start) as u32;
    (sealing / count, committing / count)
}

/// The times to make and to check a proof that an original is absent, and its length.
fn prove(store: &dyn Kv) -> (Duration, Duration, usize) {
    let state = Stored(store);
    let validators = ValidatorSet::new(Vec::new()).root();
    let header = *Block::genesis(digest(0), root(&state), validators).header();
    let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
    let finality = FinalHeader { header, descendants: Vec::new(), certificate };
    let keys = (0..PROOFS).map(|number| key::original(digest(u64::MAX - number)));
    let time = Instant::now();
    let proofs: Vec<_> =
        keys.map(|key| StatePath::find(&state, key).unwrap().proven_by(finality.clone())).collect();
    let proving = time.elapsed() / PROOFS as u32;
    let time = Instant::now();
    for proof in &proofs {
        assert_eq!(black_box(proof).value(), None);
        proof.verify_inclusion().unwrap();
    }
    let longest = proofs.iter().map(|proof| proof.to_bytes().len()).max().unwrap();
    (proving, time.elapsed() / PROOFS as u32, longest)
}

/// The root of the state as it is.
fn root(state: &Stored<'_>) -> Digest {
    Overlay::new(state).seal().unwrap().1
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
