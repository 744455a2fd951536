//! What the elements of FHIR resources hold, by their names and where they stand (FHIR STU3 to R5).

use serde_json::{Map, Value};

/// Elements of the type HumanName, and how it looks where nothing else tells it.
pub(crate) fn holds_human_name(kind: &str, key: &str, value: &Value) -> bool {
    let looks_so = |value: &Value| value.get("family").or_else(|| value.get("given")).is_some();
    key.ends_with("HumanName") || (key == "name" && (is_person(kind) || any(value, looks_so)))
}

/// Elements of the type Identifier (FHIR STU3 to R5).
pub(crate) fn holds_identifier(key: &str, value: &Value) -> bool {
    const NAMES: [&str; 8] = [
        "accession",
        "biologicalSourceEvent",
        "identifier",
        "predecessor",
        "requisition",
        "subscriberId",
        "traceNumber",
        "userId",
    ];
    let is_named = NAMES.contains(&key) || key.ends_with("Identifier");
    let looks_so = |value: &Value| value.get("value").is_some() && value.get("reference").is_none();
    !value.is_string() && (is_named || (key == "reference" && looks_so(value)))
}

/// Elements of the type ContactPoint.
pub(crate) fn holds_contact_point(key: &str, value: &Value) -> bool {
    let looks_so = |value: &Value| value.get("value").is_some() && value.get("telecom").is_none();
    key == "telecom" || key.ends_with("ContactPoint") || (key == "contact" && any(value, looks_so))
}

/// Elements of the type Address.
pub(crate) fn holds_address(key: &str, value: &Value) -> bool {
    key == "address" || (key.ends_with("Address") && !value.is_string())
}

/// Elements that tell one thing from another.
pub(crate) fn is_id(key: &str) -> bool {
    matches!(key, "id" | "uid") || key.ends_with("Uid")
}

/// Strings that are a person's number, or that of one device (45 CFR 164.514(b)(2)(i)(M)).
pub(crate) fn is_number(key: &str) -> bool {
    matches!(
        key,
        "accountNumber"
            | "altId"
            | "authorization"
            | "cardNumber"
            | "carrierHRF"
            | "dependent"
            | "distinctIdentifier"
            | "identityCertificate"
            | "preAuthRef"
            | "proxyIdentityCertificate"
            | "readsetId"
            | "referenceNumber"
            | "serialNumber"
            | "sessionKey"
            | "sourceIdentityCertificate"
            | "subscriberId"
            | "variantsetId"
    )
}

/// Strings that are a person's name.
pub(crate) fn is_person_string(key: &str) -> bool {
    matches!(key, "authorString" | "responsible" | "tester")
}

/// Whether the string `name` of an object in a resource of a kind is a person's: of a relative, of
/// who did something, and of those to ask (ContactDetail).
pub(crate) fn has_person_name(kind: &str, owner: &str) -> bool {
    const CONTACTS: [&str; 6] =
        ["author", "contact", "contributor", "editor", "endorser", "reviewer"];
    kind == "FamilyMemberHistory"
        || (kind, owner) == ("AuditEvent", "agent")
        || CONTACTS.contains(&owner)
        || owner.ends_with("ContactDetail")
        || owner.ends_with("Contributor")
}

/// Whether an object extends a person by a name, such as the mother's maiden name.
pub(crate) fn extends_name(kind: &str, object: &Map<String, Value>) -> bool {
    let url = object.get("url").and_then(Value::as_str).unwrap_or_default();
    is_person(kind) && url.to_lowercase().ends_with("name")
}

/// Whether an object is a Reference to a person, whose `display` is a name: `owner` is the element
/// that holds it. A Reference that does not say to what it leads may lead to a person.
pub(crate) fn names_person(owner: &str, object: &Map<String, Value>) -> bool {
    if object.contains_key("code") || object.contains_key("system") || CODINGS.contains(&owner) {
        return false;
    }
    match object.get("reference").and_then(Value::as_str) {
        Some(reference) => {
            let kind = reference.rsplit('/').nth(1).unwrap_or_default();
            is_person(kind) || kind.is_empty()
        }
        None => {
            const PARTS: [&str; 5] = ["display", "extension", "id", "identifier", "type"];
            let kind = object.get("type").and_then(Value::as_str);
            object.contains_key("display")
                && kind.is_none_or(is_person)
                && object.keys().all(|key| PARTS.contains(&key.as_str()))
        }
    }
}

/// Resources whose `name` is a HumanName.
pub(crate) fn is_person(kind: &str) -> bool {
    matches!(kind, "Patient" | "Person" | "Practitioner" | "RelatedPerson")
}

/// Resources whose `name` is an institution's.
pub(crate) fn is_place(kind: &str) -> bool {
    matches!(kind, "HealthcareService" | "Location" | "Organization")
}

/// Whether a value is so, or one of an array.
pub(crate) fn any(value: &Value, is_so: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_so),
        single => is_so(single),
    }
}

/// Elements that are Codings, not References (FHIR R4).
const CODINGS: [&str; 12] = [
    "action",
    "bodySite",
    "class",
    "coding",
    "laterality",
    "modality",
    "purposeOfEvent",
    "security",
    "subtype",
    "tag",
    "type",
    "valueCoding",
];
