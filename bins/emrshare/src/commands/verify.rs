//! Receipts, with no network and no node.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use emrshare_ledger::Receipt;
use emrshare_record::{FileKind, Manifest};
use serde_json::json;

use crate::{cli::Trust, output};

pub(super) fn run(
    receipt: &Path,
    manifest: Option<&Path>,
    trust: &Trust,
    as_json: bool,
) -> anyhow::Result<()> {
    let trusted = trust.read()?;
    let genesis = &trusted.genesis;
    let bytes =
        fs::read(receipt).with_context(|| format!("{} cannot be read", receipt.display()))?;
    let receipt = Receipt::from_bytes(&bytes).context("not a receipt")?;
    let header = receipt.certified().header;
    let validators = trusted.validators_of(&header)?;
    let proven = receipt.verify(genesis.chain(), &validators)?;
    let entry = proven.entry;
    let file = manifest.map(|path| check_manifest(path, &entry)).transpose()?;
    let members = validators.members().len();
    let statement = format!(
        "Proven: at height {} of consortium \"{}\", {} of {members} validators made final that node \
         {} did \"{}\" to record {}.",
        proven.header.height,
        genesis.name(),
        proven.votes,
        entry.operation().acting(),
        entry.operation().kind(),
        entry.index(),
    );
    let about_file = file.map_or_else(
        || "Not checked: any file; name a manifest to check one.".to_owned(),
        |kind| {
            format!(
                "Proven: the manifest is that of the {kind} file; check the parts with sha256sum."
            )
        },
    );
    let not_proven =
        "Not proven: that this is the record's last entry, and that its content is true.";
    if as_json {
        output::json(&json!({
            "verified": true,
            "height": proven.header.height,
            "block": proven.block.to_string(),
            "index": entry.index().to_string(),
            "kind": entry.operation().kind().to_string(),
            "votes": proven.votes,
            "validators": members,
            "file": file,
        }));
    } else {
        [statement.as_str(), &about_file, not_proven].into_iter().for_each(output::line);
    }
    Ok(())
}

fn check_manifest(path: &Path, entry: &emrshare_codec::Entry) -> anyhow::Result<&'static str> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let manifest = Manifest::from_bytes(bytes)?;
    let (kind, expected) = match manifest.kind() {
        FileKind::Original => ("original", entry.original()),
        FileKind::Desensitized => ("desensitized", entry.desensitized()),
    };
    if manifest.digest() != expected {
        bail!("the manifest is not the one that the receipt is for");
    }
    Ok(kind)
}
