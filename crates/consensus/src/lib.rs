//! The BFT engine behind a boundary that speaks emrshare blocks and certificates.
//!
//! The engine is commonware's simplex with marshal: two quorum phases, n = 3f + 1, instant
//! finality, block backfill for members that lag. No type of it leaves this crate.
//!
//! An application implements [`Chain`]: it judges blocks, proposes them and takes over those that
//! are final. [`Engine::start`] runs consensus on a thread of its own; [`Engine::broadcast`]
//! forwards an item to the other validators; [`Engine::block`] and [`Engine::certificate`] read
//! the durable archive.
//!
//! ```no_run
//! # fn chain() -> std::sync::Arc<dyn emrshare_consensus::Chain> { unimplemented!() }
//! # fn config() -> emrshare_consensus::Config { unimplemented!() }
//! # async fn run() -> Result<(), emrshare_consensus::EngineError> {
//! let engine = emrshare_consensus::Engine::start(config(), chain()).await?;
//! if let Some(block) = engine.block(1).await {
//!     println!("block 1 holds {} entries", block.header().entries);
//! }
//! # Ok(()) }
//! ```

mod application;
mod block;
mod chain;
mod delivery;
mod engine;
mod stack;

pub use chain::{Chain, ChainError, Judgement};
pub use engine::{Config, Engine, EngineError, Peer};
