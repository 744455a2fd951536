//! Lines and names on a picture, to show what was found.

use crate::Picture;

impl Picture {
    /// Draws the outline of a box, two pixels wide; what is outside is not drawn.
    pub fn outline(&mut self, x: f32, y: f32, width: f32, height: f32, colour: [u8; 3]) {
        let clamp = |value: f32, most: usize| value.round().clamp(0.0, most as f32) as usize;
        let (left, right) = (clamp(x, self.width), clamp(x + width, self.width));
        let (top, bottom) = (clamp(y, self.height), clamp(y + height, self.height));
        for row in top..bottom {
            for column in left..right {
                let edge =
                    (row - top).min(bottom - 1 - row).min(column - left).min(right - 1 - column);
                if edge < 2 {
                    self.set(column, row, colour);
                }
            }
        }
    }

    fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        let at = 3 * (y * self.width + x);
        self.rgb[at..at + 3].copy_from_slice(&colour);
    }
}
