//! A FHIR R4 Bundle (<https://hl7.org/fhir/R4/bundle.html>) as JSON.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::fhir_xml::{self, FhirXmlError};

/// A text is not a Bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The text is no JSON. Its content is not repeated here.
    #[error("not JSON: line {line}, column {column}")]
    Json {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The text is no FHIR in XML.
    #[error(transparent)]
    Xml(#[from] FhirXmlError),
    /// The JSON is not an object with a `resourceType`.
    #[error("not a FHIR resource: no `resourceType`")]
    NotResource,
    /// An entry of the Bundle has no resource.
    #[error("entry {position} of the Bundle has no resource with a `resourceType`")]
    Entry {
        /// Its position, from 0.
        position: usize,
    },
}

/// Resources in their order.
#[derive(Clone, PartialEq)]
pub struct Bundle(Value);

impl Bundle {
    /// A Bundle of type `collection` without entries.
    #[must_use]
    pub fn empty() -> Self {
        Self(json!({"resourceType": "Bundle", "type": "collection", "entry": []}))
    }

    /// Reads a Bundle, or a single resource as a Bundle of one.
    ///
    /// # Errors
    /// [`BundleError`] if the text is neither.
    pub fn from_json(text: &[u8]) -> Result<Self, BundleError> {
        let value = serde_json::from_slice(text)
            .map_err(|error| BundleError::Json { line: error.line(), column: error.column() })?;
        Self::from_value(value)
    }

    /// Reads a Bundle in XML, or a single resource as a Bundle of one.
    ///
    /// # Errors
    /// [`BundleError`] if the text is neither.
    pub fn from_xml(text: &str) -> Result<Self, BundleError> {
        Self::from_value(fhir_xml::read(text)?)
    }

    /// Takes a Bundle, or a single resource as a Bundle of one.
    ///
    /// # Errors
    /// [`BundleError::NotResource`] or [`BundleError::Entry`].
    pub fn from_value(value: Value) -> Result<Self, BundleError> {
        match resource_type(&value) {
            Some("Bundle") => {
                let entries = value.get("entry").and_then(Value::as_array);
                let invalid = entries
                    .into_iter()
                    .flatten()
                    .position(|entry| entry.get("resource").and_then(resource_type).is_none());
                match invalid {
                    Some(position) => Err(BundleError::Entry { position }),
                    None => Ok(Self(value)),
                }
            }
            Some(_) => {
                let mut bundle = Self::empty();
                bundle.push(value);
                Ok(bundle)
            }
            None => Err(BundleError::NotResource),
        }
    }

    /// The resources with their types.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        let entries = self.0.get("entry").and_then(Value::as_array);
        entries.into_iter().flatten().filter_map(|entry| {
            let resource = entry.get("resource")?;
            Some((resource_type(resource)?, resource))
        })
    }

    /// The resources of one type.
    pub fn of_type<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.resources().filter(move |(kind, _)| *kind == name).map(|(_, resource)| resource)
    }

    /// Adds a resource at the end.
    pub fn push(&mut self, resource: Value) {
        if let Some(bundle) = self.0.as_object_mut() {
            let entries = bundle.entry("entry").or_insert_with(|| json!([]));
            if let Some(entries) = entries.as_array_mut() {
                entries.push(json!({ "resource": resource }));
            }
        }
    }

    /// Takes over the resources of another Bundle.
    pub fn append(&mut self, other: Self) {
        let Value::Object(mut other) = other.0 else { return };
        let Some(Value::Array(entries)) = other.remove("entry") else { return };
        let resources = entries.into_iter().filter_map(|entry| match entry {
            Value::Object(mut entry) => entry.remove("resource"),
            _ => None,
        });
        resources.for_each(|resource| self.push(resource));
    }

    /// The whole as JSON.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }

    /// The whole as JSON, to be changed by one who keeps it a Bundle.
    pub const fn as_value_mut(&mut self) -> &mut Value {
        &mut self.0
    }

    /// RFC 8785 canonical JSON.
    ///
    /// # Panics
    /// Never: a JSON value has a canonical form.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(&self.0).expect("a JSON value has a canonical form")
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bundle({} resources)", self.resources().count())
    }
}

fn resource_type(value: &Value) -> Option<&str> {
    value.as_object().and_then(|object: &Map<_, _>| object.get("resourceType"))?.as_str()
}
