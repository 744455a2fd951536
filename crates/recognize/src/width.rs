//! Full-width forms (U+FF01 to U+FF5E) read as the ASCII characters they stand for.

use std::{borrow::Cow, ops::Range};

use crate::Finding;

/// A text in half width, and the way back to the original's bytes.
pub(crate) struct HalfWidth<'a> {
    text: Cow<'a, str>,
    /// Where each narrowed character ends, in the narrowed text and in the original: it is two bytes
    /// shorter.
    ends: Vec<(usize, usize)>,
}

impl<'a> HalfWidth<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if !text.chars().any(is_wide) {
            return Self { text: Cow::Borrowed(text), ends: Vec::new() };
        }
        let mut half = String::with_capacity(text.len());
        let mut ends = Vec::new();
        for (at, c) in text.char_indices() {
            half.push(if is_wide(c) { narrow(c) } else { c });
            if is_wide(c) {
                ends.push((half.len(), at + c.len_utf8()));
            }
        }
        Self { text: Cow::Owned(half), ends }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Findings in the original as findings in the narrowed text.
    pub(crate) fn narrowed_findings(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let narrow = |at: usize| at - 2 * self.ends.partition_point(|(_, end)| *end <= at);
        for finding in &mut findings {
            finding.range = narrow(finding.range.start)..narrow(finding.range.end);
        }
        findings
    }

    /// The bytes of the original that a range of the narrowed text stands for.
    pub(crate) fn original(&self, range: Range<usize>) -> Range<usize> {
        let shift = |at: usize| at + 2 * self.ends.partition_point(|(end, _)| *end <= at);
        shift(range.start)..shift(range.end)
    }
}

/// Letters, digits and the signs that addresses and numbers are written with. Punctuation that
/// ends a sentence stays as it is.
const fn is_wide(c: char) -> bool {
    matches!(c, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '＠' | '－' | '．' | '／' | '＋' | '＃' | '＿')
}

fn narrow(c: char) -> char {
    char::from_u32(c as u32 - 0xfee0).expect("full-width forms lie 0xFEE0 above ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lead_back() {
        let text = "电话１３８a";
        let half = HalfWidth::of(text);
        assert_eq!(half.text(), "电话138a");
        assert_eq!(&text[half.original(6..9)], "１３８");
        assert_eq!(&text[half.original(7..10)], "３８a");
        assert_eq!(half.original(0..10), 0..text.len());
        let known = vec![Finding::certain(9..15, crate::Kind::Phone)];
        assert_eq!(half.narrowed_findings(known)[0].range, 7..9);
    }
}
