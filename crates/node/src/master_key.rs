//! The key that a node's originals are under, and another one for a node that is stopped: its originals
//! are addressed to the new key instead of the old one, and stay addressed to their patients.

use std::{path::Path, sync::Arc};

use emrshare_identity::{EnvelopeAddress, EnvelopeKey};
use emrshare_storage::{Batch, Kv, StoreError};

use crate::{
    clock,
    config::{ConfigError, read_settings},
    files,
    node::{NodeError, open_kv},
    originals::{OriginalError, Readdressed, readdress},
    secrets::{self, Secrets},
    setup::SetupError,
    tables::{MASTER_ADDRESS, ORIGINALS, next_page},
};

/// Opens all originals of the node.
pub(crate) const MASTER: &str = "master.key";
/// The key that is to take its place; while it is there, the node does not start.
pub(crate) const NEXT_MASTER: &str = "master-next.key";

/// Rows that are written at once.
const PAGE: usize = 256;

/// The master key cannot be exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The node's settings or keys cannot be read.
    #[error("the node's folder cannot be used")]
    Settings(#[from] ConfigError),
    /// A key cannot be written.
    #[error("the node's keys cannot be written")]
    Keys(#[from] SetupError),
    /// The store cannot be opened; a node that runs has it open.
    #[error("the node's store cannot be opened; stop the node first")]
    Store(#[from] NodeError),
    /// The key at hand is another one.
    #[error(
        "the originals are under another key than `keys/master.key`: put the key of that time there, or say \
         that it is lost"
    )]
    Other,
    /// The originals cannot be read or written.
    #[error("the originals cannot be read or written")]
    Original(#[from] OriginalError),
}

impl From<StoreError> for MasterKeyError {
    fn from(error: StoreError) -> Self {
        Self::Original(error.into())
    }
}

/// Whether the key that is to be replaced is at hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OldMasterKey {
    /// `keys/master.key` is the key that the originals are under.
    AtHand,
    /// It is gone: what is stored stays closed to the node.
    Lost,
}

/// What the exchange of a master key did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NewMasterKey {
    /// Originals that the new key opens.
    pub opened: usize,
    /// Originals that it does not: their old key is lost, or they are damaged.
    pub closed: usize,
}

/// Makes another master key for the node in `home`, which must be stopped, addresses all its originals to
/// that instead of the old one, and removes the old one. Bodies are not written anew: a large original
/// takes as long as a small one.
///
/// What was interrupted goes on when it is called again; until it has ended, the node does not start. Old
/// backups and files that were taken out before open with the old key only.
///
/// # Errors
/// [`MasterKeyError::Other`] if the key at hand is not the one that the originals are under; see
/// [`MasterKeyError`]. What was readdressed stays so, and both keys stay.
pub async fn exchange_master_key(
    home: &Path,
    old: OldMasterKey,
) -> Result<NewMasterKey, MasterKeyError> {
    let settings = read_settings(&home.join("node.toml"))?;
    let kv = open_kv(&home.join("data"), settings.store).await?;
    let secrets = Secrets::open(home, &settings)?;
    let next: Option<EnvelopeKey> = secrets.newest(home, NEXT_MASTER)?;
    let old: Option<EnvelopeKey> = match old {
        OldMasterKey::AtHand => Some(secrets.key(MASTER)?),
        OldMasterKey::Lost => None,
    };
    let known = [old.as_ref(), next.as_ref()];
    if old.is_some() && !is_one_of(&*kv, known.into_iter().flatten())? {
        return Err(MasterKeyError::Other);
    }
    let new = match next {
        Some(next) => next,
        None => {
            let made = EnvelopeKey::from_bytes(&clock::random());
            secrets::add(home, &settings, NEXT_MASTER, made.to_secret_text())?;
            made
        }
    };
    let done = readdress_all(&kv, old.as_ref(), &new).await?;
    secrets::promote(home, &settings, NEXT_MASTER, MASTER)?;
    Ok(done)
}

/// Whether a new master key waits to take the old one's place.
pub(crate) fn is_changing(home: &Path, secrets: &Secrets) -> Result<bool, ConfigError> {
    Ok(secrets.newest::<EnvelopeKey>(home, NEXT_MASTER)?.is_some())
}

/// Notes the key of a node that starts, or refuses it if the originals are under another one.
pub(crate) async fn check(kv: &Arc<dyn Kv>, key: &EnvelopeKey) -> Result<(), NodeError> {
    if !is_one_of(&**kv, [key].into_iter())? {
        return Err(NodeError::OtherMasterKey);
    }
    if kv.get(MASTER_ADDRESS, b"")?.is_none() {
        note(kv, Batch::default(), &key.address()).await?;
    }
    Ok(())
}

/// Whether the originals of a store are under one of these keys, or it does not say.
fn is_one_of<'a>(
    kv: &dyn Kv,
    mut keys: impl Iterator<Item = &'a EnvelopeKey>,
) -> Result<bool, StoreError> {
    let noted = kv.get(MASTER_ADDRESS, b"")?;
    Ok(noted.is_none_or(|noted| keys.any(|key| key.address().0.as_slice() == noted)))
}

async fn note(
    kv: &Arc<dyn Kv>,
    mut batch: Batch,
    address: &EnvelopeAddress,
) -> Result<(), StoreError> {
    batch.put(MASTER_ADDRESS, b"", &address.0);
    files::commit(kv, batch).await
}

async fn readdress_all(
    kv: &Arc<dyn Kv>,
    old: Option<&EnvelopeKey>,
    new: &EnvelopeKey,
) -> Result<NewMasterKey, OriginalError> {
    let (mut from, mut done) = (Vec::new(), NewMasterKey::default());
    loop {
        let rows = kv.range(ORIGINALS, b"", &from, PAGE)?;
        let mut batch = Batch::default();
        for (digest, row) in &rows {
            let readdressed = readdress(row, old, new);
            let count = match readdressed {
                Readdressed::Closed => &mut done.closed,
                _ => &mut done.opened,
            };
            *count += 1;
            if let Readdressed::Now(row) = readdressed {
                batch.put(ORIGINALS, digest, &row);
            }
        }
        let next = next_page(&rows, PAGE);
        match next {
            Some(next) => {
                files::commit(kv, batch).await?;
                from = next;
            }
            None => {
                note(kv, batch, &new.address()).await?;
                return Ok(done);
            }
        }
    }
}
