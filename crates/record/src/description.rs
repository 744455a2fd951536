//! Disease types, institution and time of collection.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use crate::Bundle;

/// What a record is found by.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Description {
    /// Disease types, as people read them, without repetition.
    pub diseases: Vec<String>,
    /// The institution that collected the record.
    pub institution: String,
    /// Day of collection, or as much of it as the record tells.
    pub collected: String,
}

impl Description {
    /// Describes a Bundle; `institution` stands in where the Bundle names none.
    #[must_use]
    pub fn of(bundle: &Bundle, institution: &str) -> Self {
        let diseases: BTreeSet<_> = bundle
            .of_type("Condition")
            .filter_map(|condition| concept(condition.get("code")?))
            .collect();
        let named = bundle
            .of_type("Organization")
            .find_map(|organization| organization.get("name")?.as_str());
        Self {
            diseases: diseases.into_iter().collect(),
            institution: named.unwrap_or(institution).to_owned(),
            collected: collected(bundle).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({} diseases)", self.diseases.len())
    }
}

/// The text of a CodeableConcept, else its first display.
fn concept(concept: &Value) -> Option<String> {
    let display = || concept.pointer("/coding/0/display");
    concept.get("text").or_else(display)?.as_str().map(str::to_owned)
}

/// The day on which the last encounter ended or began, else the Composition's date.
fn collected(bundle: &Bundle) -> Option<String> {
    let encounters = bundle.of_type("Encounter").filter_map(|encounter| {
        let period = encounter.get("period")?;
        period.get("end").or_else(|| period.get("start"))?.as_str()
    });
    let compositions =
        bundle.of_type("Composition").filter_map(|composition| composition.get("date")?.as_str());
    let moment = encounters.max().or_else(|| compositions.max())?;
    Some(moment.chars().take(10).collect())
}
