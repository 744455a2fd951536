//! HL7 v2 messages in ER7 encoding (HL7 v2.8, chapter 2) become FHIR resources.
//!
//! The mapping is that of HL7's implementation guide "V2 to FHIR" for what a medical record needs:
//! PID, NK1, PV1, PV2, DG1, AL1, PR1, OBR, OBX, NTE, ORC, RXA, RXO, RXE, TXA. What has no place stays in
//! the message, which is kept with the original.

mod message;
mod resources;
mod values;

use serde_json::Value;

use message::Message;
pub(crate) use message::is_message;

/// What messages say about one patient.
pub(crate) struct Imported {
    pub(crate) resources: Vec<Value>,
    /// Whether a segment had something that has no place.
    pub(crate) left: bool,
}

/// Reads messages, one or several behind each other, in MLLP frames or not.
///
/// # Errors
/// What is wrong and in which segment, without what it holds.
pub(crate) fn read(text: &str) -> Result<Imported, String> {
    let mut resources = resources::Resources::default();
    for message in Message::all(text)? {
        resources.take(&message)?;
    }
    Ok(resources.finish())
}
