//! Is every image there that the record lists?

use std::collections::BTreeMap;

use emrshare_record::{Attachment, MediaType, Record, dicom};
use serde_json::Value;

use crate::Reason;

/// What an image shows.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Label {
    /// DICOM modality, such as `CT`.
    pub modality: String,
    /// Body part, such as `CHEST`; empty if the matcher cannot tell.
    pub body_part: String,
}

/// Tells what an image shows.
///
/// [`HeaderMatcher`] believes the header; a detector looks at the pixels.
pub trait ImageMatcher: Send + Sync {
    /// The label of an image, or why it cannot be judged.
    ///
    /// # Errors
    /// A sentence that holds no patient data.
    fn label(&self, image: &Attachment) -> Result<Label, String>;
}

/// Reads modality and body part from the DICOM header.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeaderMatcher;

impl ImageMatcher for HeaderMatcher {
    fn label(&self, image: &Attachment) -> Result<Label, String> {
        let object = dicom::parse(&image.bytes).map_err(|error| error.to_string())?;
        let header = dicom::header(&object);
        Ok(Label {
            modality: header.modality.ok_or("the header names no modality (0008,0060)")?,
            body_part: header.body_part.unwrap_or_default(),
        })
    }
}

/// Reasons for images that are listed and not there, or there and not readable.
pub(crate) fn missing(record: &Record, matcher: &dyn ImageMatcher) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (position, image) in record.attachments().iter().enumerate() {
        if image.media_type != MediaType::Dicom {
            continue;
        }
        match matcher.label(image) {
            Ok(label) => *found.entry(label.modality).or_default() += 1,
            Err(problem) => {
                reasons.push(Reason::UnreadableImage { attachment: position + 1, problem });
            }
        }
    }
    for (modality, listed) in listed(record) {
        let found = found.get(&modality).copied().unwrap_or(0);
        if found < listed {
            reasons.push(Reason::MissingImages { modality, listed, found });
        }
    }
    reasons
}

/// Instances that the ImagingStudy resources list, by modality; a series without a number of
/// instances counts as one.
fn listed(record: &Record) -> BTreeMap<String, usize> {
    let mut listed = BTreeMap::new();
    for study in record.bundle().of_type("ImagingStudy") {
        for series in study.get("series").and_then(Value::as_array).into_iter().flatten() {
            let modality = series.pointer("/modality/code").and_then(Value::as_str);
            let count = series.get("numberOfInstances").and_then(Value::as_u64).unwrap_or(1);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let total: &mut usize = listed.entry(modality.unwrap_or("OT").to_owned()).or_default();
            *total = total.saturating_add(count);
        }
    }
    listed
}
