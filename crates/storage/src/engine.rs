//! The key-value engines that a node may choose from.

use std::{path::Path, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Kv, RedbKv, SledKv, StoreError};

/// What keeps the tables on disk.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A copy-on-write tree: the default.
    #[default]
    Redb,
    /// A log-structured tree. Its memory grows with the store, to gigabytes at some million rows.
    Sled,
}

impl Engine {
    const ALL: [Self; 2] = [Self::Redb, Self::Sled];

    /// As it is written in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        }
    }

    /// The engine whose store lies in `folder`, if there is one.
    #[must_use]
    pub fn found_in(folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| folder.join(engine.name()).exists())
    }

    /// Opens or makes the store in `folder`.
    ///
    /// # Errors
    /// [`StoreError::OtherEngine`] if the folder holds a store of another engine; see
    /// [`SledKv::open`] and [`RedbKv::open`].
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn open(self, folder: &Path) -> Result<Arc<dyn Kv>, StoreError> {
        match Self::found_in(folder) {
            Some(found) if found != self => Err(StoreError::OtherEngine {
                path: folder.display().to_string(),
                found: found.name(),
                chosen: self.name(),
            }),
            _ => self.open_in(folder).map_err(|error| match error {
                StoreError::Io(what) => StoreError::Io(format!("{}: {what}", folder.display())),
                other => other,
            }),
        }
    }

    fn open_in(self, folder: &Path) -> Result<Arc<dyn Kv>, StoreError> {
        Ok(match self {
            Self::Sled => Arc::new(SledKv::open(folder)?),
            Self::Redb => Arc::new(RedbKv::open(folder)?),
        })
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| format!("{name} is no engine; redb and sled are"))
    }
}
