//! Images against what the record lists and what their headers say.

use std::collections::BTreeMap;

use emrshare_record::{
    Attachment, MediaType, Record,
    dicom::{self, Subject},
};
use serde_json::Value;

use super::{
    Found,
    patient::{self, Compare},
};
use crate::{Reason, Remark};

/// What an image shows by its header.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Label {
    /// DICOM modality, such as `CT`.
    pub modality: String,
    /// Body part, such as `CHEST`; empty if the matcher cannot tell.
    pub body_part: String,
    /// Whom it is of.
    pub subject: Subject,
}

/// Tells what an image shows.
pub trait ImageMatcher: Send + Sync {
    /// What the header of a DICOM file says, or why it cannot be judged.
    ///
    /// # Errors
    /// A sentence that holds no patient data.
    fn label(&self, image: &Attachment) -> Result<Label, String>;

    /// What the pixels show; `None` if this matcher does not look at pixels, or there are none.
    ///
    /// # Errors
    /// A sentence that holds no patient data.
    fn shown(&self, image: &Attachment) -> Result<Option<Vec<Found>>, String>;
}

/// Reads modality and body part from the DICOM header and believes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeaderMatcher;

impl ImageMatcher for HeaderMatcher {
    fn label(&self, image: &Attachment) -> Result<Label, String> {
        let object = dicom::parse(&image.bytes).map_err(|error| error.to_string())?;
        let header = dicom::header(&object);
        Ok(Label {
            modality: header.modality.ok_or("the header names no modality (0008,0060)")?,
            body_part: header.body_part.unwrap_or_default(),
            subject: dicom::subject(&object),
        })
    }

    fn shown(&self, _: &Attachment) -> Result<Option<Vec<Found>>, String> {
        Ok(None)
    }
}

/// What comparing images says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Compared {
    /// What is missing.
    pub(crate) reasons: Vec<Reason>,
    /// What a person should look at.
    pub(crate) remarks: Vec<Remark>,
    /// What was seen on each attachment; `None` if nobody looked at its pixels.
    pub(crate) seen: Vec<Option<Vec<Found>>>,
}

/// Compares images with what the record lists and what their headers say.
pub(crate) fn compare(record: &Record, matcher: &dyn ImageMatcher) -> Compared {
    let Compared { mut reasons, mut remarks, mut seen } = Compared::default();
    let mut headers: BTreeMap<String, usize> = BTreeMap::new();
    let mut pictures: Vec<&'static str> = Vec::new();
    for (position, image) in record.attachments().iter().enumerate() {
        let attachment = position + 1;
        if image.media_type == MediaType::Text {
            seen.push(None);
            continue;
        }
        seen.push(match matcher.shown(image) {
            Ok(shown) => shown,
            Err(problem) => {
                remarks.push(Remark::UnseenPixels { attachment, problem });
                None
            }
        });
        let shown = seen.last().and_then(Option::as_deref).unwrap_or_default();
        remarks.extend(writing(attachment, shown));
        if image.media_type != MediaType::Dicom {
            pictures.extend(shown.iter().filter_map(|found| modality_of(&found.label)));
            continue;
        }
        match matcher.label(image) {
            Ok(label) => {
                remarks.extend(disagreement(attachment, &label.modality, shown));
                match patient::compare(record, &label.subject) {
                    Compare::Same => {}
                    Compare::Doubtful => remarks.push(Remark::OtherPatient { attachment }),
                    Compare::Other => reasons.push(Reason::OtherPatientImage { attachment }),
                }
                *headers.entry(label.modality).or_default() += 1;
            }
            Err(problem) => reasons.push(Reason::UnreadableImage { attachment, problem }),
        }
    }
    for (modality, listed) in listed(record) {
        let mut found = headers.get(&modality).copied().unwrap_or(0);
        // Panels on plain pictures stand for what no DICOM file shows.
        let family = family(&modality);
        while found < listed
            && let Some(at) = pictures.iter().position(|picture| Some(*picture) == family)
        {
            pictures.swap_remove(at);
            found += 1;
        }
        if found < listed {
            reasons.push(Reason::MissingImages { modality, listed, found });
        }
    }
    Compared { reasons, remarks, seen }
}

/// A remark if lines of writing are on an image.
fn writing(attachment: usize, shown: &[Found]) -> Option<Remark> {
    let lines = shown.iter().filter(|found| found.label == "burnt_in_text").count();
    (lines > 0).then_some(Remark::BurntInText { attachment, lines })
}

/// The least score of a panel that is held against a header: headers err more seldom than the detector,
/// and nearly nothing that it took for another was as sure.
const SURE: f32 = 0.85;

/// A remark if panels were found, one surely, and none is what the header says.
fn disagreement(attachment: usize, modality: &str, shown: &[Found]) -> Option<Remark> {
    let header = family(modality)?;
    let panels: Vec<_> = shown.iter().filter(|found| modality_of(&found.label).is_some()).collect();
    let agrees = panels.iter().any(|found| modality_of(&found.label) == Some(header));
    let sure = panels.iter().find(|found| !agrees && found.score >= SURE)?;
    let (modality, pixels) = (modality.to_owned(), sure.label.clone());
    Some(Remark::Disagreement { attachment, modality, pixels })
}

/// The family of modalities that a panel belongs to.
fn modality_of(label: &str) -> Option<&'static str> {
    Some(match label {
        "chest_xray" | "other_xray" => "X-ray",
        "ct" => "CT",
        "mri" => "MR",
        "ultrasound" => "US",
        "ecg" => "ECG",
        "endoscopy" => "ES",
        "pathology" => "SM",
        "fundus" => "OP",
        _ => return None,
    })
}

/// The family of a DICOM modality (PS3.3, C.7.3.1.1.1); `None` if pixels do not tell it.
fn family(modality: &str) -> Option<&'static str> {
    Some(match modality {
        "CR" | "DX" | "RG" | "XR" => "X-ray",
        "CT" => "CT",
        "MR" => "MR",
        "US" => "US",
        "ECG" => "ECG",
        "ES" => "ES",
        "GM" | "SM" => "SM",
        "OP" => "OP",
        _ => return None,
    })
}

/// Statuses of an ImagingStudy of which there are no images (FHIR R4, ImagingStudy.status).
const WITHOUT_IMAGES: [&str; 3] = ["cancelled", "entered-in-error", "registered"];

/// Instances that the ImagingStudy resources list, by modality; a series without a number of
/// instances counts as one.
fn listed(record: &Record) -> BTreeMap<String, usize> {
    let mut listed = BTreeMap::new();
    let has_images = |study: &&Value| {
        let status = study.get("status").and_then(Value::as_str);
        !status.is_some_and(|status| WITHOUT_IMAGES.contains(&status))
    };
    for study in record.bundle().of_type("ImagingStudy").filter(has_images) {
        for series in study.get("series").and_then(Value::as_array).into_iter().flatten() {
            // A Coding, and a CodeableConcept from R5 on.
            let code = series.pointer("/modality/code");
            let code = code.or_else(|| series.pointer("/modality/coding/0/code"));
            let modality = code.and_then(Value::as_str);
            let count = series.get("numberOfInstances").and_then(Value::as_u64).unwrap_or(1);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let total: &mut usize = listed.entry(modality.unwrap_or("OT").to_owned()).or_default();
            *total = total.saturating_add(count);
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use emrshare_record::Bundle;
    use serde_json::json;

    use super::*;

    /// Shows what it is told to, by an attachment's first byte.
    struct Told(Vec<(&'static str, &'static [&'static str])>);

    impl ImageMatcher for Told {
        fn label(&self, image: &Attachment) -> Result<Label, String> {
            let (modality, _) = self.0[usize::from(image.bytes[0])];
            let (modality, body_part) = (modality.to_owned(), String::new());
            Ok(Label { modality, body_part, subject: Subject::default() })
        }

        fn shown(&self, image: &Attachment) -> Result<Option<Vec<Found>>, String> {
            let (_, labels) = self.0[usize::from(image.bytes[0])];
            let found = |label: &&str| Found {
                label: (*label).to_owned(),
                looks_like: None,
                score: 0.9,
                x: 0.0,
                y: 0.0,
                width: 9.0,
                height: 9.0,
            };
            Ok(Some(labels.iter().map(found).collect()))
        }
    }

    fn record(listed: &[(&str, u64)], media_types: &[MediaType]) -> Record {
        let mut bundle = Bundle::empty();
        let series = listed
            .iter()
            .map(|(code, count)| json!({"modality": {"code": code}, "numberOfInstances": count}));
        let series: Vec<_> = series.collect();
        bundle.push(json!({"resourceType": "ImagingStudy", "series": series}));
        let attachments = media_types.iter().enumerate();
        let attachments = attachments.map(|(place, kind)| Attachment {
            name: format!("{place}"),
            media_type: *kind,
            bytes: vec![place as u8],
        });
        Record::new(bundle, attachments.collect())
    }

    #[test]
    fn panels_on_a_plain_picture_stand_for_what_is_listed() {
        let matcher = Told(vec![("CT", &["ct"]), ("", &["mri", "mri", "chest_xray"])]);
        let listed = [("CT", 1), ("MR", 2), ("DX", 2)];
        let record = record(&listed, &[MediaType::Dicom, MediaType::Unknown]);
        let Compared { reasons, remarks, .. } = compare(&record, &matcher);
        let missing = Reason::MissingImages { modality: "DX".into(), listed: 2, found: 1 };
        assert_eq!((reasons, remarks), (vec![missing], vec![]));
    }

    #[test]
    fn more_images_are_never_less_complete() {
        let labels: Vec<(&str, &[&str])> = vec![("CT", &["ct"]); 5];
        for count in 0..5 {
            let record = record(&[("CT", 3)], &vec![MediaType::Dicom; count]);
            let compared = compare(&record, &Told(labels.clone()));
            assert_eq!(compared.reasons.is_empty(), count >= 3);
        }
    }

    #[test]
    fn what_a_study_lists_in_r4_and_r5_unless_it_has_no_images() {
        let mut bundle = Bundle::empty();
        let mut study = |status, modality: Value| {
            let series = json!([{"modality": modality, "numberOfInstances": 2}]);
            bundle
                .push(json!({"resourceType": "ImagingStudy", "status": status, "series": series}));
        };
        study("available", json!({"code": "CT"}));
        study("available", json!({"coding": [{"code": "MR"}]}));
        study("cancelled", json!({"code": "US"}));
        let listed = listed(&Record::new(bundle, Vec::new()));
        assert_eq!(Vec::from_iter(listed), [("CT".to_owned(), 2), ("MR".to_owned(), 2)]);
    }

    #[test]
    fn header_and_pixels_that_disagree_are_remarked() {
        let matcher = Told(vec![("CT", &["mri", "burnt_in_text"]), ("OT", &["mri"]), ("CT", &[])]);
        let record = record(&[], &[MediaType::Dicom; 3]);
        let Compared { reasons, remarks, seen } = compare(&record, &matcher);
        let counts: Vec<_> = seen.iter().map(|seen| seen.as_ref().map(Vec::len)).collect();
        assert_eq!(counts, [Some(2), Some(1), Some(0)]);
        assert_eq!(reasons, []);
        let disagreement =
            Remark::Disagreement { attachment: 1, modality: "CT".into(), pixels: "mri".into() };
        assert_eq!(remarks, [Remark::BurntInText { attachment: 1, lines: 1 }, disagreement]);
    }

    #[test]
    fn what_is_not_seen_surely_says_nothing_against_a_header() {
        let [x, y, width, height] = [0.0, 0.0, 9.0, 9.0];
        let seen = |label: &str, score| {
            let label = label.to_owned();
            Found { label, looks_like: None, score, x, y, width, height }
        };
        let is_remarked = |shown: &[Found]| disagreement(1, "CT", shown).is_some();
        assert!(is_remarked(&[seen("mri", 0.9)]));
        assert!(!is_remarked(&[seen("mri", 0.8)]));
        assert!(!is_remarked(&[seen("mri", 0.9), seen("ct", 0.5)]));
    }
}
