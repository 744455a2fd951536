//! Finds panels of imaging: a chest X-ray, a slice of CT, an electrocardiogram, on a picture that may
//! hold several.

use emrshare_picture::Picture;
use rten_tensor::NdTensor;

use super::{
    Found, ModelError,
    network::{Answer, Network},
};

/// The grey that fills the square below or beside the picture, as in YOLO's training.
const FILL: f32 = 114.0 / 255.0;

/// Two boxes that overlap more (as intersection over union) show the same.
const SAME: f32 = 0.5;

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
}

impl Panels {
    /// A detector from the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`ModelError`] if it is no model of the form above for a square of `size` pixels.
    pub fn from_onnx(onnx: &[u8], size: usize, labels: PanelLabels) -> Result<Self, ModelError> {
        let detector = Self { network: Network::load(onnx)?, size, labels };
        detector.find(&Picture::from_grey(1, 1, &[0]))?;
        Ok(detector)
    }

    /// The panels of a picture, the surest first, in the picture's pixels.
    ///
    /// # Errors
    /// [`ModelError`] if the network fails.
    pub fn find(&self, picture: &Picture) -> Result<Vec<Found>, ModelError> {
        let (input, scale) = self.square(picture);
        let answer = self.network.run(input)?;
        let mut found = self.read(&answer)?;
        for box_ in &mut found {
            box_.scale(1.0 / scale, 1.0 / scale);
            box_.clip(picture.width() as f32, picture.height() as f32);
        }
        found.retain(|found| found.width >= 1.0 && found.height >= 1.0);
        Ok(found)
    }

    /// The picture at the top left of a square, and by how much it was scaled.
    fn square(&self, picture: &Picture) -> (NdTensor<f32, 4>, f32) {
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
        (NdTensor::from_data([1, 3, self.size, self.size], values), scale)
    }

    /// Boxes of the answer that are sure enough, the best of overlapping ones only.
    fn read(&self, answer: &Answer) -> Result<Vec<Found>, ModelError> {
        let classes = self.labels.names.len();
        let [1, rows, count] = answer.shape[..] else {
            return Err(ModelError::Form(format!("an output of the shape {:?}", answer.shape)));
        };
        if rows != 4 + classes {
            let form = format!("an output of {rows} values a box where {} are needed", 4 + classes);
            return Err(ModelError::Form(form));
        }
        let value = |row: usize, place: usize| answer.values[row * count + place];
        let mut found: Vec<_> = (0..count)
            .filter_map(|place| {
                let scores = (0..classes).map(|class| (class, value(4 + class, place)));
                let (class, score) = scores.max_by(|a, b| a.1.total_cmp(&b.1))?;
                let (label, looks_like) = self.label(class, score)?;
                let [x, y, width, height] = [0, 1, 2, 3].map(|row| value(row, place));
                let (x, y) = (x - width / 2.0, y - height / 2.0);
                Some(Found { label, looks_like, score, x, y, width, height })
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut best: Vec<Found> = Vec::new();
        for candidate in found {
            if best.iter().all(|better| better.overlap(&candidate) < SAME) {
                best.push(candidate);
            }
        }
        Ok(best)
    }

    /// What a class of a score is called, and what it looks like if that is not claimed; `None` if the
    /// score is too low.
    fn label(&self, class: usize, score: f32) -> Option<(String, Option<String>)> {
        let least = self.labels.least_scores.get(class).copied().unwrap_or(0.5);
        let name = self.labels.names[class].clone();
        if score >= least {
            Some((name, None))
        } else if least > 1.0 && score >= self.labels.unsupported_least {
            Some(("unsupported".to_owned(), Some(name)))
        } else {
            None
        }
    }
}
