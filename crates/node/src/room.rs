//! Room on the disk: a node that has little takes no more records and fetches none, so that blocks can
//! still be stored and records deleted.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The disk that a node's data lie on.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    /// Bytes that stay free.
    pub(crate) reserve: u64,
    /// Bytes that are about to be written.
    taken: Arc<AtomicU64>,
}

/// Room for what is about to be written; free for others once this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    room: Room,
    len: u64,
}

impl Room {
    pub(crate) fn new(folder: PathBuf, reserve: u64) -> Self {
        Self { folder, reserve, taken: Arc::default() }
    }

    /// Whether the reserve is untouched. A disk that cannot be asked has room: writing tells.
    pub(crate) fn is_left(&self) -> bool {
        self.has(0)
    }

    /// Room for `len` bytes, if they and all that is about to be written leave the reserve untouched.
    pub(crate) fn take(&self, len: u64) -> Option<Taken> {
        let others = self.taken.fetch_add(len, Ordering::Relaxed);
        let taken = Taken { room: self.clone(), len };
        self.has(others.saturating_add(len)).then_some(taken)
    }

    /// Bytes that are free, as far as the system tells.
    pub(crate) fn free(&self) -> Option<u64> {
        fs4::available_space(&self.folder).ok()
    }

    fn has(&self, len: u64) -> bool {
        self.free().is_none_or(|free| free >= self.reserve.saturating_add(len))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.len, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_to_be_written_is_counted_until_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let free = Room::new(folder.path().into(), 0).free().unwrap();
        // Others write to this disk too: what is taken is far more than they do meanwhile.
        let (third, room) = (free / 3, Room::new(folder.path().into(), 0));
        let [first, _second] = [(); 2].map(|()| room.take(third).unwrap());
        assert!(room.take(third * 2).is_none());
        assert!(room.is_left());
        drop(first);
        room.take(third).unwrap();
        assert_eq!(room.taken.load(Ordering::Relaxed), third);
        assert!(!Room::new(folder.path().into(), u64::MAX).is_left());
    }
}
