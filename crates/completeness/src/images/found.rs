//! What detectors find.

use super::area::Area;

/// How sure writing must be to be taken for it beyond doubt.
const WRITING_MIN: f32 = 0.6;

/// Something found on a picture. Places are in pixels from the top left.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is: `chest_xray`, `burnt_in_text`, …; `unsupported` for a panel of a class that the
    /// detector does not claim to know.
    pub label: String,
    /// What an unsupported panel looks like all the same: a guess.
    pub looks_like: Option<String>,
    /// How sure that is, 0 to 1.
    pub score: f32,
    /// Left side.
    pub x: f32,
    /// Upper side.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl Found {
    /// Whether this is, or looks like, what a label says.
    #[must_use]
    pub fn is_like(&self, label: &str) -> bool {
        self.looks_like.as_ref().unwrap_or(&self.label) == label
    }

    /// Whether this is writing, or a code that a machine reads, beyond doubt: it may name the
    /// patient. Lines that are less sure are remarked only: traces and edges look like them.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        matches!(self.label.as_str(), "burnt_in_text" | "barcode") && self.score >= WRITING_MIN
    }

    /// Intersection over union with another box, 0 to 1.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f32 {
        Area::of(self).overlap(&Area::of(other))
    }

    #[cfg(feature = "detector")]
    pub(super) const fn set_area(&mut self, area: Area) {
        Area { x: self.x, y: self.y, width: self.width, height: self.height } = area;
    }

    /// Grows to cover another box too; the score is the better one's.
    #[cfg(feature = "detector")]
    pub(super) fn cover(&mut self, other: &Self) {
        self.set_area(Area::of(self).hull(&Area::of(other)));
        self.score = self.score.max(other.score);
    }
}
