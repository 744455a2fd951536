//! JSON, event by event: what is read is not held.

use std::io::{ErrorKind, Read};

use json_event_parser::{JsonEvent, JsonParseError, ReaderJsonParser, WriterJsonSerializer};
use serde_json::{Map, Number, Value};

use crate::{DesensitizeError, DocumentKind};

/// Objects and arrays within each other, at most.
const DEPTH_MAX: usize = 128;
/// Bytes of a string, at most.
const STRING_MAX: usize = 64 * 1024 * 1024;

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    Object,
    Key(String),
    Array,
    /// Of the object or array that is open.
    End,
    Text(String),
    /// As it is written.
    Number(String),
    Bool(bool),
    Null,
}

/// Why JSON cannot be read. What stands there is not repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// The input cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no JSON.
    #[error("no JSON at line {line}, byte {byte}")]
    Syntax { line: u64, byte: u64 },
    #[error("more than {DEPTH_MAX} objects and arrays within each other")]
    TooDeep,
    #[error("a string has more than {STRING_MAX} bytes")]
    TooLong,
    #[error("a number is too large")]
    TooLarge,
}

impl From<JsonParseError> for JsonError {
    fn from(error: JsonParseError) -> Self {
        match error {
            JsonParseError::Io(error) if error.kind() == ErrorKind::OutOfMemory => Self::TooLong,
            JsonParseError::Io(error) => Self::Io(error),
            JsonParseError::Syntax(error) => {
                let at = error.location().start;
                Self::Syntax { line: at.line + 1, byte: at.column + 1 }
            }
        }
    }
}

impl From<JsonError> for DesensitizeError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Io(error) => error.into(),
            error => Self::File { kind: DocumentKind::Json, problem: error.to_string() },
        }
    }
}

/// A reader of one document.
pub(super) struct Reader<R: Read> {
    parser: ReaderJsonParser<R>,
    /// Objects and arrays that are open.
    depth: usize,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        // A string and its quotation marks.
        let parser = ReaderJsonParser::new(input).with_max_buffer_size(STRING_MAX + 2);
        Self { parser, depth: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Event, JsonError> {
        Ok(match self.event()? {
            JsonEvent::StartObject => Event::Object,
            JsonEvent::ObjectKey(key) => Event::Key(key.into_owned()),
            JsonEvent::StartArray => Event::Array,
            JsonEvent::EndObject | JsonEvent::EndArray | JsonEvent::Eof => Event::End,
            JsonEvent::String(text) => Event::Text(text.into_owned()),
            JsonEvent::Number(number) => Event::Number(number.into_owned()),
            JsonEvent::Boolean(value) => Event::Bool(value),
            JsonEvent::Null => Event::Null,
        })
    }

    /// The next member of an object: its name and how its value begins; `None` at the end.
    pub(super) fn member(&mut self) -> Result<Option<(String, Event)>, JsonError> {
        match self.next()? {
            Event::Key(key) => Ok(Some((key, self.next()?))),
            _ => Ok(None),
        }
    }

    /// How the next item of an array begins; `None` at its end.
    pub(super) fn item(&mut self) -> Result<Option<Event>, JsonError> {
        Ok(match self.next()? {
            Event::End => None,
            event => Some(event),
        })
    }

    /// The whole value that begins so.
    pub(super) fn value(&mut self, start: Event) -> Result<Value, JsonError> {
        Ok(match start {
            Event::Object => {
                let mut object = Map::new();
                while let Some((key, start)) = self.member()? {
                    object.insert(key, self.value(start)?);
                }
                object.into()
            }
            Event::Array => {
                let mut items = Vec::new();
                while let Some(start) = self.item()? {
                    items.push(self.value(start)?);
                }
                items.into()
            }
            Event::Text(text) | Event::Key(text) => text.into(),
            Event::Number(number) => {
                number.parse::<Number>().map_err(|_| JsonError::TooLarge)?.into()
            }
            Event::Bool(value) => value.into(),
            Event::Null | Event::End => Value::Null,
        })
    }

    /// The same as it is written, but for the space between its parts.
    pub(super) fn text(&mut self, start: Event) -> Result<Vec<u8>, JsonError> {
        let mut writer = WriterJsonSerializer::new(Vec::new());
        self.copy(start, &mut writer)?;
        Ok(writer.finish()?)
    }

    fn copy(
        &mut self,
        start: Event,
        writer: &mut WriterJsonSerializer<Vec<u8>>,
    ) -> Result<(), JsonError> {
        match start {
            Event::Object => {
                writer.serialize_event(JsonEvent::StartObject)?;
                while let Some((key, start)) = self.member()? {
                    writer.serialize_event(JsonEvent::ObjectKey(key.into()))?;
                    self.copy(start, writer)?;
                }
                writer.serialize_event(JsonEvent::EndObject)?;
            }
            Event::Array => {
                writer.serialize_event(JsonEvent::StartArray)?;
                while let Some(start) = self.item()? {
                    self.copy(start, writer)?;
                }
                writer.serialize_event(JsonEvent::EndArray)?;
            }
            Event::Text(text) | Event::Key(text) => {
                writer.serialize_event(JsonEvent::String(text.into()))?;
            }
            Event::Number(number) => writer.serialize_event(JsonEvent::Number(number.into()))?,
            Event::Bool(value) => writer.serialize_event(JsonEvent::Boolean(value))?,
            Event::Null | Event::End => writer.serialize_event(JsonEvent::Null)?,
        }
        Ok(())
    }

    /// Passes over the value that begins so.
    pub(super) fn skip(&mut self, start: &Event) -> Result<(), JsonError> {
        if matches!(start, Event::Object | Event::Array) {
            let outer = self.depth - 1;
            while self.depth > outer {
                self.event()?;
            }
        }
        Ok(())
    }

    /// That nothing comes behind the document.
    pub(super) fn finish(&mut self) -> Result<(), JsonError> {
        self.event().map(|_| ())
    }

    fn event(&mut self) -> Result<JsonEvent<'_>, JsonError> {
        let event = self.parser.parse_next()?;
        match &event {
            JsonEvent::StartObject | JsonEvent::StartArray => self.depth += 1,
            JsonEvent::EndObject | JsonEvent::EndArray => self.depth -= 1,
            _ => {}
        }
        if self.depth > DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Value, JsonError> {
        let mut reader = Reader::new(text.as_bytes());
        let start = reader.next()?;
        let value = reader.value(start)?;
        reader.finish().map(|()| value)
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_of_a_value_is_as_another_writes_it(value in any_json()) {
            let text = value.to_string();
            let mut reader = Reader::new(text.as_bytes());
            let start = reader.next().unwrap();
            prop_assert_eq!(String::from_utf8(reader.text(start).unwrap()).unwrap(), text);
        }

        #[test]
        fn values_are_those_of_another_reader(value in any_json(), is_pretty: bool) {
            let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(read(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn what_is_cut_is_broken(value in any_json(), cut: prop::sample::Index) {
            let text = json_in_array(&value);
            let cut = text.floor_char_boundary(cut.index(text.len()));
            prop_assert!(read(&text[..cut]).is_err());
        }
    }

    fn json_in_array(value: &Value) -> String {
        serde_json::json!([value]).to_string()
    }

    #[test]
    fn what_is_broken_is_named_by_its_place_and_not_quoted() {
        let problem = |text: &str| read(text).unwrap_err().to_string();
        assert!(problem("{\"a\":\n1 Ann}").ends_with("no JSON at line 2, byte 3"));
        assert!(problem("{\"a\":1} {}").ends_with("no JSON at line 1, byte 9"));
        assert!(problem("1e999").ends_with("a number is too large"));
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert!(problem(&nested(DEPTH_MAX + 1)).contains("more than 128"));
    }
}
