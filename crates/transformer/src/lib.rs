//! Runs a transformer in ONNX form over text: [`Transformer`].
//!
//! A network is two files, as Hugging Face's tools export them: `model.onnx` and `tokenizer.json`.
//! Inputs of the network, each `[1, tokens]` of whole numbers: `input_ids`, and if it has them
//! `attention_mask` (all 1) and `token_type_ids` (all 0). Its first output counts.
//!
//! A text goes through in windows of some tokens, which may overlap. Networks compute in floating
//! point: two kinds of machines may differ in the last digits.
//!
//! ```no_run
//! use emrshare_transformer::{Transformer, Windows};
//!
//! let onnx = std::fs::read("model.onnx")?;
//! let tokenizer = std::fs::read_to_string("tokenizer.json")?;
//! let transformer = Transformer::new(&onnx, &tokenizer, Windows { tokens: 256, overlap: 0 })?;
//! for window in transformer.windows("Acute appendicitis.")? {
//!     println!("{:?}", transformer.run(&window)?.shape);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod transformer;

pub use transformer::{Output, Transformer, TransformerError, Window, Windows};
