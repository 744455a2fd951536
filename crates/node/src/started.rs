//! A node that has run before does not begin anew when its data are gone, such as on a disk that is not
//! mounted: founders would begin a second chain.

use std::{fs, path::PathBuf};

use crate::{config::Config, node::NodeError};

/// A file beside `data` that says that this node has run.
const MARK: &str = "started";

/// Whether a node may start with the data that are there.
pub(crate) fn check(config: &Config) -> Result<(), NodeError> {
    let are_gone = !config.data.join("kv").exists();
    if are_gone && !config.restored && mark_path(config).exists() {
        return Err(NodeError::DataGone(config.data.clone()));
    }
    Ok(())
}

/// Notes that the node has run.
pub(crate) fn mark(config: &Config) {
    let path = mark_path(config);
    if !path.exists()
        && let Err(error) = fs::write(&path, "This node has run; its data are not to be empty.\n")
    {
        let path = path.display();
        tracing::warn!(%path, %error, "it cannot be noted that this node has run");
    }
}

fn mark_path(config: &Config) -> PathBuf {
    config.data.with_file_name(MARK)
}
