//! What stands around a place in a text.

use std::ops::Range;

/// Numbers and Latin letters do not go on at either end; next to a Chinese character is fine.
pub(crate) fn stands_apart(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let joined = |left: Option<&u8>, right: Option<&u8>| {
        left.is_some_and(u8::is_ascii_alphanumeric) && right.is_some_and(u8::is_ascii_alphanumeric)
    };
    let before = range.start.checked_sub(1).and_then(|at| bytes.get(at));
    !joined(before, bytes.get(range.start))
        && !joined(bytes.get(range.end - 1), bytes.get(range.end))
}

/// Up to `len` bytes before a place, from the start of a character.
pub(crate) fn before(text: &str, at: usize, len: usize) -> &str {
    &text[text.floor_char_boundary(at.saturating_sub(len))..at]
}

/// Up to `len` bytes from a place on, to the end of a character.
pub(crate) fn after(text: &str, at: usize, len: usize) -> &str {
    &text[at..text.floor_char_boundary(at.saturating_add(len))]
}

/// Chinese characters (Unified Ideographs, with extension A).
pub(crate) const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}
