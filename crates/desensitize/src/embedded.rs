//! Text that FHIR embeds in base64: `data` of an Attachment or Binary beside a `contentType`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Types of text whose words stand in it as they are read.
const TYPES: [&str; 4] = ["text/plain", "text/html", "text/markdown", "text/csv"];

/// The text of an object that embeds one, if `data` is what its type says, in UTF-8.
pub(crate) fn text(owner: &Map<String, Value>, data: &Value) -> Option<String> {
    let content_type = owner.get("contentType")?.as_str()?;
    let (name, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let is_text = TYPES.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
    let charset = parameters.to_ascii_lowercase();
    if !is_text || (charset.contains("charset") && !charset.contains("utf-8")) {
        return None;
    }
    let mut data = data.as_str()?.to_owned();
    data.retain(|c| !c.is_ascii_whitespace());
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

/// A text as it is embedded.
pub(crate) fn data(text: &str) -> String {
    STANDARD.encode(text)
}
