//! Header, sections and entries as resources.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::xml::Element;
use crate::{
    Section,
    fhir::{list, narrative, object, of_type},
    sections::end_sentence,
    time,
};

/// The resources of a document: the patient first.
pub(super) fn of(document: &Element) -> Vec<Value> {
    let mut resources: Vec<Value> = patient(document).into_iter().collect();
    resources.extend(encounter(document));
    resources.extend(people(document));
    resources.extend(custodian(document));
    let (mut outer, mut all) = (Vec::new(), Vec::new());
    document.within("section", &mut outer);
    let sections: Vec<_> = outer.into_iter().map(composed).collect();
    every(document, "section", &mut all);
    all.into_iter().for_each(|section| findings(section, &mut resources));
    let title = text(document.find(&["title"]));
    let composition = object([
        ("status", Some(json!("final"))),
        ("type", document.find(&["code"]).and_then(concept)),
        ("title", title.map(Value::String)),
        ("date", time_of(document.find(&["effectiveTime"]))),
        ("section", list(sections)),
    ]);
    resources.extend(composition.map(|composition| of_type("Composition", composition)));
    // The same finding stands in several sections.
    let mut seen = HashSet::new();
    resources.retain(|resource| seen.insert(resource.to_string()));
    resources
}

fn patient(document: &Element) -> Option<Value> {
    let role = document.find(&["recordTarget", "patientRole"])?;
    let person = role.find(&["patient"])?;
    let identifiers = role.all("id").chain(person.all("id")).map(identifier);
    let gender = person.find(&["administrativeGenderCode"]);
    let gender = gender.and_then(|it| it.attribute("code").or(it.attribute("displayName")));
    let birth = person.find(&["birthTime"]).and_then(|it| it.attribute("value"));
    object([
        ("identifier", list(identifiers)),
        ("name", list(person.all("name").map(name))),
        ("gender", Some(json!(gender.map_or("unknown", time::gender)))),
        ("birthDate", birth.and_then(time::date).map(Value::String)),
        ("address", list(role.all("addr").map(address))),
        ("telecom", list(role.all("telecom").map(contact))),
        ("maritalStatus", person.find(&["maritalStatusCode"]).and_then(concept)),
    ])
    .map(|patient| of_type("Patient", patient))
}

fn encounter(document: &Element) -> Option<Value> {
    let encounter = document.find(&["componentOf", "encompassingEncounter"])?;
    let (low, high) =
        (encounter.find(&["effectiveTime", "low"]), encounter.find(&["effectiveTime", "high"]));
    let start = time_of(low).or_else(|| time_of(encounter.find(&["effectiveTime"])));
    let facility = encounter.find(&["location", "healthCareFacility"]);
    let mut names = Vec::new();
    facility.into_iter().for_each(|facility| facility.within("name", &mut names));
    let places = names.into_iter().map(|name| {
        let place = text(Some(name))?;
        Some(json!({"location": {"display": place}}))
    });
    let code = encounter.find(&["code"]);
    object([
        ("status", Some(json!(if time_of(high).is_some() { "finished" } else { "in-progress" }))),
        ("class", Some(class(code))),
        ("identifier", list(encounter.all("id").map(identifier))),
        ("type", list([code.and_then(concept)])),
        ("location", list(places)),
        ("period", object([("start", start), ("end", time_of(high))])),
    ])
    .map(|encounter| of_type("Encounter", encounter))
}

/// HL7 v3 ActCode, or what a Chinese name of a visit means.
fn class(code: Option<&Element>) -> Value {
    let attribute = |name| code.and_then(|code| code.attribute(name)).unwrap_or_default();
    let (code, name) = (attribute("code"), attribute("displayName"));
    let code = match code {
        "IMP" | "ACUTE" | "NONAC" | "EMER" | "HH" | "SS" | "OBSENC" | "PRENC" => code,
        _ if name.contains("住院") => "IMP",
        _ if name.contains("急诊") => "EMER",
        _ => "AMB",
    };
    json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code})
}

/// Everybody else whom the document names, so that the names are known where texts repeat them.
fn people(document: &Element) -> Vec<Value> {
    let mut resources = Vec::new();
    for (role, person, kind) in [
        ("assignedAuthor", "assignedPerson", "Practitioner"),
        ("assignedEntity", "assignedPerson", "Practitioner"),
        ("intendedRecipient", "informationRecipient", "Practitioner"),
        ("associatedEntity", "associatedPerson", "RelatedPerson"),
        ("guardian", "guardianPerson", "RelatedPerson"),
    ] {
        let mut roles = Vec::new();
        every(document, role, &mut roles);
        resources.extend(roles.into_iter().filter_map(|role| {
            let named = role.find(&[person])?;
            let made = object([
                ("name", Some(list(named.all("name").map(name))?)),
                ("identifier", list(role.all("id").map(identifier))),
                ("address", list(role.all("addr").map(address))),
                ("telecom", list(role.all("telecom").map(contact))),
            ]);
            made.map(|made| of_type(kind, made))
        }));
    }
    resources
}

fn custodian(document: &Element) -> Option<Value> {
    let way = ["custodian", "assignedCustodian", "representedCustodianOrganization"];
    let organization = document.find(&way)?;
    object([
        ("name", Some(Value::String(text(organization.find(&["name"]))?))),
        ("identifier", list(organization.all("id").map(identifier))),
    ])
    .map(|organization| of_type("Organization", organization))
}

/// A section of the Composition.
fn composed(section: &Element) -> Option<Value> {
    let code = section.find(&["code"]).and_then(concept);
    let title = text(section.find(&["title"]));
    let title = title.or_else(|| Some(code.as_ref()?["text"].as_str()?.to_owned()));
    let told = text(section.find(&["text"])).unwrap_or_else(|| said(section));
    let told = (!told.is_empty()).then(|| narrative(&told));
    let mut inner = Vec::new();
    section.within("section", &mut inner);
    object([
        ("title", title.map(Value::String)),
        ("code", code),
        ("text", told),
        ("section", list(inner.into_iter().map(composed))),
    ])
}

/// What the entries of a section say, a line each. They are whole: each line ends as a sentence does.
fn said(section: &Element) -> String {
    let mut lines = Vec::new();
    for entry in section.all("entry") {
        say(entry, &mut lines);
    }
    lines.iter_mut().for_each(end_sentence);
    lines.join("\n")
}

/// Observations say their name and value, and so do those within them.
fn say(entry: &Element, lines: &mut Vec<String>) {
    for child in entry.children() {
        if matches!(child.name.as_str(), "observation" | "procedure" | "act") {
            let what = child.find(&["code"]).and_then(|code| code.attribute("displayName"));
            let value = child.find(&["value"]).and_then(value_text);
            let value = value.or_else(|| text(child.find(&["text"])));
            match (what, value) {
                (Some(what), Some(value)) => lines.push(format!("{what}：{value}")),
                (None, Some(value)) => lines.push(value),
                (Some(what), None) if child.name == "procedure" => lines.push(what.to_owned()),
                _ => {}
            }
        }
        say(child, lines);
    }
}

/// Resources of what a section's entries find.
fn findings(section: &Element, resources: &mut Vec<Value>) {
    let code = section.find(&["code"]).and_then(|code| code.attribute("code")).unwrap_or_default();
    let title = text(section.find(&["title"]))
        .or_else(|| section.find(&["code"])?.attribute("displayName").map(str::to_owned));
    let of = Section::from_code(code).or_else(|| Section::from_title(&title.unwrap_or_default()));
    let mut entries = Vec::new();
    let (named, make): (&str, fn(&Element) -> Option<Value>) = match (code, of) {
        ("48765-2", _) => ("playingEntity", allergy),
        ("10160-0" | "29549-3" | "10183-2" | "11369-6", _) => ("manufacturedMaterial", medication),
        ("47519-4", _) => ("procedure", procedure),
        ("8716-3" | "30954-2", _) => ("observation", observation),
        (_, Some(Section::Diagnosis)) => ("observation", diagnosis),
        _ => return,
    };
    section.all("entry").for_each(|entry| every(entry, named, &mut entries));
    resources.extend(entries.into_iter().filter_map(make));
}

/// Every element of a name, also within others of that name.
fn every<'a>(element: &'a Element, name: &str, found: &mut Vec<&'a Element>) {
    let mut outer = Vec::new();
    element.within(name, &mut outer);
    for one in outer {
        found.push(one);
        every(one, name, found);
    }
}

fn diagnosis(observation: &Element) -> Option<Value> {
    let value = observation.find(&["value"])?;
    // Times and numbers beside a diagnosis are none, nor are its code or kind alone.
    let is_text = matches!(value.attribute("type"), Some("CD" | "CE" | "CV" | "ST" | "ED") | None);
    let name = value_text(value).filter(|_| is_text)?;
    let is_word = name.chars().any(|c| c.is_alphabetic()) && name.chars().count() > 1;
    let code = observation.find(&["code"]).and_then(|code| code.attribute("code"));
    let is_kind = code.is_some_and(|code| NO_DIAGNOSES.contains(&code));
    let status = "2.16.840.1.113883.10.20.22.4.6";
    let is_status = observation
        .all("templateId")
        .any(|template| template.attribute("root").is_some_and(|root| root == status));
    if !is_word || is_kind || is_status {
        return None;
    }
    let coded = concept(value).unwrap_or_else(|| json!({ "text": name }));
    let onset = time_of(observation.find(&["effectiveTime", "low"]))
        .or_else(|| time_of(observation.find(&["effectiveTime"])));
    object([("code", Some(coded)), ("onsetDateTime", onset)])
        .map(|condition| of_type("Condition", condition))
}

/// Observations beside a diagnosis: status, severity, age at onset (LOINC, SNOMED CT, HL7 v3), and data
/// elements of WS 363: kind and date of a diagnosis, outcome, result of treatment.
const NO_DIAGNOSES: [&str; 10] = [
    "33999-4",
    "SEV",
    "445518008",
    "11323-3",
    "DE05.01.057.00",
    "DE05.01.058.00",
    "DE05.10.113.00",
    "DE05.10.010.00",
    "DE05.01.024.00.01",
    "DE06.00.196.00",
];

fn allergy(entity: &Element) -> Option<Value> {
    let substance = entity.find(&["code"]).and_then(concept);
    let substance = substance.or_else(|| Some(json!({ "text": text(entity.find(&["name"]))? })))?;
    Some(of_type("AllergyIntolerance", json!({ "code": substance })))
}

fn medication(material: &Element) -> Option<Value> {
    let code = material.find(&["code"]).and_then(concept);
    let code = code.or_else(|| Some(json!({ "text": text(material.find(&["name"]))? })))?;
    let statement = json!({"status": "active", "medicationCodeableConcept": code});
    Some(of_type("MedicationStatement", statement))
}

fn procedure(procedure: &Element) -> Option<Value> {
    let code = procedure.find(&["code"]).and_then(concept)?;
    let time = procedure.find(&["effectiveTime"]);
    let performed = time_of(time).or_else(|| time_of(time?.find(&["low"])));
    object([
        ("status", Some(json!("completed"))),
        ("code", Some(code)),
        ("performedDateTime", performed),
    ])
    .map(|procedure| of_type("Procedure", procedure))
}

fn observation(observation: &Element) -> Option<Value> {
    let (code, value) = (concept(observation.find(&["code"])?)?, observation.find(&["value"])?);
    let number = value.attribute("value").filter(|_| value.attribute("type") == Some("PQ"));
    let number = number.and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok());
    let quantity = number.and_then(|number| {
        let unit = value.attribute("unit").filter(|unit| *unit != "1");
        object([("value", Some(Value::Number(number))), ("unit", unit.map(|unit| json!(unit)))])
    });
    let said = match &quantity {
        Some(_) => None,
        None => Some(json!(value_text(value)?)),
    };
    object([
        ("status", Some(json!("final"))),
        ("code", Some(code)),
        ("valueQuantity", quantity),
        ("valueString", said),
        ("effectiveDateTime", time_of(observation.find(&["effectiveTime"]))),
    ])
    .map(|observation| of_type("Observation", observation))
}

/// II.
fn identifier(id: &Element) -> Option<Value> {
    let value = id.attribute("extension")?;
    let system = id.attribute("root").map(|root| json!(format!("urn:oid:{root}")));
    object([("system", system), ("value", Some(json!(value)))])
}

/// PN: with parts, or in one.
fn name(name: &Element) -> Option<Value> {
    let parts = |kind| list(name.all(kind).map(|part| text(Some(part)).map(Value::String)));
    let family = text(name.find(&["family"])).map(Value::String);
    if let (None, None) = (&family, parts("given")) {
        return Some(json!({ "text": text(Some(name))? }));
    }
    object([
        ("family", family),
        ("given", parts("given")),
        ("prefix", parts("prefix")),
        ("suffix", parts("suffix")),
    ])
}

/// AD: with parts, or in one.
fn address(addr: &Element) -> Option<Value> {
    let part = |kind: &str| text(addr.find(&[kind])).map(Value::String);
    let mut lines: Vec<_> = addr.all("streetAddressLine").filter_map(|it| text(Some(it))).collect();
    // WS/T 500: township, street or village, house number.
    let streets = ["township", "streetName", "houseNumber"];
    lines.extend(streets.iter().filter_map(|kind| text(addr.find(&[kind]))));
    let lines = list(lines.into_iter().map(|line| Some(Value::String(line))));
    let read = object([
        ("line", lines),
        ("city", part("city")),
        ("district", part("county")),
        ("state", part("state")),
        ("postalCode", part("postalCode")),
        ("country", part("country")),
    ]);
    read.or_else(|| Some(json!({ "text": text(Some(addr))? })))
}

/// TEL: a URL, or a number.
fn contact(telecom: &Element) -> Option<Value> {
    let value = telecom.attribute("value")?;
    let (scheme, number) = value.split_once(':').unwrap_or(("tel", value));
    let system = match scheme.to_ascii_lowercase().as_str() {
        "mailto" => "email",
        "fax" => "fax",
        "http" | "https" => return Some(json!({"system": "url", "value": value})),
        _ if number.contains('@') => "email",
        _ => "phone",
    };
    Some(json!({"system": system, "value": number}))
}

/// CD: a code, translations of it, and the text.
fn concept(code: &Element) -> Option<Value> {
    let coding = |code: &Element| {
        let system = code.attribute("codeSystem").map(code_system);
        let display = code.attribute("displayName").map(|name| json!(name));
        object([
            ("system", Some(json!(system?))),
            ("code", Some(json!(code.attribute("code")?))),
            ("display", display),
        ])
    };
    let own = code.attribute("displayName").map(str::to_owned);
    let original = || text(code.find(&["originalText"]));
    let translated = || code.all("translation").find_map(|it| it.attribute("displayName"));
    let text = own.or_else(original).or_else(|| translated().map(str::to_owned));
    let text = text.or_else(|| code.attribute("code").map(str::to_owned))?;
    let codings = std::iter::once(code).chain(code.all("translation")).map(coding);
    object([("coding", list(codings)), ("text", Some(Value::String(text)))])
}

/// OIDs as FHIR writes them. China's own lists of ICD-10 codes go on where the list of WHO ends, and so
/// stay under their OIDs.
fn code_system(oid: &str) -> String {
    match oid {
        "2.16.840.1.113883.6.1" => "http://loinc.org".into(),
        "2.16.840.1.113883.6.96" => "http://snomed.info/sct".into(),
        "2.16.840.1.113883.6.3" => "http://hl7.org/fhir/sid/icd-10".into(),
        "2.16.840.1.113883.6.90" => "http://hl7.org/fhir/sid/icd-10-cm".into(),
        "2.16.840.1.113883.6.103" => "http://hl7.org/fhir/sid/icd-9-cm".into(),
        "2.16.840.1.113883.6.88" => "http://www.nlm.nih.gov/research/umls/rxnorm".into(),
        "2.16.840.1.113883.12.292" => "http://hl7.org/fhir/sid/cvx".into(),
        oid => format!("urn:oid:{oid}"),
    }
}

/// What a value says to people.
fn value_text(value: &Element) -> Option<String> {
    let shown = value.attribute("displayName").map(str::to_owned);
    let shown = shown.or_else(|| text(value.find(&["originalText"])));
    let translated = || value.all("translation").find_map(|it| it.attribute("displayName"));
    let shown = shown.or_else(|| translated().map(str::to_owned));
    let shown = shown.or_else(|| text(Some(value)));
    let number = || {
        let unit = value.attribute("unit").filter(|unit| *unit != "1").unwrap_or_default();
        value.attribute("value").map(|number| format!("{number}{unit}"))
    };
    shown.or_else(number)
}

/// `None` for an element that is not there or says nothing.
fn text(element: Option<&Element>) -> Option<String> {
    element.map(Element::text).filter(|text| !text.is_empty())
}

fn time_of(element: Option<&Element>) -> Option<Value> {
    time::date_time(element?.attribute("value")?).map(Value::String)
}
