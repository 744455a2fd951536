//! Joining a consortium: a folder with keys, the authority's certificate, an application.

use std::path::Path;

use emrshare_codec::NodeId;
use emrshare_contracts::{Application, Genesis};
use emrshare_identity::{CertificateError, ConsortiumKey, IssuedCertificate, SigningKey, Subject};

use super::{Founder, Home, SetupError, seconds, validity, write};
use crate::config::{ConfigError, Settings, read, read_key, read_settings};

/// Makes the folder of a node that wants to join a consortium: everything but its certificate.
/// Returns what the authority is to certify.
///
/// # Errors
/// See [`SetupError`]; what exists is never overwritten.
pub fn prepare(
    folder: &Path,
    node: NodeId,
    institution: &Founder,
    genesis: &Genesis,
    consortium_key: &ConsortiumKey,
) -> Result<Subject, SetupError> {
    let home = Home::new(node, institution, validity(2))?;
    home.write(folder, genesis, &consortium_key.to_secret_text())?;
    Ok(home.subject(node, institution))
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
    let settings: Settings = read_settings(&folder.join("node.toml"))?;
    let genesis_path = folder.join("genesis.json");
    let genesis = Genesis::from_bytes(read(&genesis_path)?.as_bytes())
        .map_err(|source| ConfigError::Genesis { path: genesis_path, source })?;
    let issued = IssuedCertificate::read(certificate, genesis.authority())?;
    let (now, valid) = (seconds(), issued.validity);
    if now < valid.not_before || now > valid.not_after {
        let (not_before, not_after) = (valid.not_before, valid.not_after);
        return Err(CertificateError::Expired { not_before, not_after, now }.into());
    }
    let keys = folder.join("keys");
    let node_key: SigningKey = read_key(&keys.join("node.key"))?;
    let tls_key: SigningKey = read_key(&keys.join("tls.key"))?;
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
