//! Other ways to find what identifies somebody, beside those of this crate.

use std::fmt;

use crate::Finding;

/// Something that finds what identifies a person in text: a larger model, a list of a hospital's own.
/// `TokenClassifier` (feature `classifier`) reads such a model from ONNX.
///
/// Who makes copies that others compare must take care that it says the same on every machine.
pub trait Recognizer: fmt::Debug + Send + Sync {
    /// Findings in any order. A range that is not of the text's whole characters is passed over.
    ///
    /// # Errors
    /// [`RecognizerError`] if it cannot read the text: then nobody knows what is in it, and no copy
    /// of it is made.
    fn recognize(&self, text: &str) -> Result<Vec<Finding>, RecognizerError>;
}

/// Why a recognizer could not read a text, without anything of the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a recognizer could not read the text: {0}")]
pub struct RecognizerError(pub String);
