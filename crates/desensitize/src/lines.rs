//! JSON lines (NDJSON), such as FHIR's bulk export: each line is a document by itself.

use std::io::{BufRead, Read, Write};

use serde_json::Value;

use crate::{
    DesensitizeError, Desensitizer, DocumentKind, Report, collect,
    file::{Content, kind_of_json},
};

impl Desensitizer {
    /// Treats JSON lines while they are read, each by itself: what one says of people is not looked
    /// for in another. Dates are shifted alike in all FHIR resources of one patient, by the patient's id.
    ///
    /// What was written before an error is no copy and must be thrown away.
    ///
    /// ```
    /// use emrshare_desensitize::{Desensitizer, Policy};
    /// use emrshare_identity::ConsortiumKey;
    ///
    /// let desensitizer =
    ///     Desensitizer::new(Policy::strict(), ConsortiumKey::from_bytes([7; 32]));
    /// let lines = r#"{"resourceType":"Patient","birthDate":"1970-03-25"}
    /// {"resourceType":"Patient","gender":"female"}"#;
    /// let mut copy = Vec::new();
    /// desensitizer.desensitize_json_lines(lines.as_bytes(), &mut copy)?;
    /// assert!(!String::from_utf8(copy)?.contains("1970"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DesensitizeError::Io`] if reading or writing fails, [`DesensitizeError::File`] if a line is no
    /// object or too long, and as [`desensitize_file`](Self::desensitize_file).
    pub fn desensitize_json_lines(
        &self,
        mut input: impl BufRead,
        mut output: impl Write,
    ) -> Result<Report, DesensitizeError> {
        let mut report = Report::default();
        let mut line = Vec::new();
        for number in 0.. {
            line.clear();
            if Read::take(&mut input, LINE_MAX + 1).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let content = line.trim_ascii_end();
            let end = &line[content.len()..];
            let content = trimmed(content);
            if !content.is_empty() {
                let (treated, of_line) = self.line(content, number)?;
                report.absorb(of_line, number);
                output.write_all(&treated)?;
            }
            output.write_all(end)?;
        }
        output.flush()?;
        Ok(report)
    }

    fn line(&self, line: &[u8], number: usize) -> Result<(Vec<u8>, Report), DesensitizeError> {
        let broken = |kind, problem: String| {
            let problem = format!("line {}: {problem}", number + 1);
            DesensitizeError::File { kind, problem }
        };
        if line.len() as u64 > LINE_MAX {
            return Err(broken(DocumentKind::Json, format!("it has more than {LINE_MAX} bytes")));
        }
        let value = object(line).map_err(|problem| broken(DocumentKind::Json, problem))?;
        let patient = collect::patient_id(&value).map(str::to_owned);
        let content = Content::of_json(value);
        let treated = self.known(&content).and_then(|mut known| {
            patient.into_iter().for_each(|id| known.set_only_patient(id));
            self.treat_content(content, known, line, None)
        });
        treated.map_err(|error| match error {
            DesensitizeError::File { kind, problem } => broken(kind, problem),
            DesensitizeError::Leak { class, place } => {
                DesensitizeError::Leak { class, place: format!("/{number}{place}") }
            }
            other => other,
        })
    }
}

/// Bytes of a line, at most.
const LINE_MAX: u64 = 64 * 1024 * 1024;

/// What lines of JSON hold, by how a file begins: with an object on a line of its own, and another one
/// behind it. `None` if it is something else.
pub(crate) fn kind(bytes: &[u8]) -> Option<DocumentKind> {
    let bytes = trimmed(bytes);
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = bytes.split_at(end);
    let goes_on = first.starts_with(b"{") && rest.trim_ascii_start().starts_with(b"{");
    let value = goes_on.then(|| object(first).ok())??;
    Some(kind_of_json(&value))
}

fn object(line: &[u8]) -> Result<Value, String> {
    // What the parser says may quote the line.
    let value = serde_json::from_slice::<Value>(line);
    let value = value.map_err(|error| format!("no JSON at column {}", error.column()))?;
    value.is_object().then_some(value).ok_or_else(|| "no object".into())
}

/// Without a byte order mark and white space at its start.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start()
}
