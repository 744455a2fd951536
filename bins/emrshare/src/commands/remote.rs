//! What a node is asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use emrshare_client::ClientError;
use emrshare_codec::RecordIndex;
use emrshare_contracts::{Parts, Purpose};
use emrshare_record::{Manifest, Part};
use serde_json::{Value, json};

use crate::{cli::At, exit::Refused, files, home, output};

pub(super) async fn submit(
    at: &At,
    update: Option<String>,
    paths: &[PathBuf],
    as_json: bool,
) -> anyhow::Result<()> {
    let client = home::client(at)?;
    let update = update.map(|index| index.parse()).transpose()?;
    let records = files::records(paths)?;
    let bar = output::bar(records.len(), "pushing", as_json);
    let mut refused = Vec::new();
    for path in &records {
        let files = files::read(path)?;
        let answer = match update {
            Some(index) => client.update(index, files).await,
            None => client.submit(files, None).await,
        };
        let place = path.display().to_string();
        match answer {
            Ok(mut answer) => {
                answer["record"] = json!(place);
                bar.suspend(|| shown(&answer, as_json));
            }
            Err(ClientError::Refused(report)) => {
                bar.suspend(|| {
                    if as_json {
                        output::json(&json!({"record": place, "refused": report}));
                    } else {
                        output::error(&format!("{place}: refused"));
                        output::refusal(&report);
                    }
                });
                refused.push(place);
            }
            Err(error) => return Err(anyhow::Error::new(error).context(place)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if refused.is_empty() {
        return Ok(());
    }
    let message = format!("{} of {} records", refused.len(), records.len());
    Err(anyhow::Error::new(Refused(Value::Null)).context(message))
}

fn shown(answer: &Value, as_json: bool) {
    if as_json {
        output::json(answer);
    } else {
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        output::line(&format!(
            "{}  {}  height {}",
            text("index"),
            text("record"),
            answer["height"]
        ));
    }
}

pub(super) async fn get(
    at: &At,
    index: RecordIndex,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let spinner = output::spinner("fetching and checking", as_json);
    let file = home::client(at)?.desensitized(index).await?;
    spinner.finish_and_clear();
    save(index, file.manifest(), file.parts(), out, as_json)
}

pub(super) async fn get_original(
    at: &At,
    (index, purpose, parts): (RecordIndex, Purpose, Parts),
    sealed: Option<&Path>,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let client = home::client(at)?;
    let spinner = output::spinner("asking, fetching and checking", as_json);
    if let Some(path) = sealed {
        let request = client.ask(index, purpose, parts).await?;
        let envelope = client.sealed_original(request).await?;
        spinner.finish_and_clear();
        fs::write(path, &envelope)?;
        let shown = json!({"request": request.to_string(), "envelope": path});
        output::value(&shown, as_json);
        return Ok(());
    }
    let excerpt = client.excerpt(index, purpose, parts).await?;
    spinner.finish_and_clear();
    save(index, excerpt.manifest(), excerpt.parts(), out, as_json)
}

fn save<'a>(
    index: RecordIndex,
    manifest: &Manifest,
    parts: impl Iterator<Item = (&'a Part, &'a [Vec<u8>])>,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let bytes = files::write(manifest, parts, out)?;
    let shown = json!({
        "index": index.to_string(),
        "digest": manifest.digest().to_string(),
        "bytes": bytes,
        "folder": out,
    });
    output::value(&shown, as_json);
    Ok(())
}

pub(super) async fn search(
    at: &At,
    query: &str,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<()> {
    let found = home::client(at)?.search(query, limit).await?;
    if as_json {
        output::json(&found);
        return Ok(());
    }
    output::line(&format!("{} records", found["total"]));
    for hit in found["hits"].as_array().into_iter().flatten() {
        let text = |key: &str| hit[key].as_str().unwrap_or_default().to_owned();
        let (index, collected) = (text("index"), text("collected"));
        output::line(&format!(
            "{index}  {collected:>10}  {}  {}",
            text("institution"),
            text("diseases")
        ));
    }
    Ok(())
}

pub(super) async fn show(at: &At, index: RecordIndex, as_json: bool) -> anyhow::Result<()> {
    output::value(&home::client(at)?.show(index).await?, as_json);
    Ok(())
}

pub(super) async fn delete(at: &At, index: RecordIndex, as_json: bool) -> anyhow::Result<()> {
    output::value(&home::client(at)?.delete(index).await?, as_json);
    Ok(())
}

pub(super) async fn status(at: &At, as_json: bool) -> anyhow::Result<()> {
    output::value(&home::client(at)?.status().await?, as_json);
    Ok(())
}

pub(super) async fn successions(at: &At, out: &Path, as_json: bool) -> anyhow::Result<()> {
    let successions = home::client(at)?.successions().await?;
    fs::write(out, successions.to_bytes())
        .with_context(|| format!("{} cannot be written", out.display()))?;
    output::value(&json!({"successions": out, "changes": successions.0.len()}), as_json);
    Ok(())
}

pub(super) async fn receipt(
    at: &At,
    index: RecordIndex,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let bytes = home::client(at)?.receipt(index).await?.to_bytes();
    fs::write(out, &bytes)?;
    output::value(&json!({"receipt": out, "bytes": bytes.len()}), as_json);
    Ok(())
}
