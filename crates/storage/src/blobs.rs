//! Content by its SHA-256.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use emrshare_codec::Digest;
use object_store::{ObjectStore, local::LocalFileSystem};
use sha2::{Digest as _, Sha256};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{
    Batch, BlobError, Kv, Row, StoreError, Table,
    packs::{self, PackNumber, Packs, Place},
};

/// How often a blob is looked up again whose pack is rewritten at the same moment.
const LOOKUPS_MAX: usize = 5;

/// The two tables of a blob store in a key-value store.
#[derive(Clone, Copy, Debug)]
pub struct BlobTables {
    /// Digest, pack → offset, length.
    pub places: Table,
    /// Pack, digest → offset, length.
    pub packs: Table,
}

/// A store of blobs. Their bytes lie in packs, objects that hold what was stored together; rows of a key-value store say where.
///
/// Storing takes two steps, so that the rows become durable together with the caller's own:
/// [`put_all`](Self::put_all), then [`place`](Self::place) and the commit. What has no row is
/// dropped when the store is opened again.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    kv: Arc<dyn Kv>,
    tables: BlobTables,
    packs: Packs,
    /// Held for reading while rows are committed, for writing while unused blobs are removed: a
    /// blob cannot go while another record begins to use it.
    commits: RwLock<()>,
    /// Packs that have no rows any more and could not be deleted yet.
    doomed: Mutex<BTreeSet<PackNumber>>,
}

/// Blobs whose bytes are durable, but which have no rows yet.
#[derive(Debug, Default)]
#[must_use = "without rows the blobs are lost"]
pub struct Written {
    new: Vec<(Digest, Place)>,
    /// Blobs that were there before, kept in case they go until the rows are committed.
    reused: Vec<(Digest, Bytes)>,
}

/// Keeps placed blobs from being removed until their rows are committed.
#[derive(Debug)]
pub struct Placing<'a>(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'a, ()>);

/// Keeps new uses of blobs away while unused ones are found and removed.
#[derive(Debug)]
pub struct Removal<'a> {
    blobs: &'a Blobs,
    _alone: RwLockWriteGuard<'a, ()>,
}

impl Blobs {
    /// Blobs in a local folder, which is made if it is not there. Every write is synced.
    ///
    /// # Errors
    /// [`BlobError::Backend`] if the folder cannot be used, [`BlobError::Store`].
    pub async fn in_folder(
        folder: impl AsRef<Path>,
        kv: Arc<dyn Kv>,
        tables: BlobTables,
    ) -> Result<Self, BlobError> {
        let made = std::fs::create_dir_all(&folder).and_then(|()| remove_staged(folder.as_ref()));
        made.map_err(|source| object_store::Error::Generic {
            store: "local folder",
            source: Box::new(source),
        })?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Self::in_store(Arc::new(store), kv, tables).await
    }

    /// Blobs in any object store that makes a put durable before it answers. Bytes without rows,
    /// which a crash left, are dropped.
    ///
    /// # Errors
    /// [`BlobError::Backend`], [`BlobError::Store`].
    pub async fn in_store(
        store: Arc<dyn ObjectStore>,
        kv: Arc<dyn Kv>,
        tables: BlobTables,
    ) -> Result<Self, BlobError> {
        let listed = packs::list(&store).await?;
        let next = listed.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
        let packs = Packs::new(store, next);
        let (commits, doomed) = (RwLock::default(), Mutex::default());
        let blobs = Self(Arc::new(Inner { kv, tables, packs, commits, doomed }));
        blobs.sweep(&listed).await?;
        Ok(blobs)
    }

    /// Makes blobs durable under their digests, which the caller has computed. Equal blobs, and
    /// those that are there already, are written once.
    ///
    /// # Errors
    /// [`BlobError::Backend`], [`BlobError::Store`].
    pub async fn put_all(&self, blobs: Vec<(Digest, Bytes)>) -> Result<Written, BlobError> {
        let (mut reused, mut fresh) = (Vec::new(), Vec::new());
        for (digest, bytes) in blobs.into_iter().collect::<BTreeMap<_, _>>() {
            let list = if self.contains(digest)? { &mut reused } else { &mut fresh };
            list.push((digest, bytes));
        }
        Ok(Written { new: self.0.packs.write(fresh).await?, reused })
    }

    /// Adds the rows of blobs to a batch. The answer must be held until the batch is committed.
    ///
    /// # Errors
    /// [`BlobError::Backend`], [`BlobError::Store`].
    pub async fn place(
        &self,
        written: Written,
        batch: &mut Batch,
    ) -> Result<Placing<'_>, BlobError> {
        let placing = Placing(self.0.commits.read().await);
        let Written { new, reused } = written;
        new.iter().for_each(|(digest, place)| self.put_rows(batch, *digest, *place));
        let mut gone = Vec::new();
        for (digest, bytes) in reused {
            if !self.contains(digest)? {
                gone.push((digest, bytes));
            }
        }
        for (digest, place) in self.0.packs.write(gone).await? {
            self.put_rows(batch, digest, place);
        }
        Ok(placing)
    }

    /// Begins a removal: until it ends no rows are committed.
    ///
    /// # Errors
    /// [`BlobError::Backend`] if bytes of an earlier removal are still there and cannot be deleted.
    pub async fn removal(&self) -> Result<Removal<'_>, BlobError> {
        let alone = self.0.commits.write().await;
        self.delete_doomed().await?;
        Ok(Removal { blobs: self, _alone: alone })
    }

    /// A blob, whose digest is checked.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Damaged`], [`BlobError::Backend`] or
    /// [`BlobError::Store`].
    pub async fn get(&self, digest: Digest) -> Result<Bytes, BlobError> {
        let mut found = self.get_all(&[digest]).await?;
        found.pop().ok_or(BlobError::Missing(digest))
    }

    /// Blobs in the order of `digests`; those that lie together are read together.
    ///
    /// # Errors
    /// See [`get`](Self::get).
    pub async fn get_all(&self, digests: &[Digest]) -> Result<Vec<Bytes>, BlobError> {
        let mut found = BTreeMap::new();
        for _ in 0..LOOKUPS_MAX {
            let mut wanted: BTreeMap<PackNumber, Vec<(Digest, Place)>> = BTreeMap::new();
            for digest in digests.iter().filter(|digest| !found.contains_key(*digest)) {
                let place = self.find(*digest)?.ok_or(BlobError::Missing(*digest))?;
                wanted.entry(place.pack).or_default().push((*digest, place));
            }
            if wanted.is_empty() {
                break;
            }
            for (pack, wanted) in wanted {
                let places: Vec<_> = wanted.iter().map(|(_, place)| *place).collect();
                // A pack that is gone was rewritten after the lookup.
                let Some(bytes) = self.0.packs.read(pack, &places).await? else { continue };
                for ((digest, _), bytes) in wanted.into_iter().zip(bytes) {
                    check(digest, &bytes)?;
                    found.insert(digest, bytes);
                }
            }
        }
        let bytes = |digest| found.get(digest).cloned().ok_or(BlobError::Missing(*digest));
        digests.iter().map(bytes).collect()
    }

    /// Whether a blob is there; its bytes are not read.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub fn contains(&self, digest: Digest) -> Result<bool, BlobError> {
        Ok(self.find(digest)?.is_some())
    }

    /// The digests of all blobs, in ascending order.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub fn digests(&self) -> Result<BTreeSet<Digest>, BlobError> {
        let rows = self.0.kv.range(self.0.tables.places, b"", b"", usize::MAX)?;
        Ok(rows
            .iter()
            .map(|row| place_row(row).map(|(digest, _)| digest))
            .collect::<Result<_, _>>()?)
    }

    fn find(&self, digest: Digest) -> Result<Option<Place>, BlobError> {
        let rows = self.0.kv.range(self.0.tables.places, &digest.0, b"", 1)?;
        Ok(rows.first().map(|row| place_row(row).map(|(_, place)| place)).transpose()?)
    }

    fn put_rows(&self, batch: &mut Batch, digest: Digest, place: Place) {
        let value = [place.offset.to_be_bytes(), place.len.to_be_bytes()].concat();
        batch.put(self.0.tables.places, &place_key(digest, place.pack), &value);
        batch.put(self.0.tables.packs, &pack_key(place.pack, digest), &value);
    }

    fn delete_rows(&self, batch: &mut Batch, digest: Digest, pack: PackNumber) {
        batch.delete(self.0.tables.places, &place_key(digest, pack));
        batch.delete(self.0.tables.packs, &pack_key(pack, digest));
    }

    /// What a pack holds, as far as rows name it.
    fn contents(&self, pack: PackNumber) -> Result<Vec<(Digest, Place)>, StoreError> {
        let rows = self.0.kv.range(self.0.tables.packs, &pack.to_be_bytes(), b"", usize::MAX)?;
        rows.iter().map(pack_row).collect()
    }

    /// Drops bytes without rows.
    async fn sweep(&self, listed: &[(PackNumber, u64)]) -> Result<(), BlobError> {
        for (pack, len) in listed {
            let contents = self.contents(*pack)?;
            let named: u64 = contents.iter().map(|(_, place)| place.len).sum();
            if named < *len {
                let mut batch = Batch::default();
                self.rewrite(*pack, contents, &mut batch).await?;
                self.finish([*pack], batch).await?;
            }
        }
        Ok(())
    }

    /// Copies what is left of a pack to a new one. What a damaged pack has lost loses its rows too.
    async fn rewrite(
        &self,
        pack: PackNumber,
        kept: Vec<(Digest, Place)>,
        batch: &mut Batch,
    ) -> Result<(), BlobError> {
        let places: Vec<_> = kept.iter().map(|(_, place)| *place).collect();
        let bytes = if places.is_empty() {
            Vec::new()
        } else if let Some(bytes) = self.0.packs.read(pack, &places).await? {
            bytes.into_iter().map(Some).collect()
        } else {
            self.read_apart(pack, &places).await?
        };
        let mut blobs = Vec::with_capacity(kept.len());
        for ((digest, _), bytes) in kept.into_iter().zip(bytes) {
            self.delete_rows(batch, digest, pack);
            blobs.extend(bytes.map(|bytes| (digest, bytes)));
        }
        for (digest, place) in self.0.packs.write(blobs).await? {
            self.put_rows(batch, digest, place);
        }
        Ok(())
    }

    /// Each blob of a pack that cannot be read as a whole, if it can be read.
    async fn read_apart(
        &self,
        pack: PackNumber,
        places: &[Place],
    ) -> Result<Vec<Option<Bytes>>, BlobError> {
        let mut found = Vec::with_capacity(places.len());
        for place in places {
            let bytes = self.0.packs.read(pack, &[*place]).await?;
            found.push(bytes.and_then(|mut bytes| bytes.pop()));
        }
        Ok(found)
    }

    /// Commits the rows of rewritten packs, then deletes these.
    async fn finish(
        &self,
        packs: impl IntoIterator<Item = PackNumber>,
        batch: Batch,
    ) -> Result<(), BlobError> {
        let kv = self.0.kv.clone();
        let committed = tokio::task::spawn_blocking(move || kv.commit(batch)).await;
        committed.unwrap_or_else(|error| Err(StoreError::Io(error.to_string())))?;
        self.0.doomed.lock().unwrap_or_else(PoisonError::into_inner).extend(packs);
        self.delete_doomed().await
    }

    async fn delete_doomed(&self) -> Result<(), BlobError> {
        let doomed = || self.0.doomed.lock().unwrap_or_else(PoisonError::into_inner);
        let packs = doomed().clone();
        for pack in packs {
            self.0.packs.delete(pack).await?;
            doomed().remove(&pack);
        }
        Ok(())
    }
}

impl Removal<'_> {
    /// Commits a batch together with the rows of blobs that nobody needs any more, and deletes
    /// their bytes. On `Ok` the bytes are gone; after a crash in between they go at the next open.
    ///
    /// # Errors
    /// [`BlobError::Backend`], [`BlobError::Store`].
    pub async fn commit(self, unused: &[Digest], mut batch: Batch) -> Result<(), BlobError> {
        let Blobs(inner) = self.blobs;
        let unused: BTreeSet<_> = unused.iter().copied().collect();
        let mut touched = BTreeSet::new();
        for digest in &unused {
            for row in inner.kv.range(inner.tables.places, &digest.0, b"", usize::MAX)? {
                let (_, place) = place_row(&row)?;
                self.blobs.delete_rows(&mut batch, *digest, place.pack);
                touched.insert(place.pack);
            }
        }
        for pack in &touched {
            let mut kept = self.blobs.contents(*pack)?;
            kept.retain(|(digest, _)| !unused.contains(digest));
            self.blobs.rewrite(*pack, kept, &mut batch).await?;
        }
        self.blobs.finish(touched, batch).await
    }
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs").field("packs", &self.0.packs).finish_non_exhaustive()
    }
}

/// Removes what a crash left of unfinished puts: the object store does not list these files, whose
/// names hold a `#`.
fn remove_staged(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_staged(&entry.path())?;
        } else if entry.file_name().to_string_lossy().contains('#') {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn check(expected: Digest, bytes: &[u8]) -> Result<(), BlobError> {
    let found = Digest(Sha256::digest(bytes).into());
    if found == expected { Ok(()) } else { Err(BlobError::Damaged { expected, found }) }
}

fn place_key(digest: Digest, pack: PackNumber) -> Vec<u8> {
    [digest.0.as_slice(), &pack.to_be_bytes()].concat()
}

fn pack_key(pack: PackNumber, digest: Digest) -> Vec<u8> {
    [pack.to_be_bytes().as_slice(), &digest.0].concat()
}

fn place_row((key, value): &Row) -> Result<(Digest, Place), StoreError> {
    let (digest, pack) = key.split_first_chunk().ok_or_else(malformed)?;
    let pack = pack.try_into().map_err(|_| malformed())?;
    Ok((Digest(*digest), place(pack, value)?))
}

fn pack_row((key, value): &Row) -> Result<(Digest, Place), StoreError> {
    let (pack, digest) = key.split_first_chunk().ok_or_else(malformed)?;
    let digest = digest.try_into().map_err(|_| malformed())?;
    Ok((Digest(digest), place(*pack, value)?))
}

fn place(pack: [u8; 8], value: &[u8]) -> Result<Place, StoreError> {
    let pack = PackNumber::from_be_bytes(pack);
    match value.as_chunks().0 {
        [offset, len] => {
            let (offset, len) = (u64::from_be_bytes(*offset), u64::from_be_bytes(*len));
            Ok(Place { pack, offset, len })
        }
        _ => Err(malformed()),
    }
}

fn malformed() -> StoreError {
    StoreError::Io("the row of a blob is malformed".into())
}
