//! FHIR in XML, a Bundle entry by entry: as one tree it would take many times the memory of its text.

use emrshare_record::fhir_xml::{self, FhirXmlError};
use serde_json::Value;

use crate::{
    Class, DocumentKind, Report, collect, fhir, known::Known, place::Place, scrub::Scrubber,
};

/// Adds what a resource says of people.
pub(crate) fn collect(text: &str, known: &mut Known) -> Result<(), FhirXmlError> {
    let rest = fhir_xml::read_entries(text, &mut |entry| collect::collect_entry(&entry, known))?;
    collect::collect_resource(&rest, known);
    Ok(())
}

/// The resource in which nothing identifies anybody.
pub(crate) fn treat(
    text: &str,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Result<String, FhirXmlError> {
    let mut rest = fhir_xml::read_entries(text, &mut drop)?;
    fhir::treat_resource(&mut rest, scrubber, report);
    if rest["resourceType"] != "Bundle" {
        return fhir_xml::write(&rest);
    }
    let (mut copy, behind) = fhir_xml::write_around_entries(rest)?;
    let mut number = 0;
    let mut failed = None;
    fhir_xml::read_entries(text, &mut |mut entry| {
        if fhir::treat_entry(number, &mut entry, scrubber, report) {
            match fhir_xml::write_entry(&entry) {
                Ok(entry) => copy.push_str(&entry),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        number += 1;
    })?;
    failed.map_or(Ok(copy + &behind), Err)
}

/// Class and place of the first thing in a copy that should have been treated.
pub(crate) fn first_leak(
    copy: &str,
    scrubber: &Scrubber<'_>,
) -> Result<Option<(Class, String)>, FhirXmlError> {
    let (mut number, mut leak) = (0, None);
    let rest = fhir_xml::read_entries(copy, &mut |entry: Value| {
        let in_entry = || scrubber.leak_in_json(&entry, &mut Place::of_entry(number));
        leak = leak.take().or_else(in_entry);
        number += 1;
    })?;
    Ok(leak.or_else(|| scrubber.leak_in_json(&rest, &mut Place::new(DocumentKind::Fhir))))
}
