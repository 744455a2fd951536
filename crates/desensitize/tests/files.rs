//! Single files in the forms that hospitals exchange: nothing identifying is left, what treats the
//! patient stays, and the form is the original's.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod common;

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{assert_gone, copy, desensitizer};
use emrshare_desensitize::{
    Class, DesensitizeError, Desensitizer, DocumentKind, Policy, Report, Sights, scan,
};
use emrshare_identity::ConsortiumKey;
use emrshare_record::{Bundle, Record, fhir_xml};
use proptest::prelude::*;
use serde_json::{Value, json};

const MESSAGE: &str = "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|7001|P|2.5\r\
PID|1||990011^^^H1^MR||Ashworth^Nadia^Jane||19630704|F|||12 Cedar Lane^^Springfield^IL^62701^USA||(555) 123-4567\r\
PV1|1|I|W12^3^2||||8812^Okafor^Isaac^^^Dr\r\
OBX|1|NM|718-7^Hemoglobin^LN||94|g/L|120-160|L|||F\r\
NTE|1||Mrs. Ashworth was told by telephone; call her son Nadia Jane back at 555-987-6543\r";

#[test]
fn hl7_messages() {
    assert_eq!(DocumentKind::of(MESSAGE.as_bytes()), Some(DocumentKind::Hl7));
    let copy = copy(MESSAGE);
    assert_gone(
        &copy,
        &[
            "Ashworth", "Nadia", "990011", "19630704", "Cedar", "62701", "4567", "Okafor", "8812",
            "6543", "0506",
        ],
    );
    assert!(copy.contains("OBX|1|NM|718-7^Hemoglobin^LN||94|g/L|120-160|L|||F\r"), "{copy}");
    assert!(copy.contains("|1963|F|"), "{copy}");
    assert_eq!(copy.matches('\r').count(), MESSAGE.matches('\r').count());
    assert_eq!(copy.matches('|').count(), MESSAGE.matches('|').count());
}

#[test]
fn devices_and_participants_of_messages() {
    let copy = copy(
        "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|7001|P|2.8.2\rPID|1||990011\r\
         OBX|1|NM|718-7^Hemoglobin^LN||94|g/L||||||||||||PUMP-77A^MFR\r\
         PRT|1|UC||AP|8812^Okafor^Isaac|||||DEV-31||||5 Mill Road^^Leeds|^PRN^PH^^^113^4960123|00844588003288||||SER-9\r",
    );
    assert_gone(&copy, &["PUMP-77A", "8812", "Okafor", "DEV-31", "Mill", "4960123", "SER-9"]);
    assert!(copy.contains("718-7^Hemoglobin^LN||94|g/L"), "{copy}");
}

#[test]
fn encapsulated_files_go_and_codes_stay() {
    let copy = copy(
        "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|7001|P|2.5\rPID|1||990011\r\
         OBX|1|ED|PDF^report^L||^application^pdf^Base64^JVBERi0xLjQ=||||||F\r\
         OBX|2|NM|2093-3^Cholesterol^LN||5.6|mmol/L\r",
    );
    assert!(copy.contains("||^application^pdf^Base64^||"), "{copy}");
    assert!(copy.contains("|2093-3^Cholesterol^LN||5.6|"), "{copy}");
}

#[test]
fn hl7_messages_in_mllp_frames() {
    let framed = format!("\u{b}{MESSAGE}\u{1c}\r");
    let copy = copy(&framed);
    assert_gone(&copy, &["Ashworth", "990011", "6543"]);
    assert!(copy.starts_with("\u{b}MSH|^~\\&|") && copy.ends_with("\u{1c}\r"), "{copy}");
}

#[test]
fn a_batch_of_messages_is_treated_one_by_one() {
    // The second patient's number is the code of a test in the first message.
    let other = MESSAGE.replace("718-7", "2345-7").replace("990011", "718-7");
    let other = other.replace("Ashworth", "Okonkwo").replace('\r', "\r\n");
    let batch = format!("FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r{MESSAGE}{other}BTS|2\rFTS|1\r");
    assert_eq!(DocumentKind::of(batch.as_bytes()), Some(DocumentKind::Hl7));
    let mut copy = Vec::new();
    let report = desensitizer().desensitize_hl7(batch.as_bytes(), &mut copy).unwrap();
    assert_eq!(copy, desensitizer().desensitize_file(batch.as_bytes(), None).unwrap().bytes);
    let copy = String::from_utf8(copy).unwrap();
    assert_gone(&copy, &["Ashworth", "Okonkwo", "Nadia", "990011", "Cedar", "6543"]);
    assert!(copy.contains("|718-7^Hemoglobin^LN||94|"), "{copy}");
    assert!(copy.starts_with("FHS|^~\\&|HIS\rBHS|") && copy.ends_with("BTS|2\rFTS|1\r"), "{copy}");
    let is_placed = |place: &str| report.treated().iter().any(|treated| treated.place == place);
    assert!(is_placed("/3/PID-5/0") && is_placed("/9/PID-5/0"), "{:?}", report.treated());
    let wrapped = format!("{MESSAGE}MSH Ashworth came with Dr. Tobias Quillfeather\r");
    assert_gone(&self::copy(&wrapped), &["Ashworth", "Quillfeather"]);
    let broken = [batch.as_bytes(), b"MSH|^~\\&|\xff\r"].concat();
    let error = desensitizer().desensitize_hl7(&broken[..], std::io::sink()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("HL7 v2") && error.contains("line 20: it is not in UTF-8"), "{error}");
}

const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- printed for Nadia Ashworth -->
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <templateId root="2.16.840.1.113883.10.20.22.1.1"/>
  <id root="2.16.156.10011.1.1" extension="RN0019"/>
  <effectiveTime value="20230506101112+0800"/>
  <recordTarget><patientRole>
    <id extension="420106201101011919" root="2.16.156.10011.1.3"/>
    <addr><streetAddressLine>湖北省武汉市武昌区中山路99号</streetAddressLine><country>CN</country></addr>
    <telecom value="tel:+8613812345678"/>
    <patient><name>欧阳小明</name><birthTime value="20110101"/></patient>
  </patientRole></recordTarget>
  <component><section><code code="10164-2" displayName="History of Present Illness"/>
    <text>欧阳小明因发热&amp;咳嗽3天就诊，体温38.5℃。</text></section></component>
  <custodian><assignedCustodian><representedCustodianOrganization><name>江城第一人民医院</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
</ClinicalDocument>"#;

#[test]
fn cda_documents() {
    assert_eq!(DocumentKind::of(DOCUMENT.as_bytes()), Some(DocumentKind::Cda));
    let copy = copy(DOCUMENT);
    assert_gone(
        &copy,
        &[
            "Ashworth",
            "RN0019",
            "420106201101011919",
            "武昌",
            "13812345678",
            "欧阳小明",
            "20110101",
            "0506",
        ],
    );
    for kept in [
        "2.16.840.1.113883.10.20.22.1.1",
        "History of Present Illness",
        "发热&amp;咳嗽3天就诊，体温38.5℃。",
        "<country>CN</country>",
        "<birthTime value=\"2011\"/>",
    ] {
        assert!(copy.contains(kept), "{kept} not in {copy}");
    }
}

/// Data that say their type are text that is treated, or go.
#[test]
fn what_cda_embeds() {
    let plain = "欧阳小明血糖5.6 mmol/L，电话13812345678。";
    let values = format!(
        r#"<value mediaType="text/plain" representation="B64">{}</value>
        <value mediaType="application/pdf" representation="b64">{}</value>
        <value>{}</value>
        <nonXMLBody><text mediaType="text/plain; charset=UTF-8">{plain}</text></nonXMLBody>
        <nonXMLBody><text mediaType="text/rtf">{{\rtf1 {plain}}}</text></nonXMLBody>
        <nonXMLBody><text>{plain}</text></nonXMLBody>
        <observationMedia><value mediaType="image/png" representation="B64">iVBORw0=</value>
        </observationMedia><text>{plain}</text></section></component>"#,
        STANDARD.encode(plain),
        STANDARD.encode("%PDF-1.4 欧阳小明"),
        STANDARD.encode(plain.repeat(3)),
    );
    let copy = copy(&DOCUMENT.replace("</section></component>", &values));
    let data = |from: &str| {
        let start = copy.find(from).unwrap() + from.len();
        &copy[start..start + copy[start..].find('<').unwrap()]
    };
    let treated = STANDARD.decode(data(r#"text/plain" representation="B64">"#)).unwrap();
    let treated = String::from_utf8(treated).unwrap();
    for text in [&*treated, data("charset=UTF-8\">"), data("</observationMedia><text>")] {
        assert_gone(text, &["欧阳", "13812345678"]);
        assert!(text.contains("血糖5.6 mmol/L"), "{text}");
    }
    assert!(data("<value>").starts_with("identifier-"));
    for gone in [
        data(r#"representation="b64">"#),
        data("text/rtf\">"),
        data("<nonXMLBody><text>"),
        data("image/png\" representation=\"B64\">"),
    ] {
        assert_eq!(gone, "");
    }
}

#[test]
fn broken_documents_are_refused_and_not_quoted() {
    for (from, to) in [
        ("</patient>", ""),
        ("</name>", "</欧阳小明>"),
        ("value=\"tel:", "value=\"&欧阳小明;"),
        ("<birthTime", "<birthTime 欧阳小明"),
    ] {
        let broken = DOCUMENT.replacen(from, to, 1);
        let error = desensitizer().desensitize_file(broken.as_bytes(), None).unwrap_err();
        assert!(matches!(error, DesensitizeError::File { kind: DocumentKind::Cda, .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("小明"), "{error}");
    }
}

#[test]
fn texts_in_gb18030() {
    let (bytes, _, _) = encoding_rs::GB18030.encode("患者手机13812345678，诊断：肺炎。");
    let copy = desensitizer().desensitize_file(&bytes, None).unwrap();
    assert_eq!(String::from_utf8(copy.bytes).unwrap(), "患者手机[contact]，诊断：肺炎。");
    assert_eq!(copy.report.total(), 1);
}

#[test]
fn single_resources_keep_their_type() {
    let copy = copy(r#"{"resourceType":"Patient","name":[{"text":"王建国"}],"gender":"male"}"#);
    let resource: serde_json::Value = serde_json::from_str(&copy).unwrap();
    assert_eq!(
        (&resource["resourceType"], &resource["gender"]),
        (&"Patient".into(), &"male".into())
    );
    assert_gone(&copy, &["王建国"]);
}

#[test]
fn resources_in_xml_are_treated_as_those_in_json_are() {
    let xml = include_str!("../../record/tests/files/stay.xml");
    let json: Value =
        serde_json::from_str(include_str!("../../record/tests/files/stay.json")).unwrap();
    let kind = DocumentKind::of(xml.as_bytes());
    let in_xml = copy(xml);
    assert_eq!(kind, Some(DocumentKind::Fhir));
    let in_json: Value = serde_json::from_str(&copy(&json.to_string())).unwrap();
    assert_eq!(fhir_xml::read(&in_xml).unwrap(), in_json);
    assert_gone(
        &in_xml,
        &["赵晓燕", "孙建军", "钱桂芳", "20240815", "13912345678", "建国路", "02-09"],
    );
    for kept in ["<value value=\"4.1\"/>", "自述心悸", "<gender value=\"female\"/>", "2823-3"] {
        assert!(in_xml.contains(kept), "{kept} in {in_xml}");
    }
    let broken = xml.replacen("</Patient>", "赵晓燕", 1);
    let error = desensitizer().desensitize_file(broken.as_bytes(), None).unwrap_err();
    assert!(matches!(error, DesensitizeError::File { kind: DocumentKind::Fhir, .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("赵晓燕"), "{error}");
}

#[test]
fn a_bundle_as_a_file_is_treated_as_in_a_record() {
    let bundle: Value =
        serde_json::from_str(include_str!("../../record/tests/files/stay.json")).unwrap();
    let file = desensitizer().desensitize_file(bundle.to_string().as_bytes(), None).unwrap();
    let record = Record::new(Bundle::from_value(bundle).unwrap(), Vec::new());
    let (copy, report) = desensitizer().desensitize(&record, &Sights::none()).unwrap();
    assert_eq!(String::from_utf8(file.bytes).unwrap(), copy.bundle().as_value().to_string());
    let places = |report: &Report| -> Vec<_> {
        report.treated().iter().map(|treated| treated.place.clone()).collect()
    };
    assert_eq!(places(&file.report), places(&report));
    let name = "/entry/0/resource/name/0".to_owned();
    assert!(places(&report).contains(&name));
    let emptied = json!({"resourceType": "Bundle", "entry": [{"a b": 1}], "type": "collection"});
    assert_eq!(
        self::copy(&emptied.to_string()),
        r#"{"resourceType":"Bundle","type":"collection"}"#
    );
    let deep = "[".repeat(200) + &"]".repeat(200);
    for (unread, problem) in [(deep.as_str(), "more than 128"), ("1e999", "item 1: a number")] {
        let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{}},{{"a":{unread}}}]}}"#);
        let error = desensitizer().desensitize_file(bundle.as_bytes(), None).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(error.to_string().starts_with("this JSON file cannot"), "{error}");
    }
}

#[test]
fn what_a_policy_keeps_swallows_no_name() {
    let policy = r#"
        name = "places"
        version = 1
        [techniques]
        name = "delete"
        identifier = "delete"
        contact = "delete"
        address = "keep"
        date = "keep"
        age = "keep"
        organisation = "keep"
        photo = "delete"
    "#;
    let key = ConsortiumKey::from_bytes([7; 32]);
    let desensitizer = Desensitizer::new(Policy::from_toml(policy).unwrap(), key);
    let patient = r#"{"resourceType":"Patient","name":[{"text":"王建国"}],
        "text":{"div":"住址：浙江省杭州市西湖区文三路109号王建国"}}"#;
    let copy = desensitizer.desensitize_file(patient.as_bytes(), None).unwrap();
    let copy = String::from_utf8(copy.bytes).unwrap();
    assert!(copy.contains("住址：浙江省杭州市西湖区文三路109号[name]"), "{copy}");
}

#[test]
fn a_name_that_is_a_word_leaves_the_word() {
    let copy = copy(
        r#"{"resourceType":"Patient","name":[{"family":"Young","given":["Rose"]}],
            "text":{"div":"This young woman's pressure rose. Mrs. Young agreed; Rose Young left."}}"#,
    );
    assert!(copy.contains("This young woman's pressure rose. Mrs. "), "{copy}");
    assert_gone(&copy, &["Young", "Rose"]);
}

#[test]
fn a_value_is_found_where_a_longer_one_only_begins() {
    let copy = copy(
        r#"{"resourceType":"Patient","name":[{"family":"Hartmann","given":["Lene"]}],
            "identifier":[{"value":"77889"},{"value":"77889-4"}],
            "text":{"div":"Lene Hartmanns Akte: siehe 77889-41 oben."}}"#,
    );
    assert_gone(&copy, &["Lene", "77889"]);
}

#[test]
fn numbers_that_identify_go_and_measures_stay() {
    let copy = copy(
        r#"{"resourceType":"Patient","identifier":[{"value":"77001234"}],"mobile":13812345678,
            "card":77001234,"multipleBirthInteger":2,
            "extension":[{"url":"http://a","valueDecimal":110101198503074516},
                {"url":"http://b","valueInteger":5200000},{"url":"http://c","valueDecimal":0.0123456}]}"#,
    );
    assert_gone(&copy, &["13812345678", "77001234", "110101198503074516"]);
    for kept in ["\"multipleBirthInteger\":2", "5200000", "0.0123456"] {
        assert!(copy.contains(kept), "{kept} in {copy}");
    }
}

#[test]
fn numbers_of_devices_and_specimens_are_identifiers() {
    let copy = copy(
        r#"{"resourceType":"Bundle","type":"collection","entry":[
            {"resource":{"resourceType":"Device","serialNumber":"4471-88-A","distinctIdentifier":"77-B-9",
                "lotNumber":"L123","udiCarrier":[{"carrierAIDC":"XWVQWEhP",
                "carrierHRF":"{01}00844588003288{21}4471-88-A"}]}},
            {"resource":{"resourceType":"Specimen","accessionIdentifier":{"value":"ACC-7781"}}},
            {"resource":{"resourceType":"ServiceRequest","requisition":{"system":"urn:x","value":"REQ-5512"},
                "note":[{"text":"see REQ-5512 and ACC-7781, device 4471-88-A"}]}}]}"#,
    );
    assert_gone(&copy, &["4471", "77-B", "XWVQ", "ACC-7781", "REQ-5512"]);
    assert!(copy.contains("\"lotNumber\":\"L123\""), "{copy}");
}

#[test]
fn ages_over_89_become_90_wherever_an_element_holds_an_age() {
    let copy = copy(
        r#"{"resourceType":"Bundle","type":"collection","entry":[
            {"resource":{"resourceType":"Condition","onsetAge":{"value":93,"unit":"岁"},
                "abatementRange":{"low":{"value":45,"unit":"a"},"high":{"value":94,"unit":"a"}}}},
            {"resource":{"resourceType":"FamilyMemberHistory","ageString":"about 97","deceasedAge":{"value":92,"code":"mo"}}},
            {"resource":{"resourceType":"Observation","code":{"coding":[{"code":"30525-0"}]},"valueQuantity":{"value":95,"unit":"years"}}},
            {"resource":{"resourceType":"Observation","code":{"text":"weight"},"valueQuantity":{"value":96,"unit":"kg"}}}]}"#,
    );
    assert_gone(&copy, &["93", "94", "97", "95"]);
    assert_eq!(copy.matches("\"value\":90").count(), 3, "{copy}");
    for kept in ["about 90", "\"value\":92", "\"value\":45", "\"value\":96"] {
        assert!(copy.contains(kept), "{kept} in {copy}");
    }
}

#[test]
fn ages_over_89_become_90_in_messages_and_documents() {
    let hl7 = "MSH|^~\\&|A|B|C|D|20240201||ORU^R01|1|P|2.5\rPID|1||7700||||195006|F\r\
               OBX|1|NM|30525-0^Age^LN||93|a\rOBX|2|NM|718-7^Hb^LN||94|g/L\rOBX|3|NM|1^年龄||95\r";
    let copied = copy(hl7);
    assert_gone(&copied, &["|93|", "|95\r", "195006"]);
    for kept in ["^LN||90|a\r", "||94|g/L", "||90\r", "|1950|F"] {
        assert!(copied.contains(kept), "{kept} in {copied}");
    }
    let cda = r#"<ClinicalDocument><effectiveTime value="20240201"/><recordTarget><patientRole><patient>
        <birthTime value="1930"/></patient></patientRole></recordTarget><component>
        <observation><code code="445518008"/><value value="93" unit="a"/></observation>
        <observation><code code="445518008"/><value value="92" unit="mo"/></observation>
        <observation><code code="718-7"/><value value="91" unit="g/L"/></observation>
        </component></ClinicalDocument>"#;
    let copied = copy(cda);
    assert_gone(&copied, &["1930", "\"93\""]);
    for kept in ["value=\"90\" unit=\"a\"", "\"92\"", "\"91\""] {
        assert!(copied.contains(kept), "{kept} in {copied}");
    }
}

#[test]
fn ages_in_words_are_over_89_too() {
    let words = copy("患者九十五岁时曾住院。Her mother was ninety-two years old.\n");
    assert_eq!(words, "患者90时曾住院。Her mother was 90.\n");
}

#[test]
fn a_year_that_tells_an_age_over_89_goes() {
    let fhir = |born: &str| {
        copy(&format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[
                {{"resource":{{"resourceType":"Patient","birthDate":"{born}","text":{{"div":"Born on {born}."}}}}}},
                {{"resource":{{"resourceType":"Encounter","period":{{"start":"2024-02-01","end":"2099-12-31"}}}}}}]}}"#
        ))
    };
    let (old, young) = (fhir("1934-05-06"), fhir("1935-05-06"));
    assert_gone(&old, &["1934"]);
    assert!(old.contains("\"_birthDate\"") && old.contains("2024"), "{old}");
    assert!(young.contains("\"birthDate\":\"1935\""), "{young}");
    let hl7 = "MSH|^~\\&|A|B|C|D|20240201||ADT^A01|1|P|2.5\rPID|1||7700||Doe^Ann||19300506|F\r";
    assert_gone(&copy(hl7), &["1930"]);
    let hl7 = hl7.replace("1930", "1950");
    assert!(copy(&hl7).contains("|1950|"), "{}", copy(&hl7));
    let cda = r#"<ClinicalDocument><effectiveTime value="20240201"/><recordTarget><patientRole>
        <patient><birthTime value="19300506"/></patient></patientRole></recordTarget></ClinicalDocument>"#;
    assert_gone(&copy(cda), &["1930"]);
    assert!(copy(&cda.replace("1930", "1950")).contains("1950"));
}

#[test]
fn the_number_of_an_answered_message_becomes_another() {
    let copy = copy(
        r#"{"resourceType":"MessageHeader","response":{"identifier":"5015fe84-8e76","code":"ok"}}"#,
    );
    assert!(copy.contains(r#""identifier":"identifier-"#), "{copy}");
    assert_gone(&copy, &["5015fe84"]);
}

#[test]
fn a_mail_address_with_its_owners_name_goes_whole() {
    for note in [
        "Mail ngozi.okoro@example.org for results.",
        "<div><a href='mailto:ngozi@example.org'>ngozi@example.org</a></div>",
    ] {
        let copy = copy(&format!(
            r#"{{"resourceType":"Patient","name":[{{"family":"Okoro","given":["Ngozi"]}}],"text":{{"div":"{note}"}}}}"#
        ));
        assert!(copy.contains("[contact]"), "{copy}");
        assert_gone(&copy, &["ngozi", "okoro", "example.org"]);
    }
}

#[test]
fn an_instant_stays_whole() {
    for file in [
        r#"{"resourceType":"Appointment","start":"2023-05-06T09:00:00Z","end":"2023-05-06T09:30:00Z"}"#,
        r#"{"resourceType":"DocumentReference","date":"2023-05-06T09:00:00Z"}"#,
        r#"{"resourceType":"Observation","effectiveInstant":"2023-05-06T09:00:00Z"}"#,
        r#"{"resourceType":"Bundle","signature":{"when":"2023-05-06T09:00:00Z"}}"#,
    ] {
        let copy = copy(file);
        assert!(copy.contains(r#""2023-01-01T00:00:00Z""#) && !copy.contains("05-06"), "{copy}");
    }
    let copy = copy(r#"{"resourceType":"Encounter","period":{"start":"2023-05-06T09:00:00Z"}}"#);
    assert!(copy.contains(r#""2023""#), "{copy}");
}

#[test]
fn the_markup_of_a_narrative_is_left_alone() {
    let tags = "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><table><tr><td>-</td><td><b>Use</b></td></tr>";
    let rows = "<tr><td>*</td><td>Low-salt diet --&gt; daily</td></tr><tr><td>Ashworth</td></tr></table></div>";
    let file = format!(
        r#"{{"resourceType":"Patient","name":[{{"family":"Ashworth"}}],"text":{{"div":"{tags}{rows}"}}}}"#
    );
    let copy = copy(&file);
    assert!(copy.contains(tags), "{copy}");
    assert!(
        copy.contains("<tr><td>*</td><td>Low-salt diet --&gt; daily</td></tr><tr><td>name-"),
        "{copy}"
    );
    assert_gone(&copy, &["Ashworth"]);
}

/// Test systems are full of them.
#[test]
fn a_patient_called_like_a_class_is_treated_as_others_are() {
    let copy = copy(
        r#"{"resourceType":"Patient","name":[{"family":"Name","given":["Last"],"text":"Last Name"}],
            "text":{"div":"Last Name was seen. Name: Last Name"}}"#,
    );
    assert_gone(&copy, &["Last Name"]);
}

#[test]
fn parts_of_a_name_of_which_the_whole_is_known() {
    let copy = copy(
        r#"{"resourceType":"Observation","performer":[{"display":"Dr. Nadia Ashworth"}],
            "subject":{"reference":"Patient/1","display":"欧阳建国"},
            "note":[{"text":"ashworth saw 建国 today"}]}"#,
    );
    assert_gone(&copy, &["ashworth", "建国"]);
}

#[test]
fn embedded_text_is_treated_and_other_content_goes() {
    let note = STANDARD.encode("Mr. Ashworth, MRN 45-8892, was seen. Hemoglobin 94 g/L.");
    let file = json!({
        "resourceType": "DiagnosticReport",
        "subject": {"display": "Isaac Ashworth"},
        "presentedForm": [
            {"contentType": "text/plain; charset=UTF-8", "data": note, "size": 55, "hash": "abcd"},
            {"contentType": "application/pdf", "data": note},
            {"contentType": "text/plain; charset=GB18030", "data": note},
        ],
    });
    let copy: Value = serde_json::from_str(&copy(&file.to_string())).unwrap();
    let forms = &copy["presentedForm"];
    let text = STANDARD.decode(forms[0]["data"].as_str().unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_gone(&text, &["Ashworth", "8892"]);
    assert!(text.ends_with("was seen. Hemoglobin 94 g/L."), "{text}");
    assert_eq!(forms[0].as_object().unwrap().len(), 2, "{forms}");
    assert!(forms[1].get("data").is_none() && forms[2].get("data").is_none(), "{forms}");
}

/// What holds bytes goes by its type, wherever it stands; measured samples stay.
#[test]
fn bytes_in_fhir_go() {
    let data = STANDARD.encode("Mr. Ashworth");
    let long =
        STANDARD.encode("Mr. Ashworth, MRN 45-8892, was seen. Hemoglobin 94 g/L. Ferritin 9.");
    let samples =
        json!({"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "2 -3.5 E L"});
    let file = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient",
            "extension": [{"url": "http://a.org/scan", "valueBase64Binary": data}]}},
        {"resource": {"resourceType": "Provenance", "signature": [{"data": data, "when": "2023"}]}},
        {"resource": {"resourceType": "DocumentReference", "content": [
            {"attachment": {"data": data}},
            {"attachment": {"url": "http://a.org/ashworth.pdf", "title": "Scan"}}]}},
        {"resource": {"resourceType": "Observation", "valueString": format!("Scan: {long}")}},
        {"resource": {"resourceType": "Observation", "valueSampledData": samples}},
    ]});
    let copy = copy(&file.to_string());
    assert_gone(&copy, &[&data, &long[..40], "ashworth"]);
    for kept in ["http://a.org/scan", "2 -3.5 E L", "\"title\":\"Scan\"", "Scan: identifier-"] {
        assert!(copy.contains(kept), "{kept} not in {copy}");
    }
}

#[test]
fn embedded_text_of_a_received_copy_is_searched() {
    let bundle = |text: &str| {
        let data = STANDARD.encode(text);
        let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Binary", "contentType": "text/plain", "data": data}},
        ]});
        Record::new(Bundle::from_value(bundle).unwrap(), Vec::new())
    };
    assert_eq!(scan(&bundle("write to a@example.com")), Some(Class::Contact));
    assert_eq!(scan(&bundle("write to nobody")), None);
}

#[test]
fn a_body_site_is_no_person() {
    let copy = copy(
        r#"{"resourceType":"ImagingStudy","series":[{"bodySite":{"display":"CHEST"}}],
            "description":"Hyperinflated chest"}"#,
    );
    assert!(copy.contains("CHEST") && copy.contains("Hyperinflated chest"), "{copy}");
}

#[test]
fn other_files_are_refused() {
    for file in [
        &b"\x89PNG\r\n\x1a\n\0\0"[..],
        b"{\\rtf1\\ansi Isaac \\b Ashworth}",
        b"\r\n%PDF-1.4\n(Isaac Ashworth) Tj",
        b"%!PS-Adobe-3.0\n(Isaac Ashworth) show",
    ] {
        let error = desensitizer().desensitize_file(file, None).unwrap_err();
        assert!(matches!(error, DesensitizeError::Unknown), "{error}");
    }
}

#[test]
fn names_of_fields_say_what_json_holds() {
    let file = json!({
        "patientName": "Gwyneth Okonkwo", "mrn": 7_788_123, "住院号": "0098123", "age": 93,
        "phones": ["65881234", 65_881_235], "dx": [{"code": "J18.9", "name": "Pneumonia"}],
        "hb": 94, "note": "Gwyneth Okonkwo, 0098123, improved",
    });
    let copy = copy(&file.to_string());
    assert_gone(&copy, &["Okonkwo", "7788123", "0098123", "6588123", "93"]);
    let copy: Value = serde_json::from_str(&copy).unwrap();
    assert_eq!((&copy["dx"], &copy["hb"]), (&file["dx"], &file["hb"]));
    assert!(copy["note"].as_str().unwrap().ends_with(", improved"), "{copy}");
}

#[test]
fn names_of_fields_say_who_did_what_where_and_when() {
    let file = json!({
        "patient": {"name": {"first": "Gwyneth", "last": "Okonkwo"}, "id": 77_123, "city": "Leeds"},
        "doctors": [{"name": "Tobias Quillfeather", "doctorid": "D-881", "speciality": "cardiology"}],
        "attending_physician": "Isla Wexcombe", "createTime": 1_683_341_234, "dob": "19810205",
        "orderId": "ORD88123", "主治医师": "慕容青", "证件号码": "H1234567", "省": "四川", "型号": "X200",
        "drug": {"name": "Aspirin", "id": 12}, "nurse_notes": "eats well", "凝血时间": "12.5",
    });
    let copy = copy(&file.to_string());
    assert_gone(
        &copy,
        &[
            "Gwyneth",
            "Okonkwo",
            "77123",
            "Leeds",
            "Quillfeather",
            "D-881",
            "Wexcombe",
            "1683341234",
            "0205",
            "ORD88123",
            "慕容青",
            "H1234567",
            "四川",
        ],
    );
    let copy: Value = serde_json::from_str(&copy).unwrap();
    for kept in ["型号", "drug", "nurse_notes", "凝血时间"] {
        assert_eq!(copy[kept], file[kept], "{kept}");
    }
    assert_eq!(
        (&copy["dob"], &copy["doctors"][0]["speciality"]),
        (&json!("1981"), &json!("cardiology"))
    );
}

#[test]
fn json_keeps_its_order_and_its_numbers_as_they_are_written() {
    let file = r#"{"z":[1.10,-0.0,1E+3,0.1234567890123456789],"name":"Gwyneth Okonkwo","b":{},"a":[null,true]}"#;
    let copy = copy(file);
    let (start, end) = file.split_once("Gwyneth Okonkwo").unwrap();
    assert!(copy.starts_with(start) && copy.ends_with(end), "{copy}");
    assert_gone(&copy, &["Gwyneth", "Okonkwo"]);
}

#[test]
fn json_of_any_length_is_treated_while_it_is_read() {
    let patient = |number: usize| {
        format!(r#"{{"full_name":"Gwyneth Okonkwo","mrn":{},"hb":9.40}}"#, 7_788_000 + number)
    };
    let patients: Vec<_> = (0..3000).map(patient).collect();
    let file = format!("{{\"patients\":[{}],\"count\":3000}}", patients.join(",\n"));
    let mut copy = Vec::new();
    let (kind, report) = desensitizer().desensitize_json(Cursor::new(&file), &mut copy).unwrap();
    assert_eq!((kind, report.total()), (DocumentKind::Json, 6000));
    assert_eq!(copy, desensitizer().desensitize_file(file.as_bytes(), None).unwrap().bytes);
    let copy = String::from_utf8(copy).unwrap();
    assert_gone(&copy, &["Okonkwo", "77880", "77899"]);
    assert_eq!(
        (copy.matches("\"hb\":9.40").count(), copy.ends_with(",\"count\":3000}")),
        (3000, true)
    );
    let broken = desensitizer().desensitize_json(Cursor::new(&file[1..]), std::io::sink());
    assert!(broken.unwrap_err().to_string().contains("at line 1, byte 11"));
}

#[test]
fn a_list_of_too_many_people_is_treated_item_by_item() {
    let numbers = |from: usize| (from..from + 150_001).map(|number| number.to_string());
    let item = |from| format!("{{\"mrn\":[{}]}}", numbers(from).collect::<Vec<_>>().join(","));
    let list = format!("[{},\"13812345678\",{}]", item(7_000_000), item(8_000_000));
    let mut copy = Vec::new();
    let (_, report) = desensitizer().desensitize_json(Cursor::new(&list), &mut copy).unwrap();
    assert_eq!(report.total(), 300_003);
    let copy = String::from_utf8(copy).unwrap();
    assert!(serde_json::from_str::<Vec<Value>>(&copy).is_ok_and(|items| items.len() == 3));
    assert_gone(&copy, &["7000000", "8000000", "13812345678"]);
    let object = format!("{{\"all\":{list}}}");
    let error = desensitizer().desensitize_json(Cursor::new(&object), std::io::sink());
    assert!(error.unwrap_err().to_string().contains("more than 300000 names"));
}

#[test]
fn a_list_of_resources_is_fhir() {
    let list = json!([
        {"resourceType": "Patient", "name": [{"family": "Okonkwo", "given": ["Gwyneth"]}]},
        {"resourceType": "Observation", "code": {"text": "Hb"}, "note": [{"text": "told Okonkwo"}]},
    ]);
    assert_eq!(DocumentKind::of(list.to_string().as_bytes()), Some(DocumentKind::Fhir));
    let treated = desensitizer().desensitize_file(list.to_string().as_bytes(), None).unwrap();
    assert_eq!(treated.report.treated()[0].place, "/0/name/0");
    let copy = String::from_utf8(treated.bytes).unwrap();
    assert_gone(&copy, &["Okonkwo", "Gwyneth"]);
    let copy: Value = serde_json::from_str(&copy).unwrap();
    assert_eq!((&copy[1]["code"], copy[0]["name"].is_array()), (&list[1]["code"], true));
}

#[test]
fn json_lines_are_treated_one_by_one() {
    let lines = "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Okonkwo\"}]}\r\n\n\
                 {\"resourceType\":\"Observation\",\"identifier\":[{\"value\":\"Z1\"}],\"valueInteger\":94}\n";
    assert_eq!(DocumentKind::of(lines.as_bytes()), Some(DocumentKind::Fhir));
    let treated = desensitizer().desensitize_file(lines.as_bytes(), None).unwrap();
    let copy = String::from_utf8(treated.bytes).unwrap();
    assert_gone(&copy, &["Okonkwo", "Z1"]);
    let lines: Vec<_> = copy.split('\n').collect();
    assert!(lines[0].ends_with("}\r") && lines[1].is_empty(), "{copy}");
    assert!(lines[2].contains("\"valueInteger\":94") && lines[3].is_empty(), "{copy}");
    assert_eq!(treated.report.treated()[1].place, "/2/identifier/0");
    let broken = "{\"mrn\":\"7788123\"}\n{\"mrn\":\"7788124\"\n";
    let error = desensitizer().desensitize_file(broken.as_bytes(), None).unwrap_err().to_string();
    assert!(error.contains("line 2: no JSON at column"), "{error}");
}

#[test]
fn dates_of_one_patient_are_shifted_alike_in_all_lines() {
    let lines = [
        json!({"resourceType": "Patient", "id": "7", "identifier": [{"value": "Z981"}], "deceasedDateTime": "2024-03-01"}),
        json!({"resourceType": "Observation", "subject": {"reference": "Patient/7"}, "effectiveDateTime": "2024-03-01"}),
        json!({"resourceType": "Coverage", "beneficiary": {"reference": "https://a.org/Patient/7/_history/2"},
            "period": {"start": "2024-03-01"}}),
        json!({"resourceType": "Observation", "subject": {"reference": "Patient/8"}, "effectiveDateTime": "2024-03-01"}),
        json!({"resourceType": "Observation", "subject": {"reference": "Group/7"}, "effectiveDateTime": "2024-03-01"}),
    ];
    let single = lines[1].to_string();
    let lines = lines.map(|line| line.to_string() + "\n").concat();
    let desensitizer = Desensitizer::new(
        Policy::shipped("research-linkable").unwrap(),
        ConsortiumKey::from_bytes([7; 32]),
    );
    let copy = desensitizer.desensitize_file(lines.as_bytes(), None).unwrap().bytes;
    let read = |line: &str| {
        let resource: Value = serde_json::from_str(line).unwrap();
        let date =
            ["deceasedDateTime", "effectiveDateTime"].into_iter().find_map(|key| resource.get(key));
        date.or_else(|| resource["period"].get("start")).unwrap().clone()
    };
    let dates: Vec<_> = String::from_utf8(copy).unwrap().lines().map(read).collect();
    let single = desensitizer.desensitize_file(single.as_bytes(), None).unwrap().bytes;
    assert_eq!(read(&String::from_utf8(single).unwrap()), dates[0]);
    assert_ne!(dates[0], "2024-03-01");
    assert_eq!((&dates[1], &dates[2]), (&dates[0], &dates[0]));
    assert!(dates[3] != dates[0] && dates[4] != dates[0] && dates[4] != dates[3], "{dates:?}");
}

#[test]
fn dicom_in_json_is_treated_as_in_files() {
    let data_set = r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},
        "00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.4"]},
        "00080020":{"vr":"DA","Value":["20130409"]},"00080060":{"vr":"CS","Value":["MR"]},
        "00080080":{"vr":"LO","Value":["Mill Road Infirmary"]},
        "00081030":{"vr":"LO","Value":["MR HEAD Okonkwo"]},"00100020":{"vr":"LO","Value":["12345"]},
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"Okonkwo^Gwyneth","Ideographic":"欧阳^小明"}]},
        "00081140":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.392.200036.9116.7"]}}]},
        "00091010":{"vr":"LO","Value":["private"]},"00180087":{"vr":"DS","Value":[1.5]},
        "0020000D":{"vr":"UI","Value":["1.2.392.200036.9116.2"]},
        "0040A160":{"vr":"UT","Value":["Dr. Okonkwo saw no mass"]},
        "00420011":{"vr":"OB","BulkDataURI":"https://pacs.example.org/12345"},
        "7FE00010":{"vr":"OW","InlineBinary":"AAAA"}}"#;
    for file in [data_set.to_owned(), format!("[{data_set}]")] {
        assert_eq!(DocumentKind::of(file.as_bytes()), Some(DocumentKind::Dicom));
        let copy = copy(&file);
        let gone =
            ["20130409", "12345", "Okonkwo", "Gwyneth", "小明", "9116", "Infirmary", "private"];
        assert_gone(&copy, &gone);
        assert_gone(&copy, &["pacs.example.org", "AAAA"]);
        for kept in [
            r#""20130702""#,
            r#""MR""#,
            "[1.5]",
            "saw no mass",
            r#""MR HEAD""#,
            "10008.5.1.4.1.1.4",
        ] {
            assert!(copy.contains(kept), "{kept} in {copy}");
        }
        let copy: Value = serde_json::from_str(&copy).unwrap();
        let data_set = copy.get(0).unwrap_or(&copy);
        assert_eq!(data_set["00120062"], json!({"vr": "CS", "Value": ["YES"]}));
        let uid = &data_set["0020000D"]["Value"][0];
        assert!(uid.as_str().unwrap().starts_with("2.25."), "{uid}");
        assert!(data_set["00100010"]["Value"][0]["Alphabetic"].is_string());
    }
}

#[test]
fn tags_of_xml_that_nobody_knows_stay() {
    let copy = copy(
        "<ADT xmlns=\"urn:hl7-org:v2xml\"><PID.11><XAD.1><SAD.1>5 Mill Road</SAD.1></XAD.1><XAD.3>Leeds</XAD.3>\
         </PID.11><Johnson><note>Mr Okonkwo improved &amp; left.</note></Johnson></ADT>",
    );
    assert_gone(&copy, &["Mill", "Leeds", "Okonkwo"]);
    let tags = |text: &str| text.matches(['<', '>']).count();
    assert_eq!(tags(&copy), 2 * 14, "{copy}");
    for kept in ["urn:hl7-org:v2xml", "<SAD.1>", "<Johnson>", " improved &amp; left."] {
        assert!(copy.contains(kept), "{kept} in {copy}");
    }
}

#[test]
fn a_finding_ends_with_its_cell() {
    let table = "patient_name\tmrn\tcity\tnote\nGwyneth Okonkwo\t7788123\tLeeds\twell\n";
    let copy = copy(table);
    assert_gone(&copy, &["Gwyneth", "7788123", "Leeds"]);
    assert_eq!(copy.lines().nth(1).unwrap().matches('\t').count(), 3, "{copy}");
    assert!(copy.ends_with("\twell\n"), "{copy}");
}

#[test]
fn tables_and_tags_say_what_their_values_are() {
    let table = "Name,Sex,MRN,Phone,Diagnosis\nGwyneth Okonkwo,F,7788123,65881234,pneumonia\n";
    let copy = copy(table);
    assert_gone(&copy, &["Okonkwo", "Gwyneth", "7788123", "65881234"]);
    assert!(copy.starts_with("Name,Sex,MRN,Phone,Diagnosis\n") && copy.ends_with(",pneumonia\n"));
    // A number and a name in neighbouring cells read like an address.
    let rows = "visit_id\tpatient_name\tmrn\n771\tGwyneth Okonkwo\t7788123\n";
    let report = desensitizer().desensitize_file(rows.as_bytes(), None).unwrap().report;
    let classes: Vec<_> = report.treated().iter().map(|treated| treated.class).collect();
    assert_eq!(classes, [Class::Identifier, Class::Name, Class::Identifier]);
    let tagged = "<r><住院号>0098123</住院号><first_name>Gwyneth</first_name><诊断>肺炎</诊断>\
                  <doctor><name>Okonkwo</name></doctor></r>";
    let copy = self::copy(tagged);
    assert_gone(&copy, &["0098123", "Gwyneth", "Okonkwo"]);
    assert!(copy.contains("<诊断>肺炎</诊断>"), "{copy}");
}

proptest! {
    #[test]
    fn any_bytes_are_treated_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = desensitizer().desensitize_file(&bytes, None);
    }

    #[test]
    fn any_message_keeps_its_separators(fields in "[A-Za-z0-9王李^~&|\\r]{0,120}") {
        let message = format!("MSH|^~\\&|A|B\rPID|{fields}");
        if let Ok(copy) = desensitizer().desensitize_file(message.as_bytes(), None) {
            let copy = String::from_utf8(copy.bytes).unwrap();
            prop_assert_eq!(copy.matches('|').count(), message.matches('|').count());
        }
    }
}
