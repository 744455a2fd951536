//! Texts of any length, in bounded memory.

use std::io::{Read, Write};

use crate::{
    DesensitizeError, Desensitizer, DocumentKind, Report, known::Known, place::Place,
    report::no_leak, scrub::Scrubber, tables::Tables,
};

/// A text is treated in pieces of about this many bytes.
const PIECE_LEN: usize = 256 * 1024;
/// Bytes of a document that tell it from others, if it names no patient.
pub(crate) const HEAD_LEN: usize = 64 * 1024;

impl Desensitizer {
    /// Treats a text in UTF-8 while it is read, in less than a mebibyte of memory beside the report:
    /// pieces end with lines where lines end in time, so that nothing is cut in two.
    ///
    /// What was written before an error is no copy and must be thrown away.
    ///
    /// ```
    /// use emrshare_desensitize::{Desensitizer, Policy};
    /// use emrshare_identity::ConsortiumKey;
    ///
    /// let desensitizer =
    ///     Desensitizer::new(Policy::strict(), ConsortiumKey::from_bytes([7; 32]));
    /// let mut copy = Vec::new();
    /// let report = desensitizer.desensitize_text("手机13812345678。".as_bytes(), &mut copy)?;
    /// assert_eq!((copy, report.total()), ("手机[contact]。".into(), 1));
    /// # Ok::<(), emrshare_desensitize::DesensitizeError>(())
    /// ```
    ///
    /// # Errors
    /// [`DesensitizeError::Io`] if reading or writing fails, [`DesensitizeError::File`] if it is not
    /// UTF-8, and as [`desensitize_file`](Self::desensitize_file).
    pub fn desensitize_text(
        &self,
        mut input: impl Read,
        mut output: impl Write,
    ) -> Result<Report, DesensitizeError> {
        let mut waiting = Vec::new();
        let mut is_last = fill(&mut input, &mut waiting)?;
        let mut known = Known::default();
        known.or_patient(|| &waiting[..waiting.len().min(HEAD_LEN)]);
        let treatment = self.treatment(&known)?;
        let scrubber = Scrubber::new(&treatment);
        let mut place = Place::new(DocumentKind::Text);
        let mut report = Report::default();
        let mut done = 0;
        let mut tables = Tables::default();
        while !waiting.is_empty() {
            let len = if is_last { waiting.len() } else { end_of_piece(&waiting) };
            let piece = std::str::from_utf8(&waiting[..len]).map_err(|error| {
                let problem = format!("no UTF-8 at byte {}", done + error.valid_up_to());
                DesensitizeError::File { kind: DocumentKind::Text, problem }
            })?;
            let treated = scrubber.scrub_lines(piece, &mut tables, &place, &mut report);
            report.check()?;
            let found = scrubber.leak_in_file(&treated, DocumentKind::Text);
            no_leak(found.map(|class| (class, place.pointer())))?;
            output.write_all(treated.as_bytes())?;
            place.skip_characters(piece.chars().count());
            done += len;
            waiting.drain(..len);
            is_last = fill(&mut input, &mut waiting)?;
        }
        output.flush()?;
        Ok(report)
    }
}

/// Reads until there is a piece; whether the input has ended.
fn fill(input: &mut impl Read, waiting: &mut Vec<u8>) -> std::io::Result<bool> {
    let missing = PIECE_LEN.saturating_sub(waiting.len());
    input.take(missing as u64).read_to_end(waiting)?;
    Ok(waiting.len() < PIECE_LEN)
}

/// Where a piece ends: behind a line, or else a sentence or word, or else a character.
fn end_of_piece(bytes: &[u8]) -> usize {
    let behind_last = |sign: &str| {
        let at = bytes.windows(sign.len()).rposition(|window| window == sign.as_bytes());
        at.map(|at| at + sign.len())
    };
    let is_start = |byte: &u8| *byte & 0b1100_0000 != 0b1000_0000;
    let character = || bytes.iter().rposition(is_start).filter(|at| *at > 0);
    let word = || ["。", "，", " "].into_iter().filter_map(behind_last).max();
    behind_last("\n").or_else(word).or_else(character).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use emrshare_identity::ConsortiumKey;

    use super::*;
    use crate::Policy;

    fn treat(text: &[u8]) -> Result<(String, Report), DesensitizeError> {
        let key = ConsortiumKey::from_bytes([7; 32]);
        let mut copy = Vec::new();
        let report = Desensitizer::new(Policy::strict(), key).desensitize_text(text, &mut copy)?;
        Ok((String::from_utf8(copy).unwrap(), report))
    }

    #[test]
    fn what_stands_at_the_end_of_a_piece_is_found() {
        for pad in PIECE_LEN - 14..PIECE_LEN {
            for between in ["\n", "。"] {
                let filler = "好".repeat(pad / 3) + &"a".repeat(pad % 3);
                let text = format!("{filler}{between}手机13812345678。\n完");
                let (copy, report) = treat(text.as_bytes()).unwrap();
                assert_eq!((report.total(), copy.contains("13812345678")), (1, false), "{pad}");
                let start = filler.chars().count() + 3;
                let place = format!("#char={start},{}", start + 11);
                assert_eq!(report.treated()[0].place, place);
                assert!(copy.starts_with("好好好") && copy.ends_with("\n完"));
            }
        }
    }

    #[test]
    fn heads_of_columns_hold_in_all_pieces() {
        let lines = 2 * PIECE_LEN / 10;
        let (copy, report) =
            treat(&["MRN,n\n", &"0098123,5\n".repeat(lines)].concat().into_bytes()).unwrap();
        assert_eq!((report.total(), copy.contains("0098123")), (lines, false));
    }

    #[test]
    fn what_is_no_utf_8_is_named_by_its_byte() {
        let text = ["好".repeat(PIECE_LEN).as_bytes(), &[0xff]].concat();
        let error = treat(&text).unwrap_err().to_string();
        assert!(error.contains(&format!("at byte {}", PIECE_LEN * 3)), "{error}");
        assert_eq!(treat(b"").unwrap().0, "");
    }
}
