//! Segments, fields, repetitions, components, subcomponents.

/// The characters that a message separates with (MSH-1 and MSH-2).
#[derive(Clone, Copy, Debug)]
struct Separators {
    field: char,
    component: char,
    repetition: char,
    escape: char,
    subcomponent: char,
}

impl Separators {
    fn of(segment: &str) -> Option<Self> {
        let mut characters = segment.strip_prefix("MSH")?.chars();
        let field = characters.next()?;
        let mut rest = characters.take_while(|c| *c != field);
        Some(Self {
            field,
            component: rest.next()?,
            repetition: rest.next()?,
            escape: rest.next().unwrap_or('\\'),
            subcomponent: rest.next().unwrap_or('&'),
        })
    }
}

/// Whether a text begins as a message does.
pub(crate) fn is_message(text: &str) -> bool {
    let start = text.trim_start_matches(is_before_message);
    let start =
        ["FHS", "BHS"].iter().find_map(|batch| start.strip_prefix(batch)).map_or(start, |rest| {
            rest.split(['\r', '\n']).find(|line| line.starts_with("MSH")).unwrap_or_default()
        });
    Separators::of(start).is_some_and(|it| !it.field.is_alphanumeric())
}

/// A byte order mark, the start of an MLLP frame, and white space.
fn is_before_message(c: char) -> bool {
    c == '\u{feff}' || c == '\u{b}' || c.is_whitespace()
}

/// One message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) segments: Vec<Segment<'a>>,
}

/// One segment.
#[derive(Clone, Debug)]
pub(super) struct Segment<'a> {
    /// Its place in the text, from 1.
    pub(super) number: usize,
    fields: Vec<&'a str>,
    separators: Separators,
}

/// A field, a repetition of it, or a component.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    text: &'a str,
    separators: Separators,
}

impl<'a> Message<'a> {
    /// The messages of a text.
    pub(super) fn all(text: &'a str) -> Result<Vec<Self>, String> {
        let mut messages: Vec<Self> = Vec::new();
        let mut separators = None;
        for (place, line) in text.split(['\r', '\n']).enumerate() {
            let number = place + 1;
            let line = line.trim_matches(|c: char| is_before_message(c) || c == '\u{1c}');
            if line.is_empty() {
                continue;
            }
            if line.starts_with("MSH") {
                let read = Separators::of(line);
                separators = Some(read.ok_or(format!("segment {number}: MSH has no separators"))?);
                messages.push(Message { segments: Vec::new() });
            }
            let (Some(separators), Some(message)) = (separators, messages.last_mut()) else {
                // Heads of files and batches.
                continue;
            };
            let mut fields: Vec<_> = line.split(separators.field).collect();
            if fields[0] == "MSH" {
                // MSH-1 is the separator itself.
                fields.insert(1, "");
            }
            if fields[0].len() != 3 || !fields[0].bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(format!("segment {number}: its name is not three letters or digits"));
            }
            message.segments.push(Segment { number, fields, separators });
        }
        Ok(messages)
    }
}

impl<'a> Segment<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.fields[0]
    }

    /// A field by its number in the standard; empty if it is not there.
    pub(super) fn field(&self, number: usize) -> Part<'a> {
        let text = self.fields.get(number).copied().unwrap_or_default();
        // Two quotes stand for "delete the value".
        let text = if text == "\"\"" { "" } else { text };
        Part { text, separators: self.separators }
    }

    /// Whether any of these fields holds something.
    pub(super) fn has_any(&self, numbers: impl IntoIterator<Item = usize>) -> bool {
        numbers.into_iter().any(|number| !self.field(number).is_empty())
    }
}

impl<'a> Part<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.text.is_empty()
    }

    /// The repetitions of a field that hold something.
    pub(super) fn repetitions(self) -> impl Iterator<Item = Self> {
        let parts = self.text.split(self.separators.repetition);
        parts.filter(|text| !text.is_empty()).map(move |text| Self { text, ..self })
    }

    /// A component by its number, from 1.
    pub(super) fn component(self, number: usize) -> Self {
        self.nth(self.separators.component, number)
    }

    /// A subcomponent of a component by its number, from 1.
    pub(super) fn subcomponent(self, number: usize) -> Self {
        self.nth(self.separators.subcomponent, number)
    }

    /// What it says, of the first repetition and without escapes; `None` if it says nothing.
    pub(super) fn text(self) -> Option<String> {
        let text = self.text.split(self.separators.repetition).next().unwrap_or_default();
        let text = self.unescaped(text);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// What the whole of it says, for free text that uses separators as letters.
    pub(super) fn whole_text(self) -> Option<String> {
        let text = self.unescaped(self.text);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn nth(self, separator: char, number: usize) -> Self {
        let text = self.text.split(separator).nth(number - 1).unwrap_or_default();
        Self { text, ..self }
    }

    /// Escape sequences of chapter 2.7.
    fn unescaped(self, text: &str) -> String {
        let Separators { field, component, repetition, escape, subcomponent } = self.separators;
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(escape) {
            plain.push_str(before);
            let Some((sequence, behind)) = after.split_once(escape) else {
                plain.push_str(after);
                return plain;
            };
            match sequence {
                "F" => plain.push(field),
                "S" => plain.push(component),
                "R" => plain.push(repetition),
                "T" => plain.push(subcomponent),
                "E" => plain.push(escape),
                ".br" | ".sp" | ".ce" => plain.push('\n'),
                _ => plain.push_str(&hexadecimal(sequence).unwrap_or_default()),
            }
            rest = behind;
        }
        plain.push_str(rest);
        plain
    }
}

/// `X0D0A…`: characters by their codes; what is not UTF-8 is left out, as is highlighting.
fn hexadecimal(sequence: &str) -> Option<String> {
    let digits = sequence.strip_prefix('X')?;
    let bytes = (0..digits.len()).step_by(2).map(|at| {
        let digits = digits.get(at..at + 2)?;
        u8::from_str_radix(digits, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_those_of_the_message() {
        let text = "MSH#*%?@#A\rPID#1##X*Y%Z##a@b";
        let messages = Message::all(text).unwrap();
        let pid = &messages[0].segments[1];
        let ids: Vec<_> = pid.field(3).repetitions().map(|id| id.component(1).text()).collect();
        assert_eq!(ids, [Some("X".into()), Some("Z".into())]);
        assert_eq!(pid.field(5).component(1).subcomponent(2).text().as_deref(), Some("b"));
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        let text = "MSH|^~\\&|\nNTE|1||a\\F\\b\\S\\c\\.br\\d\\XE4BDA0\\\\H\\e\\";
        let messages = Message::all(text).unwrap();
        let note = messages[0].segments[1].field(3).whole_text();
        assert_eq!(note.as_deref(), Some("a|b^c\nd你e"));
    }

    #[test]
    fn frames_and_batches_are_passed_over() {
        let text = "\u{b}MSH|^~\\&|A\rPID|1\r\u{1c}\r\u{b}MSH|^~\\&|B\rPID|1\r\u{1c}\r";
        assert_eq!(Message::all(text).unwrap().len(), 2);
        assert!(is_message("BHS|^~\\&|x\rMSH|^~\\&|A\rPID|1"));
        assert!(!is_message("MSHA is a word"));
        assert!(Message::all("MSH|^~\\&|A\rsome text").is_err());
    }
}
