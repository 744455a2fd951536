//! A token classifier beside the built-in recognizers.

use std::path::Path;

use anyhow::Context;
use emrshare_recognize::TokenClassifier;

use crate::home;

/// The token classifier in a folder.
pub(super) fn read(folder: &Path) -> anyhow::Result<TokenClassifier> {
    let onnx = home::read_bytes(&folder.join("model.onnx"))?;
    let tokenizer = home::read(&folder.join("tokenizer.json"))?;
    let config = home::read(&folder.join("config.json"))?;
    let classifier = TokenClassifier::new(&onnx, &tokenizer, &config);
    classifier.with_context(|| folder.display().to_string())
}
