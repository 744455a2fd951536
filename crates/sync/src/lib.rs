//! The chain-sync protocol: which files of a new block a node fetches, from whom, and what it does
//! with the answers. No sockets, no clock, no threads.
//!
//! # Participants and goals
//!
//! Every node sees every block. For each entry of another node it must get the desensitized file
//! and store it under the entry's index, exactly as the ledger names it, whoever hands it out.
//! A file that the ledger deletes goes away. **Not** a goal: secrecy of desensitized files among
//! members; order of arrival.
//!
//! # Messages
//!
//! [`tasks`] reads a block: it compares the first 14 bits of each item, parses those of ours, and
//! leaves out what this node did itself. [`Sync::step`] takes an [`Input`] and the time and gives
//! [`Effect`]s that the shell performs.
//!
//! ```text
//! Wanted ──► Fetch(acting node) ──► Received ── digest fits ──► Store ──► Stored, Refused
//!                 ▲                     │
//!                 └── back-off, next ◄──┴── wrong file (counted), missing, unreachable
//! ```
//!
//! ```
//! use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
//! use emrshare_sync::{Effect, Input, Outcome, Sync, SyncConfig, Want};
//!
//! let [me, origin] = [NodeId::new(0)?, NodeId::new(1)?];
//! let mut sync = Sync::new(SyncConfig::default(), me, [me, origin]);
//! let digest = Digest([7; 32]);
//! let index = RecordIndex::new(origin, Serial::ZERO);
//! let want = Want { index, digest, acting: origin, height: 1 };
//! let effects = sync.step(0, Input::Wanted(vec![want]));
//! assert_eq!(effects, [Effect::Fetch { peer: origin, wants: vec![want] }]);
//! let outcome = Outcome::File(digest);
//! let effects = sync.step(5, Input::Received { peer: origin, outcomes: vec![(want, outcome)] });
//! assert_eq!(effects, [Effect::Store(want)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod machine;
mod tasks;

pub use machine::{Effect, Input, Outcome, Sync, SyncConfig, Want};
pub use tasks::{Task, tasks};
