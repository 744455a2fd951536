//! Adds sections to a standard database.

use std::sync::Arc;

use emrshare_record::{Language, Sections};

use super::{
    AddedSection, Vectorizer,
    added::{AddedData, Centre},
    build::{LEFT_OUT, Slack, centre, permille, table_of, thresholds, written},
    ending,
    language::{LanguageStandard, table},
    measure::{self, Measured, length},
    standards::{Database, LanguageData, SectionRules, Standards, StandardsError, Thresholds},
    vector::Vector,
};

/// Texts of a language that a section is learnt from, at least.
const TEXTS_MIN: usize = 10;

/// Adds a section to a database, or learns it anew if it is there.
///
/// Its standard is made of the records that have it; the texts that the database was made of are not
/// needed. How rare grams are, and how phrases end, stays as it is. From then on each record in a
/// language of which at least 10 of the records have the section must have it. The vectorizer is the
/// one that the database was made with.
///
/// ```
/// use emrshare_completeness::{AddedSection, Grams, Standards, add_section, judge_sections};
/// use emrshare_record::{Language, OtherSection, Sections};
///
/// let section = AddedSection {
///     name: "allergies".into(),
///     titles: vec!["allerg".into()],
///     codes: vec!["48765-2".into()],
/// };
/// let with = |drug: &str| Sections::default().with(OtherSection {
///     title: "Allergies".into(),
///     codes: vec![],
///     text: format!("Allergic to {drug}, rash in childhood."),
/// });
/// let drugs = ["penicillin", "aspirin", "ibuprofen", "latex", "iodine"];
/// let records: Vec<_> = drugs.iter().cycle().take(10).map(|drug| (Language::English, with(drug))).collect();
/// let database = add_section(Standards::EMBEDDED, std::sync::Arc::new(Grams), &section, &records)?;
///
/// let verdict = judge_sections(&with("cefazolin"), &Standards::from_json(&database)?);
/// assert!(verdict.scores()[3].margin > 0);
/// # Ok::<(), emrshare_completeness::StandardsError>(())
/// ```
///
/// # Errors
/// [`StandardsError`] if the database is none, the section cannot be added, or too few records of any
/// language have it.
pub fn add_section(
    database: &[u8],
    vectorizer: Arc<dyn Vectorizer>,
    section: &AddedSection,
    records: &[(Language, Sections)],
) -> Result<Vec<u8>, StandardsError> {
    section.check()?;
    let standards = Standards::with_vectorizer(database, vectorizer.clone())?;
    let mut data = Database::read(database)?;
    let mut most = 0;
    for ((language, standard), data) in standards.languages().zip(&mut data.languages) {
        let own = records.iter().filter(|(code, _)| *code == language);
        let texts = own.map(|(_, sections)| section.text_of(sections));
        let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
        most = most.max(texts.len());
        if texts.len() >= TEXTS_MIN {
            let learnt = learn(data, standard, section, &texts, &*vectorizer)?;
            data.added.retain(|known| known.section.name != section.name);
            data.added.push(learnt);
        }
    }
    if most < TEXTS_MIN {
        let section = section.name.clone();
        return Err(StandardsError::TooFewTexts { section, found: most, needed: TEXTS_MIN });
    }
    Ok(written(&data))
}

fn learn(
    data: &LanguageData,
    standard: &LanguageStandard,
    section: &AddedSection,
    texts: &[String],
    vectorizer: &dyn Vectorizer,
) -> Result<AddedData, StandardsError> {
    let rarity = table(data, "rarity", &data.rarity, vectorizer.dimensions())?;
    let vectors: Vec<Vector> = texts.iter().map(|text| vectorizer.vector(text)).collect();
    let weights = centre(vectors.iter(), &rarity);
    let table = table_of(&weights);
    let centre = Centre::new(weights);
    let measured: Vec<_> = texts
        .iter()
        .zip(&vectors)
        .map(|(text, vector)| Measured::of_added(length(text), vector, &centre, standard))
        .collect();
    let bounds = thresholds(&measured, texts.len() / LEFT_OUT, Slack::ADDED);
    let marked = texts.iter().filter(|text| ending::is_marked(text)).count();
    let rules = SectionRules {
        texts: texts.len() as u32,
        marked: permille(marked, texts.len()),
        thresholds: Thresholds { ending: measure::added_ending_bound(), ..bounds },
        elements: Vec::new(),
        elements_min: 0,
        closings: Vec::new(),
    };
    Ok(AddedData { section: section.clone(), rules, centre: table })
}
