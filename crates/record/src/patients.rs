//! A record is of one patient.

use serde_json::Value;

use crate::Bundle;

/// What a stay or a document is about, if it names that.
const ABOUT: [&str; 2] = ["Composition", "Encounter"];

/// Whether two Patient resources are about one person: a number in common and no two days of birth, or,
/// where one has no number, the same name and day of birth.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    let numbers = |patient: &Value| -> Vec<String> {
        let all = patient.get("identifier").and_then(Value::as_array);
        let values = all.into_iter().flatten().filter_map(|it| it.get("value")?.as_str());
        values.map(str::to_owned).collect()
    };
    let (of_a, of_b) = (numbers(a), numbers(b));
    if of_a.is_empty() || of_b.is_empty() {
        return a.get("birthDate") == b.get("birthDate") && a.get("name") == b.get("name");
    }
    let [born_a, born_b] = [a, b].map(|patient| patient.get("birthDate").and_then(Value::as_str));
    // A year or a month is part of a day. Numbers alone may be fillers that many patients have.
    let differ = |(a, b): (&str, &str)| !a.starts_with(b) && !b.starts_with(a);
    !born_a.zip(born_b).is_some_and(differ) && of_a.iter().any(|number| of_b.contains(number))
}

/// Whether two Bundles that both name patients have none in common.
pub(crate) fn are_others(a: &Bundle, b: &Bundle) -> bool {
    let [a, b] = [a, b].map(|bundle| bundle.of_type("Patient").collect::<Vec<_>>());
    let in_common = a.iter().any(|one| b.iter().any(|other| is_same(one, other)));
    !a.is_empty() && !b.is_empty() && !in_common
}

/// Whether stays or documents of a Bundle are about several of its patients.
pub(crate) fn are_several(bundle: &Bundle) -> bool {
    let entries = bundle.as_value().get("entry").and_then(Value::as_array);
    let entries: Vec<_> = entries.into_iter().flatten().collect();
    let kind = |entry: &Value| entry.pointer("/resource/resourceType").cloned().unwrap_or_default();
    let patients = || entries.iter().filter(|entry| kind(entry) == "Patient");
    let about = entries.iter().filter(|entry| ABOUT.iter().any(|about| kind(entry) == *about));
    let mut named = about.filter_map(|entry| {
        let reference = entry.pointer("/resource/subject/reference")?.as_str()?;
        patients().find(|patient| is_meant(patient, reference))
    });
    let Some(first) = named.next() else { return false };
    named.any(|other| first != other && !is_same(&first["resource"], &other["resource"]))
}

/// Whether a reference leads to an entry: by its address, or by type and id (R4, 2.36.4.1).
fn is_meant(entry: &Value, reference: &str) -> bool {
    let address = entry.get("fullUrl").and_then(Value::as_str);
    if address == Some(reference) {
        return true;
    }
    let reference = reference.split("/_history/").next().unwrap_or_default();
    let id = entry.pointer("/resource/id").and_then(Value::as_str);
    let before = id.and_then(|id| reference.strip_suffix(id)?.strip_suffix("Patient/"));
    before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
}
