//! `arbitrary` values of every type, for fuzzing.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};

macro_rules! from_bits {
    ($name:ident) => {
        impl<'a> Arbitrary<'a> for $name {
            fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
                let bits = source.int_in_range(0..=(1 << Self::BITS) - 1)?;
                Self::new(bits).map_err(|_| arbitrary::Error::IncorrectFormat)
            }
        }
    };
}

from_bits!(Marker);
from_bits!(NodeId);

impl<'a> Arbitrary<'a> for Kind {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        Ok(*source.choose(&[Self::Add, Self::Update, Self::Delete])?)
    }
}

impl<'a> Arbitrary<'a> for Serial {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        source.arbitrary().map(Self::from_be_bytes)
    }
}

impl<'a> Arbitrary<'a> for Digest {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        source.arbitrary().map(Self)
    }
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(source.arbitrary()?, source.arbitrary()?, source.arbitrary()?))
    }
}

impl<'a> Arbitrary<'a> for RecordIndex {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(source.arbitrary()?, source.arbitrary()?))
    }
}

impl<'a> Arbitrary<'a> for Entry {
    fn arbitrary(source: &mut Unstructured<'a>) -> Result<Self> {
        let (operation, index) = (source.arbitrary()?, source.arbitrary()?);
        Ok(Self::new(operation, index, source.arbitrary()?, source.arbitrary()?))
    }
}
