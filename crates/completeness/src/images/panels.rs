//! Finds panels of imaging: a chest X-ray, a slice of CT, an electrocardiogram, on a picture that may
//! hold several.

use emrshare_onnx::{Answer, Network};
use emrshare_picture::Picture;

use super::{Found, ModelError, area::Area};

/// The grey that fills the square below or beside the picture, as in YOLO's training.
const FILL: f32 = 114.0 / 255.0;

/// Two boxes that overlap more (as intersection over union) show the same.
const SAME: f32 = 0.5;

/// A panel of which this share lies in another of its class, or that has as much of it, shows the same.
const INSIDE: f32 = 0.6;

/// A panel whose longer side is a smaller share of the picture's is looked at once more, alone,
const SMALL: f32 = 0.6;
/// unless its score is as good as this.
const SURE: f32 = 0.85;
/// The least score of what is looked at once more.
const PERHAPS: f32 = 0.1;
/// How many panels of a picture are looked at once more, the surest first: it bounds the time.
const CLOSER_LOOKS: usize = 16;
/// The rim around a panel that is looked at alone, as a share of its longer side.
const RIM: f32 = 0.04;
/// How well what is seen then must lie on what was seen before, as intersection over union.
const AGAIN: f32 = 0.4;
/// What is left of the scores of a panel that is not seen again.
const NOT_AGAIN: f32 = 0.65;

/// What a detector of panels can name.
#[derive(Clone, Debug)]
pub struct PanelLabels {
    /// Names in the order of the network's classes.
    pub names: Vec<String>,
    /// The least score, 0 to 1, at which a class is named; above 1 for a class that never is.
    pub least_scores: Vec<f32>,
    /// The least score at which a class that is not named is shown as `unsupported`.
    pub unsupported_least: f32,
}

/// A detector of panels in YOLO's form.
///
/// **Input**: `[1, 3, size, size]`, red, green, blue from 0 to 1; the picture is scaled to fit and
/// lies at the top left, the rest is grey (114). **Output**: `[1, 4 + classes, boxes]`: centre x,
/// centre y, width, height in pixels of the square, then a score from 0 to 1 a class. That is what
/// YOLOv8 and its successors export.
#[derive(Debug)]
pub struct Panels {
    network: Network,
    size: usize,
    labels: PanelLabels,
    closer: bool,
}

/// A panel before it is named.
struct Seen {
    area: Area,
    /// One a class.
    scores: Vec<f32>,
}

impl Panels {
    /// A detector from the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`ModelError`] if it is no model of the form above for a square of `size` pixels.
    pub fn from_onnx(onnx: &[u8], size: usize, labels: PanelLabels) -> Result<Self, ModelError> {
        let detector = Self { network: Network::load(onnx)?, size, labels, closer: false };
        detector.find(&Picture::from_grey(1, 1, &[0]))?;
        Ok(detector)
    }

    /// Looks at small panels once more, each alone and as large as the square allows: what is small
    /// on a film of many is better told so. The scores of a class are the mean of both looks. Each
    /// of at most 16 panels a picture costs as much as a picture.
    #[must_use]
    pub const fn looking_closer(mut self) -> Self {
        self.closer = true;
        self
    }

    /// The panels of a picture, the surest first, in the picture's pixels.
    ///
    /// # Errors
    /// [`ModelError`] if the network fails.
    pub fn find(&self, picture: &Picture) -> Result<Vec<Found>, ModelError> {
        let mut seen = self.look(picture)?;
        if self.closer {
            let whole = picture.width().max(picture.height()) as f32;
            let small =
                |seen: &&mut Seen| seen.area.longer_side() < SMALL * whole && seen.best().1 < SURE;
            for panel in seen.iter_mut().filter(small).take(CLOSER_LOOKS) {
                self.look_closer(picture, panel)?;
            }
        }
        let mut found: Vec<_> = seen.iter().filter_map(|seen| self.named(seen)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(without_parts(found))
    }

    /// Looks at one panel alone, and changes its scores by what is seen.
    fn look_closer(&self, picture: &Picture, panel: &mut Seen) -> Result<(), ModelError> {
        let (right, bottom) = (picture.width() as f32, picture.height() as f32);
        let around = panel.area.grown(RIM * panel.area.longer_side());
        let part = around.between(0.0, 0.0, right, bottom);
        let (left, top) = (part.x.floor(), part.y.floor());
        let (width, height) =
            ((part.x + part.width).ceil() - left, (part.y + part.height).ceil() - top);
        let part = picture.cropped(left as usize, top as usize, width as usize, height as usize);
        let expected = Area { x: panel.area.x - left, y: panel.area.y - top, ..panel.area };
        let again = self.look(&part)?;
        match again.iter().find(|again| again.area.overlap(&expected) > AGAIN) {
            Some(again) => {
                for (score, other) in panel.scores.iter_mut().zip(&again.scores) {
                    *score = f32::midpoint(*score, *other);
                }
            }
            None => panel.scores.iter_mut().for_each(|score| *score *= NOT_AGAIN),
        }
        Ok(())
    }

    /// What one run of the network sees, the surest first, in the picture's pixels.
    fn look(&self, picture: &Picture) -> Result<Vec<Seen>, ModelError> {
        let (square, scale) = self.square(picture);
        let answer = self.network.run([1, 3, self.size, self.size], square)?;
        let mut seen = self.read(&answer)?;
        let (right, bottom) = (picture.width() as f32, picture.height() as f32);
        for seen in &mut seen {
            let area = seen.area.scaled(1.0 / scale, 1.0 / scale);
            seen.area = area.between(0.0, 0.0, right, bottom);
        }
        seen.retain(|seen| seen.area.width >= 1.0 && seen.area.height >= 1.0);
        Ok(seen)
    }

    /// The picture at the top left of a square, and by how much it was scaled.
    fn square(&self, picture: &Picture) -> (Vec<f32>, f32) {
        let scale = self.size as f32 / picture.width().max(picture.height()).max(1) as f32;
        let side = |length: usize| ((length as f32 * scale).round() as usize).clamp(1, self.size);
        let small = picture.resized(side(picture.width()), side(picture.height()));
        let area = self.size * self.size;
        let mut values = vec![FILL; 3 * area];
        for (row, line) in small.rgb().chunks_exact(3 * small.width()).enumerate() {
            for (column, pixel) in line.chunks_exact(3).enumerate() {
                for (colour, value) in pixel.iter().enumerate() {
                    values[colour * area + row * self.size + column] = f32::from(*value) / 255.0;
                }
            }
        }
        (values, scale)
    }

    /// Boxes of the answer that are sure enough, the best of overlapping ones only.
    fn read(&self, answer: &Answer) -> Result<Vec<Seen>, ModelError> {
        let classes = self.labels.names.len();
        let [1, rows, count] = answer.shape[..] else {
            return Err(ModelError::Form(format!("an output of the shape {:?}", answer.shape)));
        };
        if rows != 4 + classes {
            let form = format!("an output of {rows} values a box where {} are needed", 4 + classes);
            return Err(ModelError::Form(form));
        }
        let value = |row: usize, place: usize| answer.values[row * count + place];
        let mut seen: Vec<_> = (0..count)
            .filter_map(|place| {
                let scores: Vec<_> = (0..classes).map(|class| value(4 + class, place)).collect();
                let [x, y, width, height] = [0, 1, 2, 3].map(|row| value(row, place));
                let (x, y) = (x - width / 2.0, y - height / 2.0);
                let seen = Seen { area: Area { x, y, width, height }, scores };
                self.is_candidate(&seen).then_some(seen)
            })
            .collect();
        seen.sort_by(|a, b| b.best().1.total_cmp(&a.best().1));
        let mut best: Vec<Seen> = Vec::new();
        for candidate in seen {
            if best.iter().all(|better| better.area.overlap(&candidate.area) < SAME) {
                best.push(candidate);
            }
        }
        Ok(best)
    }

    fn is_candidate(&self, seen: &Seen) -> bool {
        let (class, score) = seen.best();
        (self.closer && score >= PERHAPS) || self.label(class, score).is_some()
    }

    /// The panel with its name; `None` if it is not sure enough.
    fn named(&self, seen: &Seen) -> Option<Found> {
        let (class, score) = seen.best();
        let (label, looks_like) = self.label(class, score)?;
        let Area { x, y, width, height } = seen.area;
        Some(Found { label, looks_like, score, x, y, width, height })
    }

    /// What a class of a score is called, and what it looks like if that is not claimed; `None` if the
    /// score is too low.
    fn label(&self, class: usize, score: f32) -> Option<(String, Option<String>)> {
        let least = self.labels.least_scores.get(class).copied().unwrap_or(0.5);
        let name = self.labels.names.get(class)?.clone();
        if score >= least {
            Some((name, None))
        } else if least > 1.0 && score >= self.labels.unsupported_least {
            Some(("unsupported".to_owned(), Some(name)))
        } else {
            None
        }
    }
}

/// Without panels that are parts of a surer one, or wholes of it: what is seen of a picture in a
/// picture is the picture once more.
fn without_parts(found: Vec<Found>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for panel in found {
        let area = Area::of(&panel);
        let is_again = |surer: &Found| {
            let other = Area::of(surer);
            let smaller = (area.width * area.height).min(other.width * other.height);
            (&surer.label, &surer.looks_like) == (&panel.label, &panel.looks_like)
                && area.joint(&other) > INSIDE * smaller
        };
        if !kept.iter().any(is_again) {
            kept.push(panel);
        }
    }
    kept
}

impl Seen {
    /// The class of the best score, and that score; class 0 and no score if there are no classes.
    fn best(&self) -> (usize, f32) {
        let scores = self.scores.iter().copied().enumerate();
        scores.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f32::NEG_INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(label: &str, score: f32, [x, y, width, height]: [f32; 4]) -> Found {
        Found { label: label.to_owned(), looks_like: None, score, x, y, width, height }
    }

    #[test]
    fn a_panel_within_another_of_its_class_is_no_second_one() {
        let outer = panel("ultrasound", 0.9, [0.0, 0.0, 100.0, 80.0]);
        let inner = panel("ultrasound", 0.5, [20.0, 20.0, 40.0, 40.0]);
        let beside = panel("ultrasound", 0.5, [90.0, 0.0, 100.0, 80.0]);
        let traces = panel("ecg", 0.5, [20.0, 20.0, 40.0, 40.0]);
        let found = vec![outer.clone(), inner, beside.clone(), traces.clone()];
        assert_eq!(without_parts(found), [outer.clone(), beside, traces]);
        let sure = panel("ultrasound", 0.95, [20.0, 20.0, 40.0, 40.0]);
        assert_eq!(without_parts(vec![sure.clone(), outer]), [sure]);
    }
}
