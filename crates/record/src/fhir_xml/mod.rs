//! FHIR in XML (<https://hl7.org/fhir/R4/xml.html>), as the JSON of the same resource and back.
//!
//! JSON needs to know what XML does not say: which elements are several, numbers or booleans. A table of
//! FHIR R4's elements says so, and in which order XML has them; what it does not have, such as elements
//! of another version, is read by its shape.
//!
//! ```
//! use emrshare_record::fhir_xml;
//!
//! let xml = r#"<Patient xmlns="http://hl7.org/fhir"><name><given value="Ann"/></name></Patient>"#;
//! let patient = fhir_xml::read(xml)?;
//! assert_eq!(patient["name"][0]["given"][0], "Ann");
//! assert!(fhir_xml::write(&patient)?.ends_with(xml));
//! # Ok::<(), emrshare_record::fhir_xml::FhirXmlError>(())
//! ```

mod elements;
mod read;
mod write;

pub use read::{is_resource, read, read_entries};
pub use write::{write, write_around_entries, write_entry};

/// The namespace of FHIR's elements.
const FHIR: &str = "http://hl7.org/fhir";
/// The namespace of a narrative.
const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// Elements within each other at most.
const DEPTH_MAX: usize = 100;

/// Whether XML 1.0 has a character.
const fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A text is no FHIR in XML, or JSON is none that XML can say. What stands there is not repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FhirXmlError {
    /// The text is no well-formed XML.
    #[error("no well-formed XML at byte {at}")]
    Xml {
        /// How many bytes are before it.
        at: u64,
    },
    /// The outermost element is not of FHIR's namespace.
    #[error("no element of the namespace {FHIR}")]
    NotResource,
    /// Text or an entity stands where FHIR has neither, outside of a narrative.
    #[error("text before byte {at}, where FHIR has none")]
    Text {
        /// How many bytes are before its end.
        at: u64,
    },
    /// Elements stand deeper within each other than 100.
    #[error("more than {DEPTH_MAX} elements within each other")]
    TooDeep,
    /// An object has a member that is named like no element.
    #[error("a member with a name that no element of FHIR can have")]
    Name,
    /// A narrative is no well-formed XHTML.
    #[error("a narrative that is no well-formed XHTML")]
    Narrative,
}
