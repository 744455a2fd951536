//! Blocks, Merkle trees, chain rules and receipts of the emrshare ledger.
//!
//! A **block** is a header and a body of items. An item is a [`Submission`] (a node's signed batch
//! of 96-byte entries) or a [`Transaction`] (a signed call of a contract); both begin with the
//! 36-bit operation whose first 14 bits, the marker, say whose item it is.
//!
//! ```text
//!            header: chain, height, time, previous, history, BODY ROOT, state, validators
//!                                                    |
//!                             Merkle tree (RFC 9162) over the items
//!                              /                              \
//!        submission: sequence, signature, ENTRIES ROOT      transaction
//!                                               |
//!                             Merkle tree over the entries, 96 bytes each
//! ```
//!
//! Trust is in the types: [`Block::from_bytes`] gives a block that is well formed and whose body
//! is the one that its header names; [`rules`] judge it against the state that it builds on;
//! a [`Certificate`] of more than two thirds of the validators makes it final; a [`Receipt`]
//! proves offline that an entry is on the ledger, a [`StateProof`] what the state holds or does not
//! hold after a block. A [`LightClient`] follows headers alone; every
//! header commits to all blocks before it ([`history`]); two final headers at one height are a
//! [`SplitView`].
//!
//! The crate has no clock, sockets, files or threads: state is read through [`StateRead`].
//!
//! ```
//! use emrshare_ledger::merkle;
//!
//! let leaves: Vec<_> = [b"a", b"b", b"c"].map(|leaf| merkle::leaf_hash(leaf)).to_vec();
//! let root = merkle::root(&leaves);
//! let path = merkle::prove(&leaves, 1).expect("1 is below 3");
//! assert!(merkle::verify(root, leaves[1], 1, 3, &path));
//! ```

mod block;
mod certificate;
mod certified;
mod error;
mod final_header;
mod hash;
mod header;
pub mod history;
mod item;
mod light;
pub mod merkle;
mod receipt;
pub mod rules;
mod state;
mod state_proof;
mod state_tree;
mod submission;
mod succession;
mod transaction;
mod validators;
pub mod wire;

pub use block::{Block, BlockBuilder};
pub use certificate::{Certificate, Vote};
pub use certified::{CertifiedHeader, Misbehaviour, SplitView};
pub use error::{DecodeError, VerifyError};
pub use final_header::FinalHeader;
pub use hash::hash;
pub use header::Header;
pub use history::History;
pub use item::Item;
pub use light::{LightClient, Step};
pub use receipt::{Proven, Receipt};
pub use state::{
    Changes, Memory, NodeState, Overlay, RecordState, StateError, StateRead, StateRow, StateScan,
    Status, key,
};
pub use state_proof::{StatePath, StateProof};
pub use submission::{Submission, SubmissionDraft};
pub use succession::{Succession, Successions};
pub use transaction::{ContractId, Transaction, TransactionDraft};
pub use validators::{Validator, ValidatorSet};
