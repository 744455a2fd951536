//! Cuts the graph of a network at its convolutions.

use std::collections::{BTreeSet, HashMap, HashSet};

use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use crate::convolution::{Convolution, Weights};

/// A part of a network. All its values have names.
pub(crate) enum Part {
    /// A graph of its own.
    Graph(ModelProto),
    /// A convolution, with its input and its output.
    Convolution(Convolution, String, String),
}

/// The parts of a network in the order in which they run. A network with graphs inside of nodes is
/// one part.
pub(crate) fn parts(mut model: ModelProto) -> Vec<Part> {
    let has_inner = |graph: &GraphProto| {
        graph.node.iter().flat_map(|node| &node.attribute).any(|attribute| attribute.g.is_some())
    };
    let Some(graph) = model.graph.take_if(|graph| !has_inner(graph)) else {
        return vec![Part::Graph(model)];
    };
    Cutter::new(graph).cut(&model)
}

/// A graph while it is cut.
struct Cutter {
    nodes: Vec<NodeProto>,
    weights: Weights,
    /// Nodes that take nothing: each part that needs one has its own.
    constants: HashMap<String, NodeProto>,
    /// What is known of inputs and outputs of the whole.
    known: HashMap<String, ValueInfoProto>,
    outputs: HashSet<String>,
}

impl Cutter {
    fn new(graph: GraphProto) -> Self {
        let outputs = graph.output.iter().filter_map(|output| output.name.clone()).collect();
        let infos = graph.input.into_iter().chain(graph.output);
        let known = infos.filter_map(|info| Some((info.name.clone()?, info))).collect();
        let weights = graph.initializer.into_iter();
        let weights = weights.filter_map(|weight| Some((weight.name.clone()?, weight))).collect();
        let (constants, nodes): (Vec<_>, _) =
            graph.node.into_iter().partition(|node| node.op_type.as_deref() == Some("Constant"));
        let constants = constants.into_iter();
        let constants = constants.filter_map(|node| Some((node.output.first()?.clone(), node)));
        Self { nodes, weights, constants: constants.collect(), known, outputs }
    }

    fn cut(mut self, model: &ModelProto) -> Vec<Part> {
        let nodes = std::mem::take(&mut self.nodes);
        let mut groups: Vec<(Vec<NodeProto>, Option<Convolution>)> = Vec::new();
        for node in nodes {
            let convolution = Convolution::of(&node, &self.weights);
            match groups.last_mut() {
                Some((group, None)) if convolution.is_none() => group.push(node),
                _ => groups.push((vec![node], convolution)),
            }
        }
        let used: Vec<HashSet<String>> = groups.iter().map(|(nodes, _)| used(nodes)).collect();
        let parts = groups.into_iter().enumerate().map(|(number, (nodes, convolution))| {
            if let (Some(convolution), [node]) = (convolution, &nodes[..]) {
                return Part::Convolution(
                    convolution,
                    node.input[0].clone(),
                    node.output[0].clone(),
                );
            }
            let is_needed = |name: &String| {
                self.outputs.contains(name)
                    || used[number + 1..].iter().any(|used| used.contains(name))
            };
            let graph = self.graph(nodes, is_needed);
            Part::Graph(ModelProto {
                ir_version: model.ir_version,
                opset_import: model.opset_import.clone(),
                graph: Some(graph),
                ..ModelProto::default()
            })
        });
        parts.collect()
    }

    /// A graph of nodes that makes what is needed after them.
    fn graph(&self, nodes: Vec<NodeProto>, is_needed: impl Fn(&String) -> bool) -> GraphProto {
        let made: BTreeSet<_> = nodes.iter().flat_map(|node| &node.output).cloned().collect();
        let mut input = Vec::new();
        let mut initializer: Vec<TensorProto> = Vec::new();
        let mut node: Vec<NodeProto> = Vec::new();
        let taken: BTreeSet<_> = used(&nodes).into_iter().collect();
        for name in taken.difference(&made) {
            match (self.weights.get(name), self.constants.get(name)) {
                (Some(weight), _) => initializer.push(weight.clone()),
                (None, Some(constant)) => node.push(constant.clone()),
                (None, None) => input.push(self.info(name)),
            }
        }
        node.extend(nodes);
        let output = made.iter().filter(|name| is_needed(name)).map(|name| self.info(name));
        GraphProto { node, initializer, input, output: output.collect(), value_info: Vec::new() }
    }

    fn info(&self, name: &str) -> ValueInfoProto {
        let unknown = || ValueInfoProto { name: Some(name.to_owned()), r#type: None };
        self.known.get(name).cloned().unwrap_or_else(unknown)
    }
}

/// The values that nodes take. ONNX names an input that is left out with nothing.
fn used(nodes: &[NodeProto]) -> HashSet<String> {
    nodes.iter().flat_map(|node| &node.input).filter(|name| !name.is_empty()).cloned().collect()
}
