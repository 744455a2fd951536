//! The consensus keys of this node: one, or two while one takes the place of the other.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use emrshare_identity::{PublicKey, SigningKey};

use crate::{config::ConfigError, secrets::Secrets};

/// The key that the ledger names, until another one takes its place.
pub(crate) const CURRENT: &str = "node.key";
/// The key that the ledger is to name, and from then on the one that it names.
pub(crate) const NEXT: &str = "node-next.key";

/// The keys that this node's folder holds. One that comes while the node runs is found too.
#[derive(Debug)]
pub(crate) struct NodeKeys {
    home: PathBuf,
    known: RwLock<Vec<Arc<SigningKey>>>,
}

impl NodeKeys {
    pub(crate) fn read(home: &Path, secrets: &Secrets) -> Result<Self, ConfigError> {
        let mut known = vec![Arc::new(secrets.key(CURRENT)?)];
        if secrets.has(NEXT) {
            known.push(Arc::new(secrets.key(NEXT)?));
        }
        Ok(Self { home: home.into(), known: RwLock::new(known) })
    }

    /// The private half of a key, if this node has it.
    pub(crate) fn holder(&self, public: PublicKey) -> Option<Arc<SigningKey>> {
        self.known(public).or_else(|| self.made_since(public))
    }

    /// The key that the folder calls the current one.
    pub(crate) fn first(&self) -> Arc<SigningKey> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)[0].clone()
    }

    fn made_since(&self, public: PublicKey) -> Option<Arc<SigningKey>> {
        let read: SigningKey = Secrets::in_the_clear(&self.home).key(NEXT).ok()?;
        let read = Some(Arc::new(read)).filter(|read| read.public_key() == public)?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).push(read.clone());
        Some(read)
    }

    fn known(&self, public: PublicKey) -> Option<Arc<SigningKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|key| key.public_key() == public).cloned()
    }
}
