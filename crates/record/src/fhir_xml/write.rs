//! From JSON to XML.

use std::collections::BTreeSet;

use quick_xml::{Reader, escape::escape, events::Event};
use serde_json::{Map, Value, json};

use super::{
    DEPTH_MAX, FHIR, FhirXmlError,
    elements::{Kind, Owner},
    is_character,
};

/// Writes a resource; elements stand in the order of FHIR R4, those that it does not have behind them.
///
/// # Errors
/// [`FhirXmlError::NotResource`] if it has no `resourceType`; [`FhirXmlError::Name`],
/// [`FhirXmlError::Narrative`] or [`FhirXmlError::TooDeep`] if XML cannot say it.
pub fn write(resource: &Value) -> Result<String, FhirXmlError> {
    Ok(document(resource)?.text)
}

/// Writes a Bundle without its entries: what stands before them and what stands behind.
///
/// # Errors
/// See [`write()`].
pub fn write_around_entries(mut bundle: Value) -> Result<(String, String), FhirXmlError> {
    let object = bundle.as_object_mut().ok_or(FhirXmlError::NotResource)?;
    object.insert("entry".into(), json!([]));
    let mut xml = document(&bundle)?;
    let behind = xml.text.split_off(xml.entries);
    Ok((xml.text, behind))
}

/// Writes an entry of a Bundle.
///
/// ```
/// use emrshare_record::fhir_xml;
/// use serde_json::json;
///
/// let bundle = json!({"resourceType": "Bundle", "signature": {"data": "YQ=="}, "type": "batch"});
/// let entry = json!({"fullUrl": "urn:oid:1.2"});
/// let (before, behind) = fhir_xml::write_around_entries(bundle)?;
/// let xml = before + &fhir_xml::write_entry(&entry)? + &behind;
/// assert!(xml.contains("<entry><fullUrl value=\"urn:oid:1.2\"/></entry><signature>"));
/// assert_eq!(fhir_xml::read(&xml)?["entry"], json!([entry]));
/// # Ok::<(), fhir_xml::FhirXmlError>(())
/// ```
///
/// # Errors
/// See [`write()`].
pub fn write_entry(entry: &Value) -> Result<String, FhirXmlError> {
    // As deep as it stands in the Bundle.
    let mut xml = Writer { depth: 1, ..Writer::default() };
    xml.each("entry", Owner::resource("Bundle").find("entry").kind, Some(entry), None)?;
    Ok(xml.text)
}

fn document(resource: &Value) -> Result<Writer, FhirXmlError> {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>"#.into();
    let mut xml = Writer { text, ..Writer::default() };
    let kind = resource.get("resourceType").and_then(Value::as_str);
    let (Some(kind), Some(object)) = (kind, resource.as_object()) else {
        return Err(FhirXmlError::NotResource);
    };
    xml.resource(kind, object, Some(FHIR))?;
    Ok(xml)
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Elements that are open.
    depth: usize,
    /// Where the entries of the outermost Bundle begin.
    entries: usize,
}

impl Writer {
    fn resource(
        &mut self,
        kind: &str,
        object: &Map<String, Value>,
        namespace: Option<&str>,
    ) -> Result<(), FhirXmlError> {
        self.open(kind)?;
        self.attribute("xmlns", namespace);
        self.elements(kind, Owner::resource(kind), object, &["resourceType"])
    }

    /// The elements of an object and the end of the one that they stand in, whose start is written
    /// but for its end; `others` are members that are none.
    fn elements(
        &mut self,
        within: &str,
        owner: Owner,
        object: &Map<String, Value>,
        others: &[&str],
    ) -> Result<(), FhirXmlError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(FhirXmlError::TooDeep);
        }
        let names = object.keys().map(|key| key.strip_prefix('_').unwrap_or(key));
        let names: BTreeSet<_> = names.filter(|name| !others.contains(name)).collect();
        if names.is_empty() {
            self.text.push_str("/>");
        } else {
            self.text.push('>');
            let mut names: Vec<_> = names.into_iter().collect();
            names.sort_by_key(|name| owner.rank(name));
            for name in names {
                if self.depth == 1 && name == "entry" {
                    self.entries = self.text.len();
                }
                let kind = owner.find(name).kind;
                let (values, beside) = (object.get(name), object.get(&format!("_{name}")));
                self.each(name, kind, values, beside)?;
            }
            self.text.extend(["</", within, ">"]);
        }
        self.depth -= 1;
        Ok(())
    }

    /// All elements of a name.
    fn each(
        &mut self,
        name: &str,
        kind: Kind,
        values: Option<&Value>,
        beside: Option<&Value>,
    ) -> Result<(), FhirXmlError> {
        let (values, beside) = (items(values), items(beside));
        for at in 0..values.len().max(beside.len()) {
            let value = values.get(at).filter(|value| !value.is_null());
            let beside = beside.get(at).and_then(Value::as_object);
            match (value, beside) {
                (Some(Value::Object(object)), _) => self.complex(name, kind, object)?,
                (Some(Value::String(markup)), _) if kind == Kind::Xhtml => self.markup(markup)?,
                (None, None) => {}
                (value, beside) => self.primitive(name, value, beside)?,
            }
        }
        Ok(())
    }

    fn complex(
        &mut self,
        name: &str,
        kind: Kind,
        object: &Map<String, Value>,
    ) -> Result<(), FhirXmlError> {
        self.open(name)?;
        if matches!(kind, Kind::Resource | Kind::Unknown)
            && let Some(Value::String(resource)) = object.get("resourceType")
        {
            self.text.push('>');
            self.resource(resource, object, None)?;
            self.text.extend(["</", name, ">"]);
            return Ok(());
        }
        let attributes = ["id", "url"];
        let attributes = &attributes[..if kind == Kind::Complex("Extension") { 2 } else { 1 }];
        for name in attributes {
            self.attribute(name, object.get(*name).and_then(Value::as_str));
        }
        self.elements(name, Owner::element(kind), object, attributes)
    }

    fn primitive(
        &mut self,
        name: &str,
        value: Option<&Value>,
        beside: Option<&Map<String, Value>>,
    ) -> Result<(), FhirXmlError> {
        self.open(name)?;
        let none = Map::new();
        let beside = beside.unwrap_or(&none);
        self.attribute("id", beside.get("id").and_then(Value::as_str));
        match value {
            Some(Value::String(text)) => self.attribute("value", Some(text)),
            Some(other) => self.attribute("value", Some(&other.to_string())),
            None => {}
        }
        self.elements(name, Owner::element(Kind::Unknown), beside, &["id"])
    }

    /// Begins an element.
    fn open(&mut self, name: &str) -> Result<(), FhirXmlError> {
        let mut letters = name.chars();
        let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric());
        if !is_name {
            return Err(FhirXmlError::Name);
        }
        self.text.extend(["<", name]);
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        let value: String = value.chars().filter(|c| is_character(*c)).collect();
        // Ends of lines would be read as spaces.
        let value = escape(value).replace('\n', "&#10;").replace('\t', "&#9;");
        self.text.extend([" ", name, "=\"", &value, "\""]);
    }

    fn markup(&mut self, markup: &str) -> Result<(), FhirXmlError> {
        if !is_one_element(markup) {
            return Err(FhirXmlError::Narrative);
        }
        self.text.extend(markup.chars().filter(|c| is_character(*c)));
        Ok(())
    }
}

/// What may be several, or is one.
fn items(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

/// Whether a markup is one element, which ends.
fn is_one_element(markup: &str) -> bool {
    let mut reader = Reader::from_str(markup);
    let (mut open, mut elements) = (0_usize, 0_usize);
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => {
                elements += usize::from(open == 0);
                open += 1;
            }
            Ok(Event::Empty(_)) => elements += usize::from(open == 0),
            Ok(Event::End(_)) => open -= 1,
            Ok(Event::Eof) => return open == 0 && elements == 1,
            Ok(Event::Text(text)) if open > 0 || text.trim().is_empty() => {}
            Ok(Event::CData(_) | Event::GeneralRef(_) | Event::Comment(_)) if open > 0 => {}
            _ => return false,
        }
    }
}
