//! Import, record files and manifests.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_identity::ConsortiumKey;
use emrshare_record::{
    Excerpt, FileKind, ImportError, Language, Manifest, ManifestError, MediaType, RecordFile,
    Section, Sections, SourceFile, dicom::DicomError, import,
};
use proptest::prelude::*;

fn key() -> ConsortiumKey {
    ConsortiumKey::from_bytes([1; 32])
}

fn patient() -> SourceFile {
    SourceFile::new("p.json", br#"{"resourceType":"Patient","gender":"male"}"#.to_vec())
}

fn file_with(attachment: Vec<u8>) -> RecordFile {
    let (record, _) = import(vec![patient(), SourceFile::new("a.bin", attachment)]).unwrap();
    RecordFile::original(&record, &key())
}

#[test]
fn broken_json_names_the_place_and_not_the_content() {
    let found = import(vec![SourceFile::new("secret name.json", b"{\"name\": \"Zhang".to_vec())]);
    let message = found.unwrap_err().to_string();
    assert_eq!(message, "file 1: not JSON: line 1, column 15");
}

#[test]
fn an_excerpt_of_no_record_file_is_an_error_and_reserves_nothing() {
    let bytes = file_with(vec![7; 9]).to_bytes();
    let manifest_len = u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut huge = bytes.clone();
    huge[4 + manifest_len..][..4].fill(0xff);
    for broken in [&[][..], &[0xff; 4], &bytes[..bytes.len() - 1], &huge] {
        let copied = Excerpt::copy(&mut &*broken, &mut std::io::sink(), |_| true);
        assert!(copied.is_err(), "{} bytes", broken.len());
        assert!(Excerpt::from_bytes(broken, |_| true).is_err());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(Excerpt::from_bytes(&longer, |_| true).is_err());
    assert!(Excerpt::from_bytes(&bytes, |part| part.is_text()).is_err(), "more than is wanted");
}

#[test]
fn json_that_is_no_resource_is_refused() {
    let found = import(vec![SourceFile::new("x.json", b"{\"a\":1}".to_vec())]);
    assert!(matches!(found, Err(ImportError::Fhir { .. })));
}

#[test]
fn zeros_are_no_record() {
    let found = import(vec![SourceFile::new("zeros", vec![0; 1 << 20])]);
    assert!(matches!(found, Err(ImportError::NoRecord { count: 1 })));
}

#[test]
fn dicom_name_without_dicom_content_is_refused() {
    let found = import(vec![patient(), SourceFile::new("scan.dcm", vec![0; 200])]);
    let refused = ImportError::Dicom { file: 2, problem: DicomError::NoPreamble };
    assert_eq!(found.unwrap_err().to_string(), refused.to_string());
}

#[test]
fn unknown_file_is_kept_and_reported() {
    let (record, report) = import(vec![patient(), SourceFile::new("a.bin", vec![1, 2])]).unwrap();
    assert_eq!((record.attachments().len(), report.notes.len()), (1, 1));
}

#[test]
fn text_files_named_as_sections_become_a_composition() {
    let text = |name: &str, text: &str| SourceFile::new(name, text.as_bytes().to_vec());
    let files = vec![text("基本信息.txt", "男，50岁"), text("diagnosis.txt", "A < B & C")];
    let (record, _) = import(files).unwrap();
    let sections = Sections::of(&record);
    assert_eq!(sections.get(Section::Basic), "男，50岁");
    assert_eq!(sections.get(Section::Diagnosis), "A < B & C");
}

const SUMMARY: &str = include_str!("files/summary_zh.txt");

#[test]
fn a_printed_summary_is_a_record() {
    let (encoded, ..) = encoding_rs::GB18030.encode(SUMMARY);
    for bytes in [SUMMARY.as_bytes(), &[b"\xef\xbb\xbf", SUMMARY.as_bytes()].concat(), &encoded] {
        let (record, report) = import(vec![SourceFile::new("出院记录.txt", bytes.into())]).unwrap();
        let sections = Sections::of(&record);
        assert!(sections.get(Section::Basic).contains("56岁"));
        assert!(sections.get(Section::Diagnosis).contains("2. 高血压病3级 很高危"));
        assert!(sections.get(Section::Hospitalisation).starts_with("入院后急诊行冠脉造影"));
        assert_eq!(sections.others().len(), 4);
        let patient = record.bundle().of_type("Patient").next().unwrap();
        assert_eq!(patient["gender"], "male");
        let conditions = record.bundle().of_type("Condition");
        let diagnoses: Vec<_> = conditions.map(|it| it["code"]["text"].as_str().unwrap()).collect();
        assert_eq!(diagnoses.len(), 4, "{diagnoses:?}");
        assert!(diagnoses.contains(&"急性前壁心肌梗死（Killip II级）"));
        let encounter = record.bundle().of_type("Encounter").next().unwrap();
        assert_eq!(encounter["period"]["end"], "2023-05-15");
        assert_eq!(record.attachments()[0].media_type, MediaType::Unknown, "it stays at home");
        assert_eq!(report.notes.len(), 1);
    }
}

#[test]
fn a_printed_summary_in_english_is_a_record() {
    let text = include_str!("files/summary_en.txt");
    let (record, _) = import(vec![SourceFile::new("a.txt", text.into())]).unwrap();
    let sections = Sections::of(&record);
    assert!(sections.get(Section::Diagnosis).contains("Chronic kidney disease, stage 3."));
    assert!(sections.get(Section::Hospitalisation).starts_with("She was diuresed"));
    let patient = record.bundle().of_type("Patient").next().unwrap();
    assert_eq!(patient["birthDate"], "1948-06-17");
}

#[test]
fn beside_a_patient_a_text_stays_an_attachment() {
    let files = || [patient(), SourceFile::new("note.txt", SUMMARY.as_bytes().to_vec())];
    let turned = files().into_iter().rev().collect();
    for files in [files().into(), turned] {
        let (record, _) = import(files).unwrap();
        assert_eq!(record.bundle().of_type("Composition").count(), 0);
        assert_eq!(record.attachments()[0].media_type, MediaType::Text);
    }
}

#[test]
fn sections_that_are_files_tell_the_patient() {
    let text = |name: &str, text: &str| SourceFile::new(name, text.as_bytes().to_vec());
    let files =
        vec![text("基本信息.txt", "姓名：李雷；性别：男；年龄：50岁"), text("诊断.txt", "肺炎")];
    let (record, _) = import(files).unwrap();
    let patient = record.bundle().of_type("Patient").next().unwrap();
    assert_eq!((&patient["gender"], &patient["name"][0]["text"]), (&"male".into(), &"李雷".into()));
}

#[test]
fn order_of_files_and_keys_does_not_change_the_digest() {
    let a = || SourceFile::new("a.bin", vec![1]);
    let b = || SourceFile::new("b.bin", vec![2]);
    let turned =
        || SourceFile::new("p.json", br#"{"gender": "male", "resourceType":"Patient"}"#.to_vec());
    let digest =
        |files| RecordFile::original(&import(files).unwrap().0, &key()).manifest().digest();
    assert_eq!(digest(vec![patient(), a(), b()]), digest(vec![b(), turned(), a()]));
}

#[test]
fn binder_depends_on_the_consortium() {
    let (record, _) = import(vec![patient()]).unwrap();
    let other = ConsortiumKey::from_bytes([2; 32]);
    let digest = |key| RecordFile::original(&record, key).manifest().digest();
    assert_ne!(digest(&key()), digest(&other));
}

#[test]
fn manifest_in_another_form_is_refused() {
    let manifest = file_with(vec![1]).manifest().clone();
    let pretty: serde_json::Value = serde_json::from_slice(manifest.as_bytes()).unwrap();
    let pretty = serde_json::to_vec_pretty(&pretty).unwrap();
    assert_eq!(Manifest::from_bytes(pretty), Err(ManifestError::NotCanonical));
    assert_eq!(manifest.kind(), FileKind::Original);
}

#[test]
fn language_is_that_of_most_letters() {
    assert_eq!(Language::of("胸部CT示右肺下叶实变，予ceftriaxone治疗"), Language::Chinese);
    assert_eq!(Language::of("Chest CT, 2 cm nodule"), Language::English);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn file_round_trips_and_every_flip_is_caught(
        length in 0usize..3_000_000,
        flip in any::<prop::sample::Index>(),
    ) {
        let content: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
        let file = file_with(content);
        let bytes = file.to_bytes();
        let read = RecordFile::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.manifest(), file.manifest());
        let mut wrong = bytes;
        let position = flip.index(wrong.len());
        wrong[position] ^= 1;
        let digest = RecordFile::from_bytes(&wrong).ok().map(|file| file.manifest().digest());
        prop_assert_ne!(digest, Some(file.manifest().digest()));
    }
}
