//! Makes a standard database from complete records.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use emrshare_record::{Language, Section, Sections};

use super::{
    defaults::{closings, elements, ending_bound},
    ending,
    ends::EndCounts,
    grams::Grams,
    language::{LanguageStandard, Row, weighed},
    measure::{self, Measured, length},
    scale::{MILLION, log2_sixteenths},
    standards::{Bound, Database, LanguageData, SectionData, SectionRules, Thresholds, VERSION},
    vector::{Vector, Vectorizer},
};

/// What is added to each rarity, in sixteenths: a dimension that every text has still counts a
/// little.
const RARITY_MIN: u64 = 5;

/// The share of complete sections, one in this many, that a bound may leave out.
pub(super) const LEFT_OUT: usize = 200;

/// Collects complete records and makes a standard database of them.
///
/// ```
/// use emrshare_completeness::{Standards, StandardsBuilder};
/// use emrshare_record::{Language, Sections};
///
/// let mut builder = StandardsBuilder::default();
/// for age in 40..60 {
///     builder.add(Language::English, &Sections::new(
///         format!("Sex: female. Age: {age} years."),
///         "Acute appendicitis.".into(),
///         "Appendectomy without complication, discharged on the third day.".into(),
///     ));
/// }
/// let standards = Standards::from_json(&builder.build())?;
/// assert_eq!(standards.sections().count(), 3);
/// # Ok::<(), emrshare_completeness::StandardsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StandardsBuilder {
    vectorizer: Arc<dyn Vectorizer>,
    languages: Vec<Collected>,
}

/// The complete records of a language.
#[derive(Clone, Debug)]
struct Collected {
    language: Language,
    records: Vec<Complete>,
    ends: EndCounts,
}

/// The three sections of a complete record.
#[derive(Clone, Debug)]
struct Complete {
    vectors: [Vector; 3],
    lengths: [i32; 3],
    are_marked: [bool; 3],
}

impl Default for StandardsBuilder {
    /// With [`Grams`].
    fn default() -> Self {
        Self::new(Arc::new(Grams))
    }
}

impl StandardsBuilder {
    /// A builder of a database of vectors that this vectorizer makes.
    #[must_use]
    pub fn new(vectorizer: Arc<dyn Vectorizer>) -> Self {
        Self { vectorizer, languages: Vec::new() }
    }

    /// Adds a complete record.
    pub fn add(&mut self, language: Language, sections: &Sections) {
        let texts = Section::ALL.map(|section| sections.get(section));
        let vectors = texts.map(|text| self.vectorizer.vector(text));
        let Collected { records, ends, .. } = self.collected(language);
        texts.iter().for_each(|text| ends.add(text));
        records.push(Complete {
            vectors,
            lengths: texts.map(length),
            are_marked: texts.map(ending::is_marked),
        });
    }

    /// Adds a text that is no section of a record. Only how its phrases and words end is learnt.
    pub fn add_prose(&mut self, language: Language, text: &str) {
        self.collected(language).ends.add(text);
    }

    /// Adds a word of a list, which is kept in the database as it is: a text that ends inside it was
    /// cut. Nothing of records and prose can be read in a database.
    pub fn add_word(&mut self, language: Language, word: &str) {
        self.collected(language).ends.add_list(word);
    }

    /// The database's bytes, for [`Standards::from_json`](crate::Standards::from_json).
    ///
    /// # Panics
    /// Never: numbers and strings become JSON.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let dimensions = self.vectorizer.dimensions();
        let build = |collected| build_language(collected, dimensions);
        let languages = self.languages.iter().map(build).collect();
        let vectorizer = self.vectorizer.name().to_owned();
        written(&Database { version: VERSION, vectorizer, languages })
    }

    fn collected(&mut self, language: Language) -> &mut Collected {
        let known = self.languages.iter().position(|known| known.language == language);
        let place = known.unwrap_or_else(|| {
            let ends = EndCounts::default();
            self.languages.push(Collected { language, records: Vec::new(), ends });
            self.languages.len() - 1
        });
        &mut self.languages[place]
    }
}

/// # Panics
/// Never: numbers and strings become JSON.
pub(super) fn written(database: &Database) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(database).expect("numbers and strings");
    bytes.push(b'\n');
    bytes
}

fn build_language(collected: &Collected, dimensions: usize) -> LanguageData {
    let Collected { language, records, ends } = collected;
    let words = ends.listed();
    let ends = ends.table();
    let rarity = rarity(records, dimensions);
    let centres = [0, 1, 2]
        .map(|place: usize| centre(records.iter().map(|record| &record.vectors[place]), &rarity));
    let rows = (0..dimensions).map(|dimension| Row {
        rarity: u16::from(rarity[dimension]),
        centres: [0, 1, 2].map(|place: usize| centres[place][dimension]),
    });
    let unbound = Bound { least: 0, usual: 1 };
    let marked = |section: Section| {
        records.iter().filter(|record| record.are_marked[section as usize]).count()
    };
    let rules = |section| SectionRules {
        texts: records.len() as u32,
        marked: permille(marked(section), records.len()),
        thresholds: Thresholds {
            length: unbound,
            similarity: unbound,
            contrast: unbound,
            ending: ending_bound(*language, section),
        },
        elements: elements(*language, section),
        elements_min: usize::from(section == Section::Basic),
        closings: closings(*language, section),
    };
    let rules = Section::ALL.map(rules);
    let standard = LanguageStandard::new(rows.collect(), ends.clone(), rules.clone());
    let sections = Section::ALL.into_iter().zip(rules).zip(centres).enumerate();
    let sections = sections.map(|(place, ((section, mut rules), centre))| {
        let measured: Vec<_> = records
            .iter()
            .map(|record| {
                let cosines = standard.cosines(&record.vectors[place]);
                Measured::new(record.lengths[place], cosines, section)
            })
            .collect();
        let ending = rules.thresholds.ending;
        let bounds = thresholds(&measured, records.len() / LEFT_OUT, Slack::unseen(section));
        rules.thresholds = Thresholds { ending, ..bounds };
        let section = section.name().to_owned();
        SectionData { section, rules, centre: table_of(&centre) }
    });
    LanguageData {
        language: language.code().to_owned(),
        sections: sections.collect(),
        rarity: BASE64_STANDARD.encode(&rarity),
        ends: BASE64_STANDARD.encode(&ends),
        words,
        added: Vec::new(),
    }
}

/// How many of a thousand.
pub(super) fn permille(count: usize, of: usize) -> u32 {
    (1000 * count / of.max(1)) as u32
}

/// log2(texts / texts with the dimension), in sixteenths.
fn rarity(records: &[Complete], dimensions: usize) -> Vec<u8> {
    let mut with = vec![0_u64; dimensions];
    for (dimension, _) in
        records.iter().flat_map(|record| &record.vectors).flat_map(Vector::weights)
    {
        if let Some(with) = with.get_mut(usize::from(dimension)) {
            *with += 1;
        }
    }
    let all = log2_sixteenths(3 * records.len() as u64 + 1);
    let rarity = |with: &u64| all.saturating_sub(log2_sixteenths(with + 1)) + RARITY_MIN;
    with.iter().map(|with| rarity(with).min(255) as u8).collect()
}

/// Weights as the database keeps them.
pub(super) fn table_of(centre: &[i16]) -> String {
    let bytes: Vec<u8> = centre.iter().flat_map(|weight| weight.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

/// The sum of vectors, each of length one, scaled to 16 bits.
pub(super) fn centre<'a>(vectors: impl Iterator<Item = &'a Vector>, rarity: &[u8]) -> Vec<i16> {
    const ONE: i128 = 1 << 20;
    let mut sums = vec![0_i64; rarity.len()];
    for vector in vectors {
        let weights = vector.weights().filter_map(|(dimension, weight)| {
            let dimension = usize::from(dimension);
            let rarity = rarity.get(dimension)?;
            Some((dimension, weighed(u16::from(*rarity), weight)))
        });
        let weights: Vec<_> = weights.collect();
        let square = |(_, weight): &(usize, i64)| weight.unsigned_abs().pow(2);
        let norm = weights.iter().map(square).sum::<u64>().isqrt().max(1);
        for (dimension, weight) in weights {
            sums[dimension] += (i128::from(weight) * ONE / i128::from(norm)) as i64;
        }
    }
    let most = sums.iter().map(|sum| sum.unsigned_abs()).max().unwrap_or(0).max(1);
    let scaled = |sum: &i64| i128::from(*sum) * i128::from(i16::MAX) / i128::from(most);
    sums.iter().map(|sum| scaled(sum) as i16).collect()
}

/// How much less than the measured least is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slack {
    /// In sixteenths of a logarithm to base 2.
    length: i32,
    /// Hundredths of the measured least.
    similarity_percent: i32,
    /// Hundredths of the way from what is enough to what is usual.
    usual_percent: i32,
    /// Millionths below nothing, however high the measured least is; `None` for that least itself.
    contrast: Option<i32>,
}

impl Slack {
    pub(super) const NONE: Self =
        Self { length: 0, similarity_percent: 0, usual_percent: 0, contrast: None };

    /// Texts that went into a standard are nearer to it than others will be; others may be shorter
    /// by two thirds, and read a little like another section: basic information the most, for it may
    /// tell why a patient came.
    pub(super) const fn unseen(section: Section) -> Self {
        let below = if matches!(section, Section::Basic) { 50 } else { 35 };
        Self { usual_percent: 50, contrast: Some(MILLION * below / 1000), ..Self::ADDED }
    }

    /// A section that is added is learnt from records of those who ask for it.
    pub(super) const ADDED: Self = Self {
        length: 24,
        similarity_percent: 90,
        usual_percent: 0,
        contrast: Some(MILLION * 35 / 1000),
    };
}

/// The bounds that all but `left_out` of the measured sections reach, less a slack.
pub(super) fn thresholds(measured: &[Measured], left_out: usize, slack: Slack) -> Thresholds {
    let bound = |value: fn(&Measured) -> i32| {
        let mut values: Vec<_> = measured.iter().map(value).collect();
        values.sort_unstable();
        let at = |place: usize| values.get(place).copied().unwrap_or(0);
        Bound { least: at(left_out) - 1, usual: at(values.len() / 10) }
    };
    let mut length = bound(|measured| measured.length);
    let mut similarity = bound(|measured| measured.similarity);
    let mut contrast = bound(|measured| measured.contrast);
    length.least -= slack.length;
    similarity.least -= similarity.least / 100 * slack.similarity_percent;
    similarity.usual -= (similarity.usual - similarity.least) / 100 * slack.usual_percent;
    contrast.least = slack.contrast.map_or(contrast.least, |below| -below);
    Thresholds { length, similarity, contrast, ending: measure::ending_bound() }
}
