//! First matching of a medical record: is all text there, is all imaging there?
//!
//! **Text.** Each of the three sections is compared with the standards of all sections in its language
//! by the cosine of two vectors of hashed grams; its length and its ending are measured beside that.
//! Hard checks come first: empty, a placeholder, another language. All arithmetic is on whole
//! numbers, so every node gets the same answer to the last bit. The database may ask for more sections
//! than the three ([`AddedSection`]). A [`Vectorizer`] of one's own may take
//! the grams' place; `SentenceEncoder` (feature `encoder`) reads one from ONNX.
//!
//! **Images.** Every imaging item that the record lists must be there at least as often as listed.
//! What an image shows is told by an [`ImageMatcher`]: [`HeaderMatcher`] reads the DICOM header,
//! `PixelMatcher` (feature `detector`, on by default) finds panels and writing on the pixels too.
//! What a person should look at is a [`Remark`].
//!
//! `docs/completeness.md` has the rules, the figures and the limits.
//!
//! ```
//! use emrshare_completeness::{HeaderMatcher, Standards, judge};
//! use emrshare_record::{SourceFile, import};
//!
//! let patient = br#"{"resourceType":"Patient","gender":"female"}"#;
//! let (record, _) = import(vec![SourceFile::new("patient.json", patient.to_vec())])?;
//! let verdict = judge(&record, Standards::embedded(), &HeaderMatcher);
//! assert!(!verdict.is_complete());
//! assert_eq!(verdict.reasons()[0].to_string(), "section basic: 6 characters, at least 7 are needed");
//! # Ok::<(), emrshare_record::ImportError>(())
//! ```

mod images;
mod section_name;
mod text;
mod verdict;

#[cfg(feature = "detector")]
pub use images::{Detector, Lettering, ModelError, PanelLabels, Panels, PixelMatcher};
pub use images::{Found, HeaderMatcher, ImageMatcher, Label};
pub use section_name::SectionName;
#[cfg(feature = "encoder")]
pub use text::SentenceEncoder;
pub use text::{
    AddedSection, Bound, Element, Grams, SectionRules, SectionStandard, Standards,
    StandardsBuilder, StandardsError, Thresholds, Vector, Vectorizer, add_section, calibrate,
    judge_sections, judge_sections_in,
};
pub use verdict::{Reason, Remark, SectionScore, Verdict};

use emrshare_record::{Record, Sections};

/// Judges a whole record.
#[must_use]
pub fn judge(record: &Record, standards: &Standards, matcher: &dyn ImageMatcher) -> Verdict {
    let mut verdict = judge_sections(&Sections::of(record), standards);
    verdict.add(images::compare(record, matcher));
    verdict
}
