//! Pieces of FHIR's JSON.

use serde_json::{Map, Value, json};

/// An object of what is there; `None` if nothing is.
pub(crate) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let members = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let members: Map<_, _> = members.collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// A list of what is there; `None` if nothing is.
pub(crate) fn list(values: impl IntoIterator<Item = Option<Value>>) -> Option<Value> {
    let values: Vec<_> = values.into_iter().flatten().collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

/// A resource of a type with these members.
pub(crate) fn of_type(kind: &str, mut members: Value) -> Value {
    members["resourceType"] = json!(kind);
    members
}

/// A narrative of plain text, whose lines stay lines.
pub(crate) fn narrative(text: &str) -> Value {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines = escaped.trim().replace('\n', "<br/>");
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{lines}</div>");
    json!({"status": "generated", "div": div})
}
