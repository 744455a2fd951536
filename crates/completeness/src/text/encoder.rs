//! Sentence encoders in ONNX form.

use std::fmt;

use emrshare_codec::Digest;
use rten::{Model, NodeId};
use rten_tensor::{AsView, Layout, NdTensor, Tensor};
use sha2::{Digest as _, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use super::vector::{Vector, Vectorizer};

/// Tokens that go through the network at once, and how many times that of a text.
const WINDOW: usize = 256;
const WINDOWS: usize = 64;

/// A weight of one.
const ONE: f32 = i16::MAX as f32;

/// Dimensions that a vector may have.
const DIMENSIONS: usize = 1 << 16;

/// A sentence encoder cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The network is not ONNX, or has operators that are not known.
    #[error("the encoder cannot be read: {0}")]
    Model(String),
    /// The tokenizer is not of the form that Hugging Face's `tokenizer.json` has, or is of a kind
    /// that is not known.
    #[error("the encoder's tokenizer cannot be read: {0}")]
    Tokenizer(String),
    /// The network's inputs or output are others than the documentation says.
    #[error("the encoder does not have the form that is needed: {0}")]
    Form(String),
}

/// Makes vectors with a sentence encoder: a network in ONNX form with its tokenizer.
///
/// Inputs, each `[1, tokens]` of whole numbers: `input_ids`, and if the network has them
/// `attention_mask` (all 1) and `token_type_ids` (all 0). The first output is `[1, tokens,
/// dimensions]`, whose mean over the tokens is taken, or `[1, dimensions]`: as the exports of
/// Sentence Transformers have it. The tokenizer is a `tokenizer.json` of Hugging Face. A text goes
/// through in windows of 256 tokens, of which the first 64 count.
///
/// It computes in floating point: two kinds of machines may differ in the last digits of a score.
/// So nodes, which must judge alike, do not use one; [`Grams`](crate::Grams) is exact.
pub struct SentenceEncoder {
    name: String,
    dimensions: usize,
    model: Model,
    inputs: Vec<(NodeId, i32)>,
    tokens: NodeId,
    output: NodeId,
    tokenizer: Tokenizer,
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
    /// [`EncoderError`] if they are not of the form that is needed.
    pub fn new(onnx: &[u8], tokenizer_json: &str) -> Result<Self, EncoderError> {
        let model = Model::load(onnx.to_vec());
        let model = model.map_err(|error| EncoderError::Model(error.to_string()))?;
        let (tokens, inputs) = inputs(&model)?;
        let output = model.output_ids().first().copied();
        let output = output.ok_or_else(|| EncoderError::Form("it has no output".into()))?;
        let digest = Sha256::new().chain_update(onnx).chain_update(tokenizer_json).finalize();
        let name = format!("onnx-{}", Digest(digest.into()));
        let tokenizer = tokenizer(tokenizer_json)?;
        let mut encoder = Self { name, dimensions: 0, model, inputs, tokens, output, tokenizer };
        encoder.dimensions = encoder.mean("hypertension 高血压")?.len();
        if encoder.dimensions == 0 || encoder.dimensions > DIMENSIONS {
            let found = encoder.dimensions;
            return Err(EncoderError::Form(format!("{found} dimensions, not 1 to {DIMENSIONS}")));
        }
        Ok(encoder)
    }

    /// The mean of what the network says of a text's tokens.
    fn mean(&self, text: &str) -> Result<Vec<f32>, EncoderError> {
        let tokens = self.tokenizer.encode(text, true);
        let first = tokens.map_err(|error| EncoderError::Tokenizer(error.to_string()))?;
        let windows = std::iter::once(&first).chain(first.get_overflowing());
        let mut mean = Vec::new();
        for window in windows.take(WINDOWS) {
            let said = self.run(window.get_ids())?;
            mean.resize(said.len(), 0.0);
            let tokens = window.len() as f32;
            mean.iter_mut().zip(said).for_each(|(mean, said)| *mean += said * tokens);
        }
        Ok(mean)
    }

    fn run(&self, tokens: &[u32]) -> Result<Vec<f32>, EncoderError> {
        let form = |error: rten::RunError| EncoderError::Form(error.to_string());
        let row = |values: Vec<i32>| NdTensor::from_data([1, tokens.len()], values).into();
        let ids = tokens.iter().map(|token| i32::try_from(*token).unwrap_or(0)).collect();
        let mut inputs = vec![(self.tokens, row(ids))];
        let others =
            self.inputs.iter().map(|(node, value)| (*node, row(vec![*value; tokens.len()])));
        inputs.extend(others);
        let [output] = self.model.run_n(inputs, [self.output], None).map_err(form)?;
        let output: Tensor<f32> = output
            .try_into()
            .map_err(|_| EncoderError::Form("an output of whole numbers".into()))?;
        match *output.shape() {
            [1, dimensions] if dimensions > 0 => Ok(output.to_vec()),
            [1, count, dimensions] if count == tokens.len() && dimensions > 0 => {
                let mut mean = vec![0.0; dimensions];
                for token in output.to_vec().chunks_exact(dimensions) {
                    let share = |(mean, said): (&mut f32, &f32)| *mean += said / count as f32;
                    mean.iter_mut().zip(token).for_each(share);
                }
                Ok(mean)
            }
            ref other => {
                let needed = format!("[1, {}, dimensions] or [1, dimensions]", tokens.len());
                Err(EncoderError::Form(format!("an output of {other:?}, not {needed}")))
            }
        }
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

/// Cuts texts into windows, without padding: whatever the file says of both is for training.
fn tokenizer(json: &str) -> Result<Tokenizer, EncoderError> {
    let form = |error: tokenizers::Error| EncoderError::Tokenizer(error.to_string());
    let mut tokenizer: Tokenizer = json.parse().map_err(form)?;
    let windows = TruncationParams { max_length: WINDOW, ..TruncationParams::default() };
    tokenizer.with_padding(None).with_truncation(Some(windows)).map_err(form)?;
    Ok(tokenizer)
}

/// The input of the tokens, and the others with the value that each of their places has.
fn inputs(model: &Model) -> Result<(NodeId, Vec<(NodeId, i32)>), EncoderError> {
    let mut tokens = None;
    let mut others = Vec::new();
    for node in model.input_ids() {
        let info = model.node_info(*node);
        match info.as_ref().and_then(rten::NodeInfo::name).unwrap_or_default() {
            "input_ids" => tokens = Some(*node),
            "attention_mask" => others.push((*node, 1)),
            "token_type_ids" => others.push((*node, 0)),
            other => return Err(EncoderError::Form(format!("an input `{other}`"))),
        }
    }
    let tokens = tokens.ok_or_else(|| EncoderError::Form("no input `input_ids`".into()))?;
    Ok((tokens, others))
}
