//! The stores of a node that is stopped, to be looked into by other tools.

use std::path::Path;

use emrshare_storage::{Blobs, Engine};

use crate::{
    node::{NodeError, open_kv},
    tables::DESENSITIZED_BLOBS,
};

/// The desensitized files of a stopped node: manifests and chunks by digest.
///
/// # Errors
/// [`NodeError::Store`] if the node runs or its store is damaged, [`NodeError::Blobs`].
pub async fn desensitized_blobs(data: &Path) -> Result<Blobs, NodeError> {
    let engine = Engine::found_in(&data.join("kv")).unwrap_or_default();
    let kv = open_kv(data, engine).await?;
    Ok(Blobs::in_folder(data.join("desensitized"), kv, DESENSITIZED_BLOBS).await?)
}
