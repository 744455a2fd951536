//! Names of the sections that are judged.

use std::fmt;

use emrshare_record::Section;

use crate::AddedSection;

/// One of the three sections, or one that the standard database adds.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum SectionName {
    /// One of the three.
    One(Section),
    /// Another, by its name.
    Added(String),
}

impl SectionName {
    /// The name, as in reports and lines of JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::One(section) => section.name(),
            Self::Added(name) => name,
        }
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Section> for SectionName {
    fn from(section: Section) -> Self {
        Self::One(section)
    }
}

impl From<&AddedSection> for SectionName {
    fn from(section: &AddedSection) -> Self {
        Self::Added(section.name.clone())
    }
}
