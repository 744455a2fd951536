//! Elements and fields that the standards have for people, and what stands beside them and stays.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod common;

use common::{assert_gone, copy, desensitizer};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, value::DataSetSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use emrshare_desensitize::{Desensitizer, Policy};
use emrshare_identity::ConsortiumKey;
use emrshare_record::dicom;

fn assert_kept(copy: &str, values: &[&str]) {
    for value in values {
        assert!(copy.contains(value), "{value} in {copy}");
    }
}

/// A copy by the policy under which institutions have surrogates.
fn copy_without_institutions(file: &str) -> String {
    let desensitizer = Desensitizer::new(
        Policy::shipped("cn-gbt-37964").unwrap(),
        ConsortiumKey::from_bytes([7; 32]),
    );
    String::from_utf8(desensitizer.desensitize_file(file.as_bytes(), None).unwrap().bytes).unwrap()
}

#[test]
fn fields_of_messages_by_their_data_types() {
    let copied = copy(
        "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||REF^I12|MSGQ-77|P|2.5\rPID|1||990011\r\
         PRD|RP|Vexley^Orrin^T|5 Mill Road^^Leeds||^PRN^PH^^^113^4960123||LIC-4410^L\r\
         PDA|I21^Infarction^I10|W7^12^1||202305041000|8812^Brannoch^Isla\r\
         CON|1|||CONSENT-66|Agreed|||||||||||||||||||Thackwell^Una\r\
         OBR|1|ORD-7||||||||||||||||ROUTINE|ACC-5512|||||||||||||8812&Wexcombe&Ivor^202305041000\r\
         NK1|1|Loe^Mia|SPO||||EMC^Emergency contact^HL70131||||||Quarrybank Mills\r\
         NTE|1||Wexcombe and Vexley were told. Routine care.\r",
    );
    assert_gone(
        &copied,
        &[
            "MSGQ-77",
            "Vexley",
            "Orrin",
            "Mill Road",
            "4960123",
            "LIC-4410",
            "Brannoch",
            "W7",
            "CONSENT-66",
            "Thackwell",
            "ORD-7",
            "ACC-5512",
            "Wexcombe",
            "8812",
            "Quarrybank",
        ],
    );
    assert_kept(
        &copied,
        &["I21^Infarction^I10", "EMC^Emergency contact^HL70131", "|Agreed|", "Routine care."],
    );
}

#[test]
fn observed_values_by_the_data_type_that_is_told() {
    let copied = copy(
        "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|1|P|2.5\rPID|1||990011\r\
         OBX|1|XPN|1^Name of informant||Quillfeather^Tobias\rOBX|2|CX|2^Other number||RT^5^A\r\
         OBX|3|XAD|3^Where||5 Mill Road^^Leeds\rOBX|4|DT|4^Born||1961\r\
         OBX|5|NM|718-7^Hb^LN||1961|g/L\rOBX|6|CWE|5^Finding||22298006^Infarction^SCT\r",
    );
    assert_gone(&copied, &["Quillfeather", "Tobias", "RT^5", "Mill Road", "Leeds"]);
    assert_kept(&copied, &["718-7^Hb^LN||1961|g/L", "22298006^Infarction^SCT", "^Born||1961"]);
}

#[test]
fn segments_of_a_site_keep_codes_dates_and_short_numbers() {
    let copied = copy(
        "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ADT^A01|1|P|2.5\rPID|1||990011\r\
         ZPI|1|Quillfeather^Tobias|M|20230506|VIP|36.6|8844123|blue door\r",
    );
    assert_gone(&copied, &["Quillfeather", "Tobias", "0506", "8844123", "blue door"]);
    assert_kept(&copied, &["ZPI|1|", "|M|2023|VIP|36.6|"]);
}

#[test]
fn institutions_of_messages_as_the_policy_says() {
    let message = "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|1|P|2.5\rPID|1||990011\r\
                   ORC|RE||||||||||||||||||||Harbour Clinic^L\r";
    assert_kept(&copy(message), &["Harbour Clinic^L"]);
    assert_gone(&copy_without_institutions(message), &["Harbour"]);
}

#[test]
fn people_in_resources_of_any_type() {
    let copied = copy(
        r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"resource":{"resourceType":"FamilyMemberHistory","name":"Tobias Quillfeather",
         "note":[{"authorString":"Sister Brannoch","text":"Quillfeather had infarction."}]}},
        {"resource":{"resourceType":"InsurancePlan",
         "contact":[{"name":{"family":"Vexley","given":["Orrin"]}}]}},
        {"resource":{"resourceType":"AuditEvent","agent":[{"name":"Una Thackwell","altId":"ut-7781"}]}},
        {"resource":{"resourceType":"Questionnaire","title":"Pain scale",
         "contact":[{"name":"Isla Wexcombe"}]}},
        {"resource":{"resourceType":"Task","owner":{"display":"Ivor Stannage",
         "identifier":{"value":"8812"}},"focus":{"type":"Condition","display":"Infarction"}}},
        {"resource":{"resourceType":"Patient","extension":[{
         "url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
         "valueString":"Oldacre"}]}}]}"#,
    );
    assert_gone(
        &copied,
        &[
            "Tobias",
            "Quillfeather",
            "Brannoch",
            "Vexley",
            "Orrin",
            "Thackwell",
            "ut-7781",
            "Wexcombe",
            "Stannage",
            "8812",
            "Oldacre",
        ],
    );
    assert_kept(&copied, &["had infarction.", "Pain scale", "\"Infarction\""]);
}

#[test]
fn numbers_and_places_in_resources_of_any_type() {
    let copied = copy(
        r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"resource":{"resourceType":"Claim","insurance":[{"preAuthRef":["PRE-771","PRE-772"]}],
         "related":[{"reference":{"system":"urn:x","value":"CLM-90"}}],
         "traceNumber":[{"value":"TRC-11"}],
         "accident":{"date":"2023-05-06","locationAddress":{"city":"Leeds","country":"GB"}}}},
        {"resource":{"resourceType":"Coverage","dependent":"D-1",
         "class":[{"type":{"text":"group"},"value":"GRP-35","name":"Quarrybank Mills"}]}},
        {"resource":{"resourceType":"Endpoint","name":"Images",
         "contact":[{"system":"phone","value":"113 496 0123"}]}},
        {"resource":{"resourceType":"ImagingSelection","studyUid":"1.2.840.1"}},
        {"resource":{"resourceType":"Basic","extension":[{"url":"http://x.example/u",
         "valueUri":"urn:uuid:b0b9b2a0-4f0b-4d6c-8f58-0c8c5e0d9d12"}]}},
        {"resource":{"resourceType":"Organization","alias":["Harbour Clinic"]}}]}"#,
    );
    assert_gone(
        &copied,
        &[
            "PRE-77",
            "TRC-11",
            "CLM-90",
            "496 0123",
            "Leeds",
            "D-1",
            "GRP-35",
            "Quarrybank",
            "1.2.840.1",
            "b0b9b2a0",
        ],
    );
    assert_kept(&copied, &["\"country\":\"GB\"", "\"text\":\"group\"", "Harbour Clinic"]);
}

const DOCUMENT: &str = r#"<ClinicalDocument><id root="1.2.840.114350.77"/>
  <templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/>
  <recordTarget><patientRole><id root="1.2.3" extension="990011" assigningAuthorityName="Harbour Clinic"/>
  <patient><name>Tobias Quillfeather</name>
  <employerOrganization><name>Quarrybank Mills</name></employerOrganization></patient>
  <providerOrganization><name>Harbour Clinic</name></providerOrganization></patientRole></recordTarget>
  <component><section><text>Quillfeather had chest pain.</text>
  <entry><observation><code code="48767-8"/><value xsi:type="II" root="1.2.3" extension="RT-5512"/>
  <participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">
  <name>Penicillin</name></playingEntity></participantRole></participant>
  <participant typeCode="IND"><participantRole><playingEntity classCode="PSN">
  <name>Isla Wexcombe</name></playingEntity></participantRole></participant>
  <value xsi:type="AD"><streetAddressLine>5 Mill Road</streetAddressLine><city>Leeds</city></value>
  </observation></entry></section></component></ClinicalDocument>"#;

#[test]
fn people_numbers_and_places_in_documents() {
    let copied = copy(DOCUMENT);
    assert_gone(
        &copied,
        &[
            "1.2.840.114350.77",
            "990011",
            "Tobias",
            "Quillfeather",
            "Quarrybank",
            "RT-5512",
            "Wexcombe",
            "Mill Road",
            "Leeds",
        ],
    );
    assert_kept(&copied, &["2015-08-01", "Harbour Clinic", "Penicillin", "had chest pain."]);
}

#[test]
fn institutions_of_documents_as_the_policy_says() {
    assert_gone(&copy_without_institutions(DOCUMENT), &["Harbour"]);
}

#[test]
fn structured_reports_keep_their_form_and_text() {
    let text =
        |tag: Tag, vr: VR, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let item = |kind: &str, tag, vr, value: &str| {
        InMemDicomObject::from_element_iter([
            text(tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS"),
            text(tags::VALUE_TYPE, VR::CS, kind),
            text(tag, vr, value),
        ])
    };
    let items = vec![
        item("TEXT", tags::TEXT_VALUE, VR::UT, "Mrs. Quillfeather has pneumonia of the left lung."),
        item("PNAME", tags::PERSON_NAME, VR::PN, "Wexcombe^Isla"),
    ];
    let report = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, uids::BASIC_TEXT_SR_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        text(tags::PATIENT_NAME, VR::PN, "Quillfeather^Una"),
        text(tags::MANUFACTURER, VR::LO, "Quillfeather Devices"),
        text(tags::VALUE_TYPE, VR::CS, "CONTAINER"),
        text(tags::STUDY_TIME, VR::TM, "101112"),
        text(tags::CONTENT_TIME, VR::TM, "101112"),
        text(tags::SMOKING_STATUS, VR::CS, "YES"),
        text(tags::COMPLETION_FLAG, VR::CS, "Una said so"),
        DataElement::new(tags::CONTENT_SEQUENCE, VR::SQ, DataSetSequence::from(items)),
    ]);
    let mut file = Vec::new();
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    report.with_meta(meta).unwrap().write_all(&mut file).unwrap();
    let copy = desensitizer().desensitize_file(&file, None).unwrap().bytes;
    let copy = dicom::parse(&copy).unwrap();
    let read = |tag| copy.get(tag).map(|element| element.to_str().unwrap().into_owned());
    assert_eq!(read(tags::VALUE_TYPE).as_deref(), Some("CONTAINER"));
    let times = [tags::STUDY_TIME, tags::CONTENT_TIME].map(read);
    assert_eq!(times, [Some(String::new()), Some("000000".to_owned())]);
    assert!(!read(tags::MANUFACTURER).unwrap().contains("Quillfeather"));
    assert_eq!((read(tags::SMOKING_STATUS), read(tags::COMPLETION_FLAG)), (None, None));
    let items = copy.get(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    let read = |item: usize, tag| items[item].get(tag).unwrap().to_str().unwrap().into_owned();
    assert_eq!(read(0, tags::VALUE_TYPE), "TEXT");
    let found = read(0, tags::TEXT_VALUE);
    assert_gone(&found, &["Quillfeather"]);
    assert_kept(&found, &["has pneumonia of the left lung."]);
    assert_gone(&read(1, tags::PERSON_NAME), &["Wexcombe", "Isla"]);
}
