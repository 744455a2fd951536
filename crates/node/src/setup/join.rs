//! Joining a consortium: a folder with keys, the authority's certificate, an application; and what a
//! member's folder says of it later.

use std::path::Path;

use emrshare_codec::NodeId;
use emrshare_contracts::{Application, Genesis, Member};
use emrshare_identity::{ConsortiumKey, IssuedCertificate, SigningKey, Subject};

use super::{Home, Institution, SetupError, seconds, valid, validity, write};
use crate::{
    config::{ConfigError, check_consortium_key, read, read_settings},
    secrets::Secrets,
};

/// Makes the folder of a node that wants to join a consortium: everything but its certificate.
/// Returns what the authority is to certify.
///
/// # Errors
/// See [`SetupError`]; what exists is never overwritten.
pub fn prepare(
    folder: &Path,
    node: NodeId,
    institution: &Institution,
    genesis: &Genesis,
    consortium_key: &ConsortiumKey,
) -> Result<Subject, SetupError> {
    check_consortium_key(consortium_key, genesis)?;
    let home = Home::new(node, institution, validity(2))?;
    home.write(folder, genesis, &consortium_key.to_secret_text())?;
    Ok(home.subject(node, institution))
}

/// What a node's folder says of the node: addresses of its `node.toml`, name and keys of its
/// `node.pem`.
///
/// # Errors
/// See [`SetupError`].
pub fn card(folder: &Path) -> Result<Member, SetupError> {
    let settings = read_settings(&folder.join("node.toml"))?;
    let certificate = read(&folder.join("node.pem"))?;
    let issued = IssuedCertificate::read(&certificate, genesis(folder)?.authority())?;
    Ok(settings.card(issued.subject.institution, certificate))
}

/// Puts the authority's certificate into a prepared folder, as `node.pem` and `member.json`, and signs
/// the application that a member passes on.
///
/// # Errors
/// [`SetupError::Certificate`] if the certificate is not of this folder's keys and genesis; see
/// [`SetupError`].
///
/// # Panics
/// Never: a card can be written as JSON.
pub fn apply(folder: &Path, certificate: &str) -> Result<Application, SetupError> {
    let settings = read_settings(&folder.join("node.toml"))?;
    let genesis = genesis(folder)?;
    let issued = valid(certificate, genesis.authority(), seconds())?;
    let secrets = Secrets::open(folder, &settings)?;
    let node_key: SigningKey = secrets.key("node.key")?;
    let tls_key: SigningKey = secrets.key("tls.key")?;
    let Subject { node, institution, consensus_key, tls_key: certified, .. } = issued.subject;
    let ours = (settings.node, node_key.public_key(), tls_key.public_key());
    if ours != (node.get(), consensus_key, certified) {
        return Err(ConfigError::ForeignKeys(settings.node).into());
    }
    let member = settings.card(institution, certificate.to_owned());
    let json = serde_json::to_string_pretty(&member).expect("a card can be written as JSON");
    write(&folder.join("node.pem"), certificate)?;
    write(&folder.join("member.json"), &json)?;
    Ok(Application::sign(genesis.chain(), member, &node_key))
}

pub(super) fn genesis(folder: &Path) -> Result<Genesis, ConfigError> {
    let path = folder.join("genesis.json");
    let genesis = Genesis::from_bytes(read(&path)?.as_bytes());
    genesis.map_err(|source| ConfigError::Genesis { path, source })
}
