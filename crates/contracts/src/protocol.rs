//! The encoding protocol: what records must look like.

use std::{fmt, sync::LazyLock};

use emrshare_codec::Digest;
use emrshare_record::Bundle;
use jsonschema::Validator;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A document is not a protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Not the JSON of a protocol.
    #[error("not a protocol document: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The JSON Schema in it is not one.
    #[error("the protocol's schema is no JSON Schema: {0}")]
    Schema(String),
    /// A code system's pattern is no regular expression.
    #[error("the pattern of a code system is no regular expression")]
    Pattern(#[from] regex::Error),
}

/// How a record breaks the protocol. Holds nothing of the record's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The rule: a JSON Schema keyword, `code` or `check-digit`.
    pub rule: String,
    /// A JSON pointer into the Bundle.
    pub place: String,
    /// What is asked for.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    version: u32,
    schema: Value,
    codes: Vec<CodeSystem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeSystem {
    system: String,
    pattern: String,
}

/// A versioned protocol: JSON Schema of the Bundle, forms of codes, check digits.
#[derive(Debug)]
pub struct Protocol {
    name: String,
    version: u32,
    digest: Digest,
    schema: Validator,
    codes: Vec<(String, Regex)>,
}

impl Protocol {
    /// The document in this crate: a summary of an inpatient stay.
    pub const EMBEDDED: &[u8] = include_bytes!("../protocols/default.json");

    /// Reads a protocol document.
    ///
    /// # Errors
    /// See [`ProtocolError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let Document { name, version, schema, codes } = serde_json::from_slice(bytes)?;
        let schema = jsonschema::validator_for(&schema)
            .map_err(|error| ProtocolError::Schema(error.to_string()))?;
        let codes = codes
            .into_iter()
            .map(|code| Ok((code.system, Regex::new(&code.pattern)?)))
            .collect::<Result<_, regex::Error>>()?;
        Ok(Self { name, version, digest: Digest(Sha256::digest(bytes).into()), schema, codes })
    }

    /// The protocol in this crate: a summary of an inpatient stay.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Protocol> = LazyLock::new(|| {
            Protocol::from_json(Protocol::EMBEDDED)
                .expect("the embedded protocol is read by the tests")
        });
        &EMBEDDED
    }

    /// SHA-256 of the document.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Name and version.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    /// All that is not as the protocol asks; empty if the Bundle follows it.
    #[must_use]
    pub fn violations(&self, bundle: &Bundle) -> Vec<Violation> {
        let mut violations: Vec<_> = self
            .schema
            .iter_errors(bundle.as_value())
            .map(|error| {
                let path = error.schema_path().to_string();
                let rule = path.rsplit('/').next().unwrap_or_default().to_owned();
                let message = format!("does not satisfy the protocol's rule {path}");
                Violation { rule, place: error.instance_path().to_string(), message }
            })
            .collect();
        self.check_codes(bundle.as_value(), "", &mut violations);
        violations
    }

    fn check_codes(&self, value: &Value, place: &str, violations: &mut Vec<Violation>) {
        match value {
            Value::Array(items) => {
                for (position, item) in items.iter().enumerate() {
                    self.check_codes(item, &format!("{place}/{position}"), violations);
                }
            }
            Value::Object(object) => {
                let text = |key: &str| object.get(key).and_then(Value::as_str);
                if let (Some(system), Some(code)) = (text("system"), text("code"))
                    && let Some((_, pattern)) = self.codes.iter().find(|(known, _)| known == system)
                    && !pattern.is_match(code)
                {
                    violations.push(Violation {
                        rule: "code".into(),
                        place: format!("{place}/code"),
                        message: format!("is no code of {system}"),
                    });
                }
                if place.contains("/identifier/") && text("value").is_some_and(is_wrong_resident_id)
                {
                    violations.push(Violation {
                        rule: "check-digit".into(),
                        place: format!("{place}/value"),
                        message: "the check digit of the resident number (GB 11643) is wrong"
                            .into(),
                    });
                }
                for (key, value) in object {
                    self.check_codes(value, &format!("{place}/{key}"), violations);
                }
            }
            _ => {}
        }
    }
}

/// 17 digits and a digit or X, with a birth date in place, that are no resident number.
fn is_wrong_resident_id(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let bytes = value.as_bytes();
    let shaped = bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && matches!(bytes[17], b'0'..=b'9' | b'X' | b'x')
        && matches!(&value[6..8], "19" | "20")
        && matches!(value[10..12].parse(), Ok(1..=12))
        && matches!(value[12..14].parse(), Ok(1..=31));
    let sum: u32 =
        bytes.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d.wrapping_sub(b'0')) * w).sum();
    shaped && bytes[17].to_ascii_uppercase() != b"10X98765432"[(sum % 11) as usize]
}
