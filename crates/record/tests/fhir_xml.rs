//! FHIR in XML says the same as in JSON. The files are made up; the one in JSON was made of the other by
//! another implementation (fhir.resources), but for the narrative and the name's id, which that loses.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_record::{
    ImportError, SourceFile,
    fhir_xml::{self, FhirXmlError},
    import,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const XML: &str = include_str!("files/stay.xml");
const JSON: &str = include_str!("files/stay.json");

fn stay() -> Value {
    serde_json::from_str(JSON).unwrap()
}

/// A resource in which this stands.
fn patient(inner: &str) -> String {
    format!(r#"<Patient xmlns="http://hl7.org/fhir">{inner}</Patient>"#)
}

#[test]
fn xml_becomes_json_and_json_the_same_xml() {
    assert_eq!(fhir_xml::read(XML).unwrap(), stay());
    let lines = XML.lines().filter(|line| !line.contains("<!--")).map(str::trim);
    let one_line = lines.collect::<String>().replace(r#"'"Zhao"'"#, r#""&quot;Zhao&quot;""#);
    assert_eq!(fhir_xml::write(&stay()).unwrap(), one_line);
}

#[test]
fn a_bundle_is_read_and_written_entry_by_entry_as_at_once() {
    let mut entries = Vec::new();
    let mut bundle = fhir_xml::read_entries(XML, &mut |entry| entries.push(entry)).unwrap();
    let (before, behind) = fhir_xml::write_around_entries(bundle.clone()).unwrap();
    let written = entries.iter().map(|entry| fhir_xml::write_entry(entry).unwrap());
    assert_eq!(before + &written.collect::<String>() + &behind, fhir_xml::write(&stay()).unwrap());
    bundle["entry"] = entries.into();
    assert_eq!(bundle, stay());
    let list = patient("<entry><id value=\"1\"/></entry>").replace("Patient", "List");
    let whole = fhir_xml::read_entries(&list, &mut |_| panic!("a List is no Bundle")).unwrap();
    assert_eq!(whole, fhir_xml::read(&list).unwrap());
}

#[test]
fn prefixes_are_no_part_of_a_name() {
    let xml = r#"<f:Patient xmlns:f="http://hl7.org/fhir"><f:text><f:status value="empty"/>
        <h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p id="a">A &lt; B<![CDATA[<]]></h:p></h:div>
        </f:text><f:gender value="male"/></f:Patient>"#;
    let div = r#"<div xmlns="http://www.w3.org/1999/xhtml"><p id="a">A &lt; B&lt;</p></div>"#;
    let text = json!({"status": "empty", "div": div});
    let expected = json!({"resourceType": "Patient", "text": text, "gender": "male"});
    assert_eq!(fhir_xml::read(xml).unwrap(), expected);
}

#[test]
fn elements_of_other_versions_are_read_by_their_shape() {
    let xml = patient(
        r#"<fresh value="7"/><some value="a"/><some value="b"/><inner><deep value="c"/></inner>
           <name><text value="d"/><unheard><of value="e"/></unheard></name><Appointment/>"#,
    );
    let resource = fhir_xml::read(&xml).unwrap();
    assert_eq!(resource["fresh"], json!("7"));
    assert_eq!((&resource["some"], &resource["inner"]["deep"]), (&json!(["a", "b"]), &json!("c")));
    let name = json!([{"text": "d", "unheard": {"of": "e"}}]);
    assert_eq!(resource["name"], name);
    let again = fhir_xml::read(&fhir_xml::write(&resource).unwrap()).unwrap();
    assert_eq!(again, resource);
}

#[test]
fn an_element_may_be_called_like_the_type_of_a_resource_in_json() {
    let instance = json!([{"resourceId": "a", "resourceType": "Patient"}]);
    let scenario = json!({"resourceType": "ExampleScenario", "instance": instance});
    let written = fhir_xml::write(&scenario).unwrap();
    assert!(written.contains("<resourceType value=\"Patient\"/>"), "{written}");
    assert_eq!(fhir_xml::read(&written).unwrap(), scenario);
}

#[test]
fn values_that_are_not_of_their_type_stay_text() {
    let xml = patient(r#"<active value="perhaps"/><multipleBirthInteger value="two"/>"#);
    let resource = fhir_xml::read(&xml).unwrap();
    assert_eq!(resource["active"], json!("perhaps"));
    assert_eq!(resource["multipleBirthInteger"], json!("two"));
}

#[test]
fn what_is_no_fhir_is_an_error_that_quotes_nothing() {
    let deep = patient(&"<a>".repeat(200));
    let bomb = format!("<!DOCTYPE x [<!ENTITY a \"secret\">]>{}", patient("&a;"));
    let broken = [
        ("", "no element"),
        ("secret", "text before byte"),
        ("<secret/>", "no element"),
        (r#"<Patient xmlns="urn:secret"/>"#, "no element"),
        (&patient("<secret>"), "no well-formed XML at byte"),
        (&patient("<active secret/>"), "no well-formed XML"),
        (&patient("secret"), "text before byte 4"),
        (&patient("<gender value=\"&secret;\"/>"), "no well-formed XML"),
        (&(patient("") + "<secret/>"), "no well-formed XML"),
        (&patient("<gender value=\"&#1;\"/>"), "no well-formed XML"),
        (&patient("<gender value=\"\u{1}\"/>"), "no well-formed XML at byte 52"),
        (&deep, "within each other"),
        (&bomb, "text before byte"),
    ];
    for (text, expected) in broken {
        let error = fhir_xml::read(text).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
    }
    assert!(!fhir_xml::is_resource("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>"));
}

#[test]
fn what_xml_cannot_say_is_not_written() {
    let of = |resource: Value| fhir_xml::write(&resource).unwrap_err();
    assert_eq!(of(json!({"id": "a"})), FhirXmlError::NotResource);
    assert_eq!(of(json!({"resourceType": "A><B"})), FhirXmlError::Name);
    assert_eq!(of(json!({"resourceType": "Patient", "a b": 1})), FhirXmlError::Name);
    for div in ["a", "<div>", "<div/><div/>", "</div><a/><div>", "<div/>a", ""] {
        let patient = json!({"resourceType": "Patient", "text": {"div": div}});
        assert_eq!(of(patient), FhirXmlError::Narrative, "{div}");
    }
    let signs = json!({"resourceType": "Patient", "language": "a\u{1}<\"&\n\t\u{85}"});
    let written = fhir_xml::write(&signs).unwrap();
    assert_eq!(fhir_xml::read(&written).unwrap()["language"], "a<\"&\n\t\u{85}");
}

#[test]
fn a_record_in_xml_holds_the_same_resources_and_the_document() {
    let record =
        |name: &str, text: &str| import(vec![SourceFile::new(name, text.into())]).unwrap().0;
    let (in_xml, in_json) = (record("sent", XML), record("stay.json", JSON));
    assert_eq!(in_xml.bundle(), in_json.bundle());
    assert_eq!(in_xml.attachments().len(), 1);
    assert_eq!(in_xml.attachments()[0].bytes, XML.as_bytes());
    let broken = XML.replacen("</Patient>", "", 1);
    let error = import(vec![SourceFile::new("sent", broken.into())]).unwrap_err();
    assert!(matches!(error, ImportError::Fhir { file: 1, .. }), "{error}");
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_and_read_again(
        cut in 0..XML.len(), len in 0..40_usize, put in "[<>/a-z &;=\"]{0,6}",
    ) {
        let mut bytes = XML.as_bytes().to_vec();
        let end = (cut + len).min(bytes.len());
        bytes.splice(cut..end, put.bytes());
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        if let Ok(resource) = fhir_xml::read(&text)
            && let Ok(written) = fhir_xml::write(&resource)
        {
            prop_assert_eq!(fhir_xml::read(&written).unwrap(), resource);
        }
    }
}
