//! The 96 bytes of the ledger.

use anyhow::{Context, bail};
use emrshare_codec::{Entry, Kind, Marker, NodeId, Operation, RecordIndex};
use serde_json::json;

use crate::{cli::KindName, output};

pub(super) fn encode(
    marker: u16,
    kind: KindName,
    [acting, origin]: [u32; 2],
    serial: &str,
    [original, desensitized]: [&str; 2],
    as_json: bool,
) -> anyhow::Result<()> {
    let kind = match kind {
        KindName::Add => Kind::Add,
        KindName::Update => Kind::Update,
        KindName::Delete => Kind::Delete,
    };
    let operation = Operation::new(Marker::new(marker)?, kind, NodeId::new(acting)?);
    let index = RecordIndex::new(NodeId::new(origin)?, serial.parse().context("--serial")?);
    let original = original.parse().context("--original")?;
    let desensitized = desensitized.parse().context("--desensitized")?;
    let bytes = hex::encode(Entry::new(operation, index, original, desensitized).to_bytes());
    if as_json {
        output::json(&json!({ "entry": bytes }));
    } else {
        output::line(&bytes);
    }
    Ok(())
}

pub(super) fn decode(text: &str, as_json: bool) -> anyhow::Result<()> {
    let bytes = hex::decode(text.trim()).context("the entry is not hexadecimal")?;
    let Ok(bytes) = <[u8; Entry::LEN]>::try_from(bytes.as_slice()) else {
        bail!("an entry has {} bytes, not {}", Entry::LEN, bytes.len());
    };
    let entry = Entry::from_bytes(&bytes)?;
    let shown = json!({
        "marker": entry.operation().marker().get(),
        "kind": entry.operation().kind().to_string(),
        "acting": entry.operation().acting().get(),
        "origin": entry.index().origin().get(),
        "serial": entry.index().serial().to_string(),
        "index": entry.index().to_string(),
        "original": entry.original().to_string(),
        "desensitized": entry.desensitized().to_string(),
    });
    output::value(&shown, as_json);
    Ok(())
}

pub(super) fn index(text: &str, as_json: bool) -> anyhow::Result<()> {
    let index: RecordIndex = match text.split_once('/') {
        Some((origin, serial)) => RecordIndex::new(origin.parse()?, serial.parse()?),
        None => text.parse()?,
    };
    let shown = json!({
        "index": index.to_string(),
        "origin": index.origin().get(),
        "serial": index.serial().to_string(),
    });
    output::value(&shown, as_json);
    Ok(())
}
