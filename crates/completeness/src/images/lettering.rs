//! Finds writing, marks of the side and bar codes on pictures.

use emrshare_onnx::{Answer, Network};
use emrshare_picture::Picture;

use super::{Found, ModelError, area::Area};

/// What each channel of the network's answer is called.
const LABELS: [&str; 3] = ["burnt_in_text", "laterality_mark", "barcode"];

/// The longer side of the picture as the network sees it is four fifths of its own, within these:
/// small ones grow, so that thin letters are seen, large ones shrink, so that time is bounded.
const SIDE: (usize, usize) = (512, 896);

/// Both sides are multiples of this.
const STEP: usize = 16;

/// Pixels a cell of the answer.
const STRIDE: usize = 4;

/// How likely a cell must be.
const LEAST: f32 = 0.35;

/// The share of a line's height that the network marks, so that lines do not touch.
const CORE: f32 = 0.6;

/// Cells that a line has at least.
const CELLS_MIN: usize = 3;

/// A detector of writing.
///
/// **Input**: `[1, 1, height, width]`, grey from 0 to 1, sides multiples of 16. **Output**:
/// `[1, 3, height / 4, width / 4]`: how likely each cell lies in the middle six tenths of a line of
/// writing, of a side mark, of a bar code.
#[derive(Debug)]
pub struct Lettering {
    network: Network,
}

impl Lettering {
    /// A detector from the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`ModelError`] if it is no model of the form above.
    pub fn from_onnx(onnx: &[u8]) -> Result<Self, ModelError> {
        let detector = Self { network: Network::load(onnx)? };
        detector.find(&Picture::from_grey(1, 1, &[0]))?;
        Ok(detector)
    }

    /// Lines of writing, marks and codes, in the picture's pixels.
    ///
    /// # Errors
    /// [`ModelError`] if the network fails.
    pub fn find(&self, picture: &Picture) -> Result<Vec<Found>, ModelError> {
        let (shape, values) = grey(picture);
        let answer = self.network.run(shape, values)?;
        let [1, 3, rows, columns] = answer.shape[..] else {
            return Err(ModelError::Form(format!("an output of the shape {:?}", answer.shape)));
        };
        let mut found = Vec::new();
        for (channel, label) in LABELS.into_iter().enumerate() {
            found.extend(joined(regions(&answer, channel, rows, columns, label)));
        }
        let across = picture.width() as f32 / (columns * STRIDE) as f32;
        let down = picture.height() as f32 / (rows * STRIDE) as f32;
        for line in &mut found {
            let area = Area::of(line).scaled(across, down);
            line.set_area(area.between(0.0, 0.0, picture.width() as f32, picture.height() as f32));
        }
        found.retain(|found| found.width >= 1.0 && found.height >= 1.0);
        Ok(found)
    }
}

/// The picture in grey at the network's size. It is stretched to multiples of [`STEP`]: a rim would
/// look like writing.
fn grey(picture: &Picture) -> ([usize; 4], Vec<f32>) {
    let long = picture.width().max(picture.height()).max(1);
    let scale = (long * 4 / 5).clamp(SIDE.0, SIDE.1) as f32 / long as f32;
    let side = |length: usize| ((length as f32 * scale).round() as usize).next_multiple_of(STEP);
    let (width, height) = (side(picture.width()).max(STEP), side(picture.height()).max(STEP));
    let scaled = picture.resized(width, height);
    ([1, 1, height, width], scaled.rgb().chunks_exact(3).map(luma).collect())
}

/// Luma of ITU-R BT.601, from 0 to 1.
fn luma(pixel: &[u8]) -> f32 {
    let [red, green, blue] = [0, 1, 2].map(|colour: usize| f32::from(pixel[colour]));
    (0.299 * red + 0.587 * green + 0.114 * blue) / 255.0
}

/// Connected cells of a channel as boxes around what they are the core of.
fn regions(
    answer: &Answer,
    channel: usize,
    rows: usize,
    columns: usize,
    label: &str,
) -> Vec<Found> {
    let cells = &answer.values[channel * rows * columns..][..rows * columns];
    let mut open: Vec<bool> = cells.iter().map(|value| *value >= LEAST).collect();
    let mut found = Vec::new();
    for first in 0..cells.len() {
        let region = region(&mut open, columns, first);
        if region.len() < CELLS_MIN {
            continue;
        }
        let score = region.iter().map(|cell| cells[*cell]).sum::<f32>() / region.len() as f32;
        let side = |value: fn(usize, usize) -> usize| {
            let values = region.iter().map(|cell| value(*cell, columns));
            values.fold((usize::MAX, 0), |(low, high), value| (low.min(value), high.max(value + 1)))
        };
        let (top, bottom) = side(|cell, columns| cell / columns);
        let (left, right) = side(|cell, columns| cell % columns);
        let [left, top, right, bottom] =
            [left, top, right, bottom].map(|cell| (cell * STRIDE) as f32);
        let grown = (bottom - top) * (1.0 / CORE - 1.0) / 2.0;
        found.push(Found {
            label: label.to_owned(),
            looks_like: None,
            score,
            x: left - grown,
            y: top - grown,
            width: right - left + 2.0 * grown,
            height: bottom - top + 2.0 * grown,
        });
    }
    found
}

/// Pieces of one line as one: beside each other, at most a letter's width apart.
fn joined(mut pieces: Vec<Found>) -> Vec<Found> {
    pieces.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut lines: Vec<Found> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match lines.iter_mut().find(|line| is_same_line(line, &piece)) {
            Some(line) => line.cover(&piece),
            None => lines.push(piece),
        }
    }
    lines
}

fn is_same_line(left: &Found, right: &Found) -> bool {
    let height = left.height.min(right.height);
    let joint = (left.y + left.height).min(right.y + right.height) - left.y.max(right.y);
    let gap = right.x - (left.x + left.width);
    joint > 0.6 * height && gap < height && left.height.max(right.height) < 1.8 * height
}

/// Takes the open cells that hang together with the first one.
fn region(open: &mut [bool], columns: usize, first: usize) -> Vec<usize> {
    let mut region = Vec::new();
    let mut waiting = vec![first];
    while let Some(cell) = waiting.pop() {
        if !open[cell] {
            continue;
        }
        open[cell] = false;
        region.push(cell);
        let column = cell % columns;
        waiting.extend((column > 0).then(|| cell - 1));
        waiting.extend((column + 1 < columns).then_some(cell + 1));
        waiting.extend(cell.checked_sub(columns));
        waiting.extend(Some(cell + columns).filter(|below| *below < open.len()));
    }
    region
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_hang_together_are_one_line() {
        let (rows, columns) = (6, 10);
        let mut values = vec![0.0; 3 * rows * columns];
        for cell in [12, 13, 14, 15, 22, 23, 24, 25, 48, 49] {
            values[cell] = 0.8;
        }
        let answer = Answer { shape: vec![1, 3, rows, columns], values };
        let found = regions(&answer, 0, rows, columns, "burnt_in_text");
        // The pair at the right is too small.
        let [line] = &found[..] else { panic!("{found:?}") };
        assert!((line.x - (8.0 - 2.667)).abs() < 0.01 && (line.y - (4.0 - 2.667)).abs() < 0.01);
        assert!((line.width - (16.0 + 5.333)).abs() < 0.01);
        assert!(regions(&answer, 1, rows, columns, "laterality_mark").is_empty());
    }
}
