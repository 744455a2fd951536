//! What the names of fields say of their values: columns of a table, tags and attributes of XML.

use std::{ops::Range, sync::LazyLock};

use regex::{Captures, Regex};

use crate::{Finding, Kind, context::is_han, labelled};

/// Words that are a person's name by themselves; Chinese systems write the initials of pinyin.
const NAMES: &str = "surname forename firstname lastname fullname familyname givenname patientname nickname \
    xm hzxm brxm lxr lxrxm ysxm";

/// Whose name it may be, or which part of one.
const PEOPLE: &str = "patient person doctor physician nurse contact relative guardian mother father spouse \
    parent child provider practitioner surgeon author clinician consultant attending referring resident \
    family given first last middle full maiden legal preferred";

/// Words that are a number of a person by themselves.
const NUMBERS: &str = "mrn ssn nhs nhi passport accession licence license vin imei iban empi mpi mbi \
    sfz sfzh sfzhm zjh zjhm zyh mzh bah blh kh jzkh ybkh ybh yhkh";

/// What a number may be of, and how it is called.
const NUMBERED: &str = "patient inpatient outpatient hospital admission visit record chart card medical bed \
    identity insurance member policy case encounter episode account acct subject citizen resident social \
    national medicare medicaid health device serial specimen";
const NUMBER_TAILS: &str = "no number num nr id";

const PHONES: &str = "phone telephone tel mobile cellphone fax pager lxdh sjh sjhm dhhm";

const ADDRESSES: &str = "address addr street zip zipcode postcode postal jtzz xzz hkdz";

/// With these a field has another kind of address, which is found by its form.
const OTHER_ADDRESSES: &str = "email mail ip mac web url";

/// What a field is then about a name, number or address, and none itself.
const ABOUT: &str = "type use kind class category status flag system count result unit date time";

/// What a field's value is, if its name says that it identifies a person.
///
/// ```
/// use emrshare_recognize::{Kind, kind_of_field};
///
/// assert_eq!(kind_of_field("PatientName"), Some(Kind::Name));
/// assert_eq!(kind_of_field("住院号"), Some(Kind::Id));
/// assert_eq!(kind_of_field("inpatient_no"), Some(Kind::Id));
/// assert_eq!(kind_of_field("drug_name"), None);
/// ```
#[must_use]
pub fn kind_of_field(name: &str) -> Option<Kind> {
    let name = name.trim();
    if name.contains(is_han) {
        return if name.ends_with("年龄") { Some(Kind::Age) } else { labelled::kind_of(name) };
    }
    let words = words(name);
    // A field of several phones is one of phones.
    let is = |list: &str| {
        words
            .iter()
            .any(|word| has(list, word) || word.strip_suffix('s').is_some_and(|one| has(list, one)))
    };
    let last = words.last()?;
    if has(ABOUT, last) {
        None
    } else if is(NAMES) || (last == "name" && is(PEOPLE)) {
        Some(Kind::Name)
    } else if is(NUMBERS) || (has(NUMBER_TAILS, last) && is(NUMBERED)) {
        Some(Kind::Id)
    } else if last == "age" {
        Some(Kind::Age)
    } else if is(PHONES) {
        Some(Kind::Phone)
    } else if is(ADDRESSES) && !is(OTHER_ADDRESSES) {
        Some(Kind::Address)
    } else {
        None
    }
}

/// The part of a field's value that is of its kind: without blanks around it, and with letters or
/// digits as that kind has them.
///
/// ```
/// use emrshare_recognize::{Kind, value_of_field};
///
/// assert_eq!(value_of_field(Kind::Id, " 0098123 "), Some(1..8));
/// assert_eq!(value_of_field(Kind::Id, "unknown"), None);
/// assert_eq!(value_of_field(Kind::Age, "64"), None); // ages up to 89 say nothing of anybody
/// ```
#[must_use]
pub fn value_of_field(kind: Kind, value: &str) -> Option<Range<usize>> {
    const MOST: usize = 120; // characters
    let start = value.len() - value.trim_start().len();
    let trimmed = value.trim();
    let digits = trimmed.bytes().filter(u8::is_ascii_digit).count();
    let letters = trimmed.chars().filter(|c| c.is_alphabetic()).count();
    let is_value = match kind {
        Kind::Name => digits == 0 && letters > 1 && !is_nobody(trimmed),
        Kind::Id => digits > 0,
        Kind::Phone => digits > 4,
        Kind::Age => years(trimmed).is_some_and(|years| years > AGE_MAX),
        _ => digits + letters > 2,
    };
    (is_value && trimmed.chars().count() <= MOST).then(|| start..start + trimmed.len())
}

/// How old somebody may be said to be (45 CFR 164.514(b)(2)(i)(C)).
const AGE_MAX: u32 = 89;

/// The number that an age begins with: `93`, `93岁`, `093Y`.
fn years(age: &str) -> Option<u32> {
    let end = age.find(|c: char| !c.is_ascii_digit()).unwrap_or(age.len());
    age[..end].parse().ok().filter(|years| *years < 200)
}

/// Adds values of XML elements and attributes whose names say what they are.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    static ELEMENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"<(?P<name>[\p{L}_][\w.:-]*)(?:\s[^<>]*)?>(?P<value>[^<>]+)</").expect("fixed")
    });
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"<([\p{L}_][\w.:-]*)\s[^<>]*>").expect("fixed"));
    static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?P<name>[\p{L}_][\w.:-]*)\s*=\s*"(?P<value>[^"<>]+)""#).expect("fixed")
    });
    if !text.contains("</") && !text.contains("/>") {
        return;
    }
    let mut add = |found: &Captures<'_>, from: usize, kind: Option<Kind>| {
        let (Some(kind), Some(value)) = (kind, found.name("value")) else { return };
        let start = from + value.start();
        let value = value_of_field(kind, value.as_str());
        findings.extend(value.map(|it| Finding::likely(start + it.start..start + it.end, kind)));
    };
    for found in ELEMENT.captures_iter(text) {
        add(&found, 0, kind_of_field(local(&found["name"])));
    }
    for tag in TAG.captures_iter(text) {
        let whole = tag.get_match();
        for found in ATTRIBUTE.captures_iter(whole.as_str()) {
            add(&found, whole.start(), kind_of_attribute(local(&tag[1]), local(&found["name"])));
        }
    }
}

/// What an attribute's value is: by its own name, or as the element's `name`, `id` or `value`.
fn kind_of_attribute(element: &str, attribute: &str) -> Option<Kind> {
    kind_of_field(attribute).or_else(|| match attribute {
        "value" => kind_of_field(element),
        "name" | "id" | "no" | "number" => kind_of_field(&format!("{element} {attribute}")),
        _ => None,
    })
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The words of a Latin name in small letters: `PatientName`, `patient_name` and `PATIENT NAME`
/// have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(character) = rest.next() {
        let begins = character.is_uppercase()
            && (before.is_lowercase() || rest.peek().is_some_and(|next| next.is_lowercase()));
        if !character.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("there is one").extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

/// What stands for a name that is not known.
fn is_nobody(name: &str) -> bool {
    const NOBODY: [&str; 10] =
        ["n/a", "na", "nil", "none", "null", "unknown", "不详", "无名氏", "本人", "anonymous"];
    NOBODY.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields() {
        for (kind, names) in [
            (
                Kind::Name,
                "PatientName PATIENT_NAME firstName last-name surname xm HZXM 姓名 患者姓名 联系人",
            ),
            (
                Kind::Id,
                "MRN patientMRN InpatientNo visit_id IDCardNo sfzh 住院号 身份证号 病案号 accession",
            ),
            (Kind::Phone, "phone phones MobilePhone contact_tel lxdh 电话 手机"),
            (Kind::Address, "Address homeAddress street zip_code 住址 家庭住址"),
            (Kind::Age, "age patientAge 年龄 患者年龄"),
        ] {
            for name in names.split(' ') {
                assert_eq!(kind_of_field(name), Some(kind), "{name}");
            }
        }
        for name in "name DrugName testname id code valid video address_type red_cell_count visitDate 诊断 项目名称 email_address diagnosis tag td".split(' ') {
            assert_eq!(kind_of_field(name), None, "{name}");
        }
    }

    #[test]
    fn values_of_xml() {
        let found = |text: &'static str| {
            let mut findings = Vec::new();
            find(text, &mut findings);
            let found = findings.into_iter().map(|finding| (finding.kind, &text[finding.range]));
            found.collect::<Vec<_>>()
        };
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
                "<patient id=\"77123\" name=\"Bo Li\"/><phone value=\"65881234\"/><住院号 value=\"009\"/>"
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
}
