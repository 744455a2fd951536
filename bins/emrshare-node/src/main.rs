//! Runs a node from its folder.

use std::path::PathBuf;

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// A hospital's node of an emrshare consortium.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The node's `node.toml`; keys and genesis lie beside it.
    #[arg(long)]
    config: PathBuf,
    /// Logs as JSON lines. `RUST_LOG` chooses what is logged.
    #[arg(long)]
    log_json: bool,
    /// The folder's data are from a backup: follow the other nodes before voting. For the first start
    /// with them; see docs/operations.md.
    #[arg(long)]
    restored: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,commonware=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if arguments.log_json {
        logs.json().init()
    } else {
        logs.init()
    }
    let config = emrshare_node::Config::load(&arguments.config)?;
    let config = if arguments.restored { config.restored() } else { config };
    emrshare_node::runtime()?.block_on(async {
        let node = emrshare_node::Node::start(config).await?;
        node.run_until(emrshare_node::until_asked_to_stop()).await?;
        Ok(())
    })
}
