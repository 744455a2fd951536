//! Room on the disk: a node that has little takes no more records and fetches none, so that blocks can
//! still be stored and records deleted.

use std::path::PathBuf;

/// The disk that a node's data lie on.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) folder: PathBuf,
    /// Bytes that stay free.
    pub(crate) reserve: u64,
}

impl Room {
    /// Whether `len` bytes more leave the reserve untouched. A disk that cannot be asked has room:
    /// writing tells.
    pub(crate) fn has(&self, len: u64) -> bool {
        self.free().is_none_or(|free| free >= self.reserve.saturating_add(len))
    }

    /// Bytes that are free, as far as the system tells.
    pub(crate) fn free(&self) -> Option<u64> {
        fs4::available_space(&self.folder).ok()
    }
}
