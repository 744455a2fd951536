//! Boxes on a picture.

use super::Found;

/// A box, in pixels from the top left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Area {
    pub(super) const fn of(found: &Found) -> Self {
        Self { x: found.x, y: found.y, width: found.width, height: found.height }
    }

    /// Area that both boxes cover.
    pub(super) fn joint(&self, other: &Self) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    pub(super) fn overlap(&self, other: &Self) -> f32 {
        let joint = self.joint(other);
        let union = self.width * self.height + other.width * other.height - joint;
        if union > 0.0 { joint / union } else { 0.0 }
    }

    #[cfg(feature = "detector")]
    pub(super) fn scaled(self, across: f32, down: f32) -> Self {
        Self {
            x: self.x * across,
            y: self.y * down,
            width: self.width * across,
            height: self.height * down,
        }
    }

    /// What of the box lies between the edges.
    #[cfg(feature = "detector")]
    pub(super) fn between(self, left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let (x, y) = (self.x.max(left), self.y.max(top));
        let (end, low) = ((self.x + self.width).min(right), (self.y + self.height).min(bottom));
        Self { x, y, width: end - x, height: low - y }
    }

    /// The least box around both.
    #[cfg(feature = "detector")]
    pub(super) fn hull(&self, other: &Self) -> Self {
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// With a rim on all sides.
    #[cfg(feature = "detector")]
    pub(super) fn grown(self, rim: f32) -> Self {
        Self {
            x: self.x - rim,
            y: self.y - rim,
            width: self.width + 2.0 * rim,
            height: self.height + 2.0 * rim,
        }
    }

    #[cfg(feature = "detector")]
    pub(super) const fn longer_side(&self) -> f32 {
        self.width.max(self.height)
    }
}
