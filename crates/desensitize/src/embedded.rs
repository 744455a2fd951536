//! Text that is embedded in base64: `data` of a FHIR Attachment or Binary beside a `contentType`, and
//! what CDA holds with a `mediaType`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Types of text whose words stand in it as they are read.
const TYPES: [&str; 4] = ["text/plain", "text/html", "text/markdown", "text/csv"];

/// The least length of a text that is taken for base64: words and codes are shorter.
const ENCODED_LEAST: usize = 80;

/// The text of an object that embeds one, if `data` is what its type says, in UTF-8.
pub(crate) fn text(owner: &Map<String, Value>, data: &Value) -> Option<String> {
    let is_text = is_text(owner.get("contentType")?.as_str()?);
    if is_text { decoded(data.as_str()?) } else { None }
}

/// Whether what a type names is text in UTF-8 or ASCII, as it is read.
pub(crate) fn is_text(media_type: &str) -> bool {
    let (name, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    let charset = parameters.to_ascii_lowercase();
    TYPES.iter().any(|known| name.trim().eq_ignore_ascii_case(known))
        && (!charset.contains("charset") || charset.contains("utf-8"))
}

/// The text in base64.
pub(crate) fn decoded(data: &str) -> Option<String> {
    let mut data = data.to_owned();
    data.retain(|c| !c.is_ascii_whitespace());
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

/// Whether a whole text is base64 and nothing else, in lines or one piece: nobody can tell what it
/// says of whom.
pub(crate) fn is_encoded(text: &str) -> bool {
    let text = text.trim().trim_end_matches('=').as_bytes();
    let is_sign = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'\r' | b'\n')
    };
    text.len() >= ENCODED_LEAST
        && text.iter().all(is_sign)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_digit)
        && text.split(|byte| matches!(byte, b'\r' | b'\n')).any(|line| line.len() >= 60)
}

/// A text as it is embedded.
pub(crate) fn data(text: &str) -> String {
    STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_told_from_words_and_codes() {
        let encoded =
            STANDARD.encode("Adam Everyman was seen on 2023-05-06, telephone 555-867-5309");
        assert!(is_encoded(&encoded));
        assert!(is_encoded(&format!("{}\n{}==", &encoded[..76], &encoded[76..])));
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for text in [
            &encoded[..70],
            digest,
            &"ACGT".repeat(30),
            "One line of words\nand another, none of which is base64, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
            &"word\nWord1\n".repeat(20),
        ] {
            assert!(!is_encoded(text), "{text}");
        }
    }
}
