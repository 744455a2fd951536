//! Is a file a message of ONNX's form, with lengths that hold?
//!
//! The library that reads such files believes the lengths in them: of one that is damaged it asks
//! for as much memory as that says, or goes back in the file and reads for ever. Here every length is
//! held against what contains it before the library sees the file. The form is that of Protocol
//! Buffers (<https://protobuf.dev/programming-guides/encoding/>), the numbers of fields are those of
//! `onnx.proto3`.

/// How deep messages may lie in one another. A graph in a node of a graph takes three.
const DEPTH_MAX: usize = 32;

/// Bytes of a number of variable length, at most.
const VARINT_MAX: usize = 10;

/// Kinds of messages that are read.
#[derive(Clone, Copy)]
enum Form {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    Sequence,
    TensorType,
    Shape,
    /// One that holds no messages.
    Leaf,
}

/// Why a file is no ONNX.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Something is longer than what contains it.
    #[error("it ends within a field")]
    Short,
    /// A number goes on for too long.
    #[error("a number is longer than {VARINT_MAX} bytes")]
    Long,
    /// A field that is neither a number nor of a length that it says.
    #[error("a field is of a kind that ONNX does not have")]
    Kind,
    /// Messages in messages without end.
    #[error("messages lie more than {DEPTH_MAX} deep in one another")]
    Deep,
}

/// Whether a file is a message of ONNX's form in which every length holds. Libraries that read such
/// files believe the lengths: of a damaged one they ask for any amount of memory, or never end.
///
/// # Errors
/// [`Malformed`] if it is not.
pub fn check(model: &[u8]) -> Result<(), Malformed> {
    message(model, Form::Model, DEPTH_MAX)
}

fn message(mut rest: &[u8], form: Form, depth: usize) -> Result<(), Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed::Deep)?;
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        match tag & 7 {
            0 => drop(varint(&mut rest)?),
            1 => drop(taken(&mut rest, 8)?),
            2 => {
                let length = varint(&mut rest)?;
                let content = taken(&mut rest, length)?;
                if let Some(inner) = form.inner(tag >> 3) {
                    message(content, inner, depth)?;
                }
                form.packed(tag >> 3, content)?;
            }
            5 => drop(taken(&mut rest, 4)?),
            _ => return Err(Malformed::Kind),
        }
    }
    Ok(())
}

impl Form {
    /// The form of the message in a field; `None` if it is a text, or bytes, or is passed over.
    const fn inner(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6) => Self::Graph,
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Self::Leaf,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) | (Self::Sequence, 1) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::Type, 4) => Self::Sequence,
            (Self::TensorType, 2) => Self::Shape,
            _ => return None,
        })
    }

    /// Whether the numbers in a field end where it does.
    fn packed(self, field: u64, content: &[u8]) -> Result<(), Malformed> {
        let is_whole = match (self, field) {
            (Self::Tensor, 4) => content.len().is_multiple_of(4),
            (Self::Tensor, 10) => content.len().is_multiple_of(8),
            (Self::Tensor, 5 | 7) => content.last().is_none_or(|last| *last < 0x80),
            _ => true,
        };
        if is_whole { Ok(()) } else { Err(Malformed::Short) }
    }
}

/// The number at the beginning, and what is behind it.
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for place in 0..VARINT_MAX {
        let (first, behind) = rest.split_first().ok_or(Malformed::Short)?;
        *rest = behind;
        // Of the tenth byte only the first bit counts.
        value |= u64::from(first & 0x7f).wrapping_shl(7 * place as u32);
        if *first < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed::Long)
}

fn taken<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed::Short)?;
    let (content, behind) = rest.split_at_checked(length).ok_or(Malformed::Short)?;
    *rest = behind;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_held_against_what_contains_them() {
        assert_eq!(check(b""), Ok(()));
        assert_eq!(check(&[0x3a, 2, 0x12, 0]), Ok(()), "a graph with a name");
        assert_eq!(check(&[0x3a, 3, 0x12, 0]), Err(Malformed::Short));
        assert_eq!(check(&[0x3a, 2, 0x0a, 1]), Err(Malformed::Short), "a node beyond its graph");
        assert_eq!(
            check(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Err(Malformed::Short)
        );
        assert_eq!(check(&[0xff; 11]), Err(Malformed::Long));
        assert_eq!(check(&[0x0b]), Err(Malformed::Kind), "a group");
    }

    #[test]
    fn numbers_in_a_tensor_end_where_it_does() {
        let tensor = |field: u8, content: &[u8]| {
            let tensor = [&[field << 3 | 2, content.len() as u8], content].concat();
            let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
            [&[0x3a, graph.len() as u8][..], &graph].concat()
        };
        assert_eq!(check(&tensor(4, &[0; 8])), Ok(()));
        assert_eq!(check(&tensor(4, &[0; 7])), Err(Malformed::Short));
        assert_eq!(check(&tensor(10, &[0; 12])), Err(Malformed::Short));
        assert_eq!(check(&tensor(7, &[0x80, 1])), Ok(()));
        assert_eq!(check(&tensor(7, &[1, 0x80])), Err(Malformed::Short));
    }

    #[test]
    fn graphs_in_graphs_are_not_without_end() {
        let mut graph = Vec::new();
        for depth in 0..20 {
            assert_eq!(
                check(&graph_of(&graph)),
                if depth < 11 { Ok(()) } else { Err(Malformed::Deep) }
            );
            graph = field(1, &field(5, &field(6, &graph)));
        }
    }

    fn graph_of(graph: &[u8]) -> Vec<u8> {
        field(7, graph)
    }

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }
}
