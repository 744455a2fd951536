//! A light client: what a node shows of the chain, checked against what it showed before.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use emrshare_client::Client;
use emrshare_ledger::{CertifiedHeader, LightClient, Step, history, wire::Reader};
use serde_json::json;

use crate::{cli::At, home, output};

/// Moves the trusted header on to the newest one; `trusted` keeps it for the next time.
pub(super) async fn run(
    at: &At,
    trusted: &Path,
    proof: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let genesis = home::genesis(&at.home.join("genesis.json"))?;
    let client = home::client(at)?;
    let mut light = LightClient::new(genesis.chain(), genesis.validators());
    let successions = client.successions().await?;
    let changed = "the node shows a change of the validators that they did not make final";
    let before = read_trusted(trusted)?;
    if let Some(before) = &before {
        let height = before.header.height;
        successions.lead(&mut light, height).context(changed)?;
        let wrong = || format!("{} holds no header of this chain", trusted.display());
        let next = successions.named_at(height).cloned();
        light.advance(before.clone(), next).with_context(wrong)?;
        compare(&client, &mut light, before, proof).await?;
    }
    let newest = client.newest_header().await?;
    let behind = before.as_ref().is_some_and(|b| b.header.height > newest.header.height);
    if behind {
        bail!("the node is behind the trusted header; ask another node, or later");
    }
    if let Some(before) = before.filter(|b| b.header.height < newest.header.height) {
        let heights = (before.header.height, newest.header.height);
        let path = client.consistency(heights.0, heights.1).await?;
        history::verify_consistency(&before.header, &newest.header, &path)
            .context("the node shows another history than before: keep both headers")?;
    }
    successions.lead(&mut light, newest.header.height).context(changed)?;
    let next = successions.named_at(newest.header.height).cloned();
    light.advance(newest.clone(), next).context("the node's newest header is not final")?;
    fs::write(trusted, newest.to_bytes())
        .with_context(|| format!("{} cannot be written", trusted.display()))?;
    let (height, block) = (newest.header.height, newest.header.hash());
    let votes = newest.certificate.votes.len();
    let shown = json!({"height": height, "block": block.to_string(), "votes": votes});
    if as_json {
        output::json(&shown);
    } else {
        output::line(&format!(
            "Height {height} is final by {votes} validators' votes, and what was trusted before is \
             part of it.\nblock {block}"
        ));
    }
    Ok(())
}

/// What the node shows at the trusted height must be the trusted header.
async fn compare(
    client: &Client,
    light: &mut LightClient,
    before: &CertifiedHeader,
    proof: &Path,
) -> anyhow::Result<()> {
    let shown = client.header(before.header.height).await?;
    // A node that holds no certificate of that very block shows a later one.
    if shown.header.height != before.header.height {
        return Ok(());
    }
    match light.advance(shown, None)? {
        Step::Split(split) => {
            fs::write(proof, split.to_bytes())
                .with_context(|| format!("{} cannot be written", proof.display()))?;
            bail!(
                "SPLIT VIEW: two final headers at height {}; the proof is in {}",
                before.header.height,
                proof.display()
            )
        }
        _ => Ok(()),
    }
}

fn read_trusted(path: &Path) -> anyhow::Result<Option<CertifiedHeader>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let read = CertifiedHeader::read(&mut Reader::new(&bytes));
    Ok(Some(read.with_context(|| format!("{} holds no header", path.display()))?))
}
