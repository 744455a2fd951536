//! Sentence encoders in ONNX form.

use std::fmt;

use emrshare_transformer::{Output, Transformer, TransformerError, Windows};

use super::vector::{Vector, Vectorizer};

/// Tokens that go through the network at once, and how many times that of a text.
const WINDOW: usize = 256;
const WINDOWS: usize = 64;

/// A weight of one.
const ONE: f32 = i16::MAX as f32;

/// Dimensions that a vector may have.
const DIMENSIONS: usize = 1 << 16;

/// Makes vectors with a sentence encoder: a network in ONNX form with its tokenizer.
///
/// Inputs and tokenizer are as [`emrshare_transformer`] says. The first output is `[1, tokens,
/// dimensions]`, whose mean over the tokens is taken, or `[1, dimensions]`: as the exports of
/// Sentence Transformers have it. A text goes through in windows of 256 tokens, of which the first
/// 64 count.
///
/// It computes in floating point: two kinds of machines may differ in the last digits of a score.
/// So nodes, which must judge alike, do not use one; [`Grams`](crate::Grams) is exact.
pub struct SentenceEncoder {
    name: String,
    dimensions: usize,
    transformer: Transformer,
}

impl fmt::Debug for SentenceEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentenceEncoder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SentenceEncoder {
    /// Reads a network and its tokenizer, and runs it once. Both come from who runs the program:
    /// what they cost is not bounded.
    ///
    /// # Errors
    /// [`TransformerError`] if they are not of the form that is needed.
    pub fn new(onnx: &[u8], tokenizer_json: &str) -> Result<Self, TransformerError> {
        let windows = Windows { tokens: WINDOW, overlap: 0 };
        let transformer = Transformer::new(onnx, tokenizer_json, windows)?;
        let name = format!("onnx-{}", transformer.digest());
        let mut encoder = Self { name, dimensions: 0, transformer };
        encoder.dimensions = encoder.mean("hypertension 高血压")?.len();
        if encoder.dimensions == 0 || encoder.dimensions > DIMENSIONS {
            let found = encoder.dimensions;
            return Err(TransformerError::Form(format!(
                "{found} dimensions, not 1 to {DIMENSIONS}"
            )));
        }
        Ok(encoder)
    }

    /// The mean of what the network says of a text's tokens.
    fn mean(&self, text: &str) -> Result<Vec<f32>, TransformerError> {
        let mut mean = Vec::new();
        for window in self.transformer.windows(text)?.iter().take(WINDOWS) {
            let said = mean_of_tokens(window.len(), self.transformer.run(window)?)?;
            mean.resize(said.len(), 0.0);
            let tokens = window.len() as f32;
            mean.iter_mut().zip(said).for_each(|(mean, said)| *mean += said * tokens);
        }
        Ok(mean)
    }
}

impl Vectorizer for SentenceEncoder {
    fn name(&self) -> &str {
        &self.name
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn vector(&self, text: &str) -> Vector {
        // What the network cannot say is like no standard: the section is refused.
        let mean = self.mean(text).unwrap_or_default();
        let length = mean.iter().map(|said| said * said).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Vector::default();
        }
        let weights = mean.iter().map(|said| (said / length * ONE).round() as i32);
        Vector::new((0..=u16::MAX).zip(weights))
    }
}

/// One value a dimension, whether the network says one a token or one a window.
fn mean_of_tokens(tokens: usize, output: Output) -> Result<Vec<f32>, TransformerError> {
    match output.shape[..] {
        [1, dimensions] if dimensions > 0 => Ok(output.values),
        [1, count, dimensions] if count == tokens && dimensions > 0 => {
            let mut mean = vec![0.0; dimensions];
            for token in output.values.chunks_exact(dimensions) {
                let share = |(mean, said): (&mut f32, &f32)| *mean += said / count as f32;
                mean.iter_mut().zip(token).for_each(share);
            }
            Ok(mean)
        }
        ref other => {
            let needed = format!("[1, {tokens}, dimensions] or [1, dimensions]");
            Err(TransformerError::Form(format!("an output of {other:?}, not {needed}")))
        }
    }
}
