//! Texts as vectors.

use std::fmt;

/// The greatest weight of a dimension.
const WEIGHT_MAX: i32 = i16::MAX as i32;

/// What a text is in numbers: the weights of its dimensions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Vector {
    weights: Vec<(u16, i32)>,
}

impl Vector {
    /// A vector of dimensions and their weights, each dimension once; what is not named weighs
    /// nothing. Weights beyond -32,767 to 32,767 count as these, and no more than 65,536 are taken.
    #[must_use]
    pub fn new(weights: impl IntoIterator<Item = (u16, i32)>) -> Self {
        let clamped =
            |(dimension, weight): (u16, i32)| (dimension, weight.clamp(-WEIGHT_MAX, WEIGHT_MAX));
        Self { weights: weights.into_iter().take(1 << 16).map(clamped).collect() }
    }

    /// The dimensions that weigh something.
    pub fn weights(&self) -> impl Iterator<Item = (u16, i32)> {
        self.weights.iter().copied()
    }
}

/// Makes vectors of texts.
///
/// [`Grams`](crate::Grams) is the built-in one. Another one needs a standard database of its own:
/// [`StandardsBuilder::new`](crate::StandardsBuilder::new) makes it,
/// [`Standards::with_vectorizer`](crate::Standards::with_vectorizer) reads it.
///
/// ```
/// use std::sync::Arc;
///
/// use emrshare_completeness::{Standards, StandardsBuilder, Vector, Vectorizer};
/// use emrshare_record::{Language, Sections};
///
/// /// How often each letter is in a text.
/// #[derive(Debug)]
/// struct Letters;
///
/// impl Vectorizer for Letters {
///     fn name(&self) -> &str {
///         "letters"
///     }
///
///     fn dimensions(&self) -> usize {
///         26
///     }
///
///     fn vector(&self, text: &str) -> Vector {
///         let count = |letter: u8| text.bytes().filter(|byte| *byte == letter).count() as i32;
///         Vector::new((b'a'..=b'z').map(|letter| (u16::from(letter - b'a'), count(letter))))
///     }
/// }
///
/// let mut builder = StandardsBuilder::new(Arc::new(Letters));
/// builder.add(Language::English, &Sections::new(
///     "Sex: female. Age: 41 years.".into(),
///     "Acute appendicitis.".into(),
///     "Appendectomy without complication, discharged on the third day.".into(),
/// ));
/// let database = builder.build();
/// assert!(Standards::from_json(&database).is_err(), "made by another vectorizer");
/// assert!(Standards::with_vectorizer(&database, Arc::new(Letters)).is_ok());
/// ```
pub trait Vectorizer: fmt::Debug + Send + Sync {
    /// What tells it from all others; a database names what it was made with.
    fn name(&self) -> &str;

    /// Number of dimensions, 1 to 65,536.
    fn dimensions(&self) -> usize;

    /// The vector of a text, of dimensions less than [`dimensions`](Self::dimensions); a larger one
    /// does not count. One that weighs nothing is like no standard: its section is refused.
    fn vector(&self, text: &str) -> Vector;
}
