//! Runs networks in ONNX form (<https://onnx.ai>), of one input of four dimensions and one output.
//!
//! `rten` runs them, but for convolutions of more than one pixel: a [`Network`] is cut at them, and
//! they are calculated here, on vectors as wide as the machine has. Values differ from `rten`'s in
//! the last places, as they do between kinds of machines.
//!
//! A file that is damaged is an error ([`check`]). What a whole one costs when it is loaded and run is
//! not bounded: networks come with a program, or from who runs it.
//!
//! ```
//! use emrshare_onnx::{ModelError, Network};
//!
//! let error = Network::load(b"neither bird nor fish").map(drop);
//! assert!(matches!(error, Err(ModelError::Unreadable(_))));
//! ```

mod convolution;
mod message;
mod network;
mod parts;

pub use message::{Malformed, check};
pub use network::{Answer, Network};

/// A network cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not ONNX, or with operators that are not known.
    #[error("the model cannot be read: {0}")]
    Unreadable(String),
    /// Another form of input or output than is needed.
    #[error("the model does not have the form that is needed: {0}")]
    Form(String),
}

impl ModelError {
    pub(crate) fn unreadable(error: impl ToString) -> Self {
        Self::Unreadable(error.to_string())
    }

    pub(crate) fn form(error: impl ToString) -> Self {
        Self::Form(error.to_string())
    }
}
