//! What needs no node.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use emrshare_contracts::Thresholds;
use emrshare_node::setup::{Institution, found_with, seal_secrets};
use emrshare_sample::{Generator, Tongue};
use serde_json::json;

use super::certificates::AUTHORITY_KEY;
use crate::{
    cli::{InitArguments, Lang},
    home, output, passphrase,
};

pub(super) fn init(arguments: &InitArguments, as_json: bool) -> anyhow::Result<()> {
    let founders: Vec<_> = (0..arguments.nodes)
        .map(|number| {
            let port = arguments.port + 2 * number;
            Institution {
                institution: format!("Hospital {number}"),
                api: SocketAddr::new(arguments.ip, port),
                consensus: SocketAddr::new(arguments.ip, port + 1),
                hosts: vec!["localhost".into()],
                store: arguments.store,
            }
        })
        .collect();
    let thresholds = thresholds(&arguments.thresholds)?;
    let homes = found_with(&arguments.folder, &arguments.name, thresholds, &founders)?;
    if let Some(passphrase_file) = &arguments.passphrase_file {
        seal_all(&arguments.folder, &homes, passphrase_file)?;
    }
    let homes: Vec<_> = homes
        .iter()
        .map(|home| {
            json!({
                "home": home,
                "run": format!("emrshare node --config {}", home.join("node.toml").display()),
                "operator_key": home::operator_key(home),
            })
        })
        .collect();
    output::value(&json!({ "nodes": homes }), as_json);
    Ok(())
}

/// All keys that founding made.
fn seal_all(folder: &Path, homes: &[PathBuf], passphrase_file: &Path) -> anyhow::Result<()> {
    for home in homes {
        seal_secrets(home, passphrase_file)?;
        passphrase::seal_key(&home::operator_key(home), Some(passphrase_file))?;
    }
    passphrase::seal_key(&folder.join("authority").join(AUTHORITY_KEY), Some(passphrase_file))
}

pub(super) fn seal_keys(home: &Path, passphrase_file: &Path, as_json: bool) -> anyhow::Result<()> {
    seal_secrets(home, passphrase_file)?;
    output::value(&json!({ "sealed": home.join("keys").join("sealed.age") }), as_json);
    Ok(())
}

fn thresholds(given: &[String]) -> anyhow::Result<Thresholds> {
    let mut thresholds = Thresholds::default();
    for text in given {
        let (motion, share) = text.split_once('=').context("a threshold is MOTION=SHARE")?;
        let threshold = match motion {
            "admit" => &mut thresholds.admit,
            "appoint" => &mut thresholds.appoint,
            "quota" => &mut thresholds.quota,
            "suspend" => &mut thresholds.suspend,
            "terms" => &mut thresholds.terms,
            _ => bail!("{motion} is no motion: admit, appoint, quota, suspend and terms are"),
        };
        *threshold = share.parse().with_context(|| text.clone())?;
    }
    Ok(thresholds)
}

pub(super) fn sample(
    count: usize,
    lang: Lang,
    seed: u64,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let tongue = match lang {
        Lang::Zh => Tongue::Chinese,
        Lang::En => Tongue::English,
        Lang::Mixed => Tongue::Mixed,
    };
    let bar = output::bar(count, "drawing", as_json);
    for (number, record) in Generator::new(seed, tongue).take(count).enumerate() {
        let folder = out.join(format!("record-{:04}", number + 1));
        fs::create_dir_all(&folder)?;
        for file in record.files {
            fs::write(folder.join(file.name), file.bytes)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::value(&json!({"records": count, "folder": out}), as_json);
    Ok(())
}
