//! What is measured on a section's text, and how far it is from its bounds.

use emrshare_record::Section;

use super::{
    added::Centre,
    ending,
    language::LanguageStandard,
    scale::{MILLION, SIXTEENTHS, log2_sixteenths},
    standards::{Bound, SectionRules, Thresholds},
    vector::Vector,
};

/// What the ending of a text of usual length must reach, unless told otherwise: what is 32 times as
/// often cut off as whole is not enough.
const ENDING: i32 = -5 * SIXTEENTHS as i32;

/// From what is just enough to what is usual.
const SURER: i32 = 8 * SIXTEENTHS as i32;

/// What counts against the ending of a text that is just long enough: a short text must end the
/// surer.
const SHORT: i64 = -8 * SIXTEENTHS as i64;

/// What is measured on one text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) length: i32,
    pub(crate) similarity: i32,
    pub(crate) contrast: i32,
    /// The section whose standard it is most like, but for its own.
    pub(crate) rival: Section,
}

impl Measured {
    pub(crate) fn of(
        text: &str,
        vector: &Vector,
        section: Section,
        standard: &LanguageStandard,
    ) -> Self {
        Self::new(length(text), standard.cosines(vector), section)
    }

    pub(crate) fn new(length: i32, cosines: [i32; 4], section: Section) -> Self {
        let others = Section::ALL.into_iter().filter(|other| *other != section);
        let rival = others.max_by_key(|other| cosines[*other as usize]).unwrap_or(section);
        let similarity = cosines[section as usize];
        Self { length, similarity, contrast: similarity - cosines[rival as usize], rival }
    }

    /// Of a section beside the three.
    pub(crate) fn of_added(
        length: i32,
        vector: &Vector,
        centre: &Centre,
        standard: &LanguageStandard,
    ) -> Self {
        let cosines = standard.cosines(vector);
        let rival = Section::ALL.into_iter().max_by_key(|other| cosines[*other as usize]);
        let rival = rival.unwrap_or(Section::Basic);
        let similarity = standard.cosine_with(centre, vector);
        Self { length, similarity, contrast: similarity - cosines[rival as usize], rival }
    }
}

/// The bound of an ending that the database says nothing of.
pub(crate) const fn ending_bound() -> Bound {
    ending_bound_of(ENDING)
}

pub(crate) const fn ending_bound_of(least: i32) -> Bound {
    Bound { least, usual: least + SURER }
}

/// That of sections that are added: they are learnt from a consortium's own records.
pub(crate) const fn added_ending_bound() -> Bound {
    ending_bound_of(-2 * SIXTEENTHS as i32)
}

/// The margins of a text over its bounds, in millionths: 0 is just not enough, a million usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Margins {
    pub(crate) length: i32,
    pub(crate) similarity: i32,
    pub(crate) contrast: i32,
    pub(crate) ending: i32,
}

impl Margins {
    pub(crate) fn of(measured: &Measured, ending: i32, thresholds: &Thresholds) -> Self {
        Self {
            length: margin(measured.length, thresholds.length),
            similarity: margin(measured.similarity, thresholds.similarity),
            contrast: margin(measured.contrast, thresholds.contrast),
            ending: margin(
                ending_in(measured.length, ending, thresholds.length),
                thresholds.ending,
            ),
        }
    }

    pub(crate) fn least(self) -> i32 {
        self.length.min(self.similarity).min(self.contrast).min(self.ending)
    }
}

/// How much likelier a section's text is whole than cut off, by its end: 16 times a logarithm to
/// base 2.
pub(crate) fn ending(text: &str, rules: &SectionRules, standard: &LanguageStandard) -> i32 {
    ending::evidence(text, standard, rules)
}

/// Characters without white space, as 16 times their logarithm to base 2.
pub(crate) fn length(text: &str) -> i32 {
    length_of(characters(text))
}

/// A count of characters, as 16 times its logarithm to base 2.
pub(crate) fn length_of(characters: usize) -> i32 {
    log2_sixteenths(characters as u64 + 1) as i32
}

/// Characters without white space.
pub(crate) fn characters(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// What an ending says in a text of this length.
pub(crate) fn ending_in(length: i32, ending: i32, bound: Bound) -> i32 {
    let missing = i64::from(MILLION) - i64::from(margin(length, bound));
    ending + (SHORT * missing / i64::from(MILLION)) as i32
}

fn margin(value: i32, bound: Bound) -> i32 {
    let above = i64::from(value) - i64::from(bound.least);
    let usual = (i64::from(bound.usual) - i64::from(bound.least)).max(1);
    let million = i64::from(MILLION);
    (above * million / usual).clamp(-million, million) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margin_is_nothing_at_the_least_and_one_at_the_usual() {
        let bound = Bound { least: 100, usual: 300 };
        assert_eq!(margin(100, bound), 0);
        assert_eq!(margin(200, bound), MILLION / 2);
        assert_eq!(margin(300, bound), MILLION);
        assert_eq!(margin(900, bound), MILLION);
        assert_eq!(margin(0, bound), -MILLION / 2);
        assert_eq!(margin(i32::MIN, bound), -MILLION);
    }
}
