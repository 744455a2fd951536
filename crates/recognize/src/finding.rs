//! What was found, where and how surely.

use std::ops::Range;

/// What a piece of text tells of a person.
///
/// Covers the identifiers of HIPAA Safe Harbor (45 CFR 164.514(b)(2)(i)) that can stand in text.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Kind {
    /// A person's name: patients, relatives, staff.
    Name,
    /// A number that stands for a person: identity, record, account, card, vehicle, device.
    Id,
    /// A telephone or fax number.
    Phone,
    /// An electronic mail address.
    Email,
    /// A web or network address.
    Network,
    /// A place: from a country or province to a room number.
    Address,
    /// A date more exact than a year.
    Date,
    /// An age over 89.
    Age,
    /// An institution.
    Organisation,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Certainty {
    /// By its context, or by a model.
    Likely,
    /// By its form alone: a check digit, a mail address.
    Certain,
}

/// A piece of text that identifies somebody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What it tells.
    pub kind: Kind,
    /// How sure that is.
    pub certainty: Certainty,
}

impl Finding {
    pub(crate) const fn likely(range: Range<usize>, kind: Kind) -> Self {
        Self { range, kind, certainty: Certainty::Likely }
    }

    pub(crate) const fn certain(range: Range<usize>, kind: Kind) -> Self {
        Self { range, kind, certainty: Certainty::Certain }
    }
}

/// Orders findings and joins those that overlap: the surer, then the longer one gives the kind.
pub(crate) fn join(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.range.start, std::cmp::Reverse(finding.range.end)));
    let mut joined: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        match joined.last_mut() {
            Some(last) if finding.range.start < last.range.end => last.absorb(finding),
            _ => joined.push(finding),
        }
    }
    joined
}

impl Finding {
    fn absorb(&mut self, other: Self) {
        // Institutions are often shared as they are: what overlaps one must not be shared with it.
        let weight = |finding: &Self| {
            (finding.kind != Kind::Organisation, finding.certainty, finding.range.len())
        };
        if weight(&other) > weight(self) {
            (self.kind, self.certainty) = (other.kind, other.certainty);
        }
        self.range.end = self.range.end.max(other.range.end);
    }
}

/// What a finder finds in a text.
#[cfg(test)]
pub(crate) fn found_by(find: impl Fn(&str, &mut Vec<Finding>), text: &str) -> Vec<&str> {
    let mut findings = Vec::new();
    find(text, &mut findings);
    findings.into_iter().map(|finding| &text[finding.range]).collect()
}
