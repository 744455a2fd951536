//! Data types of HL7 v2 (chapter 2A) as those of FHIR.

use serde_json::{Value, json};

use super::message::Part;
use crate::fhir::{list, object};

pub(super) fn string(part: Part<'_>) -> Option<Value> {
    part.text().map(Value::String)
}

/// CX and EI: a number, and who gave it.
pub(super) fn identifier(part: Part<'_>, authority: usize, kind: Option<usize>) -> Option<Value> {
    let value = string(part.component(1).subcomponent(1))?;
    let kind = kind.and_then(|kind| part.component(kind).text());
    let kind = kind.map(|code| {
        json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}]})
    });
    let assigner = string(part.component(authority).subcomponent(1));
    let assigner = assigner.map(|name| json!({ "display": name }));
    object([("type", kind), ("value", Some(value)), ("assigner", assigner)])
}

/// XPN, and XCN with its number in front (`offset` 1).
pub(super) fn human_name(part: Part<'_>, offset: usize) -> Option<Value> {
    let component = |number: usize| part.component(number + offset);
    let family = string(component(1).subcomponent(1));
    let given = list([string(component(2)), string(component(3))]);
    if family.is_none() && given.is_none() {
        return None;
    }
    let prefix = list([string(component(5))]);
    let suffix = list([string(component(4)), string(component(6))]);
    object([("family", family), ("given", given), ("prefix", prefix), ("suffix", suffix)])
}

/// A name in one line, for references that only show it.
pub(super) fn display_name(part: Part<'_>, offset: usize) -> Option<Value> {
    let component = |number: usize| part.component(number + offset);
    let names = [component(5), component(2), component(3), component(1).subcomponent(1)];
    let names: Vec<_> = names.into_iter().filter_map(Part::text).collect();
    (!names.is_empty()).then(|| Value::String(names.join(" ")))
}

/// XAD.
pub(super) fn address(part: Part<'_>) -> Option<Value> {
    let component = |number| string(part.component(number).subcomponent(1));
    object([
        ("line", list([component(1), component(2)])),
        ("city", component(3)),
        ("district", component(9)),
        ("state", component(4)),
        ("postalCode", component(5)),
        ("country", component(6)),
    ])
}

/// XTN.
pub(super) fn contact(part: Part<'_>) -> Option<Value> {
    let text = |number| part.component(number).text();
    let system = match text(3).as_deref() {
        Some("Internet" | "X.400") => "email",
        Some("FX") => "fax",
        Some("BP") => "pager",
        _ if text(4).is_some() && text(1).is_none() && text(7).is_none() => "email",
        _ => "phone",
    };
    let number = [5, 6, 7].into_iter().filter_map(text).collect::<Vec<_>>().join(" ");
    let number = Some(number).filter(|number| !number.is_empty());
    let value = match system {
        "email" => text(4).or_else(|| text(1)),
        _ => text(1).or_else(|| text(12)).or(number),
    };
    object([("system", Some(json!(system))), ("value", Some(json!(value?)))])
}

/// CWE and CE: a code with its system, another one, and the text.
pub(super) fn concept(part: Part<'_>) -> Option<Value> {
    let coding = |first: usize| {
        let code = part.component(first).text();
        let name = string(part.component(first + 1));
        let system = part.component(first + 2).text().and_then(|name| code_system(&name));
        // A code without a system says nothing to a machine that its text does not say to people.
        let system = system?;
        object([("system", Some(json!(system))), ("code", Some(json!(code?))), ("display", name)])
    };
    let text = [9, 2, 5, 1].into_iter().find_map(|at| string(part.component(at)))?;
    object([("coding", list([coding(1), coding(4)])), ("text", Some(text))])
}

/// Names of table 0396 as FHIR writes them.
fn code_system(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let known = match upper.as_str() {
        "LN" | "LOINC" => "http://loinc.org",
        "SCT" | "SNM" | "SNOMED" | "SNOMED-CT" | "SNOMEDCT" => "http://snomed.info/sct",
        "I10" | "ICD10" | "ICD-10" | "I10P" => "http://hl7.org/fhir/sid/icd-10",
        "I10C" => "http://hl7.org/fhir/sid/icd-10-cm",
        "I9" | "I9C" | "ICD9" => "http://hl7.org/fhir/sid/icd-9-cm",
        "C4" | "CPT" | "CPT4" => "http://www.ama-assn.org/go/cpt",
        "CVX" => "http://hl7.org/fhir/sid/cvx",
        "NDC" => "http://hl7.org/fhir/sid/ndc",
        "RXNORM" => "http://www.nlm.nih.gov/research/umls/rxnorm",
        "UCUM" => "http://unitsofmeasure.org",
        _ => "",
    };
    if !known.is_empty() {
        return Some(known.into());
    }
    if let Some(table) = upper.strip_prefix("HL7") {
        let is_number = table.len() == 4 && table.bytes().all(|b| b.is_ascii_digit());
        return is_number.then(|| format!("http://terminology.hl7.org/CodeSystem/v2-{table}"));
    }
    let is_oid = name.contains('.') && name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_oid.then(|| format!("urn:oid:{name}"))
}

/// DT, DTM and TS as `dateTime`. FHIR has no time without a zone: then the day is what is left.
pub(super) fn date_time(part: Part<'_>) -> Option<Value> {
    let text = part.component(1).text()?;
    crate::time::date_time(&text).map(Value::String)
}

/// The same, only the day.
pub(super) fn date(part: Part<'_>) -> Option<Value> {
    let text = part.component(1).text()?;
    crate::time::date(&text).map(Value::String)
}

/// Table 0001, and GB/T 2261.1 as Chinese systems send it.
pub(super) fn gender(part: Part<'_>) -> Option<Value> {
    let code = part.component(1).text()?;
    Some(json!(crate::time::gender(&code)))
}
