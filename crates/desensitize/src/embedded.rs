//! Text that is embedded in base64: `data` of a FHIR Attachment or Binary beside a `contentType`, and
//! what CDA holds with a `mediaType`.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Types of text whose words stand in it as they are read.
const TYPES: [&str; 4] = ["text/plain", "text/html", "text/markdown", "text/csv"];

/// The least length of a text that is taken for base64: words and codes are shorter.
const ENCODED_LEAST: usize = 80;

/// The least length of its first line, if it has several: PEM has 64 signs, MIME 76.
const LINE_LEAST: usize = 60;

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

/// Where base64 stands in a text, in one piece or in lines: nobody can tell what it says of whom.
pub(crate) fn encoded(text: &str) -> Vec<Range<usize>> {
    let is_sign = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\r' | b'\n')
    };
    let mut end = 0;
    let pieces = text.as_bytes().split(|byte| !is_sign(byte)).map(|piece| {
        let start = end;
        end += piece.len() + 1;
        start..start + piece.len()
    });
    let long = pieces.filter(|range| range.len() >= ENCODED_LEAST);
    long.filter_map(|range| encoded_lines(text, range)).collect()
}

/// The part of a piece that is base64: from the first long line on.
fn encoded_lines(text: &str, piece: Range<usize>) -> Option<Range<usize>> {
    let mut lines = text[piece.clone()].split(['\r', '\n']);
    let words: usize =
        lines.by_ref().take_while(|line| line.len() < LINE_LEAST).map(|line| line.len() + 1).sum();
    let range = piece.start + words..piece.start + text[piece].trim_end_matches(['\r', '\n']).len();
    let signs = text.get(range.clone())?.as_bytes();
    let is_encoded = signs.len() >= ENCODED_LEAST
        && signs.iter().any(u8::is_ascii_lowercase)
        && signs.iter().any(u8::is_ascii_uppercase)
        && signs.iter().any(u8::is_ascii_digit);
    is_encoded.then_some(range)
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
        let signs =
            STANDARD.encode("Adam Everyman was seen on 2023-05-06, telephone 555-867-5309, 1");
        let found = |text: &str| {
            encoded(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found(&signs), [&*signs]);
        assert_eq!(found(&format!("See: {signs}, and {signs}.")), [&*signs, &*signs]);
        let lines = format!("{}\n{}", &signs[..76], &signs[76..]);
        assert_eq!(found(&format!("Scan\n{lines}\r\n")), [&*lines]);
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".repeat(2);
        for text in [
            &signs[..70],
            &digest,
            &"ACGT".repeat(30),
            "A line of words\nand another, none of which is base64, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
            &"word\nWord1\n".repeat(20),
            "",
        ] {
            assert!(encoded(text).is_empty(), "{text}");
        }
    }
}
