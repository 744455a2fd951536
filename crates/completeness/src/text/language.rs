//! The standards of one language, ready for comparison.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use emrshare_record::{Language, Section};

use super::{
    added::{AddedStandard, Centre},
    ends,
    scale::MILLION,
    standards::{LanguageData, SectionRules, StandardsError},
    vector::Vector,
    words::Words,
};

/// A dimension's rarity and its weight in each section's centre, side by side for the cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) rarity: u16,
    pub(crate) centres: [i16; 3],
}

/// The standards of one language.
pub(crate) struct LanguageStandard {
    rows: Box<[Row]>,
    /// |A| of each section's centre, and of their sum.
    norms: [u64; 4],
    /// The table of the ends of phrases and words.
    pub(crate) ends: Vec<u8>,
    pub(crate) words: Words,
    pub(crate) rules: [SectionRules; 3],
    /// Sections beside the three.
    pub(crate) added: Vec<AddedStandard>,
}

impl fmt::Debug for LanguageStandard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LanguageStandard").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl LanguageStandard {
    pub(crate) fn new(rows: Box<[Row]>, ends: Vec<u8>, rules: [SectionRules; 3]) -> Self {
        let norm = |weight: fn(&Row) -> i64| {
            rows.iter().map(|row| weight(row).unsigned_abs().pow(2)).sum::<u64>().isqrt()
        };
        let norms = [
            norm(|row| i64::from(row.centres[0])),
            norm(|row| i64::from(row.centres[1])),
            norm(|row| i64::from(row.centres[2])),
            norm(|row| row.centres.iter().copied().map(i64::from).sum()),
        ];
        Self { rows, norms, ends, words: Words::default(), rules, added: Vec::new() }
    }

    pub(crate) fn read(
        data: &LanguageData,
        dimensions: usize,
    ) -> Result<(Language, Self), StandardsError> {
        let language = Language::from_code(&data.language)
            .ok_or_else(|| StandardsError::Language(data.language.clone()))?;
        let mut rows = vec![Row::default(); dimensions].into_boxed_slice();
        let rarity = table(data, "rarity", &data.rarity, dimensions)?;
        rows.iter_mut().zip(rarity).for_each(|(row, rarity)| row.rarity = u16::from(rarity));
        let named = data.sections.iter().map(|section| Section::from_name(&section.section));
        if !named.eq(Section::ALL.map(Some)) {
            return Err(StandardsError::Sections(data.language.clone()));
        }
        let ends = table(data, "ends", &data.ends, ends::BYTES)?;
        for (place, section) in data.sections.iter().enumerate() {
            let centre = table(data, "centre", &section.centre, 2 * dimensions)?;
            for (row, bytes) in rows.iter_mut().zip(centre.chunks_exact(2)) {
                row.centres[place] = i16::from_le_bytes([bytes[0], bytes[1]]);
            }
        }
        let rules = [0, 1, 2].map(|place: usize| data.sections[place].rules.clone());
        let mut standard = Self::new(rows, ends, rules);
        let unsorted = || StandardsError::Words(data.language.clone());
        standard.words = Words::read(&data.words).ok_or_else(unsorted)?;
        let added = data.added.iter().map(|added| AddedStandard::read(data, added, dimensions));
        standard.added = added.collect::<Result<_, _>>()?;
        Ok((language, standard))
    }

    /// Cosines with the centres of the three sections and with their sum, in millionths.
    ///
    /// cos(A, B) = A·B / (|A| |B|), where a dimension's weight in A is its rarity times what the
    /// vector says.
    pub(crate) fn cosines(&self, vector: &Vector) -> [i32; 4] {
        let mut products = [0_i64; 3];
        let mut square = 0_u64;
        for (dimension, weight) in vector.weights() {
            let Some(row) = self.rows.get(usize::from(dimension)) else { continue };
            let weight = weighed(row.rarity, weight);
            square += weight.unsigned_abs().pow(2);
            for (product, centre) in products.iter_mut().zip(row.centres) {
                *product += weight * i64::from(centre);
            }
        }
        let all = [products[0], products[1], products[2], products.iter().sum()];
        [0, 1, 2, 3].map(|place| cosine(all[place], square, self.norms[place]))
    }

    /// Cosine with another centre of this language's dimensions, in millionths.
    pub(crate) fn cosine_with(&self, centre: &Centre, vector: &Vector) -> i32 {
        let (mut product, mut square) = (0_i64, 0_u64);
        for (dimension, weight) in vector.weights() {
            let dimension = usize::from(dimension);
            let Some(row) = self.rows.get(dimension) else { continue };
            let weight = weighed(row.rarity, weight);
            square += weight.unsigned_abs().pow(2);
            product +=
                weight * centre.weights.get(dimension).map_or(0, |centre| i64::from(*centre));
        }
        cosine(product, square, centre.norm)
    }
}

/// A·B / (|A| |B|) in millionths, of A·B, |A|² and |B|.
fn cosine(product: i64, square: u64, norm: u64) -> i32 {
    let norms = i128::from(square.isqrt()) * i128::from(norm);
    let million = i128::from(MILLION);
    let scaled = i128::from(product) * million;
    // Within a million, but for the roots' rounding.
    scaled.checked_div(norms).unwrap_or(0).clamp(-million, million) as i32
}

/// What a dimension counts in a text.
pub(crate) fn weighed(rarity: u16, weight: i32) -> i64 {
    i64::from(rarity) * i64::from(weight)
}

pub(crate) fn table(
    data: &LanguageData,
    name: &'static str,
    base64: &str,
    needed: usize,
) -> Result<Vec<u8>, StandardsError> {
    let bytes = BASE64_STANDARD.decode(base64).ok().filter(|bytes| bytes.len() == needed);
    let language = || data.language.clone();
    bytes.ok_or_else(|| StandardsError::Table { table: name, language: language(), needed })
}
