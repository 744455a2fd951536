//! Originals as files: out of a store, out of an envelope.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, bail};
use emrshare_contracts::Parts;
use emrshare_identity::EnvelopeKey;
use emrshare_node::{OldMasterKey, exchange_master_key, export_originals};
use emrshare_record::Excerpt;
use serde_json::json;

use crate::{
    cli::{OriginalsCommand, Reader},
    files, home, output, passphrase,
    wallet::Wallet,
};

pub(super) async fn run(command: &OriginalsCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        OriginalsCommand::Export { home, out } => {
            let spinner = output::spinner("taking originals out", as_json);
            let count = export_originals(home, out).await?;
            spinner.finish_and_clear();
            output::value(&json!({ "originals": count, "folder": out }), as_json);
            Ok(())
        }
        OriginalsCommand::Rekey { home, lost } => {
            let old = if *lost { OldMasterKey::Lost } else { OldMasterKey::AtHand };
            let spinner = output::spinner("addressing originals to a new master key", as_json);
            let done = exchange_master_key(home, old).await?;
            spinner.finish_and_clear();
            let shown = json!({ "originals": done.opened, "closed": done.closed });
            output::value(&shown, as_json);
            Ok(())
        }
        OriginalsCommand::Open { file, reader, out } => open(file, reader, out, as_json),
    }
}

fn open(path: &Path, reader: &Reader, out: &Path, as_json: bool) -> anyhow::Result<()> {
    let key = key(reader)?;
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut bytes = Vec::new();
    let opened = key.open(file).and_then(|mut opened| Ok(opened.read_to_end(&mut bytes)?));
    opened.with_context(|| format!("{} cannot be opened", path.display()))?;
    // The whole original, or the parts that someone was allowed to read.
    let read = |parts: Parts| Excerpt::from_bytes(&bytes, |part| parts.include(part)).ok();
    let Some(excerpt) = Parts::ALL.iter().rev().find_map(|parts| read(*parts)) else {
        bail!("{} holds no original", path.display());
    };
    let written = files::write(excerpt.manifest(), excerpt.parts(), out)?;
    let digest = excerpt.manifest().digest().to_string();
    let shown = json!({ "digest": digest, "bytes": written, "folder": out });
    output::value(&shown, as_json);
    Ok(())
}

fn key(reader: &Reader) -> anyhow::Result<EnvelopeKey> {
    if let Some(wallet) = reader.wallet() {
        return Ok(EnvelopeKey::of(&Wallet::open(&wallet)?.key(reader.visit)));
    }
    if let Some(path) = &reader.key {
        return Ok(EnvelopeKey::of(&passphrase::key(path, reader.passphrase_file())?));
    }
    let path = reader.age_key.as_ref().context("name a key")?;
    let key = home::read(path)?.parse();
    key.with_context(|| format!("{} holds no key in the age format", path.display()))
}
