//! FHIR Bundles as files, entry by entry: as one tree they would take many times the memory of their text.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use crate::{
    Class, DocumentKind, Report, collect, fhir, known::Known, place::Place, scrub::Scrubber,
};

/// A Bundle whose entries were not read yet.
pub(crate) struct Entries<'t> {
    entries: Vec<&'t RawValue>,
    /// The Bundle without them.
    rest: Value,
}

impl<'t> Entries<'t> {
    /// Those of a Bundle in JSON; `None` if it is something else.
    pub(crate) fn of(text: &'t str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let mut members: BTreeMap<String, &RawValue> =
            text.starts_with('{').then(|| serde_json::from_str(text).ok())??;
        let entries = members.remove("entry").map_or("[]", RawValue::get);
        let rest = members.into_iter().map(|(key, raw)| Some((key, parsed(raw)?)));
        let rest = Value::Object(rest.collect::<Option<_>>()?);
        let entries: Vec<&RawValue> = serde_json::from_str(entries).ok()?;
        let is_bundle = rest.get("resourceType")? == "Bundle"
            && entries.iter().all(|entry| entry.get().starts_with('{'));
        is_bundle.then_some(Self { entries, rest })
    }

    /// The entries, of which one may be nested too deep to be read.
    fn each(&self) -> impl Iterator<Item = Result<(usize, Value), String>> {
        self.entries.iter().enumerate().map(|(number, raw)| {
            let problem = || format!("entry {number}: nested too deep, or a number too large");
            parsed(raw).map(|entry| (number, entry)).ok_or_else(problem)
        })
    }

    /// Adds what the Bundle says of people.
    pub(crate) fn collect(&self, known: &mut Known) -> Result<(), String> {
        for entry in self.each() {
            collect::collect_entry(&entry?.1, known);
        }
        collect::collect_resource(&self.rest, known);
        Ok(())
    }

    /// The Bundle in which nothing identifies anybody.
    pub(crate) fn treat(
        mut self,
        scrubber: &Scrubber<'_>,
        report: &mut Report,
    ) -> Result<String, String> {
        let mut copy = String::from("{\"entry\":[");
        let start = copy.len();
        for entry in self.each() {
            let (number, mut entry) = entry?;
            if fhir::treat_entry(number, &mut entry, scrubber, report) {
                copy.push_str(if copy.len() == start { "" } else { "," });
                copy.push_str(&entry.to_string());
            }
        }
        if copy.len() == start {
            copy.truncate(1);
        } else {
            copy.push_str("],");
        }
        fhir::treat_resource(&mut self.rest, scrubber, report);
        // It has its type at least.
        copy.push_str(&self.rest.to_string()[1..]);
        Ok(copy)
    }

    /// Class and place of the first thing that should have been treated.
    pub(crate) fn first_leak(&self, scrubber: &Scrubber<'_>) -> Option<(Class, String)> {
        let in_entry = |entry: Result<(usize, Value), String>| match entry {
            Ok((number, entry)) => scrubber.leak_in_json(&entry, &mut Place::of_entry(number)),
            Err(problem) => Some((Class::Identifier, problem)),
        };
        let in_rest = || scrubber.leak_in_json(&self.rest, &mut Place::new(DocumentKind::Fhir));
        self.each().find_map(in_entry).or_else(in_rest)
    }
}

/// What was found well-formed before.
fn parsed(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}
