//! Networks in ONNX form. They only come from this crate or from who runs the program: what they
//! cost is not bounded.

use rten::Model;
use rten_tensor::{AsView, Layout, NdTensor, Tensor};

/// A network cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not ONNX, or with operators that are not known.
    #[error("the model cannot be read: {0}")]
    Unreadable(String),
    /// Another form of input or output than the documentation of the detector says.
    #[error("the model does not have the form that is needed: {0}")]
    Form(String),
}

/// A network of one input and one output.
#[derive(Debug)]
pub(crate) struct Network {
    model: Model,
}

/// The answer of a network: its shape and its values.
pub(crate) struct Answer {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Network {
    pub(crate) fn load(onnx: &[u8]) -> Result<Self, ModelError> {
        let model = Model::load(onnx.to_vec());
        let model = model.map_err(|error| ModelError::Unreadable(error.to_string()))?;
        let (inputs, outputs) = (model.input_ids().len(), model.output_ids().len());
        if (inputs, outputs) != (1, 1) {
            return Err(ModelError::Form(format!(
                "{inputs} inputs and {outputs} outputs, not one each"
            )));
        }
        Ok(Self { model })
    }

    /// Runs on the threads that all networks of the process share.
    pub(crate) fn run(&self, input: NdTensor<f32, 4>) -> Result<Answer, ModelError> {
        let form = |error: rten::RunError| ModelError::Form(error.to_string());
        let output = self.model.run_one(input.into(), None).map_err(form)?;
        let output: Tensor<f32> =
            output.try_into().map_err(|_| ModelError::Form("an output of whole numbers".into()))?;
        Ok(Answer { shape: output.shape().to_vec(), values: output.to_vec() })
    }
}
