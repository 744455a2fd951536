//! Runs a node inside another program, pushes a record and verifies its receipt with the founding
//! document alone: `cargo run --bin run_node`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;

use emrshare_client::Client;
use emrshare_contracts::Genesis;
use emrshare_node::{Config, Node, StoreEngine, setup};
use emrshare_sample::{Generator, Tongue};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let api: SocketAddr = "127.0.0.1:18440".parse()?;
    let founder = setup::Institution {
        institution: "Example hospital".into(),
        api,
        consensus: "127.0.0.1:18441".parse()?,
        hosts: vec!["localhost".into()],
        store: StoreEngine::default(),
    };
    let homes = setup::found(folder.path(), "example", &[founder])?;
    let node = Node::start(Config::load(&homes[0].join("node.toml"))?).await?;

    let authority = std::fs::read_to_string(folder.path().join("authority/authority.pem"))?;
    let key = std::fs::read_to_string(homes[0].join("keys/operator.key"))?;
    let client = Client::new(&format!("https://{api}"), &authority, key.trim().parse()?)?;
    let sample = Generator::new(1, Tongue::English).next().expect("the series is endless");
    let accepted = client.submit(sample.into_source(), None).await?;
    println!("record {} is final at height {}", accepted["index"], accepted["height"]);

    let index = accepted["index"].as_str().unwrap_or_default().parse()?;
    let receipt = client.receipt(index).await?;
    let genesis = Genesis::from_bytes(&std::fs::read(homes[0].join("genesis.json"))?)?;
    let proven = receipt.verify(genesis.chain(), &genesis.validators())?;
    println!("proven by {} vote: original {}", proven.votes, proven.entry.original());
    node.stop().await;
    Ok(())
}
