//! Words, numbers and signs of a text in Latin or a related script.

use std::ops::Range;

use super::lists::Entry;
use crate::context::is_han;

/// What a token looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// All small letters.
    Small,
    /// A capital, then small letters.
    Capitalised,
    /// Capitals only, two at least.
    Capitals,
    /// One capital.
    Initial,
    /// Capitals within.
    Mixed,
    /// Digits.
    Digits,
    /// The end of a line.
    Line,
    /// Anything else.
    Sign,
}

/// A token, with the numbers that features are made of.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) range: Range<usize>,
    pub(super) shape: Shape,
    /// Hash of the token in small letters; numbers of one length are alike.
    pub(super) word: u32,
    pub(super) prefix: u32,
    pub(super) suffix: u32,
    pub(super) known: Entry,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 5);
    let mut characters = text.char_indices().peekable();
    while let Some((start, c)) = characters.next() {
        if c.is_whitespace() && c != '\n' {
            continue;
        }
        let mut end = start + c.len_utf8();
        let goes_on = |next: char| {
            if c.is_ascii_digit() { next.is_ascii_digit() } else { is_letter(c) && is_letter(next) }
        };
        while let Some((at, next)) = characters.next_if(|(_, next)| goes_on(*next)) {
            end = at + next.len_utf8();
        }
        tokens.push(Token::new(text, start..end));
    }
    tokens
}

fn is_letter(c: char) -> bool {
    (c.is_alphabetic() && !is_han(c)) || c == '\u{301}'
}

impl Token {
    fn new(text: &str, range: Range<usize>) -> Self {
        let token = &text[range.clone()];
        let shape = shape(token);
        let small = token.to_lowercase();
        let word = match shape {
            Shape::Digits => hash(0, &[token.len().min(8) as u8]),
            _ => word_hash(&small),
        };
        let head = small.char_indices().nth(3).map_or(small.len(), |(at, _)| at);
        let tail = small.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
        Self {
            shape,
            word,
            prefix: hash(2, &small.as_bytes()[..head]),
            suffix: hash(3, &small.as_bytes()[tail..]),
            known: super::lists::of(word),
            range,
        }
    }
}

fn shape(token: &str) -> Shape {
    let first = token.chars().next().unwrap_or(' ');
    let count = token.chars().count();
    if first == '\n' {
        Shape::Line
    } else if first.is_ascii_digit() {
        Shape::Digits
    } else if !is_letter(first) {
        Shape::Sign
    } else if !token.chars().any(char::is_uppercase) {
        Shape::Small
    } else if count == 1 {
        Shape::Initial
    } else if !token.chars().any(char::is_lowercase) {
        Shape::Capitals
    } else if first.is_uppercase() && !token.chars().skip(1).any(char::is_uppercase) {
        Shape::Capitalised
    } else {
        Shape::Mixed
    }
}

/// Hash of a word in small letters.
pub(super) fn word_hash(word: &str) -> u32 {
    hash(1, word.as_bytes())
}

/// FNV-1a, begun with a number that tells what is hashed.
fn hash(of: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5 ^ of, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_signs() {
        let text = "Dr. O'Brien, MRN 45-8892\n王 Růžena";
        let shown: Vec<_> = tokens(text).into_iter().map(|t| (&text[t.range], t.shape)).collect();
        assert_eq!(
            shown[..5],
            [
                ("Dr", Shape::Capitalised),
                (".", Shape::Sign),
                ("O", Shape::Initial),
                ("'", Shape::Sign),
                ("Brien", Shape::Capitalised)
            ]
        );
        assert_eq!(
            shown[shown.len() - 3..],
            [("\n", Shape::Line), ("王", Shape::Sign), ("Růžena", Shape::Capitalised)]
        );
    }
}
