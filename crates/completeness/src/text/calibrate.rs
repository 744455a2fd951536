//! Sets the bounds of a standard database by other records.

use std::sync::Arc;

use emrshare_record::{Language, Section, Sections};

use super::{
    build::{Slack, permille, thresholds, written},
    defaults::ending_bound,
    ending,
    language::LanguageStandard,
    measure::{self, Measured},
    standards::{Bound, Database, SectionRules, Standards, StandardsError, Thresholds},
    vector::Vectorizer,
};

/// Bounds of a section.
const BOUNDS: usize = 4;

/// Sets the bounds of a database anew, so that about `refused_permille` of the given complete
/// records would be refused. The vectorizer is the one that it was made with.
///
/// Bounds of endings are only lowered below their defaults: records of which all end with a full
/// stop say nothing against one without. Sections that the database adds are calibrated by the
/// records that have them.
///
/// # Errors
/// [`StandardsError`] if the database is none.
///
/// # Panics
/// Never: numbers and strings become JSON.
pub fn calibrate(
    database: &[u8],
    vectorizer: Arc<dyn Vectorizer>,
    records: &[(Language, Sections)],
    refused_permille: usize,
) -> Result<Vec<u8>, StandardsError> {
    let standards = Standards::with_vectorizer(database, vectorizer)?;
    let mut data = Database::read(database)?;
    for (standard, language) in standards.languages().zip(&mut data.languages) {
        let (code, standard) = standard;
        let own: Vec<_> = records.iter().filter(|(language, _)| *language == code).collect();
        // The bounds of all sections share what may be refused.
        let bounds = BOUNDS * (Section::ALL.len() + standard.added.len());
        let left_out = own.len() * refused_permille / (1000 * bounds);
        for (place, section) in Section::ALL.into_iter().enumerate() {
            let texts: Vec<_> = own.iter().map(|(_, sections)| sections.get(section)).collect();
            let measured = texts
                .iter()
                .map(|text| Measured::of(text, &standards.vector(text), section, standard));
            let measured: Vec<_> = measured.collect();
            let rules = &mut language.sections[place].rules;
            rules.thresholds.ending = ending_bound(code, section);
            set(rules, &texts, &measured, standard, left_out);
        }
        for (added, data) in standard.added.iter().zip(&mut language.added) {
            let texts = own.iter().map(|(_, sections)| added.section.text_of(sections));
            let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
            let measured = texts.iter().map(|text| {
                let (length, vector) = (measure::length(text), standards.vector(text));
                Measured::of_added(length, &vector, &added.centre, standard)
            });
            let measured: Vec<_> = measured.collect();
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            data.rules.thresholds.ending = measure::added_ending_bound();
            set(&mut data.rules, &texts, &measured, standard, left_out);
        }
    }
    Ok(written(&data))
}

/// Sets a section's bounds by its texts in other records, if it has any.
fn set(
    rules: &mut SectionRules,
    texts: &[&str],
    measured: &[Measured],
    standard: &LanguageStandard,
    left_out: usize,
) {
    if texts.is_empty() {
        return;
    }
    let marked = texts.iter().filter(|text| ending::is_marked(text)).count();
    rules.marked = permille(marked, texts.len());
    let mut bounds = thresholds(measured, left_out, Slack::NONE);
    if left_out == 0 {
        bounds = half_way(&rules.thresholds, bounds);
    }
    let said = texts.iter().zip(measured).map(|(text, measured)| {
        let says = measure::ending(text, rules, standard);
        measure::ending_in(measured.length, says, bounds.length)
    });
    let ending = lowered(rules.thresholds.ending, said.collect(), left_out);
    rules.thresholds = Thresholds { ending, ..bounds };
}

/// Too few records say that more is enough than did before, not that as little as their least is too
/// little: bounds rise by half only.
fn half_way(before: &Thresholds, measured: Thresholds) -> Thresholds {
    let half = |before: Bound, measured: Bound| Bound {
        least: measured.least.min(before.least.midpoint(measured.least)),
        ..measured
    };
    Thresholds {
        length: half(before.length, measured.length),
        similarity: half(before.similarity, measured.similarity),
        contrast: half(before.contrast, measured.contrast),
        ..measured
    }
}

/// The bound of endings that all but `left_out` of complete texts reach, if it is below this one.
fn lowered(ending: Bound, mut said: Vec<i32>, left_out: usize) -> Bound {
    said.sort_unstable();
    let reached = said.get(left_out).map_or(ending.least, |said| said - 1);
    measure::ending_bound_of(ending.least.min(reached))
}
