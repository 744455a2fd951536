//! Originals in stores of growing size: is this one on the ledger, what does the state's tree cost
//! that every header commits to, and a proof that an original is on no block?
//!
//! `cargo bench -p emrshare-benches --bench originals [LARGEST] [ENGINE]`, a million digests and
//! both engines if not given. Memory is told apart only if one engine runs alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stdout)]

use std::{
    fs::File,
    hint::black_box,
    io::{Seek, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
use emrshare_ledger::{
    Block, Certificate, Changes, FinalHeader, Overlay, StateError, StatePath, StateRead,
    ValidatorSet, key,
};
use emrshare_node::StoreEngine;
use emrshare_storage::{Batch, FilteredKv, Kv, Row, StoreError, Table};
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
    check_alone();
    let only: Option<StoreEngine> = std::env::args().find_map(|argument| argument.parse().ok());
    let both = [StoreEngine::Redb, StoreEngine::Sled];
    for engine in both.into_iter().filter(|engine| only.is_none_or(|only| only == *engine)) {
        let folder = tempfile::tempdir().unwrap();
        let below = engine.open(folder.path()).unwrap();
        let open = || FilteredKv::open(below.clone(), STATE, key::ORIGINALS).unwrap();
        let store = open();
        let mut plain = File::create(folder.path().join("plain")).unwrap();
        let (mut filled, mut size, mut first) = (0, 10_000, None);
        while size <= largest {
            let filling = fill(&store, &mut plain, filled..size);
            let (new, known) = (look_up(&store, size..2 * size), look_up(&store, 0..size));
            let first = *first.get_or_insert(new);
            let ratio = new.as_secs_f64() / first.as_secs_f64();
            let (proving, verifying, length) = prove(&store);
            let (opening, _) = timed(open);
            let (name, memory) = (engine.name(), memory());
            println!("{name}: {size} digests, {memory}");
            println!("  the check of a new one {new:.0?}, {ratio:.2} of the first");
            println!("  the check of a known one {known:.0?}");
            println!("  the filter is filled in {opening:.1?}");
            println!("  for each that was added: {filling}");
            println!(
                "  a proof of absence {proving:.0?}, {length} bytes, checked in {verifying:.0?}"
            );
            filled = size;
            size = next(size);
        }
    }
}

/// A store with nothing in it, which counts how often it is asked and takes as long for each answer as a
/// store of millions.
#[derive(Default)]
struct Slow(AtomicU64);

impl Kv for Slow {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.fetch_add(1, Relaxed);
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(9) {}
        Ok(None)
    }

    fn range(&self, _: Table, _: &[u8], _: &[u8], _: usize) -> Result<Vec<Row>, StoreError> {
        Ok(Vec::new())
    }

    fn commit(&self, _: Batch) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The check of new originals by the filter, up to ten million known ones.
fn check_alone() {
    let slow = Arc::new(Slow::default());
    let store = FilteredKv::open(slow.clone(), STATE, key::ORIGINALS).unwrap();
    let (mut known, mut first) = (0, None);
    for size in [10_000, 100_000, 1_000_000, 10_000_000] {
        for number in known..size {
            let mut batch = Batch::default();
            batch.put(STATE, &key::original(digest(number)), b"");
            store.commit(batch).unwrap();
        }
        known = size;
        let asked = slow.0.load(Relaxed);
        let each = look_up(&store, 20_000_000..30_000_000);
        let vain = slow.0.load(Relaxed) - asked;
        let ratio = each.as_secs_f64() / first.get_or_insert(each).as_secs_f64();
        println!("{size} digests in the filter: a check {each:.0?}, {ratio:.2} of the first;");
        println!("  the store was asked {vain} times of {LOOKUPS}");
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

/// What it took to add an original, and what it cannot take less than.
struct Filling {
    tree: Duration,
    hashes: Duration,
    store: Duration,
    file: Duration,
}

impl std::fmt::Display for Filling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tree, hashes, store, file } = self;
        let ratio = |bound: &Duration, time: &Duration| bound.as_secs_f64() / time.as_secs_f64();
        write!(f, "the tree {tree:.1?} ({:.2} of its bare hashes), ", ratio(hashes, tree))?;
        write!(f, "the store {store:.1?} ({:.2} of the rows in a file)", ratio(file, store))
    }
}

/// Adds originals as blocks do.
fn fill(store: &dyn Kv, plain: &mut File, numbers: std::ops::Range<u64>) -> Filling {
    let node = NodeId::new(1).unwrap();
    let state = Stored(store);
    let mut total = [Duration::ZERO; 4];
    for start in numbers.clone().step_by(BATCH as usize) {
        let mut overlay = Overlay::new(&state);
        let batch = start..numbers.end.min(start + BATCH);
        for number in batch.clone() {
            let index = RecordIndex::new(node, Serial::from(number));
            overlay.put(key::original(digest(number)), index.to_key().to_vec());
        }
        let (tree, (changes, _)) = timed(|| overlay.seal().unwrap());
        let (hashes, ()) = timed(|| hash_barely(batch.end, batch.end - batch.start));
        let mut batch = Batch::default();
        for (key, value) in &changes.0 {
            match value {
                Some(value) => batch.put(STATE, key, value),
                None => batch.delete(STATE, key),
            }
        }
        let (durable, ()) = timed(|| store.commit(batch).unwrap());
        let (file, ()) = timed(|| write_barely(plain, &changes));
        let times = [tree, hashes, durable, file];
        total.iter_mut().zip(times).for_each(|(total, time)| *total += time);
    }
    let count = (numbers.end - numbers.start) as u32;
    let [tree, hashes, store, file] = total.map(|total| total / count);
    Filling { tree, hashes, store, file }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// The hashes of a tree of so many keys, some of which are new: each has its own leaf, and its own
/// nodes below the levels that all share.
fn hash_barely(size: u64, new: u64) {
    let own = (size / new).ilog2() + 1;
    for _ in 0..new {
        // Of key and value, one block each; of leaf and nodes, two.
        for _ in 0..2 {
            black_box(Sha256::digest(black_box([1; 33])));
        }
        for _ in 0..=own {
            black_box(Sha256::digest(black_box([1; 92])));
        }
    }
}

/// The same rows, one behind the other.
fn write_barely(plain: &mut File, changes: &Changes) {
    let value = |value: &Option<Vec<u8>>| value.clone().unwrap_or_default();
    let rows = changes.0.iter().flat_map(|(key, row)| [key.clone(), value(row)]);
    plain.rewind().unwrap();
    plain.write_all(&rows.collect::<Vec<_>>().concat()).unwrap();
    plain.sync_data().unwrap();
}

/// The times to make and to check a proof that an original is absent, and its length.
fn prove(store: &dyn Kv) -> (Duration, Duration, usize) {
    let state = Stored(store);
    let validators = ValidatorSet::new(Vec::new()).root();
    let header = *Block::genesis(digest(0), root(&state), validators).header();
    let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
    let finality = FinalHeader { header, descendants: Vec::new(), certificate };
    let keys = (0..PROOFS).map(|number| key::original(digest(u64::MAX - number)));
    let prove = |key| StatePath::find(&state, key).unwrap().proven_by(finality.clone());
    let (proving, proofs) = timed(|| keys.map(prove).collect::<Vec<_>>());
    let (checking, ()) = timed(|| {
        for proof in &proofs {
            assert_eq!(black_box(proof).value(), None);
            proof.verify_inclusion().unwrap();
        }
    });
    let longest = proofs.iter().map(|proof| proof.to_bytes().len()).max().unwrap();
    (proving / PROOFS as u32, checking / PROOFS as u32, longest)
}

/// The root of the state as it is.
fn root(state: &Stored<'_>) -> Digest {
    Overlay::new(state).seal().unwrap().1
}

/// The time of one check of originals of these numbers.
fn look_up(store: &dyn Kv, numbers: std::ops::Range<u64>) -> Duration {
    let spread = |n: u64| {
        numbers.start + n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (numbers.end - numbers.start)
    };
    let digests: Vec<_> = (0..LOOKUPS).map(spread).map(digest).collect();
    let (time, ()) = timed(|| {
        for digest in &digests {
            black_box(Stored(store).record_of_original(*digest).unwrap());
        }
    });
    time / LOOKUPS as u32
}
