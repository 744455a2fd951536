//! JSON lines (NDJSON), such as FHIR's bulk export: each line is a document by itself.

use std::io::{BufRead, Cursor, Read, Write};

use serde::de::IgnoredAny;

use crate::{DesensitizeError, Desensitizer, DocumentKind, Report, json::Document};

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
        check(line).map_err(|problem| broken(DocumentKind::Json, problem))?;
        let mut copy = Vec::new();
        let document = Document::open(Cursor::new(line)).map_err(DesensitizeError::from);
        let treated = document.and_then(|document| {
            let mut document = document.ok_or(DesensitizeError::Unknown)?;
            self.desensitize_document(&mut document, true, &mut copy)
        });
        treated.map(|report| (copy, report)).map_err(|error| match error {
            DesensitizeError::File { kind, problem } => broken(kind, problem),
            other => other.at_item(number),
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
    let is_object = goes_on && check(first).is_ok();
    is_object.then(|| Document::open(Cursor::new(first)).ok().flatten())?.map(|line| line.kind())
}

/// That a line is an object.
fn check(line: &[u8]) -> Result<(), String> {
    // What the parser says may quote the line.
    serde_json::from_slice::<IgnoredAny>(line)
        .map_err(|error| format!("no JSON at column {}", error.column()))?;
    line.starts_with(b"{").then_some(()).ok_or_else(|| "no object".into())
}

/// Without a byte order mark and white space at its start.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start()
}
