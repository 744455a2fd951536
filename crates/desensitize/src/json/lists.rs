//! FHIR Bundles, lists of resources and of DICOM data sets, one by one: as one tree they would take many
//! times the memory of their text.

use std::io::{Read, Write};

use serde_json::{Map, Value};

use super::reader::{Event, Reader};
use crate::{
    DesensitizeError, DocumentKind, Report, collect, dicom::json as data_sets, fhir, known::Known,
    place::Place, report::no_leak, scrub::Scrubber,
};

/// Adds what a Bundle says of people; gives the Bundle without its entries.
pub(super) fn collect_bundle(
    input: impl Read,
    known: &mut Known,
) -> Result<Value, DesensitizeError> {
    let mut rest = Map::new();
    each_member(input, |reader, key, start| match start {
        Event::Array if key == "entry" => each_item(reader, |_, entry| {
            collect::collect_entry(&entry, known);
            known.check()
        }),
        start => {
            rest.insert(key, reader.value(start)?);
            Ok(())
        }
    })?;
    let rest = rest.into();
    collect::collect_resource(&rest, known);
    Ok(rest)
}

/// Treats the entries of a Bundle, and its `rest` without them.
pub(super) fn treat_bundle(
    input: impl Read,
    mut rest: Value,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
    mut output: impl Write,
) -> Result<(), DesensitizeError> {
    let mut start_of_next = "{\"entry\":[";
    each_member(input, |reader, key, start| match start {
        Event::Array if key == "entry" => each_item(reader, |number, mut entry| {
            if fhir::treat_entry(number, &mut entry, scrubber, report) {
                no_leak(scrubber.leak_in_json(&entry, &mut Place::of_entry(number)))?;
                output.write_all(start_of_next.as_bytes())?;
                output.write_all(entry.to_string().as_bytes())?;
                start_of_next = ",";
            }
            Ok(())
        }),
        start => Ok(reader.skip(&start)?),
    })?;
    fhir::treat_resource(&mut rest, scrubber, report);
    no_leak(scrubber.leak_in_json(&rest, &mut Place::new(DocumentKind::Fhir)))?;
    output.write_all(if start_of_next == "," { b"]," } else { b"{" })?;
    // It has its type at least.
    output.write_all(&rest.to_string().as_bytes()[1..])?;
    Ok(())
}

/// Adds what the resources of a list say of people.
pub(super) fn collect_resources(
    input: impl Read,
    known: &mut Known,
) -> Result<(), DesensitizeError> {
    each_of_list(input, |_, resource| {
        collect::collect_resource(resource, known);
        known.check()
    })
}

/// Treats the resources of a list.
pub(super) fn treat_resources(
    input: impl Read,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
    output: impl Write,
) -> Result<(), DesensitizeError> {
    let mut list = List { output, len: 0 };
    each_of_list(input, |number, resource| {
        let mut place = Place::new(DocumentKind::Fhir);
        place.push_number(number);
        fhir::treat_resource_at(place.clone(), resource, scrubber, report);
        no_leak(scrubber.leak_in_json(resource, &mut place))?;
        list.push(resource.to_string().as_bytes())
    })?;
    list.finish()
}

/// Adds what data sets say of people.
pub(super) fn collect_data_sets(
    input: impl Read,
    known: &mut Known,
) -> Result<(), DesensitizeError> {
    each_of_list(input, |_, value| {
        value.as_object().into_iter().for_each(|data_set| data_sets::collect(data_set, known));
        known.check()
    })
}

/// Treats data sets. What is not on the list of kept attributes is gone, so nothing is left in them.
pub(super) fn treat_data_sets(
    input: impl Read,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
    output: impl Write,
) -> Result<(), DesensitizeError> {
    let mut list = List { output, len: 0 };
    each_of_list(input, |number, value| {
        if let Some(data_set) = value.as_object_mut() {
            data_sets::treat(data_set, Some(number), scrubber, report);
        }
        list.push(value.to_string().as_bytes())
    })?;
    list.finish()
}

/// A list as it is written.
pub(super) struct List<W> {
    pub(super) output: W,
    pub(super) len: usize,
}

impl<W: Write> List<W> {
    pub(super) fn push(&mut self, item: &[u8]) -> Result<(), DesensitizeError> {
        self.output.write_all(if self.len == 0 { b"[" } else { b"," })?;
        self.len += 1;
        Ok(self.output.write_all(item)?)
    }

    pub(super) fn finish(mut self) -> Result<(), DesensitizeError> {
        Ok(self.output.write_all(if self.len == 0 { b"[]" } else { b"]" })?)
    }
}

/// Calls `take` for each item of a document that is a list.
fn each_of_list(
    input: impl Read,
    mut take: impl FnMut(usize, &mut Value) -> Result<(), DesensitizeError>,
) -> Result<(), DesensitizeError> {
    let mut reader = Reader::new(input);
    reader.next()?;
    each_item(&mut reader, |number, mut value| take(number, &mut value))
}

/// Calls `take` for each member of an object, with its name and how its value begins: it reads the rest.
fn each_member<R: Read>(
    input: R,
    mut take: impl FnMut(&mut Reader<R>, String, Event) -> Result<(), DesensitizeError>,
) -> Result<(), DesensitizeError> {
    let mut reader = Reader::new(input);
    reader.next()?;
    while let Some((key, start)) = reader.member()? {
        take(&mut reader, key, start)?;
    }
    Ok(())
}

/// Calls `take` for each item of an array.
fn each_item(
    reader: &mut Reader<impl Read>,
    mut take: impl FnMut(usize, Value) -> Result<(), DesensitizeError>,
) -> Result<(), DesensitizeError> {
    for number in 0.. {
        let Some(start) = reader.item()? else { break };
        let value =
            reader.value(start).map_err(|error| DesensitizeError::from(error).at_item(number))?;
        take(number, value)?;
    }
    Ok(())
}
