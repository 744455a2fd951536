//! A hospital's node, composed from the emrshare crates.
//!
//! The way of a record, by file:
//!
//! ```text
//! api/records.rs ─► ingest/acquire.rs ─► ingest/judge.rs ─► ingest/desensitize.rs
//!                     ─► ingest/store.rs ─► ingest/commit.rs ─► chain.rs ─► (consensus)
//! (consensus) ─► chain.rs ─► replicate.rs ─► peers.rs ─► api/peer.rs of the origin
//!                                          └► files.rs ─► searching.rs
//! api/requests.rs ─► deliver.rs ─► originals.rs of the origin
//! ```
//!
//! [`setup`] founds a consortium and writes each node's folder; [`Node::start`] runs a node from
//! its folder; `bins/emrshare-node` is no more than that.
//!
//! ```
//! use emrshare_node::{Config, Node, StoreEngine, setup};
//!
//! # let folder = tempfile::tempdir()?;
//! # let port = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
//! let founder = setup::Institution {
//!     institution: "Example hospital".into(),
//!     api: port()?,
//!     consensus: port()?,
//!     hosts: vec!["localhost".into()],
//!     store: StoreEngine::default(),
//! };
//! let homes = setup::found(folder.path(), "example", &[founder])?;
//! let config = Config::load(&homes[0].join("node.toml"))?;
//! emrshare_node::runtime()?.block_on(async {
//!     let node = Node::start(config).await?;
//!     println!("serving at https://{}", node.address());
//!     node.stop().await;
//!     Ok::<(), emrshare_node::NodeError>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod callers;
mod calls;
mod certificate;
mod chain;
mod clock;
mod config;
mod deliver;
mod erase;
mod export;
mod files;
mod history;
mod ingest;
mod inspect;
mod ledger_node;
mod master_key;
mod measures;
mod members;
mod mempool;
mod mend;
mod monitor_token;
mod node;
mod node_keys;
mod originals;
mod patient_readers;
mod peers;
mod receipts;
mod recopy;
mod replicate;
mod room;
mod scrub;
mod searching;
mod secrets;
mod server;
pub mod setup;
mod standstill;
mod started;
mod tables;
mod terms;
mod view;

pub use chain::OfferError;
pub use config::{Config, ConfigError, Settings};
pub use emrshare_storage::Engine as StoreEngine;
pub use export::{ExportError, export_originals};
pub use inspect::desensitized_blobs;
pub use ledger_node::LedgerNode;
pub use master_key::{MasterKeyError, NewMasterKey, OldMasterKey, exchange_master_key};
pub use node::{Node, NodeError, runtime, until_asked_to_stop};
pub use originals::OriginalError;
pub use server::TlsError;
pub use terms::TermsError;
