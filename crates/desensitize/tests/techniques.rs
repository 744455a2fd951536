//! Every technique, in every kind of document that has a form of its own for it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{ops::Range, sync::Arc};

use emrshare_desensitize::{
    Class, DesensitizeError, Desensitizer, DocumentKind, Evidence, FileCopy, Policy, RevealKey,
    Technique,
};
use emrshare_identity::ConsortiumKey;
use emrshare_recognize::{Certainty, Finding, Kind, Recognizer, RecognizerError};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A policy that keeps everything but what is said.
fn policy(techniques: &[(&str, &str)], more: &str) -> Policy {
    let technique = |class: &Class| {
        let said = techniques.iter().find(|(name, _)| *name == class.name());
        format!("{} = {}\n", class.name(), said.map_or("\"keep\"", |(_, technique)| technique))
    };
    let table: String = Class::ALL.iter().map(technique).collect();
    Policy::from_toml(&format!("name = \"p\"\nversion = 1\n[techniques]\n{table}{more}")).unwrap()
}

fn desensitizer(policy: Policy) -> Desensitizer {
    Desensitizer::new(policy, ConsortiumKey::from_bytes([7; 32]))
}

fn treat(policy: Policy, file: &str) -> FileCopy {
    desensitizer(policy).desensitize_file(file.as_bytes(), None).unwrap()
}

fn text(copy: &FileCopy) -> String {
    String::from_utf8(copy.bytes.clone()).unwrap()
}

fn json(copy: &FileCopy) -> Value {
    serde_json::from_slice(&copy.bytes).unwrap()
}

const PATIENT: &str = r#"{"resourceType":"Patient","gender":"female","birthDate":"1963-07-04",
    "identifier":[{"system":"urn:h1","value":"MR-990011"}],
    "name":[{"family":"Ashworth","given":["Nadia"]}],
    "address":[{"line":["12 Cedar Lane"],"city":"Springfield","state":"IL","country":"USA"}],
    "text":{"status":"generated","div":"<div>Nadia Ashworth, born July 4, 1963, MR-990011, was seen on 2023-05-06 and again on 2023-05-20. Mrs. Ashworth of Springfield is well.</div>"}}"#;

const MESSAGE: &str = "MSH|^~\\&|HIS|H1|LAB|H2|||ADT^A01|7001|P|2.5\r\
PID|1||990011^^^H1^MR||王^建国||19630704|M|||文三路109号^^杭州市^浙江省^310012^CHN||(555) 123-4567\r";

#[test]
fn null_keeps_the_place_of_a_value() {
    let all = ["name", "identifier", "contact", "address", "date"].map(|class| (class, "\"null\""));
    let copy = json(&treat(policy(&all, ""), PATIENT));
    let masked = "masked";
    assert_eq!(copy["_birthDate"]["extension"][0]["valueCode"], masked);
    assert_eq!(copy["birthDate"], Value::Null);
    assert_eq!(copy["name"][0]["extension"][0]["valueCode"], masked);
    assert_eq!(copy["identifier"][0]["extension"][0]["valueCode"], masked);
    assert_eq!(copy["address"][0]["extension"][0]["valueCode"], masked);
    let copy = text(&treat(policy(&all, ""), MESSAGE));
    assert!(copy.contains("PID|1||\"\"||\"\"||\"\"|M|||\"\"^^^^^CHN||\"\"\r"), "{copy}");
    let document = r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>
        <id extension="RN0019" root="1.2"/><patient><name>欧阳小明</name>
        <birthTime value="20110101"/></patient></patientRole></recordTarget></ClinicalDocument>"#;
    let copy = text(&treat(policy(&all, ""), document));
    assert!(copy.contains(r#"<birthTime nullFlavor="MSK"/>"#), "{copy}");
    assert!(copy.contains(r#"<id nullFlavor="MSK" root="1.2"/>"#), "{copy}");
    assert!(!copy.contains("小明"), "{copy}");
    let twice = document.replace("<id ", "<id nullFlavor=\"UNK\" ");
    let copy = text(&treat(policy(&all, ""), &twice));
    assert_eq!(copy.matches("nullFlavor").count(), 2, "{copy}");
    assert!(!copy.contains("RN0019"), "{copy}");
}

#[test]
fn dates_move_and_intervals_stay() {
    let shift = policy(&[("date", "{ shift = { days = 300 } }")], "");
    let copy = json(&treat(shift.clone(), PATIENT));
    let born = copy["birthDate"].as_str().unwrap();
    assert_ne!(born, "1963-07-04");
    let note = copy["text"]["div"].as_str().unwrap();
    let dates: Vec<_> =
        note.match_indices("20").filter_map(|(at, _)| note.get(at..at + 10)).collect();
    let day = |text: &str| {
        let parse =
            |range: std::ops::Range<usize>| text.get(range).unwrap().parse::<i32>().unwrap();
        let (year, month, day) = (parse(0..4), parse(5..7), parse(8..10));
        // Days since a fixed day, by the civil calendar.
        let shifted = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        shifted.0 * 365 + shifted.0 / 4 - shifted.0 / 100
            + shifted.0 / 400
            + (153 * shifted.1 + 2) / 5
            + day
    };
    assert_eq!(day(dates[1]) - day(dates[0]), 14, "{note}");
    assert_eq!(day(dates[0]) - day("2023-05-06"), day(born) - day("1963-07-04"), "{note}");
    // Another document of the same patient moves alike, another patient's does not.
    let observation = r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"resource":{"resourceType":"Patient","identifier":[{"value":"MR-990011"}]}},
        {"resource":{"resourceType":"Observation","effectiveDateTime":"1963-07-04"}}]}"#;
    let at = "/entry/1/resource/effectiveDateTime";
    let moved = json(&treat(shift.clone(), observation));
    assert_eq!(moved.pointer(at).unwrap(), born);
    let other = json(&treat(shift, &observation.replace("MR-990011", "MR-990012")));
    assert_ne!(other.pointer(at).unwrap(), born);
}

#[test]
fn a_person_has_one_substitute_of_the_same_language_and_gender() {
    let substitute = || policy(&[("name", "\"substitute\"")], "");
    let copy = json(&treat(substitute(), PATIENT));
    let whole = copy["name"][0]["text"].as_str().unwrap();
    let (_, family) = whole.split_once(' ').unwrap();
    let note = copy["text"]["div"].as_str().unwrap();
    assert!(note.contains(whole) && note.contains(&format!("Mrs. {family} of")), "{note}");
    assert!(!note.contains("Ashworth") && whole.is_ascii());
    let chinese = |gender: &str| {
        let patient = json!({"resourceType":"Patient","gender":gender,"name":[{"text":"王建国"}]});
        json(&treat(substitute(), &patient.to_string()))["name"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(chinese("male").chars().all(|c| c > '\u{4e00}'));
    assert_ne!(chinese("male"), chinese("female"));
    assert_eq!(chinese("male"), chinese("male"));
    let numbers = policy(&[("identifier", "\"substitute\"")], "");
    let patient = json!({"resourceType":"Patient","identifier":[{"value":"110105194912310021"}]});
    let made = json(&treat(numbers, &patient.to_string()));
    let number = made["identifier"][0]["value"].as_str().unwrap();
    assert!(number.len() == 18 && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
}

#[test]
fn what_is_masked_or_cut_shows_only_its_ends() {
    let masks = policy(
        &[("name", "{ mask = { first = 1 } }"), ("contact", "{ truncate = { to = 3 } }")],
        "",
    );
    let copy = text(&treat(masks, "患者：张三丰，手机13812345678，复诊。"));
    assert_eq!(copy, "患者：张**，手机138，复诊。");
}

#[test]
fn addresses_and_dates_keep_what_is_large_enough() {
    let coarse = policy(
        &[("address", "{ generalize = \"city\" }"), ("date", "{ generalize = \"month\" }")],
        "",
    );
    let copy = json(&treat(coarse.clone(), PATIENT));
    assert_eq!(copy["address"][0], json!({"city":"Springfield","state":"IL","country":"USA"}));
    assert_eq!(copy["birthDate"], "1963-07");
    let note = copy["text"]["div"].as_str().unwrap();
    assert!(note.contains("born July 1963") && note.contains("of Springfield is"), "{note}");
    let copy =
        text(&treat(coarse.clone(), "家住浙江省杭州市西湖区文三路109号，2023年5月6日入院。"));
    assert_eq!(copy, "家住浙江省杭州市，2023年5月入院。");
    let copy = text(&treat(coarse, MESSAGE));
    assert!(copy.contains("|^^杭州市^浙江省^^CHN|"), "{copy}");
}

#[test]
fn what_is_encrypted_is_revealed_with_the_key_only() {
    for (form, is_token) in [("token", true), ("format", false)] {
        let encrypt = policy(&[("identifier", &format!("{{ encrypt = \"{form}\" }}"))], "");
        let missing = desensitizer(encrypt.clone()).desensitize_file(PATIENT.as_bytes(), None);
        assert!(matches!(missing, Err(DesensitizeError::NoRevealKey)));
        let key = RevealKey::from_bytes(&[3; 32]);
        let copy = desensitizer(encrypt)
            .with_reveal_key(key.clone())
            .desensitize_file(PATIENT.as_bytes(), None)
            .unwrap();
        let copy = json(&copy);
        let hidden = copy["identifier"][0]["value"].as_str().unwrap();
        assert_eq!(hidden.starts_with("enc-"), is_token, "{hidden}");
        assert_eq!(key.reveal(Class::Identifier, hidden).as_deref(), Some("MR-990011"));
        assert!(copy["text"]["div"].as_str().unwrap().contains(hidden));
    }
}

#[test]
fn rules_of_fields_come_before_classes() {
    let rules = "[[rules]]\nclass = \"date\"\nfield = \"Patient.birthDate\"\n\
        technique = { generalize = \"year\" }\n\
        [[rules]]\nclass = \"date\"\ndocument = \"hl7\"\nfield = \"PID-7\"\ntechnique = \"delete\"\n";
    let special = policy(&[], rules);
    let copy = treat(special.clone(), PATIENT);
    assert_eq!(json(&copy)["birthDate"], "1963");
    assert!(text(&copy).contains("July 4, 1963"));
    assert!(text(&treat(special, MESSAGE)).contains("||王^建国|||M|"));
}

#[test]
fn json_is_treated_by_the_fields_that_a_policy_names() {
    let mapped = policy(
        &[("name", "\"surrogate\""), ("identifier", "\"null\""), ("contact", "\"delete\"")],
        "[[json]]\nfield = \"patient.label\"\nclass = \"name\"\n\
         [[json]]\nfield = \"no\"\nclass = \"identifier\"\n",
    );
    let file = r#"{"patient":{"label":"Zyx Qwert","no":4711},"rows":[{"no":"A-1","note":"Zyx Qwert: a@example.com"}],"ok":true,"hb":94}"#;
    let copy = treat(mapped, file);
    assert_eq!(copy.kind, DocumentKind::Json);
    let copy = json(&copy);
    let label = copy["patient"]["label"].as_str().unwrap();
    assert!(label.starts_with("name-"));
    assert_eq!((&copy["patient"]["no"], &copy["rows"][0]["no"]), (&Value::Null, &Value::Null));
    assert_eq!(copy["rows"][0]["note"], format!("{label}: [contact]"));
    assert_eq!((&copy["ok"], &copy["hb"]), (&json!(true), &json!(94)));
}

#[test]
fn the_report_says_where_and_how_surely() {
    let copy = treat(Policy::hipaa_safe_harbor(), PATIENT);
    let original: Value = serde_json::from_str(PATIENT).unwrap();
    let of = |evidence| copy.report.treated().iter().filter(move |t| t.evidence == evidence);
    let fields: Vec<_> = of(Evidence::Field).map(|treated| treated.place.as_str()).collect();
    for place in ["/address/0", "/birthDate", "/identifier/0", "/name/0"] {
        assert!(fields.contains(&place) && original.pointer(place).is_some(), "{fields:?}");
    }
    let own: Vec<_> = of(Evidence::OwnValue)
        .map(|treated| {
            let (pointer, range) = treated.place.split_once("#char=").unwrap();
            let (start, end) = range.split_once(',').unwrap();
            let text = original.pointer(pointer).unwrap().as_str().unwrap().chars();
            let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
            text.skip(start).take(end - start).collect::<String>()
        })
        .collect();
    assert_eq!(own, ["Nadia Ashworth", "MR-990011", "Ashworth", "Springfield"]);
    assert!(of(Evidence::Context).all(|treated| treated.class == Class::Date));
    assert_eq!(copy.report.total(), copy.report.treated().len());
    assert!(copy.report.treated().iter().all(|t| t.technique != Technique::Keep));
}

#[test]
fn names_of_fields_are_treated_and_not_shown() {
    let file = r#"{"13812345678":{"王建国":"a@example.com"},"诊断":"肺炎","hb":[1]}"#;
    let gone = policy(&[("contact", "\"delete\""), ("name", "\"delete\"")], "");
    let copy = treat(gone, file);
    assert_eq!(json(&copy), json!({"[contact]":{"[name]":"[contact]"},"诊断":"肺炎","hb":[1]}));
    let places: Vec<_> = copy.report.treated().iter().map(|treated| &treated.place).collect();
    assert_eq!(places, ["/*#char=0,11", "/*/*#char=0,13", "/*/*#char=0,3"]);
    let patient = r#"{"resourceType":"Patient","王建国":"x","a b":1,"_birthDate":{"id":"1"}}"#;
    let copy = treat(Policy::hipaa_safe_harbor(), patient);
    let copy = json(&copy);
    assert_eq!(copy.as_object().unwrap().len(), 2, "{copy}");
}

#[test]
fn dates_move_by_the_number_that_other_hospitals_have_too() {
    let shifted = |numbers: &[&str]| {
        let numbers: Vec<_> = numbers.iter().map(|number| json!({ "value": number })).collect();
        let patient =
            json!({"resourceType":"Patient","identifier":numbers,"birthDate":"1949-12-31"});
        let shift = "{ shift = { days = 3650 } }";
        let policy = policy(&[("date", shift), ("identifier", "\"delete\"")], "");
        json(&treat(policy, &patient.to_string()))["birthDate"].clone()
    };
    let resident = "11010519491231002X";
    assert_eq!(shifted(&["0012345", resident]), shifted(&[resident, "0077"]));
    assert_eq!(shifted(&["0012345", "0077"]), shifted(&["0077", "0012345"]));
    assert_ne!(shifted(&["0012345"]), shifted(&[resident]));
}

#[test]
fn a_guardians_number_moves_no_date() {
    let shifted = |guardian: &str| {
        let document = format!(
            r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>
            <id extension="RN0019" root="1.2"/><patient><birthTime value="20110101"/>
            <guardian><id extension="{guardian}" root="1.3"/></guardian></patient>
            </patientRole></recordTarget></ClinicalDocument>"#
        );
        let gone = ("identifier", "\"delete\"");
        let policy = policy(&[("date", "{ shift = { days = 3650 } }"), gone], "");
        text(&treat(policy, &document))
    };
    assert_eq!(shifted("0001"), shifted("110105194912310021"));
    assert!(!shifted("0001").contains("20110101"));
}

proptest! {
    #[test]
    fn any_policy_gives_the_same_copy_twice_and_reports_no_value(
        name in prop::sample::select(vec!["\"substitute\"", "\"surrogate\"", "{ mask = {} }", "\"delete\""]),
        date in prop::sample::select(vec!["{ shift = { days = 90 } }", "{ generalize = \"month\" }", "\"null\""]),
        days in 1_u32..28,
    ) {
        let made = || policy(&[("name", name), ("date", date), ("identifier", "\"surrogate\"")], "");
        let file = PATIENT.replace("2023-05-20", &format!("2023-06-{days:02}"));
        let (first, second) = (treat(made(), &file), treat(made(), &file));
        prop_assert_eq!(&first.bytes, &second.bytes);
        let shown = format!("{:?}", first.report);
        prop_assert!(!shown.contains("Ashworth") && !shown.contains("990011"));
        prop_assert!(!text(&first).contains("Ashworth") && !text(&first).contains("990011"));
    }
}

/// Says what it was told, whatever the text is.
#[derive(Debug)]
struct Told(Vec<Range<usize>>);

impl Recognizer for Told {
    fn recognize(&self, _: &str) -> Result<Vec<Finding>, RecognizerError> {
        let (kind, certainty) = (Kind::Name, Certainty::Likely);
        Ok(self.0.iter().map(|range| Finding { range: range.clone(), kind, certainty }).collect())
    }
}

/// Cannot read what has a certain word.
#[derive(Debug)]
struct Stumbling;

impl Recognizer for Stumbling {
    fn recognize(&self, text: &str) -> Result<Vec<Finding>, RecognizerError> {
        let stumbles = text.contains("stumble");
        if stumbles { Err(RecognizerError("too long".into())) } else { Ok(Vec::new()) }
    }
}

#[test]
fn what_a_recognizer_cannot_read_is_not_copied() {
    let deleting = desensitizer(policy(&[("name", "\"delete\"")], ""));
    let stumbling = deleting.with_recognizer(Arc::new(Stumbling));
    let read = "Mr. Ashworth slept well.\n".repeat(8000);
    let mut copy = Vec::new();
    stumbling.desensitize_text(read.as_bytes(), &mut copy).unwrap();
    let first = copy.len();
    let text = format!("{read}He stumbled, said Mr. Ashworth.\n");
    let mut copy = Vec::new();
    let error = stumbling.desensitize_text(text.as_bytes(), &mut copy).unwrap_err();
    assert_eq!(error.to_string(), "a recognizer could not read the text: too long");
    assert!(copy.len() < first, "nothing of the piece is written");
    let observation = br#"{"resourceType":"Observation","note":[{"text":"stumble"}]}"#;
    for file in [
        &observation[..],
        br#"{"note":"stumble"}"#,
        b"stumble",
        b"MSH|^~\\&|A|B|C|D|2023||ADT^A01|1|P|2.5\rNTE|1||stumble",
    ] {
        let error = stumbling.desensitize_file(file, None).unwrap_err();
        assert!(matches!(error, DesensitizeError::Recognizer(_)), "{error}");
    }
}

proptest! {
    /// Whatever another recognizer says, what is built in is found, and the rest of the text stays.
    #[test]
    fn another_recognizer_adds_and_takes_nothing_away(
        ranges in prop::collection::vec((0..40_usize, 0..40_usize), 0..6),
    ) {
        let told = ranges.into_iter().map(|(start, end)| start..end).collect();
        let text = "甲乙，手机13812345678，昨晚睡得好。";
        let treat = |desensitizer: Desensitizer| {
            let mut copy = Vec::new();
            desensitizer.desensitize_text(text.as_bytes(), &mut copy).unwrap();
            String::from_utf8(copy).unwrap()
        };
        let deleting = || desensitizer(policy(&[("name", "\"delete\""), ("contact", "\"delete\"")], ""));
        let alone = treat(deleting());
        prop_assert_eq!(&alone, "甲乙，手机[contact]，昨晚睡得好。");
        let more = treat(deleting().with_recognizer(Arc::new(Told(told))));
        prop_assert!(!more.contains("1381234"), "{}", more);
        let kept: String = more.replace("[name]", "").replace("[contact]", "");
        let mut left = alone.chars();
        prop_assert!(kept.chars().all(|c| left.any(|other| other == c)), "{}", more);
    }
}
