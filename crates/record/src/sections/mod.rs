//! The sections that every record has, as text.
//!
//! A Composition's sections are taken by their code or title; what no Composition says is
//! gathered from the resources: Patient for basic information, Condition and conclusions of reports
//! for diagnoses, encounters, procedures, medication, observations, reports and allergies for
//! hospitalisation.

mod other;
mod patient;

use std::fmt;

use serde_json::Value;

pub use self::other::OtherSection;
use crate::{Bundle, Record};

/// One of the three sections.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// Who the patient is, as far as medicine needs it.
    Basic,
    /// What the patient suffers from.
    Diagnosis,
    /// What was done.
    Hospitalisation,
}

impl Section {
    /// All sections.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Diagnosis, Self::Hospitalisation];

    /// The section's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Diagnosis => "diagnosis",
            Self::Hospitalisation => "hospitalisation",
        }
    }

    /// The section of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// The title that this software gives the section.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Basic => "Basic information",
            Self::Diagnosis => "Diagnosis",
            Self::Hospitalisation => "Hospital course",
        }
    }

    /// The section's LOINC code.
    #[must_use]
    pub const fn loinc(self) -> &'static str {
        match self {
            Self::Basic => "45970-1",
            Self::Diagnosis => "29548-5",
            Self::Hospitalisation => "8648-8",
        }
    }

    /// The section that a title in Chinese or English means.
    #[must_use]
    pub fn from_title(title: &str) -> Option<Self> {
        const WORDS: [(Section, &[&str]); 3] = [
            (
                Section::Basic,
                &[
                    "基本信息",
                    "一般情况",
                    "一般项目",
                    "患者信息",
                    "病人信息",
                    "basic",
                    "demographic",
                    "patient information",
                    "patient details",
                ],
            ),
            (Section::Diagnosis, &["诊断", "diagnos", "problem list", "assessment", "impression"]),
            (
                Section::Hospitalisation,
                &[
                    "住院",
                    "治疗",
                    "诊疗经过",
                    "诊疗过程",
                    "诊治经过",
                    "病程",
                    "出院小结",
                    "出院记录",
                    "手术记录",
                    "hospital",
                    "treatment",
                    "course",
                    "procedure",
                    "discharge summary",
                    "operative",
                ],
            ),
        ];
        let title = title.to_lowercase();
        let means = |words: &[&str]| words.iter().any(|word| title.contains(word));
        WORDS.iter().find(|(_, words)| means(words)).map(|(section, _)| *section)
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "45970-1" => Some(Self::Basic),
            "29548-5" | "11450-4" | "46241-6" | "11535-2" | "42347-5" | "78375-3" | "51848-0"
            | "51847-2" | "10219-4" | "10218-6" => Some(Self::Diagnosis),
            // Course, procedures, medication, discharge summaries, notes of operations.
            "8648-8" | "47519-4" | "10183-2" | "18842-5" | "34105-7" | "11490-0" | "28655-9"
            | "11504-8" | "29554-3" => Some(Self::Hospitalisation),
            _ => None,
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The language that most of a text is in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Language {
    /// Chinese.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Chinese if more than one in eight letters is a Han character: medical Chinese is full of
    /// Latin abbreviations.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let han = text.chars().filter(|c| Self::is_han(*c)).count();
        if han * 8 > letters { Self::Chinese } else { Self::English }
    }

    /// Whether a character is a Han character of the Basic Multilingual Plane.
    #[must_use]
    pub const fn is_han(character: char) -> bool {
        matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
    }

    /// The language of an ISO 639-1 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Chinese, Self::English].into_iter().find(|language| language.code() == code)
    }

    /// ISO 639-1 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }
}

/// The texts of a record's sections.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Sections {
    texts: [String; 3],
    others: Vec<OtherSection>,
}

impl Sections {
    /// Texts given directly, in the order basic, diagnosis, hospitalisation.
    #[must_use]
    pub const fn new(basic: String, diagnosis: String, hospitalisation: String) -> Self {
        Self { texts: [basic, diagnosis, hospitalisation], others: Vec::new() }
    }

    /// The same with another section beside the three.
    #[must_use]
    pub fn with(mut self, other: OtherSection) -> Self {
        self.others.push(other);
        self
    }

    /// The sections of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let mut sections = Self::default();
        for composition in record.bundle().of_type("Composition") {
            sections.take_composition(composition.get("section"));
        }
        let gathered = gather(record.bundle());
        for section in Section::ALL {
            if sections.get(section).trim().is_empty() {
                sections.texts[section as usize].clone_from(&gathered.texts[section as usize]);
            }
        }
        sections
    }

    /// The text of a section; empty if the record has none.
    #[must_use]
    pub fn get(&self, section: Section) -> &str {
        &self.texts[section as usize]
    }

    /// Sections of the record's Compositions that are none of the three, in their order.
    #[must_use]
    pub fn others(&self) -> &[OtherSection] {
        &self.others
    }

    /// All texts in one: the three, then the others.
    #[must_use]
    pub fn joined(&self) -> String {
        let others = self.others.iter().map(|other| &other.text);
        self.texts.iter().chain(others).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn take_composition(&mut self, sections: Option<&Value>) {
        for section in sections.and_then(Value::as_array).into_iter().flatten() {
            if let Some(div) = section.pointer("/text/div").and_then(Value::as_str) {
                let mut told = plain_text(div);
                if ends_with_table(div) {
                    end_sentence(&mut told);
                }
                self.take_section(section, told);
            }
            self.take_composition(section.get("section"));
        }
    }

    fn take_section(&mut self, section: &Value, text: String) {
        let codings = section.pointer("/code/coding").and_then(Value::as_array);
        let codes: Vec<_> = codings
            .into_iter()
            .flatten()
            .filter_map(|coding| coding.get("code").and_then(Value::as_str))
            .collect();
        let title = section.get("title").and_then(Value::as_str).unwrap_or_default();
        let known = codes.iter().find_map(|code| Section::from_code(code));
        if let Some(known) = known.or_else(|| Section::from_title(title)) {
            push_line(&mut self.texts[known as usize], &text);
        } else if !text.is_empty() {
            let codes = codes.into_iter().map(str::to_owned).collect();
            self.others.push(OtherSection { title: title.to_owned(), codes, text });
        }
    }
}

impl fmt::Debug for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [basic, diagnosis, hospitalisation] =
            self.texts.each_ref().map(|text| text.chars().count());
        let others = self.others.len();
        write!(f, "Sections({basic}, {diagnosis}, {hospitalisation} characters, {others} others)")
    }
}

/// XHTML without its tags and with the five predefined entities resolved.
pub(crate) fn plain_text(xhtml: &str) -> String {
    let mut text = String::with_capacity(xhtml.len());
    let mut in_tag = false;
    for character in xhtml.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if !in_tag => text.push(character),
            _ => {}
        }
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let text =
        entities.iter().fold(text, |text, (entity, character)| text.replace(entity, character));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the last that a narrative has is a table: it is whole, though no cell ends as a sentence.
fn ends_with_table(xhtml: &str) -> bool {
    let mut rest = xhtml.trim_end();
    while let Some(within) = rest.strip_suffix("</div>") {
        rest = within.trim_end();
    }
    rest.ends_with("</table>")
}

/// Ends a line that is known to be whole as a sentence ends, if it has no mark.
pub(crate) fn end_sentence(line: &mut String) {
    if line.ends_with(char::is_alphanumeric) {
        line.push(if Language::of(line) == Language::Chinese { '。' } else { '.' });
    }
}

/// What resources say. They are whole, so each line ends as a sentence does.
fn gather(bundle: &Bundle) -> Sections {
    let mut lines = Vec::new();
    for (kind, resource) in bundle.resources() {
        let section = match kind {
            "Patient" => Section::Basic,
            "Condition" => Section::Diagnosis,
            "AllergyIntolerance"
            | "CarePlan"
            | "DiagnosticReport"
            | "Encounter"
            | "Immunization"
            | "MedicationAdministration"
            | "MedicationRequest"
            | "MedicationStatement"
            | "Observation"
            | "Procedure" => Section::Hospitalisation,
            _ => continue,
        };
        let mut words = Vec::new();
        spoken(resource, &mut words);
        lines.push((section, resource, words.join(" ")));
        // What was measured is no diagnosis; what was concluded from it is.
        let mut words: Vec<_> =
            resource.get("conclusion").and_then(Value::as_str).into_iter().collect();
        spoken(resource.get("conclusionCode").unwrap_or(&Value::Null), &mut words);
        lines.push((Section::Diagnosis, resource, words.join(" ")));
    }
    let all: String = lines.iter().map(|(_, _, line)| line.as_str()).collect();
    let language = Language::of(&all);
    let mut sections = Sections::default();
    for (section, resource, mut line) in lines {
        if section == Section::Basic {
            line = patient::text_of(resource, language);
        }
        if section != Section::Basic {
            end_sentence(&mut line);
        }
        push_line(&mut sections.texts[section as usize], &line);
    }
    sections
}

/// The strings of a resource that are meant for people.
fn spoken<'a>(value: &'a Value, line: &mut Vec<&'a str>) {
    const KEYS: [&str; 19] = [
        "birthDate",
        "city",
        "conclusion",
        "country",
        "description",
        "display",
        "family",
        "gender",
        "given",
        "line",
        "name",
        "note",
        "start",
        "end",
        "state",
        "text",
        "unit",
        "valueString",
        "postalCode",
    ];
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if KEYS.contains(&key.as_str()) => line.push(text),
                    Value::Array(items) if KEYS.contains(&key.as_str()) => {
                        line.extend(items.iter().filter_map(Value::as_str));
                        items.iter().for_each(|item| spoken(item, line));
                    }
                    _ => spoken(value, line),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| spoken(item, line)),
        _ => {}
    }
}

fn push_line(text: &mut String, line: &str) {
    if !line.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn titles_that_hospitals_give_are_known() {
        for (title, section) in [
            ("一般项目", Some(Section::Basic)),
            ("Patient details", Some(Section::Basic)),
            ("出院诊断", Some(Section::Diagnosis)),
            ("IMPRESSION", Some(Section::Diagnosis)),
            ("Preoperative diagnosis", Some(Section::Diagnosis)),
            ("诊疗经过", Some(Section::Hospitalisation)),
            ("Discharge Summary", Some(Section::Hospitalisation)),
            ("Operative note", Some(Section::Hospitalisation)),
            ("出院医嘱", None),
            ("诊疗计划", None),
            ("Allergies", None),
        ] {
            assert_eq!(Section::from_title(title), section, "{title}");
        }
    }

    #[test]
    fn a_report_is_a_diagnosis_by_its_conclusion_only() {
        let report = json!({
            "resourceType": "DiagnosticReport",
            "code": {"text": "Urea and electrolytes"},
            "status": "final",
        });
        let sections = |report: Value| {
            let bundle = json!({"resourceType": "Bundle", "entry": [{"resource": report}]});
            gather(&Bundle::from_value(bundle).unwrap())
        };
        assert_eq!(sections(report.clone()).get(Section::Diagnosis), "");
        let mut concluded = report;
        concluded["conclusion"] = "Acute kidney injury, stage 2".into();
        concluded["conclusionCode"] = json!([{"coding": [{"display": "Hyperkalaemia"}]}]);
        let sections = sections(concluded);
        let told = "Acute kidney injury, stage 2 Hyperkalaemia.";
        assert_eq!(sections.get(Section::Diagnosis), told);
        assert!(sections.get(Section::Hospitalisation).contains("Urea and electrolytes"));
    }

    #[test]
    fn a_narrative_that_ends_with_a_table_is_whole() {
        for table in
            ["<div><table><tr><td>BP</td></tr></table></div>", "<div><table></table> </div>\n"]
        {
            assert!(ends_with_table(table), "{table}");
        }
        for other in ["<div>BP</div>", "<div><table></table>more</div>", "", "</table"] {
            assert!(!ends_with_table(other), "{other}");
        }
    }
}
