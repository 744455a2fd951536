//! A network with its tokenizer.

use std::{fmt, ops::Range};

use emrshare_codec::Digest;
use rten::{Model, NodeId};
use rten_tensor::{AsView, Layout, NdTensor, Tensor};
use sha2::{Digest as _, Sha256};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

/// A transformer cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformerError {
    /// The network is not ONNX, or has operators that are not known.
    #[error("the network cannot be read: {0}")]
    Model(String),
    /// The tokenizer is not of the form that Hugging Face's `tokenizer.json` has, or is of a kind
    /// that is not known.
    #[error("the tokenizer cannot be read: {0}")]
    Tokenizer(String),
    /// The network's inputs or output are others than the documentation says.
    #[error("the network does not have the form that is needed: {0}")]
    Form(String),
}

/// How a text is cut for the network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Windows {
    /// Tokens that go through at once, those that begin and end a text included.
    pub tokens: usize,
    /// Tokens that a window repeats of the one before it.
    pub overlap: usize,
}

/// A network in ONNX form with its tokenizer.
pub struct Transformer {
    digest: Digest,
    model: Model,
    tokens: NodeId,
    others: Vec<(NodeId, i32)>,
    output: NodeId,
    tokenizer: Tokenizer,
}

impl fmt::Debug for Transformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transformer").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Transformer {
    /// Reads a network and its tokenizer. Both come from who runs the program: what they cost is not
    /// bounded.
    ///
    /// # Errors
    /// [`TransformerError`] if they are not of the form that is needed.
    pub fn new(
        onnx: &[u8],
        tokenizer_json: &str,
        windows: Windows,
    ) -> Result<Self, TransformerError> {
        emrshare_onnx::check(onnx).map_err(unreadable)?;
        let model = Model::load(onnx.to_vec()).map_err(unreadable)?;
        let (tokens, others) = inputs(&model)?;
        let output = model.output_ids().first().copied();
        let output = output.ok_or_else(|| TransformerError::Form("it has no output".into()))?;
        let digest = Sha256::new().chain_update(onnx).chain_update(tokenizer_json).finalize();
        let tokenizer = tokenizer(tokenizer_json, windows)?;
        Ok(Self { digest: Digest(digest.into()), model, tokens, others, output, tokenizer })
    }

    /// SHA-256 of the network and its tokenizer, one behind the other.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The windows of a text, one at least.
    ///
    /// # Errors
    /// [`TransformerError::Tokenizer`] if the tokenizer fails at this text.
    pub fn windows(&self, text: &str) -> Result<Vec<Window>, TransformerError> {
        let tokens = self.tokenizer.encode(text, true);
        let mut first = tokens.map_err(|error| TransformerError::Tokenizer(error.to_string()))?;
        let rest = first.take_overflowing();
        Ok(std::iter::once(first).chain(rest).map(Window).collect())
    }

    /// What the network says of a window.
    ///
    /// # Errors
    /// [`TransformerError::Form`] if the network fails, or says something else than numbers.
    pub fn run(&self, window: &Window) -> Result<Output, TransformerError> {
        let form = |error: rten::RunError| TransformerError::Form(error.to_string());
        let ids = window.0.get_ids();
        let row = |values: Vec<i32>| NdTensor::from_data([1, ids.len()], values).into();
        let tokens = ids.iter().map(|token| i32::try_from(*token).unwrap_or(0)).collect();
        let mut inputs = vec![(self.tokens, row(tokens))];
        let others = self.others.iter().map(|(node, value)| (*node, row(vec![*value; ids.len()])));
        inputs.extend(others);
        let [output] = self.model.run_n(inputs, [self.output], None).map_err(form)?;
        let output: Tensor<f32> = output
            .try_into()
            .map_err(|_| TransformerError::Form("an output of whole numbers".into()))?;
        Ok(Output { shape: output.shape().to_vec(), values: output.to_vec() })
    }
}

/// Some tokens of a text.
pub struct Window(Encoding);

// A window holds words of the text.
impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("tokens", &self.0.len()).finish_non_exhaustive()
    }
}

impl Window {
    /// Tokens in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of the text that each token stands for; none for those that only begin and end it.
    pub fn places(&self) -> impl Iterator<Item = Option<Range<usize>>> + '_ {
        let offsets = self.0.get_offsets().iter().zip(self.0.get_special_tokens_mask());
        offsets.map(|(&(start, end), &special)| (special == 0 && start < end).then_some(start..end))
    }
}

/// What a network said.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// How long each dimension is.
    pub shape: Vec<usize>,
    /// All values, the last dimension's beside each other.
    pub values: Vec<f32>,
}

/// Cuts texts into windows, without padding: whatever the file says of both is for training.
fn tokenizer(json: &str, windows: Windows) -> Result<Tokenizer, TransformerError> {
    let form = |error: tokenizers::Error| TransformerError::Tokenizer(error.to_string());
    let mut tokenizer: Tokenizer = json.parse().map_err(form)?;
    let windows = TruncationParams {
        max_length: windows.tokens,
        stride: windows.overlap,
        ..TruncationParams::default()
    };
    tokenizer.with_padding(None).with_truncation(Some(windows)).map_err(form)?;
    Ok(tokenizer)
}

fn unreadable(error: impl ToString) -> TransformerError {
    TransformerError::Model(error.to_string())
}

/// The input of the tokens, and the others with the value that each of their places has.
fn inputs(model: &Model) -> Result<(NodeId, Vec<(NodeId, i32)>), TransformerError> {
    let mut tokens = None;
    let mut others = Vec::new();
    for node in model.input_ids() {
        let info = model.node_info(*node);
        match info.as_ref().and_then(rten::NodeInfo::name).unwrap_or_default() {
            "input_ids" => tokens = Some(*node),
            "attention_mask" => others.push((*node, 1)),
            "token_type_ids" => others.push((*node, 0)),
            other => return Err(TransformerError::Form(format!("an input `{other}`"))),
        }
    }
    let tokens = tokens.ok_or_else(|| TransformerError::Form("no input `input_ids`".into()))?;
    Ok((tokens, others))
}
