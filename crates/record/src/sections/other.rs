//! Sections beside the three.

use std::fmt;

/// A section that is none of the three.
#[derive(Clone, Eq, PartialEq)]
pub struct OtherSection {
    /// Its title; empty if it has none.
    pub title: String,
    /// Its codes, such as LOINC's.
    pub codes: Vec<String>,
    /// Its text.
    pub text: String,
}

/// Shows the size and the codes only: title and text are the record's.
impl fmt::Debug for OtherSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtherSection({:?}, {} characters)", self.codes, self.text.chars().count())
    }
}
