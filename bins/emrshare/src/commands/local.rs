//! What needs no node.

use std::{fs, net::SocketAddr, path::Path};

use emrshare_node::setup::{Institution, found};
use emrshare_sample::{Generator, Tongue};
use serde_json::json;

use crate::{
    cli::{InitArguments, Lang},
    home, output,
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
    let homes = found(&arguments.folder, &arguments.name, &founders)?;
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
