//! HL7 v2 messages and CDA documents become records. The files are made up.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_record::{
    ImportError, ImportReport, Mapping, Record, Section, Sections, SourceFile, import, import_with,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const ADMISSION: &str = include_str!("files/admission.hl7");
const DISCHARGE: &str = include_str!("files/discharge.xml");

fn imported(files: &[&[u8]]) -> Result<(Record, ImportReport), ImportError> {
    import(files.iter().map(|bytes| SourceFile::new("sent", bytes.to_vec())).collect())
}

fn record(text: &str) -> Record {
    imported(&[text.as_bytes()]).unwrap().0
}

fn of_type(record: &Record, kind: &str) -> Vec<Value> {
    record.bundle().of_type(kind).cloned().collect()
}

fn texts(record: &Record, kind: &str) -> Vec<String> {
    let all = of_type(record, kind);
    all.iter().map(|it| it["code"]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_message_becomes_resources_about_its_patient() {
    let record = record(ADMISSION);
    let patient = &of_type(&record, "Patient")[0];
    assert_eq!(patient["name"][0]["family"], json!("赵"));
    assert_eq!(patient["gender"], json!("male"));
    assert_eq!(patient["birthDate"], json!("1985-03-07"));
    assert_eq!(patient["identifier"][1]["value"], json!("110101198503074516"));
    assert_eq!(patient["address"][0]["city"], json!("北京市"));
    let encounter = &of_type(&record, "Encounter")[0];
    assert_eq!(encounter["class"]["code"], json!("IMP"));
    assert_eq!(encounter["period"]["end"], json!("2024-03-06T10:00:00+08:00"));
    assert_eq!(encounter["subject"], json!({"reference": "Patient/patient"}));
    assert_eq!(texts(&record, "Condition"), ["肺炎，未特指病原体", "原发性高血压"]);
    let coding = &of_type(&record, "Condition")[0]["code"]["coding"][0];
    assert_eq!(coding["system"], json!("http://hl7.org/fhir/sid/icd-10"));
    assert_eq!(texts(&record, "AllergyIntolerance"), ["青霉素"]);
    assert_eq!(texts(&record, "Procedure"), ["胸部CT平扫"]);
    let relative = &of_type(&record, "RelatedPerson")[0];
    assert_eq!(relative["relationship"][0]["text"], json!("配偶"));
}

#[test]
fn results_keep_their_units_their_notes_and_their_lines() {
    let record = record(ADMISSION);
    let results = of_type(&record, "Observation");
    assert_eq!(results[0]["valueQuantity"].to_string(), r#"{"unit":"10*9/L","value":12.6}"#);
    assert_eq!(results[0]["note"][0]["text"], json!("标本轻度溶血\n结果仅供参考"));
    let lines = "右下肺见斑片状高密度影，边界模糊。\n双侧胸腔未见积液。";
    assert_eq!((results.len(), &results[1]["valueString"]), (2, &json!(lines)));
}

#[test]
fn what_has_no_place_is_said_and_the_message_is_kept() {
    let (record, report) = imported(&[ADMISSION.as_bytes()]).unwrap();
    assert_eq!(report.notes.len(), 1, "ZXX has no place");
    assert_eq!(record.attachments()[0].bytes, ADMISSION.as_bytes());
    let known = ADMISSION.replace("ZXX|1|本院自定义内容\n", "");
    assert!(imported(&[known.as_bytes()]).unwrap().1.notes.is_empty());
}

#[test]
fn texts_in_gb_18030_frames_and_carriage_returns_say_the_same() {
    let framed = format!("\u{b}{}\u{1c}\r", ADMISSION.replace('\n', "\r"));
    let (encoded, _, _) = encoding_rs::GB18030.encode(&framed);
    let (same, _) = imported(&[&encoded]).unwrap();
    assert_eq!(same.bundle(), record(ADMISSION).bundle());
}

#[test]
fn a_chinese_document_says_by_its_entries_what_it_has_no_narrative_for() {
    let record = record(DISCHARGE);
    let patient = &of_type(&record, "Patient")[0];
    assert_eq!(patient["name"][0]["text"], json!("赵明远"));
    assert_eq!(patient["address"][0]["line"], json!(["幸福路", "12号"]));
    assert_eq!(texts(&record, "Condition"), ["肺炎"], "the outcome is no diagnosis");
    assert_eq!(of_type(&record, "Encounter")[0]["class"]["code"], json!("IMP"));
    let sections = Sections::of(&record);
    let diagnosis = "出院诊断编码：肺炎。 治疗结果代码：好转。";
    assert_eq!(sections.get(Section::Diagnosis), diagnosis);
    let course = sections.get(Section::Hospitalisation);
    assert!(course.contains("抗感染 & 对症治疗。 体温降至正常"), "{course}");
    let basic = sections.get(Section::Basic);
    assert!(basic.contains("性别：男。出生日期：1985-03-07。婚姻状况：已婚。"), "{basic}");
}

#[test]
fn what_sections_within_sections_find_is_found_too() {
    let (open, close) = ("<component><section>", "</section></component>");
    let outer = format!("{open}<title>出院</title>{open}");
    let nested = DISCHARGE.replacen(open, &outer, 1);
    let nested = record(&nested.replacen(close, &close.repeat(2), 1));
    assert_eq!(of_type(&nested, "Condition"), of_type(&record(DISCHARGE), "Condition"));
    let sections = &of_type(&nested, "Composition")[0]["section"];
    assert_eq!(sections[0]["section"][0]["title"], json!("出院诊断"));
}

#[test]
fn a_message_and_a_document_of_one_patient_are_one_record() {
    let (record, _) = imported(&[ADMISSION.as_bytes(), DISCHARGE.as_bytes()]).unwrap();
    assert_eq!(of_type(&record, "Patient").len(), 1);
    assert_eq!(record.attachments().len(), 2);
    assert_eq!(texts(&record, "Condition").len(), 3);
}

#[test]
fn two_patients_are_no_record() {
    let other = ADMISSION.replace("ZY20240229001", "ZY7").replace("110101198503074516", "8");
    let apart = imported(&[ADMISSION.as_bytes(), other.as_bytes()]).unwrap_err();
    assert!(matches!(apart, ImportError::Patients { file: 2 }), "{apart}");
    let together = imported(&[[ADMISSION, &other].concat().as_bytes()]).unwrap_err();
    assert!(matches!(together, ImportError::Hl7 { file: 1, .. }), "{together}");
}

#[test]
fn bundles_of_two_patients_are_no_record() {
    let bundle = |number: &str, born: &str| {
        let patient = json!({
            "resourceType": "Patient", "id": number, "birthDate": born,
            "identifier": [{"value": number}],
        });
        let subject = json!({"reference": format!("Patient/{number}")});
        let stay = json!({"resourceType": "Encounter", "status": "finished", "subject": subject});
        json!({"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": format!("https://his.example/Patient/{number}"), "resource": patient},
            {"resource": stay},
        ]})
    };
    let (one, other) = (bundle("71", "1985-03-07"), bundle("72", "1990-01-02"));
    let bytes = |bundle: &Value| bundle.to_string().into_bytes();
    let apart = imported(&[&bytes(&one), &bytes(&other)]).unwrap_err();
    assert!(matches!(apart, ImportError::Patients { file: 2 }), "{apart}");
    assert!(imported(&[&bytes(&one), &bytes(&one)]).is_ok());
    let mut both = one.clone();
    let entries = both["entry"].as_array_mut().unwrap();
    entries.extend(other["entry"].as_array().unwrap().clone());
    let together = imported(&[&bytes(&both)]).unwrap_err();
    assert!(matches!(together, ImportError::Subjects), "{together}");
    // The other patient is only named: a mother, a donor.
    both["entry"].as_array_mut().unwrap().pop();
    assert!(imported(&[&bytes(&both)]).is_ok());
    // As a server's address, and in a version.
    for reference in ["https://his.example/Patient/72", "Patient/72/_history/2"] {
        let mut both = both.clone();
        both["entry"][1]["resource"]["subject"] = json!({"reference": "Patient/71"});
        let stay = json!({"resourceType": "Composition", "subject": {"reference": reference}});
        both["entry"].as_array_mut().unwrap().push(json!({ "resource": stay }));
        assert!(matches!(imported(&[&bytes(&both)]), Err(ImportError::Subjects)), "{reference}");
    }
}

#[test]
fn a_number_in_common_is_not_enough_where_days_of_birth_differ() {
    let other = ADMISSION.replace("||19850307|", "||19900101|");
    let error = imported(&[ADMISSION.as_bytes(), other.as_bytes()]).unwrap_err();
    assert!(matches!(error, ImportError::Patients { file: 2 }), "{error}");
    let year = ADMISSION.replace("||19850307|", "||1985|");
    assert!(imported(&[ADMISSION.as_bytes(), year.as_bytes()]).is_ok());
}

#[test]
fn two_visits_stay_two_and_two_values_of_one_code_too() {
    let later = ADMISSION.replace("V7788", "V7799");
    let both = record(&[ADMISSION, &later].concat());
    assert_eq!(of_type(&both, "Encounter").len(), 2);
    let value = "OBX|1|ST|X^pressure||120/80||||||F\nOBX|2|ST|X^pressure||130/85||||||F\n";
    let head = "MSH|^~\\&|A\nPID|1||7\nDG1|1||I10^x^I10\n";
    let values = record(&[head, value, "OBX|3|ST|||y\nNTE|1||of nothing\n"].concat());
    assert_eq!(of_type(&values, "Observation").len(), 2);
    let noted = values.bundle().resources().filter(|(_, it)| it.get("note").is_some());
    assert_eq!(noted.count(), 0, "a note of what has no place is nobody's");
}

#[test]
fn broken_files_name_the_place_and_quote_nothing() {
    let cases = [
        ADMISSION.replace("DG1|1", "诊断D|1"),
        DISCHARGE.replace("</title>", ""),
        DISCHARGE.replace("<id root=", "<id 赵明远 root="),
        DISCHARGE[..DISCHARGE.len() / 2 + 1].to_owned(),
        DISCHARGE.replace("ClinicalDocument", "OtherDocument") + "<!-- ClinicalDocument -->",
    ];
    for broken in cases {
        let error = imported(&[broken.as_bytes()]).unwrap_err();
        assert!(matches!(error, ImportError::Hl7 { .. } | ImportError::Cda { .. }), "{error}");
        assert!(!error.to_string().contains(['赵', '诊']), "{error}");
    }
}

fn mapping() -> Mapping {
    Mapping::from_text(include_str!("files/mapping.toml")).unwrap()
}

#[test]
fn json_of_a_hospitals_own_is_read_by_its_mapping() {
    let sent = include_bytes!("files/own.json");
    let files = || vec![SourceFile::new("own.json", sent.to_vec())];
    assert!(matches!(import(files()), Err(ImportError::Fhir { .. })));
    let (record, report) = import_with(files(), Some(&mapping())).unwrap();
    let patient = &of_type(&record, "Patient")[0];
    assert_eq!(patient["name"][0]["text"], json!("赵明远"));
    assert_eq!(patient["gender"], json!("male"));
    assert_eq!(patient["birthDate"], json!("1985-03-07"));
    assert_eq!(patient["identifier"][1]["type"]["text"], json!("resident number"));
    assert_eq!(texts(&record, "Condition"), ["肺炎", "高血压"]);
    let coding = &of_type(&record, "Condition")[0]["code"]["coding"][0]["code"];
    assert_eq!(*coding, json!("J18.9"));
    let count = &of_type(&record, "Observation")[0];
    assert_eq!(count["valueQuantity"], json!({"value": 12.6, "unit": "10*9/L"}));
    assert_eq!(of_type(&record, "Encounter")[0]["period"]["start"], json!("2024-02-29"));
    let course = Sections::of(&record).get(Section::Hospitalisation).to_owned();
    assert_eq!(course, "发热、咳嗽3天入院。 予头孢曲松抗感染，体温正常后出院。");
    assert_eq!(record.attachments()[0].bytes, sent);
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn json_without_what_the_mapping_needs_is_refused() {
    let file = SourceFile::new("own.json", b"{\"patient\":{\"name\":\"secret\"}}".to_vec());
    let error = import_with(vec![file], Some(&mapping())).unwrap_err();
    assert!(matches!(error, ImportError::Mapped { file: 1, .. }));
    assert!(!error.to_string().contains("secret"));
}

proptest! {
    #[test]
    fn anything_behind_a_head_is_a_record_or_an_error(
        body in prop::collection::vec("[A-Z]{2}[A-Z0-9]|[|^~&\\\\]|[0-9]{1,14}|\\PC{0,8}|\r", 0..60),
    ) {
        let text = ["MSH|^~\\&|A\rPID|1||7\r", &body.concat()].concat();
        let _ = imported(&[text.as_bytes()]);
        let document = ["<ClinicalDocument>", &body.concat(), "</ClinicalDocument>"].concat();
        let _ = imported(&[document.as_bytes()]);
    }

    #[test]
    fn a_damaged_document_is_a_record_or_an_error(at: prop::sample::Index, byte: u8) {
        for text in [ADMISSION, DISCHARGE] {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = imported(&[&bytes]);
        }
    }
}
