//! Networks in ONNX form. They only come from this crate or from who runs the program: what they
//! cost is not bounded.

use std::collections::HashMap;

use rten::{Model, ModelOptions, NodeId, Value, ValueOrView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::{AsView, Layout, NdTensor, NdTensorView, Tensor};

use super::{
    convolution::Convolution,
    parts::{Part, parts},
};

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
    input: String,
    output: String,
    /// In the order in which they run.
    steps: Vec<Step>,
}

/// Values by their names.
type Values = HashMap<String, Value>;

/// The answer of a network: its shape and its values.
pub(crate) struct Answer {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// A part of a network that runs at once.
#[derive(Debug)]
struct Step {
    work: Work,
    takes: Vec<String>,
    gives: Vec<String>,
    /// What no later step takes.
    last: Vec<String>,
}

#[derive(Debug)]
enum Work {
    /// A graph, with its inputs and its outputs in the order of the step's.
    Graph(Box<Model>, Vec<NodeId>, Vec<NodeId>),
    Convolution(Convolution),
}

impl Network {
    pub(crate) fn load(onnx: &[u8]) -> Result<Self, ModelError> {
        let model = ModelProto::parse_buf(onnx).map_err(unreadable)?;
        let (input, output) = ends(&model)?;
        let steps: Result<Vec<_>, _> = parts(model).into_iter().map(Step::of).collect();
        let mut steps = steps?;
        let mut later = vec![output.clone()];
        for step in steps.iter_mut().rev() {
            step.last = step.takes.iter().filter(|name| !later.contains(name)).cloned().collect();
            later.extend_from_slice(&step.last);
        }
        Ok(Self { input, output, steps })
    }

    /// Convolutions run on this thread, products of matrices on those that all networks of the process
    /// share.
    pub(crate) fn run(&self, input: NdTensor<f32, 4>) -> Result<Answer, ModelError> {
        let mut values = Values::from([(self.input.clone(), Value::from(input))]);
        for step in &self.steps {
            step.run(&mut values)?;
        }
        let output = values.remove(&self.output).ok_or_else(|| form("no output"))?;
        let output: Tensor<f32> =
            output.try_into().map_err(|_| form("an output of whole numbers"))?;
        Ok(Answer { shape: output.shape().to_vec(), values: output.to_vec() })
    }
}

impl Step {
    fn of(part: Part) -> Result<Self, ModelError> {
        let last = Vec::new();
        let model = match part {
            Part::Convolution(convolution, input, output) => {
                let work = Work::Convolution(convolution);
                return Ok(Self { work, takes: vec![input], gives: vec![output], last });
            }
            Part::Graph(model) => model,
        };
        let onnx = model.write_buf().map_err(unreadable)?;
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(onnx).map_err(unreadable)?;
        let (inputs, outputs) = (model.input_ids().to_vec(), model.output_ids().to_vec());
        let named = |ids: &[NodeId]| {
            let name = |id: &NodeId| model.node_info(*id)?.name().map(str::to_owned);
            ids.iter().map(name).collect::<Option<Vec<_>>>().ok_or_else(|| form("no names"))
        };
        let (takes, gives) = (named(&inputs)?, named(&outputs)?);
        Ok(Self { work: Work::Graph(Box::new(model), inputs, outputs), takes, gives, last })
    }

    /// Takes its inputs from the values and puts its outputs there.
    fn run(&self, values: &mut Values) -> Result<(), ModelError> {
        let mut owned: Values =
            self.last.iter().filter_map(|name| values.remove_entry(name)).collect();
        let mut given = Vec::with_capacity(self.takes.len());
        for name in &self.takes {
            let value = owned.remove(name).map(ValueOrView::from);
            let value = value.or_else(|| values.get(name).map(ValueOrView::from));
            given.push(value.ok_or_else(|| form("a value is missing"))?);
        }
        let made = match &self.work {
            Work::Convolution(convolution) => vec![convolved(convolution, &given)?],
            Work::Graph(model, inputs, outputs) => {
                let given = inputs.iter().copied().zip(given).collect();
                model.run(given, outputs, None).map_err(form)?
            }
        };
        values.extend(self.gives.iter().cloned().zip(made));
        Ok(())
    }
}

fn convolved(convolution: &Convolution, given: &[ValueOrView]) -> Result<Value, ModelError> {
    let input = given.first().and_then(|value| value.as_view().try_into().ok());
    let input: NdTensorView<f32, 4> = input.ok_or_else(|| form("a convolution of other values"))?;
    let result = convolution.run(&input);
    Ok(result.ok_or_else(|| form("a convolution of another number of values"))?.into())
}

/// The names of the input and the output.
fn ends(model: &ModelProto) -> Result<(String, String), ModelError> {
    let graph = model.graph.as_ref().ok_or_else(|| unreadable("there is no graph"))?;
    let weights: Vec<_> = graph.initializer.iter().map(|weight| &weight.name).collect();
    let inputs = graph.input.iter().map(|input| &input.name);
    let inputs: Vec<_> = inputs.filter(|name| !weights.contains(name)).collect();
    match (&inputs[..], &graph.output[..]) {
        ([Some(input)], [output]) if output.name.is_some() => {
            Ok((input.clone(), output.name.clone().unwrap_or_default()))
        }
        (inputs, outputs) => {
            let (inputs, outputs) = (inputs.len(), outputs.len());
            Err(form(format!("{inputs} inputs and {outputs} outputs, not one each")))
        }
    }
}

fn unreadable(error: impl ToString) -> ModelError {
    ModelError::Unreadable(error.to_string())
}

fn form(error: impl ToString) -> ModelError {
    ModelError::Form(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library answers for the network as it is.
    fn whole(onnx: &[u8], input: NdTensor<f32, 4>) -> Vec<f32> {
        let model = Model::load(onnx.to_vec()).expect("a network of this crate");
        let answer = model.run_one(input.into(), None).expect("an input of its form");
        let answer: Tensor<f32> = answer.try_into().expect("single precision");
        answer.to_vec()
    }

    fn is_cut_without_loss(onnx: &[u8], shape: [usize; 4], convolutions: usize) {
        let network = Network::load(onnx).expect("a network of this crate");
        let is_convolution = |step: &&Step| matches!(step.work, Work::Convolution(_));
        assert_eq!(network.steps.iter().filter(is_convolution).count(), convolutions);
        let values = (0..shape.iter().product::<usize>()).map(|place| (place * 37 % 256) as f32);
        let values: Vec<_> = values.map(|value| value / 255.0).collect();
        let input = NdTensor::from_data(shape, values);
        let answer = network.run(input.clone()).expect("an input of its form");
        let wanted = whole(onnx, input);
        assert_eq!(answer.values.len(), wanted.len());
        for (found, wanted) in answer.values.iter().zip(&wanted) {
            assert!((found - wanted).abs() <= 1e-3 * wanted.abs().max(1.0), "{found} for {wanted}");
        }
    }

    #[test]
    fn networks_answer_in_parts_as_they_do_whole() {
        is_cut_without_loss(include_bytes!("../../model/panels.onnx"), [1, 3, 256, 256], 16);
        is_cut_without_loss(include_bytes!("../../model/lettering.onnx"), [1, 1, 112, 96], 11);
    }

    #[test]
    fn what_is_no_network_is_an_error() {
        assert!(matches!(Network::load(b"no network"), Err(ModelError::Unreadable(_))));
        assert!(matches!(Network::load(b""), Err(ModelError::Unreadable(_))));
    }
}
