//! Originals taken out of the store of a node that is stopped, as they are at rest.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use emrshare_codec::Digest;
use emrshare_storage::{BlobError, Blobs, Kv};
use tokio::runtime::Handle;

use crate::{
    config::{ConfigError, read_settings},
    node::{NodeError, open_kv},
    originals::{Opened, OriginalError},
    tables::{ORIGINAL_BLOBS, ORIGINALS, next_page},
};

/// Rows that are read at once.
const PAGE: usize = 256;

/// Originals cannot be taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The node's settings cannot be read.
    #[error("the node's folder cannot be used")]
    Settings(#[from] ConfigError),
    /// The store cannot be opened; a node that runs has it open.
    #[error("the node's store cannot be opened; stop the node first")]
    Store(#[from] NodeError),
    /// The originals cannot be read.
    #[error("the originals cannot be read")]
    Original(#[from] OriginalError),
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<BlobError> for ExportError {
    fn from(error: BlobError) -> Self {
        Self::Original(error.into())
    }
}

/// Writes every original that the node in `home` holds to `out`, as an age file under the digest that
/// the ledger names, and returns how many there are. No key is needed: the files open with the node's
/// `keys/master.key`, and with the key of the patient whom the ledger names for the record.
///
/// A file that is there already is replaced, since its readers may have changed.
///
/// # Errors
/// See [`ExportError`]; what was written stays.
pub async fn export_originals(home: &Path, out: &Path) -> Result<usize, ExportError> {
    let settings = read_settings(&home.join("node.toml"))?;
    let data = home.join("data");
    let kv = open_kv(&data, settings.store).await?;
    let blobs = Blobs::in_folder(data.join("originals"), kv.clone(), ORIGINAL_BLOBS).await?;
    let (out, handle) = (out.to_path_buf(), Handle::current());
    let written = tokio::task::spawn_blocking(move || write_all(&kv, &blobs, &out, &handle)).await;
    written.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn write_all(
    kv: &Arc<dyn Kv>,
    blobs: &Blobs,
    out: &Path,
    handle: &Handle,
) -> Result<usize, ExportError> {
    fs::create_dir_all(out).map_err(|source| ExportError::Write { path: out.into(), source })?;
    let (mut from, mut count) = (Vec::new(), 0);
    loop {
        let rows = kv.range(ORIGINALS, b"", &from, PAGE).map_err(OriginalError::from)?;
        for (digest, row) in &rows {
            let digest = digest.as_slice().try_into().map_err(|_| OriginalError::Row)?;
            let path = out.join(format!("{}.age", Digest(digest)));
            let original = Opened::of(row, blobs)?;
            write(&path, &mut original.at_rest(handle))
                .map_err(|source| ExportError::Write { path, source })?;
            count += 1;
        }
        let Some(next) = next_page(&rows, PAGE) else { return Ok(count) };
        from = next;
    }
}

/// Under its name a file is whole, or not there.
fn write(path: &Path, bytes: &mut impl io::Read) -> io::Result<()> {
    let beside = path.with_extension("part");
    let mut file = File::create(&beside)?;
    io::copy(bytes, &mut file)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
