//! Generated records: nothing that names the patient is left, what treats the patient stays.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use dicom_core::{DataElement, PrimitiveValue, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use emrshare_desensitize::{Area, Desensitizer, Policy, Sights, scan};
use emrshare_identity::ConsortiumKey;
use emrshare_picture::uncompressed;
use emrshare_record::{MediaType, Record, Sections, dicom, import};
use emrshare_sample::{Generator, Tongue};
use serde_json::Value;

fn desensitizer(policy: Policy) -> Desensitizer {
    Desensitizer::new(policy, ConsortiumKey::from_bytes([7; 32]))
}

fn records(count: usize) -> impl Iterator<Item = Record> {
    Generator::new(3, Tongue::Mixed)
        .take(count)
        .map(|sample| import(sample.into_source()).unwrap().0)
}

/// What identifies the patient of a generated record.
fn secrets(record: &Record) -> Vec<String> {
    let patient = record.bundle().of_type("Patient").next().unwrap();
    let doctor = record.bundle().of_type("Practitioner").next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut secrets = vec![
        text(&patient["name"][0]["text"]),
        text(&patient["identifier"][0]["value"]),
        text(&patient["identifier"][1]["value"]),
        text(&patient["telecom"][0]["value"]),
        text(&patient["address"][0]["line"][0]),
        text(&patient["address"][0]["city"]),
        text(&patient["birthDate"]),
        text(&doctor["name"][0]["text"]),
    ];
    let family = text(&patient["name"][0]["family"]);
    secrets.extend((family.chars().count() > 1).then_some(family));
    secrets
}

#[test]
fn nothing_identifying_is_left_in_text() {
    for record in records(60) {
        let (copy, _) = desensitizer(Policy::hipaa_safe_harbor())
            .desensitize(&record, &Sights::clear(&record))
            .unwrap();
        let text = String::from_utf8(copy.bundle().to_canonical()).unwrap();
        for secret in secrets(&record) {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
        assert_eq!(scan(&copy), None);
    }
}

#[test]
fn nothing_identifying_is_left_in_image_headers() {
    for record in records(60) {
        let (copy, _) = desensitizer(Policy::hipaa_safe_harbor())
            .desensitize(&record, &Sights::clear(&record))
            .unwrap();
        for image in copy.attachments_of(MediaType::Dicom) {
            let head = &image.bytes[..image.bytes.len() - 256 * 256];
            for secret in secrets(&record) {
                let found = head.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret}");
            }
            assert!(dicom::header(&dicom::parse(&image.bytes).unwrap()).has_pixels);
        }
    }
}

#[test]
fn diagnoses_and_course_stay() {
    for record in records(60) {
        let (copy, _) = desensitizer(Policy::hipaa_safe_harbor())
            .desensitize(&record, &Sights::clear(&record))
            .unwrap();
        let sections = Sections::of(&copy).joined();
        for condition in record.bundle().of_type("Condition") {
            let name = condition["code"]["text"].as_str().unwrap();
            assert!(sections.contains(name), "{name} in {sections}");
        }
    }
}

#[test]
fn the_same_record_gives_the_same_copy() {
    for record in records(6) {
        let copy = || {
            desensitizer(Policy::hipaa_safe_harbor())
                .desensitize(&record, &Sights::clear(&record))
                .unwrap()
                .0
        };
        assert_eq!(copy(), copy());
    }
}

#[test]
fn references_still_lead_to_their_resources() {
    for record in records(6) {
        let (copy, _) = desensitizer(Policy::hipaa_safe_harbor())
            .desensitize(&record, &Sights::clear(&record))
            .unwrap();
        let patient = copy.bundle().of_type("Patient").next().unwrap()["id"].as_str().unwrap();
        let encounter = copy.bundle().of_type("Encounter").next().unwrap();
        assert_eq!(encounter["subject"]["reference"], format!("Patient/{patient}"));
    }
}

#[test]
fn strict_policy_leaves_no_surrogate() {
    for record in records(10) {
        let (copy, _) =
            desensitizer(Policy::strict()).desensitize(&record, &Sights::clear(&record)).unwrap();
        let text = String::from_utf8(copy.bundle().to_canonical()).unwrap();
        assert!(!text.contains("name-") && !text.contains("identifier-"), "{text}");
    }
}

#[test]
fn report_holds_no_value() {
    for record in records(10) {
        let (_, report) = desensitizer(Policy::hipaa_safe_harbor())
            .desensitize(&record, &Sights::clear(&record))
            .unwrap();
        let shown = format!("{report:?} {record:?}");
        assert!(secrets(&record).iter().all(|secret| !shown.contains(secret)));
    }
}

#[test]
fn patterns_next_to_chinese_characters_are_found() {
    let text = "患者邮箱zhang.san@example.com，手机13812345678，2023年5月6日入院，体温38.5℃，血压120/80mmHg";
    let patient = format!(
        r#"{{"resourceType":"Patient","gender":"male","text":{{"div":"<div>{text}</div>"}}}}"#
    );
    let file = emrshare_record::SourceFile::new("p.json", patient.into_bytes());
    let (record, _) = import(vec![file]).unwrap();
    let (copy, _) = desensitizer(Policy::hipaa_safe_harbor())
        .desensitize(&record, &Sights::clear(&record))
        .unwrap();
    let text = String::from_utf8(copy.bundle().to_canonical()).unwrap();
    for gone in ["example.com", "13812345678", "5月6日"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    for kept in ["38.5℃", "120/80mmHg", "2023"] {
        assert!(text.contains(kept), "{kept} not in {text}");
    }
}

#[test]
fn images_that_nobody_saw_are_left_out_and_writing_is_blanked() {
    let record = records(20).find(|record| !record.attachments().is_empty()).unwrap();
    let images = record.attachments().len();
    let desensitizer = desensitizer(Policy::hipaa_safe_harbor());
    let (copy, report) = desensitizer.desensitize(&record, &Sights::none()).unwrap();
    assert_eq!((copy.attachments().len(), report.left_out()), (0, images));
    let mut sights = Sights::clear(&record);
    sights.add(0, vec![Area::around(3.0, 3.0, 20.0, 9.0)]);
    let pixels = |record: &Record| {
        let object = dicom::parse(&record.attachments()[0].bytes).unwrap();
        object.element_by_name("PixelData").unwrap().to_bytes().unwrap().into_owned()
    };
    let (clear, _) = desensitizer.desensitize(&record, &Sights::clear(&record)).unwrap();
    let (blanked, report) = desensitizer.desensitize(&record, &sights).unwrap();
    assert_eq!(report.left_out(), 0);
    assert_eq!(pixels(&clear), pixels(&record));
    assert_ne!(pixels(&blanked), pixels(&record));
    assert_eq!(pixels(&blanked).len(), pixels(&record).len());
}

/// Of JPEG-LS pixels, only those below the writing are others in the copy, which is uncompressed.
#[test]
fn writing_on_compressed_pixels_is_blanked() {
    const WIDTH: usize = 61;
    let record = records(20).find(|record| !record.attachments().is_empty()).unwrap();
    let mut object = dicom::parse(&record.attachments()[0].bytes).unwrap();
    let stream = std::fs::read("../picture/tests/jpeg_ls/grey8.jls").unwrap();
    let pixels = PixelFragmentSequence::new_fragments(vec![stream]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
    for (tag, value) in [(tags::COLUMNS, WIDTH as u16), (tags::ROWS, 47), (tags::BITS_ALLOCATED, 8)]
    {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    object.update_meta(|meta| meta.transfer_syntax = uids::JPEGLS_LOSSLESS.into());
    let mut file = Vec::new();
    object.write_all(&mut file).unwrap();
    let values = |object: &dicom::DicomFile| {
        object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()
    };
    let before = values(&uncompressed(&object).unwrap().unwrap());
    let desensitizer = desensitizer(Policy::hipaa_safe_harbor());
    let area = Area::around(24.0, 8.0, 16.0, 8.0);
    let copy = desensitizer.desensitize_file(&file, Some(&[area])).unwrap().bytes;
    let copy = dicom::parse(&copy).unwrap();
    assert_eq!(copy.meta().transfer_syntax(), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let after = values(&copy);
    let darkest = *before[..WIDTH * 47].iter().min().unwrap();
    for (place, (before, after)) in before.iter().zip(&after).enumerate() {
        let (x, y) = (place % WIDTH, place / WIDTH);
        let is_blank = (24..40).contains(&x) && (8..16).contains(&y);
        assert_eq!(*after, if is_blank { darkest } else { *before }, "{x} {y}");
    }
    let clear = desensitizer.desensitize_file(&file, Some(&[])).unwrap().bytes;
    assert_eq!(dicom::parse(&clear).unwrap().meta().transfer_syntax(), uids::JPEGLS_LOSSLESS);
}

#[test]
fn a_data_set_without_preamble_is_an_image_too() {
    let record = records(20).find(|record| !record.attachments().is_empty()).unwrap();
    let whole = &record.attachments()[0].bytes;
    // The first element of the meta group says how long it is (PS3.10, table 7.1-1).
    let meta_len = u32::from_le_bytes(whole[140..144].try_into().unwrap()) as usize;
    let bare = &whole[144 + meta_len..];
    let desensitizer = desensitizer(Policy::hipaa_safe_harbor());
    let copies = [whole.as_slice(), bare]
        .map(|file| desensitizer.desensitize_file(file, Some(&[])).unwrap().bytes)
        .map(|copy| dicom::parse(&copy).unwrap());
    assert_eq!(dicom::header(&copies[0]), dicom::header(&copies[1]));
    let elements = |copy: &dicom::DicomFile| copy.iter().cloned().collect::<Vec<_>>();
    assert_eq!(elements(&copies[0]), elements(&copies[1]));
    assert!(desensitizer.desensitize_file(&bare[..bare.len() - 9], Some(&[])).is_err());
}
