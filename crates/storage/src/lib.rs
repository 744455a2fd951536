//! Durable storage of an emrshare node.
//!
//! * [`Kv`]: tables of keys and values with atomic, durable batches; [`RedbKv`] (the default) and
//!   [`SledKv`] on disk, chosen by [`Engine`], and [`MemoryKv`] for tests; [`FilteredKv`] knows what
//!   surely is not there.
//! * [`Blobs`]: content by its SHA-256, on a local folder with fsync, or any `object_store`; what
//!   is stored together shares one object.
//! * [`SearchIndex`]: full text over descriptions and desensitized texts, Chinese and English;
//!   derived data that can be rebuilt.
//!
//! The contract of [`Kv::commit`]: `Ok` means that the whole batch survives a crash; after an
//! `Err` the outcome is unknown and the store is poisoned until it is opened again.
//!
//! ```
//! use emrshare_storage::{Batch, Engine, Table};
//!
//! const NOTES: Table = Table::new(b'x');
//! let folder = tempfile::tempdir()?;
//! let store = Engine::default().open(&folder.path().join("kv"))?;
//! let mut batch = Batch::default();
//! batch.put(NOTES, b"key", b"value");
//! store.commit(batch)?;
//! assert_eq!(store.get(NOTES, b"key")?, Some(b"value".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blobs;
mod engine;
mod error;
mod filtered;
mod group;
mod kv;
mod memory;
mod packs;
mod redb_kv;
mod redo;
mod search;
mod sled_kv;

pub use blobs::{BlobTables, Blobs, Placing, Removal, Written};
pub use engine::Engine;
pub use error::{BlobError, SearchError, StoreError};
pub use filtered::FilteredKv;
pub use kv::{Batch, Kv, Row, Table};
pub use memory::MemoryKv;
pub use redb_kv::RedbKv;
pub use search::{Document, Hit, SearchIndex};
pub use sled_kv::SledKv;
