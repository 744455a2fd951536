//! The stores of a node that is stopped, to be looked into by other tools.

use std::{path::Path, sync::Arc};

use emrshare_storage::Blobs;

use crate::{node::NodeError, node::open_kv, tables::DESENSITIZED_BLOBS};

/// The desensitized files of a stopped node: manifests and chunks by digest.
///
/// # Errors
/// [`NodeError::Store`] if the node runs or its store is damaged, [`NodeError::Blobs`].
pub async fn desensitized_blobs(data: &Path) -> Result<Blobs, NodeError> {
    let kv = Arc::new(open_kv(data).await?);
    Ok(Blobs::in_folder(data.join("desensitized"), kv, DESENSITIZED_BLOBS).await?)
}
