//! Another consensus key for a node: a new key beside the old one, the authority's certificate for it,
//! what the new key signs, and the certificate in its place.

use std::path::Path;

use emrshare_contracts::Application;
use emrshare_identity::{IssuedCertificate, SigningKey, Subject};

use super::{SetupError, join::genesis, replace, seconds, write_secret};
use crate::{
    clock,
    config::{ConfigError, Settings, read, read_settings},
    node_keys::{CURRENT, NEXT},
    secrets::{Secrets, promote},
};

/// Makes a new consensus key beside the one that the node in `folder` has, and returns what the
/// authority is to certify. The node may run meanwhile.
///
/// A key that was made before and is in use by now takes the old one's place first. The ledger must
/// have named it for an epoch: the node is a validator again.
///
/// # Errors
/// [`SetupError::Exists`] if a new key is there already and `node.pem` is not of it; see
/// [`SetupError`].
pub fn prepare_key(folder: &Path) -> Result<Subject, SetupError> {
    let settings = read_settings(&folder.join("node.toml"))?;
    let issued = shown(folder, &settings)?;
    let secrets = Secrets::open(folder, &settings)?;
    let next: Option<SigningKey> = secrets.newest(folder, NEXT)?;
    if next.is_some_and(|next| next.public_key() == issued.consensus_key) {
        promote(folder, &settings, NEXT, CURRENT)?;
    }
    let key = SigningKey::from_seed(clock::random());
    write_secret(&folder.join("keys").join(NEXT), hex::encode(key.seed()).as_bytes())?;
    Ok(Subject { consensus_key: key.public_key(), ..issued })
}

/// What the new key of the node in `folder` signs, so that the ledger takes it: a certificate that the
/// authority issued for what [`prepare_key`] returned, with the node's addresses.
///
/// # Errors
/// [`ConfigError::ForeignKeys`] if the certificate is of another node, or not of the new key and the TLS
/// key at hand; see [`SetupError`].
pub fn rekey(folder: &Path, certificate: &str) -> Result<Application, SetupError> {
    let settings = read_settings(&folder.join("node.toml"))?;
    let genesis = genesis(folder)?;
    let Subject { node, institution, consensus_key, tls_key, .. } =
        super::valid(certificate, genesis.authority(), seconds())?.subject;
    let secrets = Secrets::open(folder, &settings)?;
    let at_hand: SigningKey = secrets.key("tls.key")?;
    let next: Option<SigningKey> = secrets.newest(folder, NEXT)?;
    let next = next.filter(|next| next.public_key() == consensus_key);
    let is_ours = (settings.node, at_hand.public_key()) == (node.get(), tls_key);
    let foreign = ConfigError::ForeignKeys(settings.node);
    let next = next.filter(|_| is_ours).ok_or(foreign)?;
    let member = settings.card(institution, certificate.to_owned());
    Ok(Application::sign(genesis.chain(), member, &next))
}

/// Puts a certificate into the place of a node's `node.pem`; a node that runs shows it within seconds.
///
/// # Errors
/// [`SetupError::Write`].
pub fn replace_certificate(folder: &Path, certificate: &str) -> Result<(), SetupError> {
    replace(&folder.join("node.pem"), certificate)
}

/// What `node.pem` certifies.
fn shown(folder: &Path, settings: &Settings) -> Result<Subject, SetupError> {
    let pem = read(&folder.join("node.pem"))?;
    let issued = IssuedCertificate::read(&pem, genesis(folder)?.authority())?;
    if issued.subject.node.get() == settings.node {
        return Ok(issued.subject);
    }
    Err(ConfigError::ForeignKeys(settings.node).into())
}
