//! Is all text there?

mod added;
mod build;
mod calibrate;
mod defaults;
#[cfg(feature = "encoder")]
mod encoder;
mod ending;
mod ends;
mod extend;
mod grams;
mod language;
mod measure;
mod person;
mod placeholder;
mod repeated;
mod scale;
mod standards;
mod vector;
mod words;

pub use added::AddedSection;
pub use build::StandardsBuilder;
pub use calibrate::calibrate;
#[cfg(feature = "encoder")]
pub use encoder::SentenceEncoder;
pub use extend::add_section;
pub use grams::Grams;
pub use standards::{
    Bound, Element, SectionRules, SectionStandard, Standards, StandardsError, Thresholds,
};
pub use vector::{Vector, Vectorizer};

use emrshare_record::{Language, Section, Sections};

use self::{
    added::AddedStandard,
    language::LanguageStandard,
    measure::{Margins, Measured},
    scale::MILLION,
};
use crate::{Reason, SectionName, SectionScore, Verdict};

/// Letters of another language that a section may hold before it is called foreign.
const FOREIGN_LETTERS: usize = 20;

/// Judges the sections of a record in the language that most of it is in.
#[must_use]
pub fn judge_sections(sections: &Sections, standards: &Standards) -> Verdict {
    judge_sections_in(Language::of(&sections.joined()), sections, standards)
}

/// Judges the sections of a record whose language is known: the three, and those that the database
/// adds in this language.
#[must_use]
pub fn judge_sections_in(
    language: Language,
    sections: &Sections,
    standards: &Standards,
) -> Verdict {
    let Some(standard) = standards.language(language) else {
        let names = || Section::ALL.into_iter().map(SectionName::from);
        let reason = |section| Reason::NoStandard { section, language: language.code() };
        let scores = names().map(SectionScore::nothing).collect();
        return Verdict::new(scores, 0, names().map(reason).collect());
    };
    let judge = Judge { language, standards, standard };
    let (mut scores, mut reasons) = (Vec::new(), Vec::new());
    for section in Section::ALL {
        let (score, reason) = judge.one(section, sections.get(section).trim());
        scores.push(score);
        reasons.extend(reason);
    }
    for (section, reason) in between(sections) {
        reasons.push(reason);
        let score = &mut scores[section as usize].margin;
        *score = (*score).min(-MILLION / 4);
    }
    for (added, text) in added::texts(standard, sections) {
        let (score, reason) = judge.added(added, &text);
        scores.push(score);
        reasons.extend(reason);
    }
    let [.., whole] = standard.cosines(&standards.vector(&sections.joined()));
    Verdict::new(scores, whole, reasons)
}

/// What is wrong between the sections: another patient, the same text twice.
fn between(sections: &Sections) -> impl Iterator<Item = (Section, Reason)> {
    let other = person::contradicting(sections);
    let other = other.map(|section| (section, Reason::OtherPatient { section: section.into() }));
    let repeated = repeated::repeated(sections);
    let repeated = repeated
        .map(|(section, like)| (section, Reason::Repeated { section: section.into(), like }));
    other.into_iter().chain(repeated)
}

/// Judges sections of one language.
struct Judge<'a> {
    language: Language,
    standards: &'a Standards,
    standard: &'a LanguageStandard,
}

impl Judge<'_> {
    fn one(&self, section: Section, text: &str) -> (SectionScore, Option<Reason>) {
        let rules = &self.standard.rules[section as usize];
        self.section(section.into(), text, rules, |vector| {
            Measured::of(text, vector, section, self.standard)
        })
    }

    fn added(&self, added: &AddedStandard, text: &str) -> (SectionScore, Option<Reason>) {
        self.section((&added.section).into(), text, &added.rules, |vector| {
            Measured::of_added(measure::length(text), vector, &added.centre, self.standard)
        })
    }

    fn section(
        &self,
        section: SectionName,
        text: &str,
        rules: &SectionRules,
        measure: impl FnOnce(&Vector) -> Measured,
    ) -> (SectionScore, Option<Reason>) {
        let Self { language, standard, .. } = *self;
        if text.is_empty() {
            return (SectionScore::nothing(section.clone()), Some(Reason::Missing { section }));
        }
        if placeholder::is_placeholder(text) {
            return (SectionScore::nothing(section.clone()), Some(Reason::Placeholder { section }));
        }
        let measured = measure(&self.standards.vector(text));
        let ending = measure::ending(text, rules, standard);
        let margins = Margins::of(&measured, ending, &rules.thresholds);
        let missing = missing_element(text, rules);
        let foreign = is_foreign(text, language);
        let mut margin = margins.least();
        if foreign || missing.is_some() {
            margin = margin.min(-MILLION / 2);
        }
        let score = SectionScore {
            section: section.clone(),
            margin,
            similarity: measured.similarity,
            contrast: measured.contrast,
            ending: margins.ending,
        };
        let reason = if foreign {
            Some(Reason::OtherLanguage { section, language: language.code() })
        } else if let Some(element) = missing {
            Some(Reason::MissingElement { section, element })
        } else if margin > 0 {
            None
        } else if margins.length <= 0 {
            Some(too_short(section, text, rules))
        } else if margins.ending == margin {
            Some(Reason::CutOff { section })
        } else if margins.contrast <= 0 {
            Some(Reason::OtherSection { section, like: measured.rival })
        } else {
            let threshold = rules.thresholds.similarity.least;
            Some(Reason::Unlike { section, similarity: measured.similarity, threshold })
        };
        (score, reason)
    }
}

fn too_short(section: SectionName, text: &str, rules: &SectionRules) -> Reason {
    let found = measure::characters(text);
    let enough = |needed: &usize| measure::length_of(*needed) > rules.thresholds.length.least;
    let needed = (found..).find(enough).unwrap_or(found);
    Reason::TooShort { section, found, needed }
}

/// The elements of which none is named, if fewer are named than must be.
fn missing_element(text: &str, rules: &SectionRules) -> Option<String> {
    if rules.elements_min == 0 {
        return None;
    }
    let lower = text.to_lowercase();
    let is_named =
        |element: &&Element| element.words.iter().any(|word| lower.contains(word.as_str()));
    let (named, missing): (Vec<_>, Vec<_>) = rules.elements.iter().partition(is_named);
    let names =
        || missing.iter().map(|element| element.name.as_str()).collect::<Vec<_>>().join(" or ");
    (named.len() < rules.elements_min).then(names)
}

/// Whether a text is in another language than its record. Abbreviations and names are not.
fn is_foreign(text: &str, language: Language) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    match (language, Language::of(text)) {
        (Language::Chinese, Language::English) => letters >= FOREIGN_LETTERS,
        (Language::English, Language::Chinese) => true,
        _ => false,
    }
}
