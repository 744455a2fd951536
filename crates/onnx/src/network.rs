//! A network, in the parts that run one after the other.

use std::collections::HashMap;

use rten::{Model, ModelOptions, NodeId, Value, ValueOrView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::{AsView, Layout, NdTensor, NdTensorView, Tensor};

use crate::{
    ModelError, check,
    convolution::Convolution,
    parts::{Part, parts},
};

/// A network of one input and one output.
#[derive(Debug)]
pub struct Network {
    input: String,
    output: String,
    /// In the order in which they run.
    steps: Vec<Step>,
}

/// Values by their names.
type Values = HashMap<String, Value>;

/// The answer of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How long each dimension is.
    pub shape: Vec<usize>,
    /// All values, the last dimension's beside each other.
    pub values: Vec<f32>,
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
    /// A network from the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`ModelError::Unreadable`] if the file is damaged, or has operators that are not known;
    /// [`ModelError::Form`] if it has not one input and one output.
    pub fn load(onnx: &[u8]) -> Result<Self, ModelError> {
        check(onnx).map_err(ModelError::unreadable)?;
        let model = ModelProto::parse_buf(onnx).map_err(ModelError::unreadable)?;
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

    /// What the network answers to values, the last dimension's beside each other. Convolutions run on
    /// this thread, products of matrices on those that all networks of the process share.
    ///
    /// # Errors
    /// [`ModelError::Form`] if there are not as many values as the shape says, if the network takes
    /// another one, or if its answer is no numbers of single precision.
    pub fn run(&self, shape: [usize; 4], values: Vec<f32>) -> Result<Answer, ModelError> {
        let input = NdTensor::try_from_data(shape, values).map_err(ModelError::form)?;
        let mut values = Values::from([(self.input.clone(), Value::from(input))]);
        for step in &self.steps {
            step.run(&mut values)?;
        }
        let output = values.remove(&self.output).ok_or_else(|| ModelError::form("no output"))?;
        let output: Tensor<f32> =
            output.try_into().map_err(|_| ModelError::form("an output of whole numbers"))?;
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
        let onnx = model.write_buf().map_err(ModelError::unreadable)?;
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(onnx).map_err(ModelError::unreadable)?;
        let (inputs, outputs) = (model.input_ids().to_vec(), model.output_ids().to_vec());
        let named = |ids: &[NodeId]| {
            let name = |id: &NodeId| model.node_info(*id)?.name().map(str::to_owned);
            ids.iter()
                .map(name)
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| ModelError::form("no names"))
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
            given.push(value.ok_or_else(|| ModelError::form("a value is missing"))?);
        }
        let made = match &self.work {
            Work::Convolution(convolution) => vec![convolved(convolution, &given)?],
            Work::Graph(model, inputs, outputs) => {
                let given = inputs.iter().copied().zip(given).collect();
                model.run(given, outputs, None).map_err(ModelError::form)?
            }
        };
        values.extend(self.gives.iter().cloned().zip(made));
        Ok(())
    }
}

fn convolved(convolution: &Convolution, given: &[ValueOrView]) -> Result<Value, ModelError> {
    let input = given.first().and_then(|value| value.as_view().try_into().ok());
    let input: NdTensorView<f32, 4> =
        input.ok_or_else(|| ModelError::form("a convolution of other values"))?;
    let result = convolution.run(&input);
    Ok(result.ok_or_else(|| ModelError::form("a convolution of another number of values"))?.into())
}

/// The names of the input and the output.
fn ends(model: &ModelProto) -> Result<(String, String), ModelError> {
    let graph = model.graph.as_ref().ok_or_else(|| ModelError::unreadable("there is no graph"))?;
    let weights: Vec<_> = graph.initializer.iter().map(|weight| &weight.name).collect();
    let inputs = graph.input.iter().map(|input| &input.name);
    let inputs: Vec<_> = inputs.filter(|name| !weights.contains(name)).collect();
    match (&inputs[..], &graph.output[..]) {
        ([Some(input)], [output]) if output.name.is_some() => {
            Ok((input.clone(), output.name.clone().unwrap_or_default()))
        }
        (inputs, outputs) => {
            let (inputs, outputs) = (inputs.len(), outputs.len());
            Err(ModelError::form(format!("{inputs} inputs and {outputs} outputs, not one each")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the library answers for the network as it is.
    fn whole(onnx: &[u8], input: NdTensor<f32, 4>) -> Vec<f32> {
        let model = Model::load(onnx.to_vec()).expect("a network of the completeness crate");
        let answer = model.run_one(input.into(), None).expect("an input of its form");
        let answer: Tensor<f32> = answer.try_into().expect("single precision");
        answer.to_vec()
    }

    fn is_cut_without_loss(onnx: &[u8], shape: [usize; 4], convolutions: usize) {
        let network = Network::load(onnx).expect("a network of the completeness crate");
        let is_convolution = |step: &&Step| matches!(step.work, Work::Convolution(_));
        assert_eq!(network.steps.iter().filter(is_convolution).count(), convolutions);
        let values = (0..shape.iter().product::<usize>()).map(|place| (place * 37 % 256) as f32);
        let values: Vec<_> = values.map(|value| value / 255.0).collect();
        let answer = network.run(shape, values.clone()).expect("an input of its form");
        let wanted = whole(onnx, NdTensor::from_data(shape, values));
        assert_eq!(answer.values.len(), wanted.len());
        for (found, wanted) in answer.values.iter().zip(&wanted) {
            assert!((found - wanted).abs() <= 1e-3 * wanted.abs().max(1.0), "{found} for {wanted}");
        }
    }

    const SMALL: &[u8] = include_bytes!("../tests/small.onnx");

    #[test]
    fn networks_answer_in_parts_as_they_do_whole() {
        is_cut_without_loss(SMALL, [1, 1, 19, 40], 3);
        let panels = include_bytes!("../../completeness/model/panels.onnx");
        is_cut_without_loss(panels, [1, 3, 256, 256], 16);
        let lettering = include_bytes!("../../completeness/model/lettering.onnx");
        is_cut_without_loss(lettering, [1, 1, 112, 96], 11);
    }

    proptest! {
        #[test]
        fn a_damaged_network_is_an_error_or_another_network(
            place in 0..SMALL.len(),
            byte in any::<u8>(),
            length in 0..=SMALL.len(),
        ) {
            let mut onnx = SMALL.to_vec();
            onnx[place] = byte;
            if let Ok(network) = Network::load(&onnx) {
                drop(network.run([1, 1, 16, 16], vec![0.5; 256]));
            }
            drop(Network::load(&SMALL[..length]));
        }
    }

    #[test]
    fn an_input_of_another_size_is_an_error() {
        let network = Network::load(SMALL).expect("a network of the tests");
        for (shape, length) in [([1, 1, 8, 8], 63), ([1, 2, 8, 8], 128), ([1, 1, 0, 8], 0)] {
            let answer = network.run(shape, vec![0.5; length]);
            assert!(matches!(answer, Err(ModelError::Form(_))), "{shape:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_an_error() {
        assert!(matches!(Network::load(b"no network"), Err(ModelError::Unreadable(_))));
        assert!(matches!(Network::load(b""), Err(ModelError::Unreadable(_))));
    }
}
