//! Everything that is found on a picture.

use std::sync::LazyLock;

use emrshare_picture::Picture;

use super::{Found, Lettering, ModelError, PanelLabels, Panels, area::Area};

/// The side of the square that the panels are found on.
const SIZE: usize = 256;

/// The least score at which a panel is shown.
const LEAST: f32 = 0.35;

/// The classes of the network in this crate. Each met its bars on pictures of sources that it had not
/// seen; `training/README.md` has the figures.
const CLASSES: [&str; 10] = [
    "chest_xray",
    "other_xray",
    "ct",
    "mri",
    "ultrasound",
    "ecg",
    "endoscopy",
    "pathology",
    "fundus",
    "document",
];

/// Finds panels of imaging, writing, marks and codes.
///
/// Networks calculate with floating point: scores may differ in the last places between machines.
/// Only the node that a record is pushed to looks at its images.
#[derive(Debug)]
pub struct Detector {
    panels: Panels,
    lettering: Lettering,
}

impl Detector {
    /// The detector in this crate. `training/README.md` says what it learnt from and how good it is.
    ///
    /// # Panics
    /// Never: the tests load it.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Detector> = LazyLock::new(|| {
            let labels = PanelLabels {
                names: CLASSES.map(str::to_owned).to_vec(),
                least_scores: vec![LEAST; CLASSES.len()],
                unsupported_least: LEAST,
            };
            let panels = Panels::from_onnx(include_bytes!("../../model/panels.onnx"), SIZE, labels);
            let lettering = Lettering::from_onnx(include_bytes!("../../model/lettering.onnx"));
            let loaded = "the embedded models are loaded by the tests";
            Detector::new(panels.expect(loaded).looking_closer(), lettering.expect(loaded))
        });
        &EMBEDDED
    }

    /// A detector of other models.
    #[must_use]
    pub const fn new(panels: Panels, lettering: Lettering) -> Self {
        Self { panels, lettering }
    }

    /// What is on a picture: panels, the surest first, then writing, marks and codes. Writing on a
    /// document is the document, and not named.
    ///
    /// # Errors
    /// [`ModelError`] if a network fails.
    pub fn find(&self, picture: &Picture) -> Result<Vec<Found>, ModelError> {
        let mut found = self.panels.find(picture)?;
        let documents: Vec<_> =
            found.iter().filter(|found| found.is_like("document")).cloned().collect();
        let is_on_paper = |line: &Found| {
            let joint = |paper| Area::of(paper).joint(&Area::of(line));
            documents.iter().any(|paper| joint(paper) > 0.5 * line.width * line.height)
        };
        found.extend(self.lettering.find(picture)?.into_iter().filter(|line| !is_on_paper(line)));
        Ok(found)
    }
}
