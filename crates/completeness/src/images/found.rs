//! What detectors find.

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
        let joint = self.joint(other);
        let union = self.width * self.height + other.width * other.height - joint;
        if union > 0.0 { joint / union } else { 0.0 }
    }

    /// Area that both boxes cover.
    pub(super) fn joint(&self, other: &Self) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    #[cfg(feature = "detector")]
    pub(super) fn scale(&mut self, across: f32, down: f32) {
        self.x *= across;
        self.width *= across;
        self.y *= down;
        self.height *= down;
    }

    /// Grows to cover another box too; the score is the better one's.
    #[cfg(feature = "detector")]
    pub(super) fn cover(&mut self, other: &Self) {
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        (self.x, self.y) = (self.x.min(other.x), self.y.min(other.y));
        (self.width, self.height) = (right - self.x, bottom - self.y);
        self.score = self.score.max(other.score);
    }

    #[cfg(feature = "detector")]
    pub(super) fn clip(&mut self, width: f32, height: f32) {
        let (right, bottom) =
            ((self.x + self.width).min(width), (self.y + self.height).min(height));
        (self.x, self.y) = (self.x.max(0.0), self.y.max(0.0));
        (self.width, self.height) = (right - self.x, bottom - self.y);
    }
}
