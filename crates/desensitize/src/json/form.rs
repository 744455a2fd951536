//! What JSON holds, by the names of its outermost members.

use std::io::Read;

use super::reader::{Event, JsonError, Reader};
use crate::{DocumentKind, dicom::json as data_sets};

/// What a document is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// A FHIR Bundle.
    Bundle,
    /// Another resource of FHIR.
    Resource,
    /// A list of FHIR's resources.
    Resources,
    /// DICOM: a data set.
    DataSet,
    /// DICOM: a list of data sets.
    DataSets,
    /// Another object.
    Object,
    /// Another list.
    List,
}

impl Form {
    /// Reads the whole document; `None` if it is neither an object nor an array.
    pub(super) fn of(input: impl Read) -> Result<Option<Self>, JsonError> {
        let mut reader = Reader::new(input);
        let form = match reader.next()? {
            Event::Object => Some(Self::of_object(&mut reader)?),
            Event::Array => Some(Self::of_array(&mut reader)?),
            _ => None,
        };
        reader.finish()?;
        Ok(form)
    }

    fn of_object(reader: &mut Reader<impl Read>) -> Result<Self, JsonError> {
        let (mut kind, mut has_entries, mut members) = (None, true, Members::default());
        while let Some((key, start)) = reader.member()? {
            match (key.as_str(), &start) {
                ("entry", Event::Array) => {
                    has_entries &= are_objects(reader)?;
                    members.others += 1;
                }
                ("resourceType", Event::Text(text)) => kind = Some(text == "Bundle"),
                ("resourceType", _) => {
                    kind = Some(false);
                    reader.skip(&start)?;
                }
                _ => {
                    has_entries &= key != "entry";
                    members.note(reader, &key, &start)?;
                }
            }
        }
        Ok(match kind {
            Some(true) if has_entries => Self::Bundle,
            Some(_) => Self::Resource,
            None if members.are_elements() => Self::DataSet,
            None => Self::Object,
        })
    }

    fn of_array(reader: &mut Reader<impl Read>) -> Result<Self, JsonError> {
        let (mut count, mut are_data_sets, mut are_resources) = (0, true, true);
        while let Some(start) = reader.item()? {
            count += 1;
            if !matches!(start, Event::Object) {
                (are_data_sets, are_resources) = (false, false);
                reader.skip(&start)?;
                continue;
            }
            let (mut members, mut has_type) = (Members::default(), false);
            while let Some((key, start)) = reader.member()? {
                has_type |= key == "resourceType" && matches!(start, Event::Text(_));
                members.note(reader, &key, &start)?;
            }
            are_data_sets &= members.are_elements();
            are_resources &= has_type;
        }
        Ok(match count {
            0 => Self::List,
            _ if are_data_sets => Self::DataSets,
            _ if are_resources => Self::Resources,
            _ => Self::List,
        })
    }

    pub(super) const fn kind(self) -> DocumentKind {
        match self {
            Self::Bundle | Self::Resource | Self::Resources => DocumentKind::Fhir,
            Self::DataSet | Self::DataSets => DocumentKind::Dicom,
            Self::Object | Self::List => DocumentKind::Json,
        }
    }

    pub(super) const fn is_list(self) -> bool {
        matches!(self, Self::Resources | Self::DataSets | Self::List)
    }
}

/// Members of an object that may be elements of a data set.
#[derive(Default)]
struct Members {
    count: usize,
    others: usize,
}

impl Members {
    /// Passes over a member.
    fn note(
        &mut self,
        reader: &mut Reader<impl Read>,
        key: &str,
        start: &Event,
    ) -> Result<(), JsonError> {
        let mut has_vr = false;
        if matches!(start, Event::Object) {
            while let Some((name, start)) = reader.member()? {
                has_vr |= name == "vr" && matches!(start, Event::Text(_));
                reader.skip(&start)?;
            }
        } else {
            reader.skip(start)?;
        }
        self.count += 1;
        self.others += usize::from(!(has_vr && data_sets::tag(key).is_some()));
        Ok(())
    }

    const fn are_elements(&self) -> bool {
        self.count > 0 && self.others == 0
    }
}

/// Passes over the items of an array; whether all are objects.
fn are_objects(reader: &mut Reader<impl Read>) -> Result<bool, JsonError> {
    let mut are_objects = true;
    while let Some(start) = reader.item()? {
        are_objects &= matches!(start, Event::Object);
        reader.skip(&start)?;
    }
    Ok(are_objects)
}
