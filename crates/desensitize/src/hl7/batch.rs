//! Files of one message or many (HL7 v2.8, section 2.10.3: batches), one by one.

use std::io::{BufRead, Write};

use super::{Separators, collect, treat};
use crate::{
    DesensitizeError, Desensitizer, DocumentKind, Report, known::Known, report::no_leak,
    scrub::Scrubber, stream::HEAD_LEN,
};

/// Bytes of a message, at most.
const MESSAGE_MAX: usize = 64 * 1024 * 1024;

impl Desensitizer {
    /// Treats HL7 v2 messages in UTF-8 while they are read, each by itself: what one says of people is
    /// not looked for in another. Dates are shifted alike in all messages of one patient (PID-3).
    ///
    /// What was written before an error is no copy and must be thrown away.
    ///
    /// ```
    /// use emrshare_desensitize::{Desensitizer, Policy};
    /// use emrshare_identity::ConsortiumKey;
    ///
    /// let desensitizer =
    ///     Desensitizer::new(Policy::strict(), ConsortiumKey::from_bytes([7; 32]));
    /// let batch = "BHS|^~\\&|HIS\rMSH|^~\\&|HIS\rPID|1||7788123\rMSH|^~\\&|HIS\rPID|1||7788124\rBTS|2\r";
    /// let mut copy = Vec::new();
    /// let report = desensitizer.desensitize_hl7(batch.as_bytes(), &mut copy)?;
    /// let copy = String::from_utf8(copy)?;
    /// assert!(copy.ends_with("\rBTS|2\r") && !copy.contains("77881"));
    /// assert_eq!(report.treated()[1].place, "/4/PID-3/0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DesensitizeError::Io`] if reading or writing fails, [`DesensitizeError::File`] if a message is
    /// not UTF-8, longer than 64 MiB or does not begin with `MSH`, and as
    /// [`desensitize_file`](Self::desensitize_file).
    pub fn desensitize_hl7(
        &self,
        input: impl BufRead,
        mut output: impl Write,
    ) -> Result<Report, DesensitizeError> {
        let mut report = Report::default();
        let mut messages = Messages { input, line: 0, next: Vec::new() };
        while let Some(message) = messages.next()? {
            output.write_all(self.desensitize_message(&message, &mut report)?.as_bytes())?;
        }
        output.flush()?;
        Ok(report)
    }

    fn desensitize_message(
        &self,
        message: &Message,
        report: &mut Report,
    ) -> Result<String, DesensitizeError> {
        let text = message.text()?;
        let mut known = Known::default();
        collect(text, &mut known);
        known.or_patient(|| &text.as_bytes()[..text.len().min(HEAD_LEN)]);
        let treatment = self.treatment(&known)?;
        let scrubber = Scrubber::new(&treatment);
        let copy = treat(text, message.line, &scrubber, report)
            .ok_or_else(|| message.problem("it does not begin with MSH and separators"))?;
        report.check()?;
        let found = scrubber.leak_in_file(&copy, DocumentKind::Hl7);
        no_leak(found.map(|class| (class, message.place())))?;
        Ok(copy)
    }
}

/// A message, or the header of a file or batch, with the lines behind it.
struct Message {
    bytes: Vec<u8>,
    /// Lines before it.
    line: usize,
}

impl Message {
    fn text(&self) -> Result<&str, DesensitizeError> {
        std::str::from_utf8(&self.bytes).map_err(|_| self.problem("it is not in UTF-8"))
    }

    fn place(&self) -> String {
        format!("the message in line {}", self.line + 1)
    }

    fn problem(&self, problem: &str) -> DesensitizeError {
        let problem = format!("{}: {problem}", self.place());
        DesensitizeError::File { kind: DocumentKind::Hl7, problem }
    }
}

/// Messages as they are read.
struct Messages<R> {
    input: R,
    /// Lines that were read.
    line: usize,
    /// The header of the next message, if it was read.
    next: Vec<u8>,
}

impl<R: BufRead> Messages<R> {
    fn next(&mut self) -> Result<Option<Message>, DesensitizeError> {
        let bytes = std::mem::take(&mut self.next);
        let mut message = Message { line: self.line - usize::from(!bytes.is_empty()), bytes };
        let mut is_open = is_header(&message.bytes);
        loop {
            let start = message.bytes.len();
            if !self.read_line(&mut message.bytes)? {
                return Ok((!message.bytes.is_empty()).then_some(message));
            }
            self.line += 1;
            let line = &message.bytes[start..];
            if is_header(line) {
                if is_open {
                    self.next = message.bytes.split_off(start);
                    return Ok(Some(message));
                }
                is_open = true;
            }
            if message.bytes.len() > MESSAGE_MAX {
                return Err(message.problem(&format!("it has more than {MESSAGE_MAX} bytes")));
            }
        }
    }

    /// Adds a line with its end, of which a line feed behind a carriage return is one of its own; `false`
    /// at the end of the input.
    fn read_line(&mut self, line: &mut Vec<u8>) -> std::io::Result<bool> {
        let start = line.len();
        loop {
            let bytes = self.input.fill_buf()?;
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let len = end.map_or(bytes.len(), |end| end + 1);
            line.extend_from_slice(&bytes[..len]);
            self.input.consume(len);
            if end.is_some() || len == 0 {
                return Ok(line.len() > start);
            }
            if line.len() > MESSAGE_MAX {
                return Ok(true);
            }
        }
    }
}

/// Whether a line begins a message, or a file or batch of them.
fn is_header(line: &[u8]) -> bool {
    const START_LEN: usize = 32;
    Separators::of(&String::from_utf8_lossy(&line[..line.len().min(START_LEN)])).is_some()
}
