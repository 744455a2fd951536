//! Finds what identifies a person in Chinese and English text: names, numbers, contacts, places,
//! dates, ages and institutions.
//!
//! 1. **Forms** (`numbers`, `dates`, `contacts`): what tells what it is by itself, some of it with a
//!    check digit. A text is walked once; next to Chinese characters is as good as next to a space,
//!    full-width digits are digits.
//! 2. **Labels** (`labelled`): what stands behind 住院号, MRN, 主管医师.
//! 3. **Chinese** (`chinese`): whole addresses by a grammar of units; names, places and institutions
//!    by a recurrent network, which reads only where a cheap model says that a name may begin;
//!    clinical terms are protected.
//! 4. **English** (`english`): names, places and institutions by a linear sequence model, and by what
//!    stands beside them: titles, other names, towns and postal codes; days without a year.
//!
//! Everything is computed in integers or single IEEE operations: the same text has the same findings
//! on every machine. Where the models come from and what went into them is in `model/README.md`.
//!
//! ```
//! use emrshare_recognize::{Kind, find};
//!
//! let text = "患者王建国，手机13812345678，家住浙江省杭州市西湖区文三路109号，2023年5月6日入院。";
//! let found: Vec<_> =
//!     find(text).into_iter().map(|finding| (finding.kind, &text[finding.range])).collect();
//! assert_eq!(found, [
//!     (Kind::Name, "王建国"),
//!     (Kind::Phone, "13812345678"),
//!     (Kind::Address, "浙江省杭州市西湖区文三路109号"),
//!     (Kind::Date, "2023年5月6日"),
//! ]);
//! ```

mod checks;
mod chinese;
#[cfg(feature = "classifier")]
mod classifier;
mod contacts;
mod context;
mod dates;
mod english;
mod fields;
mod finding;
mod labelled;
mod numbers;
mod recognizer;
mod width;

#[cfg(feature = "classifier")]
pub use classifier::{ClassifierError, TokenClassifier};
#[cfg(feature = "train")]
pub use english::train;
pub use fields::{find_in_xml, kind_of_field, kind_of_part, value_of_field};
pub use finding::{Certainty, Finding, Kind};
pub use recognizer::{Recognizer, RecognizerError};

use std::ops::Range;

use context::is_han;
use width::HalfWidth;

/// Everything in a text that identifies somebody, in order, without overlaps.
///
/// Takes time in proportion to the text's length, whatever stands in it.
#[must_use]
pub fn find(text: &str) -> Vec<Finding> {
    find_beside(text, Vec::new(), |_| true)
}

/// [`find`], for some kinds only, when some findings are known already: these are part of the result,
/// and what lies within them is not searched for Chinese names again. A finding that is not wanted
/// takes nothing away from one that it overlaps.
///
/// # Panics
/// If the range of a known finding is not one of the text's.
///
/// ```
/// use emrshare_recognize::{Certainty, Finding, Kind, find_beside};
///
/// let known = Finding { range: 0..4, kind: Kind::Name, certainty: Certainty::Certain };
/// assert_eq!(find_beside("Ezxb was well.", vec![known.clone()], |_| true), [known]);
/// ```
#[must_use]
pub fn find_beside(
    text: &str,
    mut known: Vec<Finding>,
    wanted: impl Fn(Kind) -> bool,
) -> Vec<Finding> {
    known.retain(|finding| wanted(finding.kind));
    let mut all = Vec::new();
    for piece in pieces(text) {
        let within = known.iter().filter_map(|finding| cut_to(finding, &piece)).collect();
        let found = find_in_piece(&text[piece.clone()], within, &wanted);
        all.extend(found.into_iter().map(|mut finding| {
            finding.range = finding.range.start + piece.start..finding.range.end + piece.start;
            finding
        }));
    }
    all
}

/// Texts are read in pieces of about this many bytes, so that memory does not grow with them.
const PIECE_LEN: usize = 64 * 1024;

/// Parts of a text, cut at ends of lines or else of words where that can be.
fn pieces(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &text[start..];
        let len = if rest.len() <= PIECE_LEN {
            rest.len()
        } else {
            let piece = &rest[..rest.floor_char_boundary(PIECE_LEN)];
            let cut = piece.rfind('\n').or_else(|| piece.rfind([' ', '。', '，']));
            cut.filter(|cut| *cut > 0).unwrap_or(piece.len())
        };
        let piece = start..start + len;
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The part of a finding that lies in a piece, as seen from there.
fn cut_to(finding: &Finding, piece: &Range<usize>) -> Option<Finding> {
    let (start, end) = (finding.range.start.max(piece.start), finding.range.end.min(piece.end));
    let range = || start - piece.start..end - piece.start;
    (start < end).then(|| Finding { range: range(), ..finding.clone() })
}

fn find_in_piece(text: &str, known: Vec<Finding>, wanted: impl Fn(Kind) -> bool) -> Vec<Finding> {
    let half = HalfWidth::of(text);
    let mut findings = half.narrowed_findings(known);
    let text = half.text();
    numbers::find(text, &mut findings);
    contacts::find(text, &mut findings);
    dates::find_words(text, &mut findings);
    labelled::find(text, &mut findings);
    fields::find(text, &mut findings);
    if text.chars().any(is_han) {
        chinese::find(text, &mut findings);
    }
    if text.chars().any(|c| c.is_alphabetic() && !is_han(c)) {
        english::find(text, &mut findings);
    }
    findings.retain(|finding| wanted(finding.kind));
    let mut joined = finding::join(findings);
    for finding in &mut joined {
        finding.range = half.original(finding.range.clone());
    }
    joined
}

/// Whether a word in small letters is a common one of English, a name or not: rose, young, may.
#[must_use]
pub fn is_english_word(word: &str) -> bool {
    english::is_word(word)
}

/// What is certain by its form alone: check digits, mail addresses, mobile numbers. Much faster
/// than [`find`]; for those who receive a text and want to know whether it is fit to be kept.
///
/// ```
/// use emrshare_recognize::find_certain;
///
/// assert_eq!(find_certain("Mr. Ashworth wrote from a@example.com.").len(), 1);
/// ```
#[must_use]
pub fn find_certain(text: &str) -> Vec<Finding> {
    let half = HalfWidth::of(text);
    let mut findings = Vec::new();
    numbers::find(half.text(), &mut findings);
    contacts::find(half.text(), &mut findings);
    findings.retain(|finding| finding.certainty == Certainty::Certain);
    for finding in &mut findings {
        finding.range = half.original(finding.range.clone());
    }
    findings
}
