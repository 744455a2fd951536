//! The documents that records are judged and desensitized by.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use emrshare_client::Client;
use emrshare_codec::Digest;
use emrshare_contracts::{AgreedTerms, AllianceCall, Motion};
use serde_json::Value;

use crate::{
    cli::{At, ProtocolCommand},
    home, output,
};

pub(super) async fn run(command: &ProtocolCommand, as_json: bool) -> anyhow::Result<()> {
    let shown = match command {
        ProtocolCommand::Show { at } => home::client(at)?.terms().await?,
        ProtocolCommand::Coverage { at } => home::client(at)?.coverage().await?,
        ProtocolCommand::Add { at, document } => add(&home::client(at)?, document).await?,
        ProtocolCommand::Propose { at, documents } => propose(at, documents).await?,
    };
    output::value(&shown, as_json);
    Ok(())
}

async fn add(client: &Client, path: &Path) -> anyhow::Result<Value> {
    let document = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    client.add_document(document).await.with_context(|| path.display().to_string())
}

async fn propose(at: &At, paths: &[PathBuf]) -> anyhow::Result<Value> {
    let client = home::client(at)?;
    let mut documents = client.terms().await?;
    let documents = documents.as_array_mut().context("the terms are a list")?;
    for path in paths {
        let added = add(&client, path).await?;
        let replaced = documents.iter_mut().find(|document| document["kind"] == added["kind"]);
        *replaced.context("the node names a kind of document that there is not")? = added;
    }
    let digest = |kind: &str| -> anyhow::Result<Digest> {
        let document = documents.iter().find(|document| document["kind"] == kind);
        let digest = document.and_then(|document| document["digest"].as_str());
        Ok(digest.with_context(|| format!("the node names no {kind}"))?.parse()?)
    };
    let terms = AgreedTerms {
        protocol: digest("encoding protocol")?,
        policy: digest("desensitization policy")?,
        standards: digest("standard database")?,
    };
    let call = AllianceCall::Propose { motion: Motion::Terms(terms) };
    Ok(client.call_as_node(call).await?)
}
