//! Two final headers at one height: found in receipts, proven to anybody.

use std::{fs, path::Path};

use anyhow::Context;
use emrshare_contracts::Genesis;
use emrshare_ledger::{Misbehaviour, Receipt, SplitView};
use serde_json::json;

use crate::{cli::Trust, output};

/// Compares the final headers of two receipts; writes a proof if they contradict each other.
pub(super) fn find(
    receipts: [&Path; 2],
    trust: &Trust,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let trusted = trust.read()?;
    let genesis = &trusted.genesis;
    let certified = |path: &Path| -> anyhow::Result<_> {
        let receipt = Receipt::from_bytes(&read(path)?)
            .with_context(|| format!("{} is no receipt", path.display()))?;
        let validators = trusted.validators_of(&receipt.certified().header)?;
        receipt
            .verify(genesis.chain(), &validators)
            .with_context(|| format!("{} proves nothing", path.display()))?;
        Ok(receipt.certified())
    };
    let [first, second] = [certified(receipts[0])?, certified(receipts[1])?];
    let heights = [first.header.height, second.header.height];
    let Some(split) = SplitView::between(first, second) else {
        let text = if heights[0] == heights[1] {
            "No split view: both receipts rest on the same final header."
        } else {
            "Nothing can be said: the receipts rest on final headers of two heights."
        };
        show(&json!({"split_view": false, "heights": heights}), text, as_json);
        return Ok(());
    };
    let validators = trusted.validators_of(split.header())?;
    let misbehaviour = split.verify(genesis.chain(), &validators)?;
    fs::write(out, split.to_bytes())
        .with_context(|| format!("{} cannot be written", out.display()))?;
    tell(genesis, &misbehaviour, as_json);
    Ok(())
}

/// Checks a proof that somebody shows.
pub(super) fn verify(proof: &Path, trust: &Trust, as_json: bool) -> anyhow::Result<()> {
    let trusted = trust.read()?;
    let genesis = &trusted.genesis;
    let split = SplitView::from_bytes(&read(proof)?).context("not a proof of a split view")?;
    let validators = trusted.validators_of(split.header())?;
    let misbehaviour =
        split.verify(genesis.chain(), &validators).context("the proof does not hold")?;
    tell(genesis, &misbehaviour, as_json);
    Ok(())
}

fn tell(genesis: &Genesis, misbehaviour: &Misbehaviour, as_json: bool) {
    let Misbehaviour { height, blocks, voted_twice, .. } = misbehaviour;
    let nodes: Vec<_> = voted_twice.iter().map(|node| node.get()).collect();
    let who = match nodes.as_slice() {
        [] => "Not proven: which of them; the votes are of two views.".to_owned(),
        nodes => format!("Proven to have voted twice in one view: nodes {nodes:?}."),
    };
    let text = format!(
        "Proven: consortium \"{}\" has two final headers at height {height}, {} and {}; more than \
         a third of its validators broke the protocol. {who}",
        genesis.name(),
        blocks[0],
        blocks[1],
    );
    let blocks = blocks.map(|block| block.to_string());
    let shown =
        json!({"split_view": true, "height": height, "blocks": blocks, "voted_twice": nodes});
    show(&shown, &text, as_json);
}

fn show(shown: &serde_json::Value, text: &str, as_json: bool) {
    if as_json { output::json(shown) } else { output::line(text) }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
