//! Segments as resources.

use serde_json::{Map, Value, json};

use super::{
    Imported,
    message::{Message, Part, Segment},
    values::{
        address, concept, contact, date, date_time, display_name, gender, human_name, identifier,
        string,
    },
};
use crate::fhir::{list, narrative, object, of_type};

/// Segments that a record of medicine has no use for, or that say what others say.
const PASSED_OVER: [&str; 12] =
    ["MSH", "EVN", "SFT", "MSA", "QRD", "QRF", "UAC", "DSC", "BTS", "FTS", "TQ1", "BHS"];

/// What a note belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Context {
    Nothing,
    /// The resource at this place takes notes.
    Resource(usize),
}

/// Resources of one patient.
#[derive(Default)]
pub(super) struct Resources {
    patient: Option<Value>,
    encounter: Option<Value>,
    others: Vec<Value>,
    left: bool,
}

impl Resources {
    /// Adds what a message says.
    pub(super) fn take(&mut self, message: &Message<'_>) -> Result<(), String> {
        let mut context = Context::Nothing;
        let mut documents = Vec::new();
        let mut report: Option<usize> = None;
        for segment in &message.segments {
            let before = self.others.len();
            let mut goes_on = false;
            match segment.name() {
                "PID" => self.take_patient(segment)?,
                "PV1" => self.take_visit(segment),
                "PV2" => self.take_reason(segment),
                "NK1" => self.others.extend(relative(segment)),
                "DG1" => self.others.extend(diagnosis(segment)),
                "AL1" => self.others.extend(allergy(segment)),
                "PR1" => self.others.extend(procedure(segment)),
                "OBR" => {
                    self.others.extend(order(segment));
                    report = (self.others.len() > before).then_some(before);
                }
                "OBX" if is_document(message) => documents.push(segment),
                "OBX" => goes_on = self.observe(segment, report),
                "RXA" => self.others.extend(medication("MedicationAdministration", segment, 5)),
                "RXO" => self.others.extend(medication("MedicationRequest", segment, 1)),
                "RXE" => self.others.extend(medication("MedicationRequest", segment, 2)),
                "NTE" => {
                    self.note(segment, context);
                    continue;
                }
                name if PASSED_OVER.contains(&name) => {}
                _ => self.left = true,
            }
            context = match self.others.len() {
                len if len > before => Context::Resource(len - 1),
                _ if goes_on => context,
                _ => Context::Nothing,
            };
        }
        self.others.extend(document(&documents));
        Ok(())
    }

    pub(super) fn finish(self) -> Imported {
        let Self { patient, encounter, others, left } = self;
        let resources = patient.into_iter().chain(encounter).chain(others).collect();
        Imported { resources, left }
    }

    fn take_patient(&mut self, pid: &Segment<'_>) -> Result<(), String> {
        let numbers = pid.field(3).repetitions().chain(pid.field(2).repetitions());
        let mut identifiers: Vec<_> = numbers.filter_map(|cx| identifier(cx, 4, Some(5))).collect();
        identifiers.extend(pid.field(19).text().map(|number| {
            let kind = "http://terminology.hl7.org/CodeSystem/v2-0203";
            json!({"type": {"coding": [{"system": kind, "code": "SS"}]}, "value": number})
        }));
        let contacts = pid.field(13).repetitions().chain(pid.field(14).repetitions());
        let read = object([
            ("identifier", list(identifiers.into_iter().map(Some))),
            ("name", list(pid.field(5).repetitions().map(|name| human_name(name, 0)))),
            ("gender", Some(gender(pid.field(8)).unwrap_or_else(|| json!("unknown")))),
            ("birthDate", date(pid.field(7))),
            ("address", list(pid.field(11).repetitions().map(address))),
            ("telecom", list(contacts.map(contact))),
            ("maritalStatus", concept(pid.field(16))),
        ]);
        let Some(read) = read.map(|patient| of_type("Patient", patient)) else { return Ok(()) };
        match &self.patient {
            None => self.patient = Some(read),
            Some(known) if crate::patients::is_same(known, &read) => {}
            Some(_) => {
                let number = pid.number;
                return Err(format!("segment {number}: another patient than before"));
            }
        }
        Ok(())
    }

    fn take_visit(&mut self, pv1: &Segment<'_>) {
        let staff = [(7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM")];
        let participants = staff.into_iter().map(|(field, kind)| {
            let name = display_name(pv1.field(field), 1)?;
            let system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
            Some(json!({
                "type": [{"coding": [{"system": system, "code": kind}]}],
                "individual": {"display": name},
            }))
        });
        let location = pv1.field(3);
        let places = [1, 2, 3, 4].into_iter();
        let place: Vec<_> =
            places.filter_map(|at| location.component(at).subcomponent(1).text()).collect();
        let place =
            (!place.is_empty()).then(|| json!([{"location": {"display": place.join(" ")}}]));
        let discharged = concept(pv1.field(36));
        let stay = object([("dischargeDisposition", discharged)]);
        let period =
            object([("start", date_time(pv1.field(44))), ("end", date_time(pv1.field(45)))]);
        let is_over = pv1.field(45).text().is_some();
        let read = object([
            ("resourceType", Some(json!("Encounter"))),
            ("status", Some(json!(if is_over { "finished" } else { "in-progress" }))),
            ("class", Some(class(pv1.field(2)))),
            ("identifier", list([identifier(pv1.field(19), 4, None)])),
            ("participant", list(participants)),
            ("location", place),
            ("hospitalization", stay),
            ("period", period),
        ]);
        let another = |known: &Value, new: &Value| {
            let numbers = known.get("identifier").zip(new.get("identifier"));
            numbers.is_some_and(|(known, new)| known != new)
        };
        match (&mut self.encounter, read) {
            (Some(known), Some(new)) if another(known, &new) => {
                self.others.push(std::mem::replace(known, new));
            }
            // What a later message says of the visit counts.
            (Some(Value::Object(known)), Some(Value::Object(new))) => known.extend(new),
            (encounter, read) => *encounter = read,
        }
    }

    fn take_reason(&mut self, pv2: &Segment<'_>) {
        let Some(reason) = concept(pv2.field(3)) else { return };
        if let Some(Value::Object(encounter)) = &mut self.encounter {
            encounter.insert("reasonCode".into(), json!([reason]));
        }
    }

    /// An observation, or the next line of the one before: then `true`.
    fn observe(&mut self, obx: &Segment<'_>, report: Option<usize>) -> bool {
        let is_line = matches!(obx.field(2).text().as_deref(), Some("TX" | "FT"));
        if let Some(line) = text_of(obx).filter(|_| is_line)
            && let Some(Value::Object(last)) = self.others.last_mut()
            && let (Some(code), Some(Value::String(text))) =
                (last.get("code").cloned(), last.get_mut("valueString"))
            && Some(code) == concept(obx.field(3))
        {
            text.push('\n');
            text.push_str(&line);
            return true;
        }
        if obx.field(2).text().as_deref() == Some("ED") {
            self.left = true;
        }
        let Some(observation) = observation(obx) else {
            self.left = true;
            return false;
        };
        // A report of one finding says it itself.
        if let (Some(report), Some(text)) = (report, observation.get("valueString").cloned())
            && let Some(Value::Object(report)) = self.others.get_mut(report)
        {
            report.entry("conclusion").or_insert(text);
        }
        self.others.push(of_type("Observation", observation));
        false
    }

    fn note(&mut self, nte: &Segment<'_>, context: Context) {
        let comments = nte.field(3).repetitions().filter_map(Part::whole_text);
        let comment = comments.collect::<Vec<_>>().join("\n");
        if comment.is_empty() {
            return;
        }
        let taken = match context {
            Context::Resource(at) => self.others.get_mut(at).and_then(Value::as_object_mut),
            Context::Nothing => None,
        };
        match taken.filter(|resource| takes_notes(resource)) {
            Some(resource) => {
                let notes = resource.entry("note").or_insert_with(|| json!([]));
                if let Some(notes) = notes.as_array_mut() {
                    notes.push(json!({ "text": comment }));
                }
            }
            None => self.left = true,
        }
    }
}

fn takes_notes(resource: &Map<String, Value>) -> bool {
    let kind = resource.get("resourceType").and_then(Value::as_str);
    !matches!(kind, Some("RelatedPerson" | "Encounter" | "DiagnosticReport" | "Composition"))
}

/// Messages about a document: its lines are observations.
fn is_document(message: &Message<'_>) -> bool {
    message.segments.iter().any(|segment| segment.name() == "TXA")
}

/// Table 0004.
fn class(part: Part<'_>) -> Value {
    let (code, display) = match part.component(1).text().as_deref() {
        Some("I") => ("IMP", "inpatient encounter"),
        Some("E") => ("EMER", "emergency"),
        Some("P") => ("PRENC", "pre-admission"),
        _ => ("AMB", "ambulatory"),
    };
    let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    json!({"system": system, "code": code, "display": display})
}

fn relative(nk1: &Segment<'_>) -> Option<Value> {
    let contacts = [5, 6].into_iter().flat_map(|field| nk1.field(field).repetitions());
    object([
        ("name", list(nk1.field(2).repetitions().map(|name| human_name(name, 0)))),
        ("relationship", list([concept(nk1.field(3))])),
        ("address", list(nk1.field(4).repetitions().map(address))),
        ("telecom", list(contacts.map(contact))),
    ])
    .map(|person| of_type("RelatedPerson", person))
}

fn diagnosis(dg1: &Segment<'_>) -> Option<Value> {
    let code = concept(dg1.field(3));
    let text = string(dg1.field(4));
    let code = match (code, text) {
        (Some(mut code), Some(text)) => {
            code["text"] = text;
            code
        }
        (code, text) => code.or_else(|| text.map(|text| json!({ "text": text })))?,
    };
    let category = json!([{"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/condition-category",
        "code": "encounter-diagnosis",
    }]}]);
    object([
        ("category", Some(category)),
        ("code", Some(code)),
        ("onsetDateTime", date_time(dg1.field(5))),
    ])
    .map(|condition| of_type("Condition", condition))
}

fn allergy(al1: &Segment<'_>) -> Option<Value> {
    let reactions = al1.field(5).repetitions().filter_map(Part::text);
    let manifestation = list(reactions.map(|text| Some(json!({ "text": text }))));
    let reaction = manifestation.map(|it| json!([{ "manifestation": it }]));
    object([
        ("code", Some(concept(al1.field(3))?)),
        ("reaction", reaction),
        ("onsetDateTime", date_time(al1.field(6))),
    ])
    .map(|allergy| of_type("AllergyIntolerance", allergy))
}

fn procedure(pr1: &Segment<'_>) -> Option<Value> {
    let code =
        concept(pr1.field(3)).or_else(|| string(pr1.field(4)).map(|it| json!({"text": it})))?;
    let performed = date_time(pr1.field(5));
    object([
        ("status", Some(json!("completed"))),
        ("code", Some(code)),
        ("performedDateTime", performed),
    ])
    .map(|procedure| of_type("Procedure", procedure))
}

/// A report if there are results, otherwise what was ordered.
fn order(obr: &Segment<'_>) -> Option<Value> {
    let code = concept(obr.field(4))?;
    let has_results = obr.has_any([22, 25]);
    let (kind, status) = match (has_results, obr.field(25).text().as_deref()) {
        (true, Some("P")) => ("DiagnosticReport", "preliminary"),
        (true, Some("C")) => ("DiagnosticReport", "corrected"),
        (true, _) => ("DiagnosticReport", "final"),
        (false, _) => ("ServiceRequest", "active"),
    };
    let when = if has_results { "effectiveDateTime" } else { "occurrenceDateTime" };
    let intent = (!has_results).then(|| json!("order"));
    object([
        ("status", Some(json!(status))),
        ("intent", intent),
        ("code", Some(code)),
        (when, date_time(obr.field(7))),
    ])
    .map(|order| of_type(kind, order))
}

/// What OBX-5 says if it is text, of all its repetitions.
fn text_of(obx: &Segment<'_>) -> Option<String> {
    if !matches!(obx.field(2).text().as_deref(), Some("TX" | "FT" | "ST")) {
        return None;
    }
    let lines = obx.field(5).repetitions().filter_map(Part::whole_text);
    let text = lines.collect::<Vec<_>>().join("\n");
    (!text.is_empty()).then_some(text)
}

fn observation(obx: &Segment<'_>) -> Option<Value> {
    let (code, value) = (concept(obx.field(3))?, obx.field(5));
    let (key, value) = match obx.field(2).text().as_deref() {
        Some("NM") => ("valueQuantity", quantity(obx)),
        Some("SN") => ("valueString", value.whole_text().map(|text| json!(text.replace('^', "")))),
        Some("CE" | "CWE" | "CNE" | "CF") => ("valueCodeableConcept", concept(value)),
        Some("DT" | "TS" | "DTM") => ("valueDateTime", date_time(value)),
        Some("ED" | "RP") => ("valueString", None),
        _ => ("valueString", text_of(obx).or_else(|| value.whole_text()).map(Value::String)),
    };
    let abnormal = obx.field(8).repetitions().filter_map(|flag| flag.component(1).text());
    let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
    let interpretation =
        abnormal.map(|code| Some(json!({"coding": [{"system": system, "code": code}]})));
    let range = string(obx.field(7)).map(|text| json!([{ "text": text }]));
    object([
        ("status", Some(json!(result_status(obx)))),
        ("code", Some(code)),
        (key, value),
        ("interpretation", list(interpretation)),
        ("referenceRange", range),
        ("effectiveDateTime", date_time(obx.field(14))),
    ])
}

/// Table 0085.
fn result_status(obx: &Segment<'_>) -> &'static str {
    match obx.field(11).text().as_deref() {
        Some("P" | "S" | "R" | "I") => "preliminary",
        Some("C") => "corrected",
        Some("D" | "W") => "entered-in-error",
        Some("X") => "cancelled",
        _ => "final",
    }
}

fn quantity(obx: &Segment<'_>) -> Option<Value> {
    let text = obx.field(5).text()?;
    let number: serde_json::Number = serde_json::from_str(&text).ok()?;
    let unit = string(obx.field(6).component(2)).or_else(|| string(obx.field(6).component(1)));
    object([("value", Some(Value::Number(number))), ("unit", unit)])
}

fn medication(kind: &str, segment: &Segment<'_>, code_at: usize) -> Option<Value> {
    let code = concept(segment.field(code_at))?;
    let medication = match kind {
        "MedicationAdministration" => object([
            ("status", Some(json!("completed"))),
            ("medicationCodeableConcept", Some(code)),
            ("effectiveDateTime", date_time(segment.field(3))),
        ]),
        _ => object([
            ("status", Some(json!("active"))),
            ("intent", Some(json!("order"))),
            ("medicationCodeableConcept", Some(code)),
        ]),
    };
    medication.map(|medication| of_type(kind, medication))
}

/// The lines of a document as a Composition with a section for each of their codes.
fn document(lines: &[&Segment<'_>]) -> Option<Value> {
    let mut sections: Vec<(Value, String)> = Vec::new();
    for obx in lines {
        let (Some(code), Some(line)) = (concept(obx.field(3)), text_of(obx)) else { continue };
        match sections.last_mut().filter(|(last, _)| *last == code) {
            Some((_, text)) => {
                text.push('\n');
                text.push_str(&line);
            }
            None => sections.push((code, line)),
        }
    }
    let sections = sections.into_iter().map(|(code, text)| {
        let title = code.get("text").cloned();
        let text = Some(narrative(&text));
        object([("title", title), ("code", Some(code)), ("text", text)])
    });
    let sections = list(sections)?;
    Some(json!({"resourceType": "Composition", "status": "final", "section": sections}))
}
