//! The embedded detector on real and drawn pictures.
#![allow(missing_docs, clippy::unwrap_used)]

use emrshare_completeness::{
    Detector, Found, ImageMatcher, ModelError, PanelLabels, Panels, PixelMatcher,
};
use emrshare_picture::Picture;
use emrshare_record::{Attachment, MediaType};

const PATHOLOGY: &[u8] = include_bytes!("pictures/pathology.jpg");
const ELECTROCARDIOGRAM: &[u8] = include_bytes!("pictures/electrocardiogram.jpg");
const WRITING: &[u8] = include_bytes!("pictures/writing.jpg");

fn find(picture: &Picture) -> Vec<Found> {
    Detector::embedded().find(picture).unwrap()
}

/// The panels of the embedded detector, shown from this score on.
fn embedded(least: f32) -> Panels {
    let names = [
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
    let labels = PanelLabels {
        names: names.map(str::to_owned).to_vec(),
        least_scores: vec![least; names.len()],
        unsupported_least: 0.4,
    };
    Panels::from_onnx(include_bytes!("../model/panels.onnx"), 256, labels).unwrap()
}

fn place(label: &str, x: f32, y: f32, width: f32, height: f32) -> Found {
    Found { label: label.to_owned(), looks_like: None, score: 1.0, x, y, width, height }
}

/// Whether something that is like it lies there.
fn has(found: &[Found], wanted: &Found) -> bool {
    found.iter().any(|found| found.is_like(&wanted.label) && found.overlap(wanted) > 0.5)
}

/// Pictures side by side on black.
fn beside(pictures: &[Picture]) -> Picture {
    let width = pictures.iter().map(|picture| picture.width() + 20).sum::<usize>();
    let height = pictures.iter().map(Picture::height).max().unwrap();
    let mut rgb = vec![0; 3 * width * height];
    let mut left = 0;
    for picture in pictures {
        let lines = picture.rgb().chunks_exact(3 * picture.width());
        for (row, line) in lines.enumerate() {
            let at = 3 * (row * width + left);
            rgb[at..at + line.len()].copy_from_slice(line);
        }
        left += picture.width() + 20;
    }
    Picture::from_rgb(width, height, rgb)
}

#[test]
fn a_picture_is_its_one_panel() {
    for (bytes, label) in [(PATHOLOGY, "pathology"), (ELECTROCARDIOGRAM, "ecg")] {
        let picture = Picture::decode(bytes).unwrap();
        let whole = place(label, 0.0, 0.0, picture.width() as f32, picture.height() as f32);
        let found = find(&picture);
        assert!(has(&found, &whole), "{label}: {found:?}");
        assert!(found.iter().all(|found| found.label != "unsupported"), "{found:?}");
    }
}

#[test]
fn panels_side_by_side_are_told_apart() {
    let [pathology, trace] =
        [PATHOLOGY, ELECTROCARDIOGRAM].map(|bytes| Picture::decode(bytes).unwrap());
    let (trace, width) = (trace.resized(480, 208), pathology.width() as f32);
    let found = find(&beside(&[pathology.clone(), trace]));
    assert!(
        has(&found, &place("pathology", 0.0, 0.0, width, pathology.height() as f32)),
        "{found:?}"
    );
    assert!(has(&found, &place("ecg", width + 20.0, 0.0, 480.0, 208.0)), "{found:?}");
}

/// Nine panels of 80 x 60 pixels on a film of 800: the square shows each some 25 pixels wide.
#[test]
fn a_closer_look_at_small_panels_makes_them_surer() {
    let pictures = [PATHOLOGY, ELECTROCARDIOGRAM].map(|bytes| Picture::decode(bytes).unwrap());
    let panels = pictures.map(|picture| picture.resized(80, 60));
    let mut film = vec![0; 3 * 800 * 800];
    let mut wanted = Vec::new();
    for place_ in 0..9 {
        let (x, y, kind) = (60 + 260 * (place_ % 3), 60 + 260 * (place_ / 3), place_ % 2);
        for (row, line) in panels[kind].rgb().chunks_exact(3 * 80).enumerate() {
            let at = 3 * ((y + row) * 800 + x);
            film[at..at + line.len()].copy_from_slice(line);
        }
        wanted.push(place(["pathology", "ecg"][kind], x as f32, y as f32, 80.0, 60.0));
    }
    let film = Picture::from_rgb(800, 800, film);
    let [once, twice] =
        [embedded(0.4), embedded(0.4).looking_closer()].map(|panels| panels.find(&film).unwrap());
    for wanted in &wanted {
        let score = |found: &[Found]| {
            let near = found.iter().find(|found| {
                found.label == wanted.label
                    && (found.x - wanted.x).abs() < 40.0
                    && found.overlap(wanted) > 0.3
            });
            near.map(|found| found.score).unwrap()
        };
        assert!(score(&twice) > score(&once), "{wanted:?}: {once:?}, {twice:?}");
    }
}

#[test]
fn what_is_not_claimed_is_shown_as_a_guess() {
    let found = embedded(2.0).find(&Picture::decode(PATHOLOGY).unwrap()).unwrap();
    assert_eq!(found[0].label, "unsupported");
    assert_eq!(found[0].looks_like.as_deref(), Some("pathology"));
}

#[test]
fn writing_and_side_marks_are_found_where_they_are() {
    let found = find(&Picture::decode(WRITING).unwrap());
    for (label, [left, top, right, bottom]) in [
        ("burnt_in_text", [12.0, 12.0, 274.0, 31.0]),
        ("burnt_in_text", [440.0, 17.0, 581.0, 33.0]),
        ("burnt_in_text", [440.0, 49.0, 568.0, 65.0]),
        ("laterality_mark", [30.0, 339.0, 61.0, 371.0]),
    ] {
        let wanted = place(label, left, top, right - left, bottom - top);
        assert!(has(&found, &wanted), "{wanted:?} in {found:?}");
    }
    assert_eq!(found.iter().filter(|found| found.label == "burnt_in_text").count(), 3);
}

#[test]
fn nothing_is_found_on_nothing() {
    for grey in [0, 114, 255] {
        assert_eq!(find(&Picture::from_grey(300, 200, &[grey; 60_000])), []);
    }
}

#[test]
fn any_size_is_looked_at() {
    for (width, height) in [(1, 1), (1, 900), (900, 3), (17, 16), (2000, 40)] {
        let found = find(&Picture::from_grey(width, height, &vec![90; width * height]));
        for found in found {
            assert!(found.x >= 0.0 && found.x + found.width <= width as f32 + 0.01);
            assert!(found.y >= 0.0 && found.y + found.height <= height as f32 + 0.01);
        }
    }
}

#[test]
fn what_is_no_picture_is_not_looked_at() {
    let matcher = PixelMatcher::new(Detector::embedded());
    let attachment = |bytes: &[u8]| Attachment {
        name: "report.pdf".into(),
        media_type: MediaType::Unknown,
        bytes: bytes.to_vec(),
    };
    assert_eq!(matcher.shown(&attachment(b"%PDF-1.7")), Ok(None));
    assert!(matcher.shown(&attachment(&PATHOLOGY[..200])).is_err());
}

#[test]
fn a_model_of_another_form_is_refused() {
    let labels = |count: usize| PanelLabels {
        names: vec!["panel".into(); count],
        least_scores: vec![0.5; count],
        unsupported_least: 1.0,
    };
    let embedded = include_bytes!("../model/panels.onnx");
    assert!(Panels::from_onnx(embedded, 256, labels(10)).is_ok());
    let error = Panels::from_onnx(embedded, 256, labels(3)).unwrap_err();
    let form = "an output of 14 values a box where 7 are needed";
    assert_eq!(error, ModelError::Form(form.into()));
    assert!(matches!(
        Panels::from_onnx(b"no model", 320, labels(3)),
        Err(ModelError::Unreadable(_))
    ));
}
