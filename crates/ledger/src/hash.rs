//! SHA-256 with domain tags.

use emrshare_codec::Digest;
use sha2::{Digest as _, Sha256};

pub(crate) const HEADER: &[u8] = b"_EMRSHARE_LEDGER_HEADER";
pub(crate) const VALIDATORS: &[u8] = b"_EMRSHARE_LEDGER_VALIDATORS";
pub(crate) const STATE_LEAF: &[u8] = b"_EMRSHARE_LEDGER_STATE_LEAF";
pub(crate) const STATE_NODE: &[u8] = b"_EMRSHARE_LEDGER_STATE_NODE";
pub(crate) const TRANSACTION_ID: &[u8] = b"_EMRSHARE_LEDGER_TRANSACTION_ID";

/// SHA-256 of the length of `tag` in one byte, the tag, and the parts one after another.
///
/// Parts are not delimited: give all but one of them a fixed length.
#[must_use]
pub fn hash(tag: &[u8], parts: &[&[u8]]) -> Digest {
    debug_assert!(tag.len() <= 255, "a domain tag has at most 255 bytes");
    let mut sha = Sha256::new();
    sha.update([tag.len() as u8]);
    sha.update(tag);
    parts.iter().for_each(|part| sha.update(part));
    Digest(sha.finalize().into())
}
