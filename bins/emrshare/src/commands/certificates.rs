//! Authority, certificates and keys.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;
use emrshare_codec::NodeId;
use emrshare_identity::{Authority, NodeCertificate, PublicKey, Subject, Validity};
use serde_json::json;

use super::{now_us, random_key};
use crate::{home, output};

const DAY_SECONDS: i64 = 24 * 3600;

pub(super) fn init(folder: &Path, name: &str, as_json: bool) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let key = random_key()?;
    write_new(&folder.join("authority.key"), &hex::encode(key.seed()), 0o600)?;
    let authority = Authority::new(key, name, validity(20 * 365))?;
    write_new(&folder.join("authority.pem"), authority.certificate_pem(), 0o644)?;
    output::value(&json!({ "authority": folder.join("authority.pem") }), as_json);
    Ok(())
}

pub(super) fn issue(
    folder: &Path,
    node: u32,
    institution: String,
    (consensus_key, tls_key): (PublicKey, PublicKey),
    hosts: Vec<String>,
    days: u32,
) -> anyhow::Result<()> {
    let certificate = home::read(&folder.join("authority.pem"))?;
    let authority = Authority::from_parts(home::key(&folder.join("authority.key"))?, certificate);
    let node = NodeId::new(node)?;
    let subject = Subject { node, institution, consensus_key, tls_key, hosts };
    output::line(authority.issue(&subject, validity(days))?.trim_end());
    Ok(())
}

pub(super) fn show(certificate: &Path, authority: &Path, as_json: bool) -> anyhow::Result<()> {
    let now = seconds();
    let (certificate, authority) = (home::read(certificate)?, home::read(authority)?);
    let read = NodeCertificate::verify_pem(&certificate, &authority, now)?;
    let shown = json!({
        "node": read.node.get(),
        "consensus_key": read.consensus_key.to_string(),
        "tls_key": read.tls_key.to_string(),
        "valid": true,
    });
    output::value(&shown, as_json);
    Ok(())
}

pub(super) fn new_key(file: &Path, as_json: bool) -> anyhow::Result<()> {
    let key = random_key()?;
    write_new(file, &hex::encode(key.seed()), 0o600)?;
    output::value(&json!({ "public_key": key.public_key().to_string() }), as_json);
    Ok(())
}

pub(super) fn show_key(file: &Path, as_json: bool) -> anyhow::Result<()> {
    let key = home::key(file)?;
    output::value(&json!({ "public_key": key.public_key().to_string() }), as_json);
    Ok(())
}

fn write_new(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

fn validity(days: u32) -> Validity {
    let now = seconds();
    Validity { not_before: now - 3600, not_after: now + i64::from(days) * DAY_SECONDS }
}

fn seconds() -> i64 {
    i64::try_from(now_us() / 1_000_000).unwrap_or(i64::MAX)
}
