//! A hospital's node, composed from the emrshare crates.
//!
//! The way of a record, by file:
//!
//! ```text
//! api/records.rs ─► ingest/acquire.rs ─► ingest/judge.rs ─► ingest/desensitize.rs
//!                     ─► ingest/store.rs ─► ingest/commit.rs ─► chain.rs ─► (consensus)
//! (consensus) ─► chain.rs ─► replicate.rs ─► peers.rs ─► api/peer.rs of the origin
//!                                          └► files.rs ─► searching.rs
//! ```
//!
//! [`setup`] founds a consortium and writes each node's folder; [`Node::start`] runs a node from
//! its folder; `bins/emrshare-node` is no more than that.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = emrshare_node::Config::load("hospital/node.toml".as_ref())?;
//! let node = emrshare_node::Node::start(config).await?;
//! println!("serving at https://{}", node.address());
//! node.stop().await;
//! # Ok(()) }
//! ```

mod api;
mod chain;
mod clock;
mod config;
mod erase;
mod files;
mod ingest;
mod inspect;
mod ledger_node;
mod mempool;
mod node;
mod originals;
mod peers;
mod receipts;
mod replicate;
mod searching;
mod server;
pub mod setup;
mod tables;
mod view;

pub use chain::OfferError;
pub use config::{Config, ConfigError, Settings};
pub use emrshare_storage::Engine as StoreEngine;
pub use inspect::desensitized_blobs;
pub use ledger_node::LedgerNode;
pub use node::{Node, NodeError, runtime, until_asked_to_stop};
pub use server::TlsError;
