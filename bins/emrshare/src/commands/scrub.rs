//! Reading all that a node has stored.

use anyhow::bail;
use emrshare_client::Client;
use serde_json::{Value, json};

use crate::{cli::At, home, output};

pub(super) async fn run(at: &At, as_json: bool) -> anyhow::Result<()> {
    let client = home::client(at)?;
    let (copies, damaged_copies) = store(&client, "copies", as_json).await?;
    let (originals, damaged_originals) = store(&client, "originals", as_json).await?;
    let (_, missing) = store(&client, "missing", as_json).await?;
    let lost = damaged_originals.len() + missing.len();
    let found = json!({
        "copies": {"read": copies, "damaged": damaged_copies},
        "originals": {"read": originals, "damaged": damaged_originals, "missing": missing},
    });
    output::value(&found, as_json);
    if lost > 0 {
        bail!(
            "originals are damaged or missing ({lost}): push the same records again, they are stored anew and answered as duplicates"
        );
    }
    Ok(())
}

/// How many files of a store were read or looked for, and the damaged or missing ones.
async fn store(client: &Client, store: &str, as_json: bool) -> anyhow::Result<(u64, Vec<Value>)> {
    let spinner = output::spinner(store, as_json);
    let (mut files, mut damaged, mut after) = (0, Vec::new(), None);
    loop {
        let mut page = client.scrub(store, after.as_deref()).await?;
        files += page["files"].as_u64().unwrap_or_default();
        damaged.extend(page["damaged"].as_array_mut().into_iter().flat_map(std::mem::take));
        spinner.set_message(format!("{store}: {files} looked at, {} to be mended", damaged.len()));
        after = page["after"].as_str().map(str::to_owned);
        if after.is_none() {
            spinner.finish_and_clear();
            return Ok((files, damaged));
        }
    }
}
