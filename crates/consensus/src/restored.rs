//! A directory from a backup: what was voted since then is not in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Says in an engine's directory that it is from a backup, until this node votes again.
///
/// A vote that contradicts a forgotten one is a fault: the others do not listen to its sender for an
/// hour, and count it among the f that they tolerate. So a node with such a directory first follows the
/// others to the view that they are in.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    directory: PathBuf,
}

impl Restored {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.into() }
    }

    /// Notes that the directory is from a backup, durably.
    pub(crate) fn mark(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        fs::File::create(self.mark_path())?.sync_all()?;
        sync_directory(&self.directory)
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.mark_path().exists()
    }

    /// Goes on as a voter where this node stands as a follower: what it has seen in one partition
    /// takes the place of the votes in the other.
    pub(crate) fn follower_becomes_voter(&self, follower: &str, voter: &str) -> io::Result<()> {
        let [follower, voter] = [follower, voter].map(|partition| self.directory.join(partition));
        if voter.exists() {
            fs::remove_dir_all(&voter)?;
        }
        if follower.exists() {
            fs::rename(follower, voter)?;
        }
        sync_directory(&self.directory)?;
        self.unmark()
    }

    /// Notes that this node votes again.
    pub(crate) fn unmark(&self) -> io::Result<()> {
        fs::remove_file(self.mark_path())?;
        sync_directory(&self.directory)
    }

    fn mark_path(&self) -> PathBuf {
        self.directory.join("restored")
    }
}

/// Makes new and removed names durable.
fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}
