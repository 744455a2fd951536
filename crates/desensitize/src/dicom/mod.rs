//! DICOM headers: attributes that are known to say nothing of a person stay, all others go.
//!
//! Follows the Basic Application Level Confidentiality Profile (PS3.15, annex E): person names,
//! dates and identifiers of type 2 become empty, instance UIDs are replaced consistently, private
//! attributes, overlays, curves and free text go; of descriptions stay the words that say what was
//! imaged and how, of structured reports the text, searched. Instead of listing what is removed, the
//! code lists what is kept: what no list foresees is removed.

mod attributes;
mod descriptors;
pub(crate) mod json;

use attributes::{DESCRIPTIONS, EMPTIED, KEPT, is_defined_term, is_fixed_uid};
use dicom_core::{
    DataElement, PrimitiveValue, Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
    header::Header,
};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;
use emrshare_picture::uncompressed;
use emrshare_record::dicom;

use crate::{
    Area, Class, Evidence, Report, Technique, dates, pixels,
    place::Place,
    scrub::Scrubber,
    treat::{Outcome, Treatment},
};

/// Month and day of a date of which only the year stays.
const MIDDLE_OF_YEAR: &str = "0702";
/// The day of a date of which only year and month stay.
const MIDDLE_OF_MONTH: &str = "15";
/// The time of what must have one.
const MIDNIGHT: &str = "000000";
/// How a data set was treated.
const METHOD: &str = "emrshare keep list; PS3.15 basic profile";

/// Why a file cannot be treated.
#[derive(Debug)]
pub(crate) enum TreatError {
    /// Its header.
    Header(String),
    /// Its pixels: without them it could be.
    Pixels(String),
}

/// The file with a treated header, and pixels without the writing that was seen on them; `None` if
/// nobody looked.
pub(crate) fn treat(
    bytes: &[u8],
    seen: Option<&[Area]>,
    scrubber: &Scrubber<'_>,
    place: Place,
    report: &mut Report,
) -> Result<Vec<u8>, TreatError> {
    let treatment = scrubber.treatment;
    let mut object = dicom::parse(bytes).map_err(|error| TreatError::Header(error.to_string()))?;
    let has_pixels = object.get(tags::PIXEL_DATA).is_some();
    let seen = match seen {
        Some(areas) => areas,
        None if has_pixels => return Err(TreatError::Pixels("nobody saw the pixels".into())),
        None => &[],
    };
    if says_burnt_in(&object) && seen.is_empty() {
        let problem = "the header says that text is burnt into the pixels (0028,0301), \
                       and none was found";
        return Err(TreatError::Pixels(problem.into()));
    }
    let hidden = pixels::hidden_bits(&object);
    if !seen.is_empty() || hidden != 0 {
        // What is compressed cannot be blanked: the copy has it uncompressed.
        let problem = |error| TreatError::Pixels(format!("writing cannot be blanked: {error}"));
        object = uncompressed(&object).map_err(problem)?.unwrap_or(object);
    }
    let mut meta = object.meta().clone();
    let institution = object.get(tags::INSTITUTION_NAME).and_then(|name| name.to_str().ok());
    let institution = institution.unwrap_or_default().trim_matches(['\0', ' ']).to_lowercase();
    let mut walk = Walk { treatment, scrubber, report, place, institution };
    let mut treated = walk.data_set(&object);
    pixels::blank(&mut treated, &meta.transfer_syntax, seen).map_err(TreatError::Pixels)?;
    pixels::clear_beside(&mut treated, hidden);
    if !seen.is_empty() {
        let removed = PrimitiveValue::from("NO");
        treated.put(DataElement::new(tags::BURNED_IN_ANNOTATION, VR::CS, removed));
        walk.place.push("PixelData");
        seen.iter().for_each(|_| walk.removed(Class::Identifier, Technique::Delete));
    }
    let removed = PrimitiveValue::from("YES");
    treated.put(DataElement::new(tags::PATIENT_IDENTITY_REMOVED, VR::CS, removed));
    let method = PrimitiveValue::from(METHOD);
    treated.put(DataElement::new(tags::DEIDENTIFICATION_METHOD, VR::LO, method));
    meta.media_storage_sop_instance_uid = treatment.uid(&meta.media_storage_sop_instance_uid);
    meta.private_information_creator_uid = None;
    meta.private_information = None;
    meta.source_application_entity_title = None;
    meta.sending_application_entity_title = None;
    meta.receiving_application_entity_title = None;
    meta.update_information_group_length();
    let mut file = Vec::new();
    let written = treated.with_exact_meta(meta).write_all(&mut file);
    written.map_err(|error| {
        TreatError::Header(format!("the treated header cannot be written: {error}"))
    })?;
    Ok(file)
}

fn says_burnt_in(object: &dicom::DicomFile) -> bool {
    let value = object.get(tags::BURNED_IN_ANNOTATION).and_then(|element| element.to_str().ok());
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case("YES"))
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    place: Place,
    /// The institution's name, in small letters.
    institution: String,
}

impl Walk<'_> {
    fn data_set(&mut self, object: &InMemDicomObject) -> InMemDicomObject {
        let mut treated = InMemDicomObject::new_empty();
        for element in object.iter() {
            let (tag, vr) = (element.tag(), element.vr());
            self.place.push(keyword(tag));
            let text = || {
                let value = element.value().primitive();
                value.map(|value| value.to_str().into_owned()).unwrap_or_default()
            };
            match self.decide(tag, vr, &text) {
                Decision::Keep => {
                    treated.put(element.clone());
                }
                Decision::Put(text) => {
                    let value = if text.is_empty() { PrimitiveValue::Empty } else { text.into() };
                    treated.put(DataElement::new(tag, vr, value));
                }
                Decision::Descend => {
                    let items = element.items().unwrap_or_default().iter().enumerate();
                    let items = items.map(|(number, item)| self.item(number, item));
                    let sequence =
                        dicom_core::value::DataSetSequence::from(items.collect::<Vec<_>>());
                    treated.put(DataElement::new(tag, VR::SQ, sequence));
                }
                Decision::Remove(class) => self.removed(class, Technique::Delete),
            }
            self.place.pop();
        }
        treated
    }

    fn item(&mut self, number: usize, item: &InMemDicomObject) -> InMemDicomObject {
        self.place.push_number(number);
        let treated = self.data_set(item);
        self.place.pop();
        treated
    }

    fn removed(&mut self, class: Class, technique: Technique) {
        self.treatment.report(class, technique, Evidence::Field, &self.place, self.report);
    }

    /// What becomes of an attribute; its text is asked for where it counts.
    fn decide(&mut self, tag: Tag, vr: VR, text: &dyn Fn() -> String) -> Decision {
        if tag.group() % 2 == 1 || matches!(tag.group(), 0x5000..=0x50ff | 0x6000..=0x60ff) {
            return Decision::Remove(Class::Identifier);
        }
        if EMPTIED.contains(&tag) {
            return self.emptied(tag, vr, &text());
        }
        if DESCRIPTIONS.contains(&tag) {
            return self.described(&text());
        }
        if KEPT.contains(&tag) {
            return self.kept(tag, &text());
        }
        if vr == VR::CS && is_defined_term(tag, &text()) {
            let scrubbed = self.scrubber.scrub_known(&text(), &self.place, self.report);
            return if scrubbed == text() { Decision::Keep } else { Decision::Remove(Class::Name) };
        }
        if tag == tags::PATIENT_AGE {
            return self.age(text().trim_matches([' ', '\0']));
        }
        match vr {
            VR::SQ => Decision::Descend,
            VR::UI if is_fixed_uid(tag) => Decision::Keep,
            VR::UI => {
                let uids: Vec<_> = text().split('\\').map(|uid| self.treatment.uid(uid)).collect();
                self.removed(Class::Identifier, Technique::Surrogate);
                Decision::Put(uids.join("\\"))
            }
            VR::US
            | VR::SS
            | VR::UL
            | VR::SL
            | VR::UV
            | VR::SV
            | VR::FL
            | VR::FD
            | VR::AT
            | VR::DS
            | VR::IS
            | VR::OF
            | VR::OD
            | VR::OL
            | VR::OV => Decision::Keep,
            VR::OB | VR::OW
                if matches!(tag.group(), 0x0028 | 0x7fe0) || tag == tags::WAVEFORM_DATA =>
            {
                Decision::Keep
            }
            VR::PN => Decision::Remove(Class::Name),
            VR::DA | VR::DT | VR::TM => self.moved(vr, &text()),
            _ => Decision::Remove(Class::Identifier),
        }
    }

    fn kept(&mut self, tag: Tag, text: &str) -> Decision {
        // A maker may be called like the institution.
        if tag != tags::TEXT_VALUE && names(text, &self.institution) {
            return Decision::Remove(Class::Organisation);
        }
        let scrubbed = self.scrubber.scrub(text, &self.place, self.report);
        if scrubbed == text { Decision::Keep } else { Decision::Put(scrubbed) }
    }

    fn described(&mut self, text: &str) -> Decision {
        let Some(words) = descriptors::cleaned(text) else {
            return Decision::Remove(Class::Identifier);
        };
        let scrubbed = self.scrubber.scrub_known(&words, &self.place, self.report);
        if scrubbed == text {
            return Decision::Keep;
        }
        self.removed(Class::Identifier, Technique::Delete);
        Decision::Put(scrubbed)
    }

    fn age(&mut self, age: &str) -> Decision {
        match self.treatment.field(Class::Age, age, &self.place, self.report) {
            Outcome::Stays => Decision::Keep,
            Outcome::Becomes(treated) if treated.bytes().all(|b| b.is_ascii_digit()) => {
                Decision::Put(format!("{treated:0>3}Y"))
            }
            Outcome::Becomes(_) | Outcome::Null | Outcome::Gone => EMPTY,
        }
    }

    /// A date that no type asks for: where dates move, it moves, and times stay (PS3.15, the option
    /// to retain longitudinal information with modified dates); else it goes.
    fn moved(&mut self, vr: VR, value: &str) -> Decision {
        let technique = self.treatment.technique(Class::Date, &self.place);
        match technique {
            Technique::Shift { .. } if vr == VR::TM => Decision::Keep,
            Technique::Shift { .. } => {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                match self.treatment.field(Class::Date, value, &self.place, self.report) {
                    Outcome::Becomes(moved) => Decision::Put(moved),
                    _ => EMPTY,
                }
            }
            _ => Decision::Remove(Class::Date),
        }
    }

    /// A type 2 attribute: empty, or what the policy makes of its value.
    fn emptied(&mut self, tag: Tag, vr: VR, value: &str) -> Decision {
        let class = match vr {
            VR::PN => Class::Name,
            VR::DA | VR::TM => Class::Date,
            _ => Class::Identifier,
        };
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if value.is_empty() {
            return Decision::Keep;
        }
        if vr == VR::TM {
            return match self.moved(vr, value) {
                Decision::Remove(class) => {
                    self.removed(class, Technique::Delete);
                    if tag == tags::CONTENT_TIME {
                        Decision::Put(MIDNIGHT.to_owned())
                    } else {
                        EMPTY
                    }
                }
                moved => moved,
            };
        }
        let spoken = if vr == VR::PN { value.replace('^', " ") } else { value.to_owned() };
        match self.treatment.field(class, spoken.trim(), &self.place, self.report) {
            Outcome::Stays => Decision::Keep,
            Outcome::Becomes(date) if vr == VR::DA => Decision::Put(whole_date(&date)),
            Outcome::Becomes(other) if vr == VR::SH => {
                Decision::Put(last_characters(&other, SH_LEN_MAX))
            }
            Outcome::Becomes(other) if matches!(vr, VR::LO | VR::PN) => {
                Decision::Put(last_characters(&other, LO_LEN_MAX))
            }
            _ => EMPTY,
        }
    }
}

/// Characters of a short and a long string (PS3.5, table 6.2-1).
const SH_LEN_MAX: usize = 16;
const LO_LEN_MAX: usize = 64;

fn last_characters(text: &str, len: usize) -> String {
    let skipped = text.chars().count().saturating_sub(len);
    text.chars().skip(skipped).collect()
}

/// A DA needs month and day.
fn whole_date(date: &str) -> String {
    match date.len() {
        4 => format!("{date}{MIDDLE_OF_YEAR}"),
        6 => format!("{date}{MIDDLE_OF_MONTH}"),
        8 if date.bytes().all(|byte| byte.is_ascii_digit()) => date.to_owned(),
        _ => dates::year(date).map(|year| year + MIDDLE_OF_YEAR).unwrap_or_default(),
    }
}

/// An attribute's keyword, or its number.
fn keyword(tag: Tag) -> String {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.map_or_else(|| tag.to_string(), |entry| entry.alias().to_owned())
}

enum Decision {
    Keep,
    /// It has this text, or none.
    Put(String),
    Descend,
    Remove(Class),
}

const EMPTY: Decision = Decision::Put(String::new());

/// Whether a text holds a name, which is in small letters.
fn names(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let is_apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    !name.is_empty()
        && text.match_indices(name).any(|(at, found)| {
            let (before, behind) = (&text[..at], &text[at + found.len()..]);
            is_apart(before.chars().next_back()) && is_apart(behind.chars().next())
        })
}
