//! Authority, certificates and keys.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;
use emrshare_codec::NodeId;
use emrshare_identity::{
    Authority, IssuedCertificate, NodeCertificate, PublicKey, Subject, Validity,
};
use emrshare_node::setup;
use serde_json::json;

use super::{now_us, random_key};
use crate::{cli::AuthorityFolder, home, output, passphrase};

/// The name of an authority's key in its folder.
pub(super) const AUTHORITY_KEY: &str = "authority.key";
const DAY_SECONDS: i64 = 24 * 3600;

pub(super) fn init(folder: &Path, name: &str, as_json: bool) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let key = random_key()?;
    write_new(&folder.join(AUTHORITY_KEY), &hex::encode(key.seed()), 0o600)?;
    let authority = Authority::new(key, name, validity(20 * 365))?;
    write_new(&folder.join("authority.pem"), authority.certificate_pem(), 0o644)?;
    output::value(&json!({ "authority": folder.join("authority.pem") }), as_json);
    Ok(())
}

pub(super) fn issue(
    authority: &AuthorityFolder,
    node: u32,
    institution: String,
    (consensus_key, tls_key): (PublicKey, PublicKey),
    hosts: Vec<String>,
    days: u32,
) -> anyhow::Result<()> {
    let node = NodeId::new(node)?;
    let subject = Subject { node, institution, consensus_key, tls_key, hosts };
    hand_out(authority, &read(authority)?.issue(&subject, validity(days))?)
}

pub(super) fn renew(
    authority: &AuthorityFolder,
    certificate: &Path,
    days: u32,
) -> anyhow::Result<()> {
    let renewed = read(authority)?.renew(&home::read(certificate)?, validity(days))?;
    hand_out(authority, &renewed)
}

fn read(authority: &AuthorityFolder) -> anyhow::Result<Authority> {
    let AuthorityFolder { folder, passphrase_file } = authority;
    let certificate = home::read(&folder.join("authority.pem"))?;
    let key = passphrase::key(&folder.join(AUTHORITY_KEY), passphrase_file.as_deref())?;
    Ok(Authority::from_parts(key, certificate))
}

/// Prints a certificate, and keeps it among those that were issued.
fn hand_out(authority: &AuthorityFolder, certificate: &str) -> anyhow::Result<()> {
    setup::keep_issued(&authority.folder, certificate)?;
    output::line(certificate.trim_end());
    Ok(())
}

pub(super) fn list(folder: &Path, as_json: bool) -> anyhow::Result<()> {
    let authority = home::read(&folder.join("authority.pem"))?;
    let now = seconds();
    let mut issued = Vec::new();
    let entries = fs::read_dir(folder.join(setup::ISSUED));
    for entry in entries.context("the authority keeps no list of what it issued")? {
        let path = entry?.path();
        let read = IssuedCertificate::read(&home::read(&path)?, &authority);
        issued.push(read.with_context(|| format!("{} is none of its", path.display()))?);
    }
    issued.sort_by_key(|certificate| (certificate.validity.not_after, certificate.subject.node));
    for IssuedCertificate { subject, validity, serial } in issued {
        let days = (validity.not_after - now).div_euclid(DAY_SECONDS);
        let shown = json!({
            "node": subject.node.get(),
            "institution": subject.institution,
            "hosts": subject.hosts,
            "serial": serial,
            "not_after": output::time(u64::try_from(validity.not_after).unwrap_or_default() * 1000),
            "days_left": days,
        });
        if as_json {
            output::json(&shown);
        } else {
            let state = if days < 0 { "expired".into() } else { format!("{days} days left") };
            output::line(&format!(
                "node {:<6} {:<24} {:<15} {serial}",
                subject.node, subject.institution, state
            ));
        }
    }
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
    let key = passphrase::key(file, None)?;
    output::value(&json!({ "public_key": key.public_key().to_string() }), as_json);
    Ok(())
}

pub(super) fn seal_key(
    file: &Path,
    passphrase_file: Option<&Path>,
    as_json: bool,
) -> anyhow::Result<()> {
    passphrase::seal_key(file, passphrase_file)?;
    output::value(&json!({ "sealed": file }), as_json);
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
