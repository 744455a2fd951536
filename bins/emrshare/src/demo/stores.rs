//! Desensitized stores, compared byte by byte.

use anyhow::{bail, ensure};
use emrshare_storage::Blobs;

/// Blobs that are compared at the same time.
const AT_ONCE: usize = 64;

/// Number of blobs and bytes, if two stores hold the same.
pub(crate) async fn compare(first: &Blobs, second: &Blobs) -> anyhow::Result<(usize, u64)> {
    let (ours, theirs) = (first.digests()?, second.digests()?);
    if let Some(digest) = ours.symmetric_difference(&theirs).next() {
        bail!("only one of two nodes holds {digest}");
    }
    let digests: Vec<_> = ours.into_iter().collect();
    let mut bytes = 0;
    for group in digests.chunks(AT_ONCE) {
        let (ours, theirs) = (first.get_all(group).await?, second.get_all(group).await?);
        ensure!(ours == theirs, "the bytes of a blob differ between two nodes");
        bytes += ours.iter().map(|blob| blob.len() as u64).sum::<u64>();
    }
    Ok((digests.len(), bytes))
}
