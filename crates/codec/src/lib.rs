//! The bits that a medical record puts on the ledger.
//!
//! An [`Entry`] is 96 bytes, most significant bit first, without padding:
//!
//! ```text
//! marker 14 | kind 2 | acting node 20 | origin node 20 | serial 200 | SHA-256 original 256 | SHA-256 desensitized 256
//! `------- operation, 36 bits -------'`--- record index, 220 bits --'
//! `-------------------- one 32-byte word ---------------------------'`----- 32 bytes -----'`------- 32 bytes -------'
//! ```
//!
//! Operation plus index are exactly 32 bytes, so an entry is three 32-byte words.
//!
//! * [`Operation`]: what happens to a record, and which node does it.
//! * [`RecordIndex`]: which record; also a text form with a checksum for people.
//! * [`Entry`]: both, and the digests of the original and of the desensitized file.
//! * [`EntryView`]: a slice of bytes read as entries without copying.
//!
//! The crate is `no_std`, needs no allocator, has no dependencies and no `unsafe`.
//!
//! ```
//! use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
//!
//! let origin = NodeId::new(7)?;
//! let entry = Entry::new(
//!     Operation::new(Marker::RECORD, Kind::Add, origin),
//!     RecordIndex::new(origin, Serial::from(42u64)),
//!     Digest([0x11; 32]),
//!     Digest([0x22; 32]),
//! );
//! let bytes = entry.to_bytes();
//! assert_eq!(bytes.len(), 96);
//! assert_eq!(Entry::from_bytes(&bytes)?, entry);
//! assert_eq!(entry.index().to_string().parse::<RecordIndex>()?, entry.index());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `serde`: every type as its text; `arbitrary`: values for fuzzing (needs `std`). Neither is on by
//! default.
//!
//! # Limits
//!
//! 16,384 markers, 1,048,576 nodes, 2^200 records a node. Decoding is strict: the reserved kind
//! `11` and any other length are refused; every 256-bit head with another kind is a valid one.

#![no_std]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[cfg(feature = "arbitrary")]
mod arbitrary_values;
mod digest;
mod entry;
mod error;
mod index;
mod operation;
#[cfg(feature = "serde")]
mod serde_text;
mod serial;
mod text;

pub use digest::Digest;
pub use entry::{Entry, EntryView};
pub use error::{DecodeError, RangeError, TextError};
pub use index::{NodeId, RecordIndex};
pub use operation::{Kind, Marker, Operation};
pub use serial::Serial;
pub use text::IndexText;

#[cfg(test)]
extern crate std;
