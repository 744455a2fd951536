//! CDA R2 documents (C-CDA R2.1 and the Chinese ones of WS/T 500) become FHIR resources.
//!
//! Who is concerned comes from the header; each section becomes one of a Composition, with its
//! narrative or, where a Chinese document has none, with what its entries say; diagnoses, allergies,
//! procedures and medication become resources too. What has no place stays in the document, which is kept
//! with the original.

mod resources;
mod xml;

use serde_json::Value;

pub(crate) use xml::is_document;

/// Reads a document.
///
/// # Errors
/// Where it is no well-formed XML, or what it lacks; without what it holds.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, String> {
    let document = xml::parse(text)?;
    if document.name != "ClinicalDocument" {
        return Err("the root element is not ClinicalDocument".into());
    }
    Ok(resources::of(&document))
}
