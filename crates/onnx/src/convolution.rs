//! Convolutions of more than one pixel.
//!
//! The library that runs the networks copies every pixel once for each weight that meets it, and
//! takes value by value where each channel has a filter of its own. Here a channel is laid out so
//! that every weight meets values that lie side by side, whatever the stride: rows padded with
//! zeros, their columns sorted by the remainder by the stride.

use std::collections::HashMap;

use pulp::{Simd, WithSimd};
use rten_onnx::onnx::{AttributeProto, DataType, NodeProto, TensorProto};
use rten_tensor::{Layout, NdTensor, NdTensorView};

/// How many channels of the result are calculated side by side.
const BLOCK: usize = 4;

/// How many vectors of a row are calculated side by side at most.
const VECTORS: usize = 4;

/// Values past the end of what is laid out, for the last vectors: [`VECTORS`] of the longest, of sixteen.
const PAST: usize = 64;

/// The weights of a network by their names.
pub(crate) type Weights = HashMap<String, TensorProto>;

/// ONNX's `Conv` of two dimensions.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// Height and width of the filters.
    size: [usize; 2],
    /// Down and across.
    strides: [usize; 2],
    /// Zeros above, left, below, right.
    padding: [usize; 4],
    groups: usize,
    /// Channels of a group that are taken, and that are made of them.
    taken: usize,
    made: usize,
    /// How many channels of the result are calculated side by side: [`BLOCK`] or one.
    block: usize,
    /// One block after the other; the values of a block's filters that meet the same pixel are
    /// neighbours.
    filters: Vec<f32>,
    /// One value a channel of the result.
    bias: Vec<f32>,
}

/// How the channels of an input lie.
struct Plane {
    /// Rows of the result, and values of each.
    result: [usize; 2],
    /// Values of a row that have the same remainder by the stride.
    length: usize,
    /// Values from a row to the next, and from a channel to the next.
    row: usize,
    channel: usize,
}

impl Convolution {
    /// What a node of a graph calculates; `None` if it is no convolution, one of single pixels, or
    /// of a form that is left to the library: with gaps in filters, with strides or padding larger
    /// than they are, with a number of channels that does not make whole blocks.
    pub(crate) fn of(node: &NodeProto, weights: &Weights) -> Option<Self> {
        let attribute = |name: &str| {
            node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
        };
        let is_convolution = node.op_type.as_deref() == Some("Conv")
            && node.output.len() == 1
            && node.domain.as_deref().is_none_or(str::is_empty)
            && attribute("auto_pad").is_none_or(|pad| pad.s.as_deref() == Some("NOTSET"))
            && ints(attribute("dilations"), [1, 1])? == [1, 1];
        let filters = weights.get(node.input.get(1)?)?;
        let dims = filters.dims.iter().map(|side| usize::try_from(*side).ok());
        let [outputs, taken, height, width] = dims.collect::<Option<Vec<_>>>()?[..] else {
            return None;
        };
        let groups = attribute("group").map_or(Some(1), |group| usize::try_from(group.i?).ok())?;
        let made = outputs.checked_div(groups)?;
        let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
            Some(name) => floats(weights.get(name)?)?,
            None => vec![0.0; outputs],
        };
        let strides = ints(attribute("strides"), [1, 1])?;
        let padding = ints(attribute("pads"), [0; 4])?;
        let block = if made % BLOCK == 0 { BLOCK } else { 1 };
        let filters = floats(filters)?;
        let size = [height, width];
        let values = [outputs, taken, height, width].into_iter().try_fold(1, usize::checked_mul)?;
        let fits = is_convolution
            && values > 0
            && filters.len() == values
            && height * width > 1
            && made * groups == outputs
            && (block == BLOCK || made == 1)
            && bias.len() == outputs
            && strides.iter().zip(size).all(|(stride, size)| (1..=size).contains(stride))
            && padding.iter().zip(size.iter().cycle()).all(|(zeros, size)| zeros < size);
        fits.then(|| {
            let filters = blocks(&filters, outputs, block);
            Self { size, strides, padding, groups, taken, made, block, filters, bias }
        })
    }

    /// The convolution of `[batch, channels, height, width]`; `None` if there are not as many
    /// channels as the filters take, or less values than they need.
    pub(crate) fn run(&self, input: &NdTensorView<f32, 4>) -> Option<NdTensor<f32, 4>> {
        let [batch, channels, height, width] = input.shape();
        if channels != self.groups * self.taken || height == 0 || width == 0 {
            return None;
        }
        let plane = self.plane(height, width)?;
        let [rows, columns] = plane.result;
        let values = input.to_contiguous();
        let mut result = vec![0.0; batch * self.bias.len() * rows * columns];
        let mut laid_out = vec![0.0; channels * plane.channel + PAST];
        let taps = self.taps(&plane);
        let pictures = values.data().chunks_exact(channels * height * width);
        for (values, result) in
            pictures.zip(result.chunks_exact_mut(self.bias.len() * rows * columns))
        {
            let laid = laid_out.chunks_exact_mut(plane.channel);
            for (channel, laid) in values.chunks_exact(height * width).zip(laid) {
                self.lay_out(channel, width, &plane, laid);
            }
            let (plane, taps, laid_out) = (&plane, &taps[..], &laid_out[..]);
            pulp::Arch::new().dispatch(Sums { filters: self, plane, taps, laid_out, result });
        }
        Some(NdTensor::from_data([batch, self.bias.len(), rows, columns], result))
    }

    /// How the channels of a picture are laid out.
    fn plane(&self, height: usize, width: usize) -> Option<Plane> {
        let [top, left, bottom, right] = self.padding;
        let [rows, columns] = [height + top + bottom, width + left + right];
        let places = |padded: usize, axis: usize| {
            Some(padded.checked_sub(self.size[axis])? / self.strides[axis] + 1)
        };
        let result = [places(rows, 0)?, places(columns, 1)?];
        let length = columns.div_ceil(self.strides[1]);
        let row = length * self.strides[1];
        Some(Plane { result, length, row, channel: rows * row })
    }

    /// Puts the values of a channel where they are looked for. The zeros around them are there.
    fn lay_out(&self, channel: &[f32], width: usize, plane: &Plane, laid_out: &mut [f32]) {
        let [top, left, ..] = self.padding;
        let stride = self.strides[1];
        let rows = laid_out[top * plane.row..].chunks_exact_mut(plane.row);
        for (row, line) in rows.zip(channel.chunks_exact(width)) {
            if stride == 1 {
                row[left..left + width].copy_from_slice(line);
                continue;
            }
            for (remainder, part) in row.chunks_exact_mut(plane.length).enumerate() {
                let first = (remainder + stride - left % stride) % stride;
                let values = line[first.min(width)..].iter().step_by(stride);
                for (place, value) in part[(left + first) / stride..].iter_mut().zip(values) {
                    *place = *value;
                }
            }
        }
    }

    /// Where the values lie that the filters of a group meet, from the first of its channels on.
    fn taps(&self, plane: &Plane) -> Vec<usize> {
        let ([height, width], across) = (self.size, self.strides[1]);
        let pixels = (0..self.taken * height * width).map(|value| {
            let (channel, row, column) =
                (value / (height * width), value / width % height, value % width);
            channel * plane.channel
                + row * plane.row
                + column % across * plane.length
                + column / across
        });
        pixels.collect()
    }
}

/// Filters block by block.
fn blocks(filters: &[f32], outputs: usize, block: usize) -> Vec<f32> {
    let length = filters.len() / outputs;
    let place = |number: usize| {
        let (first, value, output) =
            (number / (length * block) * block, number / block % length, number % block);
        filters[(first + output) * length + value]
    };
    (0..filters.len()).map(place).collect()
}

/// The sums of products of a picture, compiled for each kind of vectors.
struct Sums<'a> {
    filters: &'a Convolution,
    plane: &'a Plane,
    taps: &'a [usize],
    laid_out: &'a [f32],
    result: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.filters.block == BLOCK {
            self.rows::<S, BLOCK>(simd);
        } else {
            self.rows::<S, 1>(simd);
        }
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn rows<S: Simd, const OUT: usize>(&mut self, simd: S) {
        // A sum is kept in a register, and so is what it is made of.
        let most = if OUT * VECTORS < S::REGISTER_COUNT { VECTORS } else { VECTORS / 2 };
        let [rows, columns] = self.plane.result;
        for row in 0..rows {
            for first_out in (0..self.filters.bias.len()).step_by(OUT) {
                let mut first = 0;
                while first < columns {
                    let left = (columns - first).div_ceil(S::F32_LANES).min(most);
                    first += match left {
                        4 => self.sums::<S, OUT, 4>(simd, row, first_out, first),
                        2 | 3 => self.sums::<S, OUT, 2>(simd, row, first_out, first),
                        _ => self.sums::<S, OUT, 1>(simd, row, first_out, first),
                    };
                }
            }
        }
    }

    /// A stretch of a row of some channels. Returns how long it is.
    #[inline(always)]
    fn sums<S: Simd, const OUT: usize, const SIDE: usize>(
        &mut self,
        simd: S,
        row: usize,
        first_out: usize,
        first: usize,
    ) -> usize {
        let Self { filters, plane, .. } = *self;
        let group = first_out / filters.made * filters.taken;
        let start = group * plane.channel + row * filters.strides[0] * plane.row + first;
        let line = &self.laid_out[start..];
        let bias: &[f32] = &filters.bias[first_out..][..OUT];
        let mut sums = [[simd.splat_f32s(0.0); SIDE]; OUT];
        for (sums, bias) in sums.iter_mut().zip(bias) {
            *sums = [simd.splat_f32s(*bias); SIDE];
        }
        let length = SIDE * S::F32_LANES;
        let weights = &filters.filters[first_out * self.taps.len()..][..OUT * self.taps.len()];
        for (tap, weights) in self.taps.iter().zip(pulp::as_arrays::<OUT, _>(weights).0) {
            let (values, _) = S::as_simd_f32s(&line[*tap..][..length]);
            for (sums, weight) in sums.iter_mut().zip(weights) {
                let weight = simd.splat_f32s(*weight);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = simd.mul_add_e_f32s(*value, weight, *sum);
                }
            }
        }
        let [rows, columns] = plane.result;
        for (out, sums) in (first_out..).zip(&sums) {
            let line = &mut self.result[(out * rows + row) * columns..][..columns];
            for (vector, line) in sums.iter().zip(line[first..].chunks_mut(S::F32_LANES)) {
                simd.partial_store_f32s(line, *vector);
            }
        }
        length
    }
}

/// The numbers of an attribute, or what holds without it; `None` if they are not as many, or negative.
fn ints<const N: usize>(
    attribute: Option<&AttributeProto>,
    default: [usize; N],
) -> Option<[usize; N]> {
    let Some(attribute) = attribute else { return Some(default) };
    let ints = attribute.ints.iter().map(|int| usize::try_from(*int).ok());
    ints.collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// The values of a tensor of single precision.
fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != Some(DataType::FLOAT) || !tensor.external_data.is_empty() {
        return None;
    }
    let Some(raw) = &tensor.raw_data else { return Some(tensor.float_data.clone()) };
    let raw = raw.borrow();
    let value = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Some(raw.chunks_exact(4).map(value).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rten_tensor::AsView;

    use super::*;

    /// A node of ONNX's `Conv` and its weights.
    fn node(
        filters: &[f32],
        dims: [usize; 4],
        bias: Option<&[f32]>,
        attributes: &[(&str, &[usize])],
    ) -> (NodeProto, Weights) {
        let tensor = |name: &str, dims: &[usize], values: &[f32]| TensorProto {
            name: Some(name.to_owned()),
            dims: dims.iter().map(|side| *side as i64).collect(),
            data_type: Some(DataType::FLOAT),
            float_data: values.to_vec(),
            ..TensorProto::default()
        };
        let mut weights = Weights::from([("w".to_owned(), tensor("w", &dims, filters))]);
        let mut input = vec!["x".to_owned(), "w".to_owned()];
        if let Some(bias) = bias {
            weights.insert("b".to_owned(), tensor("b", &[dims[0]], bias));
            input.push("b".to_owned());
        }
        let attribute = attributes.iter().map(|(name, values)| AttributeProto {
            name: Some((*name).to_owned()),
            i: (*name == "group").then(|| values[0] as i64),
            ints: values.iter().map(|value| *value as i64).collect(),
            ..AttributeProto::default()
        });
        let node = NodeProto {
            op_type: Some("Conv".to_owned()),
            input,
            output: vec!["y".to_owned()],
            attribute: attribute.collect(),
            ..NodeProto::default()
        };
        (node, weights)
    }

    /// The value of one place by the definition of ONNX's `Conv`.
    #[allow(clippy::too_many_arguments)]
    fn value(
        input: &NdTensorView<f32, 4>,
        filters: &[f32],
        [outputs, taken, height, width]: [usize; 4],
        bias: &[f32],
        strides: [usize; 2],
        padding: [usize; 4],
        groups: usize,
        [picture, out, row, column]: [usize; 4],
    ) -> f32 {
        let mut sum = bias[out];
        for channel in 0..taken {
            for y in 0..height {
                for x in 0..width {
                    let from = out / (outputs / groups) * taken + channel;
                    let row = (row * strides[0] + y).checked_sub(padding[0]);
                    let column = (column * strides[1] + x).checked_sub(padding[1]);
                    let place = row.zip(column).map(|(row, column)| [picture, from, row, column]);
                    let weight = filters[((out * taken + channel) * height + y) * width + x];
                    sum += weight * place.and_then(|place| input.get(place)).unwrap_or(&0.0);
                }
            }
        }
        sum
    }

    proptest! {
        #[test]
        fn is_the_convolution_of_the_definition(
            size in [1_usize..6, 1_usize..6],
            strides in [1_usize..4, 1_usize..4],
            padding in [0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3],
            sides in [6_usize..20, 6_usize..90],
            form in prop_oneof![Just((1, 3, 8)), Just((5, 1, 1)), Just((2, 2, 4)), Just((1, 1, 4))],
            batch in 1_usize..3,
            seed in any::<u32>(),
        ) {
            prop_assume!(size != [1, 1]);
            let strides = [strides[0].min(size[0]), strides[1].min(size[1])];
            let padding = [0, 1, 2, 3].map(|side: usize| padding[side].min(size[side % 2] - 1));
            let (groups, taken, made) = form;
            let dims = [groups * made, taken, size[0], size[1]];
            let number = |place: usize| {
                ((place as u32).wrapping_mul(2_654_435_761) ^ seed) as f32 / u32::MAX as f32 - 0.5
            };
            let filters: Vec<_> = (0..dims.iter().product()).map(number).collect();
            let bias: Vec<_> = (0..dims[0]).map(|place| number(place + 7)).collect();
            let shape = [batch, groups * taken, sides[0], sides[1]];
            let input: Vec<_> = (0..shape.iter().product()).map(|place| number(place + 99)).collect();
            let input = NdTensor::from_data(shape, input);
            let attributes: [(&str, &[usize]); 3] =
                [("group", &[groups]), ("strides", &strides), ("pads", &padding)];
            let (node, weights) = node(&filters, dims, Some(&bias), &attributes);
            let convolution = Convolution::of(&node, &weights).expect("a convolution");
            let result = convolution.run(&input.view()).expect("as many values as it takes");
            let rows = (sides[0] + padding[0] + padding[2] - size[0]) / strides[0] + 1;
            let columns = (sides[1] + padding[1] + padding[3] - size[1]) / strides[1] + 1;
            prop_assert_eq!(result.shape(), [batch, dims[0], rows, columns]);
            for ([picture, out, row, column], found) in result.indices().zip(result.iter()) {
                let place = [picture, out, row, column];
                let wanted =
                    value(&input.view(), &filters, dims, &bias, strides, padding, groups, place);
                prop_assert!((found - wanted).abs() < 1e-4, "{place:?}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn what_is_of_another_form_is_left_to_the_library() {
        let of = |dims: [usize; 4], attributes: &[(&str, &[usize])]| {
            let filters = vec![1.0; dims.iter().product()];
            let (node, weights) = node(&filters, dims, None, attributes);
            Convolution::of(&node, &weights)
        };
        assert!(of([4, 1, 3, 3], &[]).is_some());
        assert!(of([4, 1, 1, 1], &[]).is_none());
        assert!(of([3, 1, 3, 3], &[]).is_none());
        assert!(of([4, 1, 3, 3], &[("dilations", &[2, 2])]).is_none());
        assert!(of([4, 1, 3, 3], &[("strides", &[0, 1])]).is_none());
        assert!(of([4, 1, 3, 3], &[("strides", &[1])]).is_none());
        assert!(of([4, 1, 3, 3], &[("strides", &[1, 4])]).is_none());
        assert!(of([4, 1, 3, 3], &[("pads", &[0, 0, 3, 0])]).is_none());
        assert!(of([4, 0, 3, 3], &[]).is_none());
        assert!(of([4, 1, 3, 3], &[("group", &[3])]).is_none());
    }

    #[test]
    fn a_node_without_a_result_is_no_convolution() {
        let (mut node, weights) = node(&[1.0; 36], [4, 1, 3, 3], None, &[]);
        assert!(Convolution::of(&node, &weights).is_some());
        node.output.clear();
        assert!(Convolution::of(&node, &weights).is_none());
    }

    #[test]
    fn an_input_that_does_not_fit_has_no_convolution() {
        let (node, weights) = node(&[1.0; 36], [4, 1, 3, 3], None, &[]);
        let convolution = Convolution::of(&node, &weights).expect("a convolution");
        let run = |shape: [usize; 4]| {
            let values = vec![1.0; shape.iter().product()];
            convolution.run(&NdTensor::from_data(shape, values).view())
        };
        assert_eq!(run([1, 1, 3, 3]).map(|result| result.to_vec()), Some(vec![9.0; 4]));
        assert!(run([1, 2, 3, 3]).is_none());
        assert!(run([1, 1, 2, 3]).is_none());
        assert!(run([1, 1, 0, 3]).is_none());
    }
}
