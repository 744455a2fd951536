//! One contract for all key-value stores; search.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use emrshare_codec::{NodeId, RecordIndex, Serial};
use emrshare_storage::{Batch, Document, Engine, Kv, MemoryKv, SearchIndex, StoreError, Table};
use proptest::prelude::*;

const A: Table = Table::new(b'a');
const B: Table = Table::new(b'b');
const ENGINES: [Engine; 2] = [Engine::Sled, Engine::Redb];

fn reads_what_was_committed(store: &dyn Kv) {
    let mut batch = Batch::default();
    batch.put(A, b"k1", b"one");
    batch.put(A, b"k2", b"two");
    batch.put(B, b"k1", b"other table");
    store.commit(batch).unwrap();
    assert_eq!(store.get(A, b"k1").unwrap(), Some(b"one".to_vec()));
    assert_eq!(store.get(B, b"k1").unwrap(), Some(b"other table".to_vec()));
    assert_eq!(store.get(B, b"k2").unwrap(), None);
    let mut batch = Batch::default();
    batch.delete(A, b"k1");
    store.commit(batch).unwrap();
    assert_eq!(store.get(A, b"k1").unwrap(), None);
}

fn ranges_are_ordered_and_bounded(store: &dyn Kv) {
    let mut batch = Batch::default();
    for number in (0..50u8).rev() {
        batch.put(A, &[b'r', number], &[number]);
    }
    batch.put(A, b"s", b"behind");
    store.commit(batch).unwrap();
    let rows = store.range(A, b"r", &[10], 5).unwrap();
    assert_eq!(rows.iter().map(|(_, value)| value[0]).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    assert_eq!(store.range(A, b"r", b"", usize::MAX).unwrap().len(), 50);
}

/// Opens a store that this process has just let go of.
fn open(engine: Engine, path: &Path) -> Result<Arc<dyn Kv>, StoreError> {
    for _ in 0..200 {
        match engine.open(path) {
            Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(20)),
            opened => return opened,
        }
    }
    engine.open(path)
}

#[test]
fn memory_keeps_the_contract() {
    reads_what_was_committed(&MemoryKv::default());
    ranges_are_ordered_and_bounded(&MemoryKv::default());
}

#[test]
fn stores_on_disk_keep_the_contract() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, &folder.path().join("kv")).unwrap();
        reads_what_was_committed(&*store);
        ranges_are_ordered_and_bounded(&*store);
    }
}

#[test]
fn a_store_is_not_opened_by_another_engine() {
    let folder = tempfile::tempdir().unwrap();
    for (made, other) in [(Engine::Sled, Engine::Redb), (Engine::Redb, Engine::Sled)] {
        let path = folder.path().join(made.name());
        drop(open(made, &path).unwrap());
        assert_eq!(Engine::found_in(&path), Some(made));
        assert!(matches!(open(other, &path), Err(StoreError::OtherEngine { .. })));
    }
}

#[test]
fn a_damaged_redb_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kv");
    let store = open(Engine::Redb, &path).unwrap();
    reads_what_was_committed(&*store);
    assert!(matches!(Engine::Redb.open(&path), Err(StoreError::Locked { .. })));
    drop(store);
    std::thread::sleep(Duration::from_millis(50));
    std::fs::write(path.join("redb"), b"no database at all").unwrap();
    assert!(matches!(open(Engine::Redb, &path), Err(StoreError::Damaged { .. })));
}

#[test]
fn large_batches_survive_a_reopen() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        let store = open(engine, &path).unwrap();
        let mut batch = Batch::default();
        for number in 0..5000u32 {
            batch.put(A, &number.to_be_bytes(), b"value");
        }
        store.commit(batch).unwrap();
        drop(store);
        let store = open(engine, &path).unwrap();
        assert_eq!(store.range(A, b"", b"", usize::MAX).unwrap().len(), 5000);
    }
}

#[test]
fn a_value_too_large_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(Engine::Sled, &folder.path().join("kv")).unwrap();
    let mut batch = Batch::default();
    batch.put(A, b"small", b"value");
    batch.put(A, b"large", &[0; 5000]);
    assert!(matches!(store.commit(batch), Err(StoreError::ValueTooLarge { .. })));
    assert_eq!(store.get(A, b"small").unwrap(), None);
}

#[test]
fn a_store_that_lost_commits_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kv");
    drop(open(Engine::Sled, &path).unwrap());
    drop(open(Engine::Sled, &path).unwrap());
    std::fs::write(path.join("mark"), 7u64.to_be_bytes()).unwrap();
    assert!(matches!(open(Engine::Sled, &path), Err(StoreError::Damaged { .. })));
}

#[test]
fn callers_at_the_same_time_all_get_through() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, &folder.path().join("kv")).unwrap();
        commit_from_eight_threads(&*store);
        assert_eq!(store.range(A, b"", b"", usize::MAX).unwrap().len(), 400);
    }
}

#[test]
fn readers_beside_a_writer_see_whole_rows() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, &folder.path().join("kv")).unwrap();
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| read_until(&is_done, &*store));
            }
            let written = (0..600_u16).try_for_each(|round| store.commit(eight_rows(round as u8)));
            is_done.store(true, Ordering::Release);
            written.unwrap();
        });
    }
}

/// Few rows of nearly the largest size: readers are often in the page that the writer lets go of.
fn eight_rows(round: u8) -> Batch {
    let mut batch = Batch::default();
    for key in 0..8 {
        batch.put(A, &[key], &[round.wrapping_add(key); 4000]);
    }
    batch
}

fn read_until(is_done: &AtomicBool, store: &dyn Kv) {
    let is_whole = |value: &[u8]| value.iter().all(|byte| *byte == value[0]);
    while !is_done.load(Ordering::Acquire) {
        for key in 0..8 {
            assert!(store.get(A, &[key]).unwrap().is_none_or(|value| is_whole(&value)));
        }
        let rows = store.range(A, b"", b"", 8).unwrap();
        let is_next = |pair: &[(Vec<u8>, Vec<u8>)]| pair[1].1[0] == pair[0].1[0].wrapping_add(1);
        assert!(rows.windows(2).all(is_next), "rows of one commit are seen together");
    }
}

fn commit_from_eight_threads(store: &dyn Kv) {
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            scope.spawn(move || {
                for number in 0..50u8 {
                    let mut batch = Batch::default();
                    batch.put(A, &[thread, number], b"x");
                    store.commit(batch).unwrap();
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn stores_equal_a_map(
        redb in any::<bool>(),
        batches in prop::collection::vec(
            prop::collection::vec((0u8..20, prop::option::of(any::<u8>())), 1..30),
            1..10,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kv");
        let engine = if redb { Engine::Redb } else { Engine::Sled };
        let mut model = BTreeMap::new();
        let store = open(engine, &path).unwrap();
        for changes in batches {
            let mut batch = Batch::default();
            for (key, value) in changes {
                match value {
                    Some(value) => {
                        batch.put(A, &[key], &[value]);
                        model.insert(vec![key], vec![value]);
                    }
                    None => {
                        batch.delete(A, &[key]);
                        model.remove(&vec![key]);
                    }
                }
            }
            store.commit(batch).unwrap();
        }
        drop(store);
        let rows = open(engine, &path).unwrap().range(A, b"", b"", usize::MAX).unwrap();
        prop_assert_eq!(rows.into_iter().collect::<BTreeMap<_, _>>(), model);
    }
}

#[test]
fn search_finds_chinese_and_english_words() {
    let folder = tempfile::tempdir().unwrap();
    let search = SearchIndex::open(folder.path()).unwrap();
    let index = |serial: u64| RecordIndex::new(NodeId::new(1).unwrap(), Serial::from(serial));
    let document = |diseases: &str, text: &str| Document {
        diseases: diseases.into(),
        text: text.into(),
        ..Document::default()
    };
    let zh = document("社区获得性肺炎", "患者发热咳嗽5天，右下肺湿啰音");
    let en = document("Femoral fracture", "Fell at home; Hemiarthroplasty.");
    search.update(&[(index(0), Some(zh)), (index(1), Some(en))]).unwrap();
    let found = |query: &str| {
        let (hits, total) = search.search(query, 10).unwrap();
        assert_eq!(hits.len(), total);
        hits.into_iter().map(|hit| hit.index).collect::<Vec<_>>()
    };
    assert_eq!(found("肺炎"), [index(0)]);
    assert_eq!(found("发热 咳嗽"), [index(0)]);
    assert_eq!(found("FRACTURE home"), [index(1)]);
    assert_eq!(found("肺炎 fracture"), []);
    assert_eq!(found("").len(), 2);
    search.update(&[(index(0), None)]).unwrap();
    assert_eq!(found("肺炎"), []);
    assert!(SearchIndex::open(folder.path()).is_err(), "another writes it");
    search.close().unwrap();
    assert!(search.update(&[(index(1), None)]).is_err());
    assert_eq!(found("fracture"), [index(1)]);
    assert!(SearchIndex::is_in(folder.path()));
    assert_eq!(SearchIndex::open(folder.path()).unwrap().search("fracture", 10).unwrap().1, 1);
}
