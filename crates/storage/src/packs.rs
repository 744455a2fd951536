//! Objects that hold many small blobs.
//!
//! Making a file durable costs two syncs, whatever its length. Blobs that are stored together
//! therefore go into one object. An object is never changed; when a blob goes, what is left of its
//! pack is written to a new one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use emrshare_codec::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path};

use crate::BlobError;

/// A pack is not begun larger than this; one blob may be.
const PACK_LEN_MAX: usize = 1024 * 1024;
/// Bounds the rows that change when a pack is rewritten.
const PACK_BLOBS_MAX: usize = 256;
const PACKS_AT_ONCE: usize = 4;
/// Packs in a folder: with packs in sequence, nearly all writes find their folder made.
const FOLDER_BITS: u32 = 12;

/// The number of a pack; numbers ascend.
pub(crate) type PackNumber = u64;

/// Where a blob lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) pack: PackNumber,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

type Named = Vec<(Digest, Bytes)>;
type Placed = Vec<(Digest, Place)>;

/// The packs of one store.
#[derive(Debug)]
pub(crate) struct Packs {
    store: Arc<dyn ObjectStore>,
    next: AtomicU64,
}

impl Packs {
    /// Packs of which the next one gets the number `next`.
    pub(crate) const fn new(store: Arc<dyn ObjectStore>, next: PackNumber) -> Self {
        Self { store, next: AtomicU64::new(next) }
    }

    /// Makes blobs durable, in the same order.
    pub(crate) async fn write(&self, blobs: Named) -> Result<Placed, BlobError> {
        let packs = stream::iter(split(blobs)).map(|blobs| self.put(blobs));
        let placed: Vec<Placed> = packs.buffered(PACKS_AT_ONCE).try_collect().await?;
        Ok(placed.into_iter().flatten().collect())
    }

    /// Bytes of one pack; `None` if the pack is gone, or too short for one of the places.
    pub(crate) async fn read(
        &self,
        pack: PackNumber,
        places: &[Place],
    ) -> Result<Option<Vec<Bytes>>, BlobError> {
        let ranges: Vec<_> =
            places.iter().map(|place| place.offset..place.offset + place.len).collect();
        match self.store.get_ranges(&path(pack), &ranges).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => {
                let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
                let is_short = self.store.head(&path(pack)).await.is_ok_and(|pack| pack.size < end);
                if is_short { Ok(None) } else { Err(error.into()) }
            }
        }
    }

    /// Removes a pack; one that is not there is no error.
    pub(crate) async fn delete(&self, pack: PackNumber) -> Result<(), BlobError> {
        match self.store.delete(&path(pack)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn put(&self, blobs: Named) -> Result<Placed, BlobError> {
        let pack = self.next.fetch_add(1, Ordering::Relaxed);
        let mut offset = 0;
        let places = blobs.iter().map(|(digest, bytes)| {
            let place = Place { pack, offset, len: bytes.len() as u64 };
            offset += place.len;
            (*digest, place)
        });
        let places = places.collect();
        let payload: PutPayload = blobs.into_iter().map(|(_, bytes)| bytes).collect();
        self.store.put(&path(pack), payload).await?;
        Ok(places)
    }
}

/// All packs of a store with their lengths.
pub(crate) async fn list(
    store: &Arc<dyn ObjectStore>,
) -> Result<Vec<(PackNumber, u64)>, BlobError> {
    let found: Vec<_> = store.list(None).try_collect().await?;
    let number = |path: &Path| PackNumber::from_str_radix(path.filename()?, 16).ok();
    Ok(found.iter().filter_map(|meta| Some((number(&meta.location)?, meta.size))).collect())
}

/// Cuts blobs into packs.
fn split(blobs: Named) -> Vec<Named> {
    let mut packs: Vec<Named> = Vec::new();
    let mut len = 0;
    for blob in blobs {
        len += blob.1.len();
        match packs.last_mut() {
            Some(pack) if len <= PACK_LEN_MAX && pack.len() < PACK_BLOBS_MAX => pack.push(blob),
            _ => {
                len = blob.1.len();
                packs.push(vec![blob]);
            }
        }
    }
    packs
}

fn path(pack: PackNumber) -> Path {
    Path::from(format!("{:x}/{pack:016x}", pack >> FOLDER_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_are_bounded_and_keep_the_order() {
        let blob = |number: u8, len: usize| (Digest([number; 32]), Bytes::from(vec![number; len]));
        let blobs: Vec<_> = (0..=255).chain(0..=44).map(|number| blob(number, 10)).collect();
        let packs = split(blobs.clone());
        assert_eq!(packs.iter().map(Vec::len).collect::<Vec<_>>(), [256, 45]);
        assert_eq!(packs.concat(), blobs);
        let large = vec![blob(1, 10), blob(2, PACK_LEN_MAX + 1), blob(3, 10), blob(4, 10)];
        assert_eq!(split(large).iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 2]);
    }
}
