//! What the ledger holds at a height, with no trust in the node that says so.

use std::{fs, path::Path};

use anyhow::Context;
use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::{Header, RecordState, StateProof, Status, key};
use serde_json::{Value, json};

use crate::{
    cli::{At, Trust},
    home, output,
};

pub(super) async fn original(
    at: &At,
    digest: Digest,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let proof = home::client(at)?.original_proof(digest).await?;
    proof.original(digest).context("the node proved something else")?;
    save(&proof, out, as_json)
}

pub(super) async fn record(
    at: &At,
    index: RecordIndex,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let proof = home::client(at)?.record_proof(index).await?;
    proof.record(index).context("the node proved something else")?;
    save(&proof, out, as_json)
}

/// Checks a proof against the founding document, and says in words what it proves.
pub(super) fn verify(proof: &Path, trust: &Trust, as_json: bool) -> anyhow::Result<()> {
    let trusted = trust.read()?;
    let genesis = &trusted.genesis;
    let bytes = fs::read(proof).with_context(|| format!("{} cannot be read", proof.display()))?;
    let proof = StateProof::from_bytes(&bytes).context("not a proof of the ledger's state")?;
    let certified = proof.finality().certified().header;
    let validators = trusted.validators_of(&certified)?;
    let header = proof.verify(genesis.chain(), &validators).context("the proof does not hold")?;
    let (fact, shown) = said(&proof)?;
    let Header { height, time_ms, .. } = *header;
    if as_json {
        let votes = proof.finality().certificate.votes.len();
        let block = header.hash().to_string();
        output::json(&json!({
            "verified": true, "height": height, "time_ms": time_ms, "block": block,
            "votes": votes, "validators": validators.members().len(), "fact": shown,
        }));
    } else {
        output::line(&format!(
            "Proven: after block {height} of consortium \"{}\", {fact}.",
            genesis.name()
        ));
        output::line("Not proven: anything about later blocks.");
    }
    Ok(())
}

/// What a proof says, in words and as JSON.
fn said(proof: &StateProof) -> anyhow::Result<(String, Value)> {
    let name = proof.key();
    let original = name.get(1..).and_then(|rest| rest.try_into().ok()).map(Digest);
    if let Some(original) = original.filter(|original| key::original(*original) == name) {
        let record = proof.original(original)?.map(|record| record.to_string());
        let fact = match &record {
            Some(record) => format!("the original {original} is or was one of record {record}"),
            None => format!("no block holds the original {original}"),
        };
        return Ok((fact, json!({"original": original.to_string(), "record": record})));
    }
    let index = name.get(1..).and_then(|rest| RecordIndex::from_key(rest).ok());
    if let Some(index) = index.filter(|index| key::record(*index) == name) {
        let state = proof.record(index)?;
        return Ok((standing(index, state.as_ref()), shown(index, state.as_ref())));
    }
    let value = proof.value().map(hex::encode);
    let fact = match &value {
        Some(value) => format!("the state holds {value} under the key {}", hex::encode(name)),
        None => format!("the state holds nothing under the key {}", hex::encode(name)),
    };
    Ok((fact, json!({"key": hex::encode(name), "value": value})))
}

fn standing(index: RecordIndex, state: Option<&RecordState>) -> String {
    let Some(RecordState { status, version, height, acting, original, desensitized }) = state
    else {
        return format!("there is no record {index}");
    };
    match status {
        Status::Active => format!(
            "version {version} of record {index} is its last one: made by node {acting} at height \
             {height}, original {original}, desensitized copy {desensitized}"
        ),
        Status::Deleted => format!(
            "record {index} is deleted: node {acting} did so at height {height}, after version \
             {version}"
        ),
    }
}

fn shown(index: RecordIndex, state: Option<&RecordState>) -> Value {
    let state = state.map(|state| {
        json!({
            "deleted": state.status == Status::Deleted,
            "version": state.version,
            "height": state.height,
            "acting": state.acting.get(),
            "original": state.original.to_string(),
            "desensitized": state.desensitized.to_string(),
        })
    });
    json!({"index": index.to_string(), "state": state})
}

fn save(proof: &StateProof, out: &Path, as_json: bool) -> anyhow::Result<()> {
    let bytes = proof.to_bytes();
    fs::write(out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    let height = proof.finality().header.height;
    let (_, fact) = said(proof)?;
    output::value(
        &json!({"proof": out, "bytes": bytes.len(), "height": height, "says": fact}),
        as_json,
    );
    Ok(())
}
