//! The BFT engine behind a boundary that speaks emrshare blocks and certificates.
//!
//! The engine is commonware's simplex with marshal: two quorum phases, n = 3f + 1, instant
//! finality, block backfill for members that lag. Validators change between epochs of a fixed number
//! of blocks: the chain names those of the next epoch once the last block of this one is final, and
//! nodes that are no validators follow. A node's own key may change too: the engine starts again, within
//! the process, with the one that the chain names. No type of the engine leaves this crate.
//!
//! An application implements [`Chain`]: it judges blocks, proposes them and takes over those that
//! are final. [`Engine::start`] runs consensus on a thread of its own; [`Engine::broadcast`]
//! forwards an item to the other validators; [`Engine::block`] and [`Engine::certificate`] read
//! the durable archive.
//!
//! A chain of empty blocks with a validator of its own:
//!
//! ```
//! use std::{num::NonZeroU64, sync::{Arc, Mutex}, time::Duration};
//!
//! use emrshare_codec::{Digest, NodeId};
//! use emrshare_consensus::{Chain, ChainError, Config, Engine, Judgement};
//! use emrshare_identity::SigningKey;
//! use emrshare_ledger::{Block, BlockBuilder, Header, Validator, ValidatorSet};
//!
//! struct Empty {
//!     validators: ValidatorSet,
//!     seed: [u8; 32],
//!     genesis: Block,
//!     tip: Mutex<Header>,
//! }
//!
//! impl Chain for Empty {
//!     fn genesis(&self) -> Block {
//!         self.genesis.clone()
//!     }
//!     fn tip(&self) -> Header {
//!         *self.tip.lock().unwrap()
//!     }
//!     fn validators(&self, _: u64) -> Option<ValidatorSet> {
//!         Some(self.validators.clone())
//!     }
//!     fn key(&self, _: u64) -> SigningKey {
//!         SigningKey::from_seed(self.seed)
//!     }
//!     fn knows(&self, _: Digest) -> bool {
//!         true // blocks without items need no state
//!     }
//!     fn judge(&self, block: &Block) -> Result<Judgement, ChainError> {
//!         Ok(if block.header().items == 0 { Judgement::Valid } else { Judgement::Invalid })
//!     }
//!     fn has_work(&self, _: Digest) -> bool {
//!         true
//!     }
//!     fn propose(&self, parent: &Block, now_ms: u64) -> Result<Block, ChainError> {
//!         let zero = Digest::default();
//!         Ok(BlockBuilder::new(1024).build(parent.header(), now_ms, zero, zero))
//!     }
//!     fn finalized(&self, blocks: &[Block]) -> Result<(), ChainError> {
//!         if let Some(last) = blocks.last() {
//!             *self.tip.lock().unwrap() = *last.header();
//!         }
//!         Ok(())
//!     }
//!     fn received(&self, _: &[u8]) {}
//! }
//!
//! let (chain, seed) = (Digest([9; 32]), [1; 32]);
//! let key = SigningKey::from_seed(seed);
//! let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
//! let validator = Validator { node: NodeId::new(0)?, key: key.public_key() };
//! let validators = ValidatorSet::new(vec![validator]);
//! let genesis = Block::genesis(chain, Digest::default(), validators.root());
//! let tip = Mutex::new(*genesis.header());
//! let application = Arc::new(Empty { validators: validators.clone(), seed, genesis, tip });
//! let (_, peers) = tokio::sync::watch::channel(Vec::new());
//! let folder = tempfile::tempdir()?;
//! let config = Config {
//!     chain,
//!     peers,
//!     epoch_len: NonZeroU64::new(2).expect("it is not 0"),
//!     listen,
//!     directory: folder.path().into(),
//!     heartbeat: Duration::from_millis(100),
//!     leader_timeout: Duration::from_millis(1000),
//!     restored: false,
//! };
//! tokio::runtime::Runtime::new()?.block_on(async {
//!     let engine = Engine::start(config, application.clone()).await?;
//!     while application.tip().height < 5 {
//!         tokio::time::sleep(Duration::from_millis(10)).await;
//!     }
//!     let block = engine.block(2).await.expect("it is final");
//!     let certificate = engine.certificate(2).await.expect("it has votes of its own");
//!     certificate.verify(chain, block.hash(), &validators).expect("the votes are valid");
//!     engine.stop();
//!     Ok::<(), emrshare_consensus::EngineError>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod application;
mod block;
mod chain;
mod delivery;
mod engine;
mod epochs;
mod peers;
mod restored;
mod schemes;
mod stack;

pub use chain::{Chain, ChainError, Judgement};
pub use engine::{Config, Engine, EngineError, Peer};
