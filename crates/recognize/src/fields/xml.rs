//! Elements and attributes of XML whose names say what their values are.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{kind_of_field, kind_of_part, value_of_field};
use crate::{Finding, Kind};

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"<(?P<close>/?)(?P<name>[\p{L}_][\w.:-]*)(?P<attributes>(?:\s[^<>]*)?)(?P<empty>/?)>",
    )
    .expect("a fixed pattern")
});

static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?P<name>[\p{L}_][\w:.-]*)\s*=\s*(?:"(?P<value>[^"<>]+)"|'(?P<single>[^'<>]+)')"#)
        .expect("a fixed pattern")
});

/// Elements of HTML that hold nothing and are not closed.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

/// How many open elements are looked at for the one that a tag closes: HTML leaves some open.
const OPEN_MAX: usize = 8;

/// Adds values of XML elements and attributes whose names say what they are.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    if !text.contains("</") && !text.contains("/>") {
        return;
    }
    let mut add = |kind: Option<Kind>, at: Range<usize>| {
        let found =
            kind.and_then(|kind| Some((kind, value_of_field(kind, text.get(at.clone())?)?)));
        findings.extend(found.map(|(kind, value)| {
            Finding::likely(at.start + value.start..at.start + value.end, kind)
        }));
    };
    let mut open: Vec<&str> = Vec::new();
    // Where the text of the element begins that was opened last.
    let mut begun = None;
    for tag in TAG.captures_iter(text) {
        let whole = tag.get_match();
        let name = tag.name("name").map_or("", |name| local(name.as_str()));
        if !tag["close"].is_empty() {
            let depth = open.iter().rev().take(OPEN_MAX).position(|open| *open == name);
            if let Some(depth) = depth {
                open.truncate(open.len() - depth - 1);
            }
            if let (Some(start), Some(0)) = (begun.take(), depth) {
                add(kind_within(open.last(), name), start..whole.start());
            }
            continue;
        }
        let attributes = tag.name("attributes").map_or(0..0, |it| it.range());
        for found in ATTRIBUTE.captures_iter(&text[attributes.clone()]) {
            let value = found.name("value").or(found.name("single"));
            let value = value.map_or(0..0, |it| it.range());
            let value = attributes.start + value.start..attributes.start + value.end;
            add(kind_of_attribute(open.last(), name, local(&found["name"])), value);
        }
        let is_closed = !tag["empty"].is_empty() || text[attributes].ends_with('/');
        begun = (!is_closed && !VOID.contains(&name)).then(|| {
            open.push(name);
            whole.end()
        });
    }
}

/// What an element's value is, by its own name or as a part of the element that it stands in.
fn kind_within(owner: Option<&&str>, name: &str) -> Option<Kind> {
    owner.map_or_else(|| kind_of_field(name), |owner| kind_of_part(owner, name))
}

/// What an attribute's value is: by its own name, or as the element's `name`, `id` or `value`, as FHIR
/// has it.
fn kind_of_attribute(owner: Option<&&str>, element: &str, attribute: &str) -> Option<Kind> {
    match attribute {
        "value" => kind_within(owner, element),
        _ => kind_of_part(element, attribute),
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        let mut findings = Vec::new();
        find(text, &mut findings);
        findings.into_iter().map(|finding| (finding.kind, &text[finding.range])).collect()
    }

    #[test]
    fn values_of_elements_and_attributes() {
        assert_eq!(
            found(
                "<r><住院号>0098123</住院号><h:MRN use=\"x\"> 7788123 </h:MRN><first_name>Gwyneth</first_name>"
            ),
            [(Kind::Id, "0098123"), (Kind::Id, "7788123"), (Kind::Name, "Gwyneth")]
        );
        assert_eq!(
            found("<patient patientName=\"Oleksandr Kovalenko\" sex=\"M\" mrn=\"88-1199\"/>"),
            [(Kind::Name, "Oleksandr Kovalenko"), (Kind::Id, "88-1199")]
        );
        assert_eq!(
            found(
                "<patient id='77123' name=\"Bo Li\"/><phone value=\"65881234\"/><住院号 value=\"009\"/>"
            ),
            [
                (Kind::Id, "77123"),
                (Kind::Name, "Bo Li"),
                (Kind::Phone, "65881234"),
                (Kind::Id, "009")
            ]
        );
        for text in [
            "<drug id=\"12\" name=\"Aspirin\"/><dose value=\"100\"/>",
            "<name>Aspirin</name><testName>Sodium</testName>",
            "a < b, MRN > 5 and c",
            "<mrn>unknown</mrn><patientName>N/A</patientName>",
            "<mrn></mrn>",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn resources_and_messages_in_xml() {
        assert_eq!(
            found(
                r#"<Patient><id value="p-881"/><identifier><system value="urn:x"/><value value="1234599"/></identifier>
                <name><use value="official"/><family value="Bo"/></name><address><line value="5 Mill Road"/></address></Patient>"#
            ),
            [
                (Kind::Id, "p-881"),
                (Kind::Id, "1234599"),
                (Kind::Name, "Bo"),
                (Kind::Address, "5 Mill Road")
            ]
        );
        assert_eq!(
            found("<PID.3><CX.1>7788123</CX.1><CX.5>MR</CX.5></PID.3><XPN.2>Tobias</XPN.2>"),
            [(Kind::Id, "7788123"), (Kind::Name, "Tobias")]
        );
    }

    #[test]
    fn parts_of_an_element() {
        assert_eq!(
            found(
                "<patient>\n<name>Bo Li</name><br><id>77123</id><weight>70</weight></patient><drug><name>Aspirin</name></drug>"
            ),
            [(Kind::Name, "Bo Li"), (Kind::Id, "77123")]
        );
    }
}
