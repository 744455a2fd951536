//! What the consortium agreed, and the state that follows from it.
//!
//! * [`Genesis`]: who founded the consortium and on what terms; its digest names the chain.
//! * [`Protocol`]: the encoding protocol that records must follow.
//! * [`Call`]: what people and nodes ask of the contracts: [`registry`](Call::Register),
//!   [`relationship`](Call::Link), [`permission`](Call::Grant), [`audit`](Call::Erased).
//! * [`execute`]: the one function that turns a block into changes of state. It is deterministic:
//!   the order of items in a block is the only order.
//!
//! ```
//! use emrshare_contracts::Protocol;
//! use emrshare_record::{SourceFile, import};
//!
//! let nobody = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
//! let (record, _) = import(vec![SourceFile::new("empty.json", nobody.to_vec())])?;
//! let protocol = Protocol::embedded();
//! assert!(!protocol.violations(record.bundle()).is_empty());
//! # Ok::<(), emrshare_record::ImportError>(())
//! ```

mod access;
mod call;
mod execute;
mod genesis;
mod protocol;

pub use access::{Person, Role, grant_until, may_read_original, owner, person};
pub use call::{Call, CallError};
pub use execute::{
    BlockContext, BlockError, ItemError, apply_item, check_signature, execute, has_erased,
};
pub use genesis::{Genesis, GenesisError, Member, Terms};
pub use protocol::{Protocol, ProtocolError, Violation};
