//! Blobs: packing, sharing, removal, and what a crash leaves.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use emrshare_codec::Digest;
use emrshare_storage::{Batch, BlobError, BlobTables, Blobs, Kv, MemoryKv, Table};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

const TABLES: BlobTables = BlobTables { places: Table::new(b'l'), packs: Table::new(b'k') };

fn named(content: &[u8]) -> (Digest, Bytes) {
    (Digest(Sha256::digest(content).into()), Bytes::copy_from_slice(content))
}

async fn open(folder: &Path, kv: &Arc<dyn Kv>) -> Blobs {
    Blobs::in_folder(folder, kv.clone(), TABLES).await.unwrap()
}

async fn store(blobs: &Blobs, kv: &Arc<dyn Kv>, contents: &[&[u8]]) {
    let written = blobs.put_all(contents.iter().map(|content| named(content)).collect());
    let written = written.await.unwrap();
    let mut batch = Batch::default();
    let _placing = blobs.place(written, &mut batch).await.unwrap();
    kv.commit(batch).unwrap();
}

async fn remove(blobs: &Blobs, content: &[u8]) {
    let removal = blobs.removal().await.unwrap();
    removal.commit(&[named(content).0], Batch::default()).await.unwrap();
}

fn packs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(packs(&path)) } else { found.push(path) }
    }
    found
}

fn on_disk(folder: &Path, content: &[u8]) -> bool {
    packs(folder).iter().any(|pack| {
        let bytes = std::fs::read(pack).unwrap();
        bytes.windows(content.len()).any(|window| window == content)
    })
}

#[tokio::test]
async fn blobs_stored_together_share_one_pack() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"first", b"", b"third"]).await;
    assert_eq!(packs(folder.path()).len(), 1);
    let digests = [b"third".as_slice(), b"first", b""].map(|content| named(content).0);
    assert_eq!(blobs.get_all(&digests).await.unwrap(), [b"third".as_slice(), b"first", b""]);
    assert_eq!(blobs.digests().unwrap(), digests.into_iter().collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn blobs_are_checked_when_read() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"content"]).await;
    let (digest, _) = named(b"content");
    std::fs::write(&packs(folder.path())[0], b"changed").unwrap();
    assert!(matches!(blobs.get(digest).await, Err(BlobError::Damaged { .. })));
    remove(&blobs, b"content").await;
    assert!(matches!(blobs.get(digest).await, Err(BlobError::Missing(_))));
}

/// Damages a pack of three blobs, removes one that is lost, and stores the lost ones again; answers
/// how many were lost.
async fn lost_by(damage: impl Fn(&Path)) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    let contents: [&[u8]; 3] = [b"first", b"second", b"third"];
    store(&blobs, &kv, &contents).await;
    damage(&packs(folder.path())[0]);
    let mut lost = Vec::new();
    for content in contents {
        match blobs.get(named(content).0).await {
            Ok(_) => {}
            Err(BlobError::Missing(_) | BlobError::Damaged { .. }) => lost.push(content),
            Err(error) => panic!("{error}"),
        }
    }
    remove(&blobs, lost[0]).await;
    assert!(lost.iter().all(|content| !blobs.contains(named(content).0).unwrap()));
    store(&blobs, &kv, &lost).await;
    let digests = contents.map(|content| named(content).0);
    assert_eq!(blobs.get_all(&digests).await.unwrap(), contents);
    lost.len()
}

#[tokio::test]
async fn what_a_damaged_pack_has_lost_is_stored_again() {
    let cut_off = |pack: &Path| std::fs::write(pack, &std::fs::read(pack).unwrap()[..14]).unwrap();
    assert_eq!(lost_by(cut_off).await, 1);
    assert_eq!(lost_by(|pack| std::fs::remove_file(pack).unwrap()).await, 3);
}

#[tokio::test]
async fn equal_blobs_are_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"image"]).await;
    store(&blobs, &kv, &[b"image"]).await;
    assert_eq!(packs(folder.path()).len(), 1);
}

#[tokio::test]
async fn removed_bytes_are_gone_and_their_neighbours_stay() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"to be kept", b"to be removed"]).await;
    remove(&blobs, b"to be removed").await;
    assert!(!on_disk(folder.path(), b"to be removed"));
    assert_eq!(blobs.get(named(b"to be kept").0).await.unwrap(), b"to be kept".as_slice());
}

#[tokio::test]
async fn a_blob_that_goes_while_another_record_takes_it_up_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"shared"]).await;
    let written = blobs.put_all(vec![named(b"shared")]).await.unwrap();
    remove(&blobs, b"shared").await;
    let mut batch = Batch::default();
    let placing = blobs.place(written, &mut batch).await.unwrap();
    kv.commit(batch).unwrap();
    drop(placing);
    assert_eq!(blobs.get(named(b"shared").0).await.unwrap(), b"shared".as_slice());
}

#[tokio::test]
async fn bytes_without_rows_are_dropped_at_the_next_open() {
    let folder = tempfile::tempdir().unwrap();
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
    let blobs = open(folder.path(), &kv).await;
    store(&blobs, &kv, &[b"known"]).await;
    drop(blobs.put_all(vec![named(b"left by a crash")]).await.unwrap());
    // Two requests share a pack, and only one of them gets rows.
    let first = blobs.put_all(vec![named(b"placed"), named(b"not placed")]);
    let first = first.await.unwrap();
    let mut batch = Batch::default();
    drop(blobs.place(first, &mut batch).await.unwrap());
    kv.commit(batch).unwrap();
    let (digest, _) = named(b"not placed");
    for (key, _) in kv.range(TABLES.places, &digest.0, b"", 1).unwrap() {
        let mut batch = Batch::default();
        batch.delete(TABLES.places, &key);
        batch.delete(TABLES.packs, &[&key[32..], digest.0.as_slice()].concat());
        kv.commit(batch).unwrap();
    }
    std::fs::write(folder.path().join("0").join("0000000000000009#1"), b"unfinished").unwrap();
    drop(blobs);

    let blobs = open(folder.path(), &kv).await;
    for gone in [b"left by a crash".as_slice(), b"not placed", b"unfinished"] {
        assert!(!on_disk(folder.path(), gone));
    }
    let digests = [named(b"known").0, named(b"placed").0];
    assert_eq!(blobs.get_all(&digests).await.unwrap(), [b"known".as_slice(), b"placed"]);
    store(&blobs, &kv, &[b"new"]).await;
    assert_eq!(blobs.get(named(b"new").0).await.unwrap(), b"new".as_slice());
}

#[derive(Clone, Debug)]
enum Step {
    Store(Vec<u8>),
    Remove(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(0u8..12, 1..6).prop_map(Step::Store),
        2 => (0u8..12).prop_map(Step::Remove),
        1 => Just(Step::Reopen),
    ]
}

/// Long enough not to be found by chance.
fn content(number: u8) -> Vec<u8> {
    vec![b'a' + number; 100]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn blobs_equal_a_set(steps in prop::collection::vec(step(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
            let mut blobs = open(folder.path(), &kv).await;
            let mut model = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Store(numbers) => {
                        let numbers: BTreeSet<_> = numbers.into_iter().collect();
                        let contents: Vec<_> = numbers.iter().copied().map(content).collect();
                        let contents: Vec<_> = contents.iter().map(Vec::as_slice).collect();
                        store(&blobs, &kv, &contents).await;
                        model.extend(numbers);
                    }
                    Step::Remove(number) => {
                        remove(&blobs, &content(number)).await;
                        model.remove(&number);
                    }
                    Step::Reopen => blobs = open(folder.path(), &kv).await,
                }
                for number in 0..12 {
                    let bytes = content(number);
                    let there = model.contains(&number);
                    prop_assert_eq!(blobs.get(named(&bytes).0).await.is_ok(), there);
                    prop_assert_eq!(on_disk(folder.path(), &bytes), there);
                }
            }
            Ok(())
        })?;
    }
}
