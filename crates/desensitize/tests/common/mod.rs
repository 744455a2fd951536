//! What tests of single files share.

use emrshare_desensitize::{Desensitizer, Policy};
use emrshare_identity::ConsortiumKey;

pub(crate) fn desensitizer() -> Desensitizer {
    Desensitizer::new(Policy::hipaa_safe_harbor(), ConsortiumKey::from_bytes([7; 32]))
}

/// The copy of a file of text.
pub(crate) fn copy(file: &str) -> String {
    String::from_utf8(desensitizer().desensitize_file(file.as_bytes(), None).unwrap().bytes)
        .unwrap()
}

pub(crate) fn assert_gone(copy: &str, values: &[&str]) {
    for value in values {
        assert!(!copy.contains(value), "{value} in {copy}");
    }
}
