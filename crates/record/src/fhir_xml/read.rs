//! From XML to JSON.

use std::{borrow::Cow, collections::BTreeMap, str::FromStr as _};

use quick_xml::{
    Reader, XmlVersion,
    escape::escape,
    events::{BytesStart, Event},
};
use serde_json::{Map, Number, Value};

use super::{
    DEPTH_MAX, FHIR, FhirXmlError, XHTML,
    elements::{Kind, Owner},
    is_character,
};

/// Whether a text is a resource in XML, by its outermost element.
#[must_use]
pub fn is_resource(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<') && Document::new(text).root().is_ok()
}

/// Reads a resource, as JSON. Comments, processing instructions and attributes of other namespaces are
/// passed over.
///
/// # Errors
/// See [`FhirXmlError`].
pub fn read(text: &str) -> Result<Value, FhirXmlError> {
    document(text, None)
}

/// Reads a Bundle, of which it gives each entry to `take` as soon as it is read; what it returns has
/// none. Of another resource it returns the whole.
///
/// ```
/// use emrshare_record::fhir_xml;
///
/// let xml = r#"<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry>
///     <resource><Patient><active value="true"/></Patient></resource></entry></Bundle>"#;
/// let mut entries = Vec::new();
/// let bundle = fhir_xml::read_entries(xml, &mut |entry| entries.push(entry))?;
/// assert_eq!((bundle["type"].as_str(), bundle.get("entry")), (Some("collection"), None));
/// assert_eq!(entries[0]["resource"]["active"], true);
/// # Ok::<(), fhir_xml::FhirXmlError>(())
/// ```
///
/// # Errors
/// See [`FhirXmlError`].
pub fn read_entries(text: &str, take: &mut dyn FnMut(Value)) -> Result<Value, FhirXmlError> {
    document(text, Some(take))
}

fn document(text: &str, take_entry: Option<&mut dyn FnMut(Value)>) -> Result<Value, FhirXmlError> {
    let text = text.trim_start_matches('\u{feff}');
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_character(*c)) {
        return Err(FhirXmlError::Xml { at: at as u64 });
    }
    let mut document = Document::new(text);
    let (root, is_empty) = document.root()?;
    document.take_entry = take_entry.filter(|_| root.local_name().as_ref() == "Bundle");
    let resource = document.resource(&root, is_empty)?;
    loop {
        match document.next()? {
            Event::Eof => return Ok(resource),
            Event::Start(_) | Event::Empty(_) => return Err(document.broken()),
            event => document.pass(&event)?,
        }
    }
}

struct Document<'t, 'e> {
    reader: Reader<&'t [u8]>,
    /// Elements that are open.
    depth: usize,
    /// Takes the entries of the outermost Bundle.
    take_entry: Option<&'e mut dyn FnMut(Value)>,
}

/// What was read of one element.
#[derive(Default)]
struct Node {
    value: Option<Value>,
    /// Id and extensions of a primitive, which JSON has under a name of their own.
    beside: Option<Value>,
}

impl<'t> Document<'t, '_> {
    fn new(text: &'t str) -> Self {
        Self { reader: Reader::from_str(text), depth: 0, take_entry: None }
    }

    fn next(&mut self) -> Result<Event<'t>, FhirXmlError> {
        let event = self.reader.read_event();
        event.map_err(|_| FhirXmlError::Xml { at: self.reader.error_position() })
    }

    fn broken(&self) -> FhirXmlError {
        FhirXmlError::Xml { at: self.reader.buffer_position() }
    }

    /// Passes over what says nothing. Text does, and so does an entity.
    fn pass(&self, event: &Event<'_>) -> Result<(), FhirXmlError> {
        match event {
            Event::Text(text) if text.trim().is_empty() => Ok(()),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                Err(FhirXmlError::Text { at: self.reader.buffer_position() })
            }
            Event::Eof => Err(self.broken()),
            _ => Ok(()),
        }
    }

    /// The outermost element, and whether it is empty.
    fn root(&mut self) -> Result<(BytesStart<'t>, bool), FhirXmlError> {
        loop {
            let (start, is_empty) = match self.next()? {
                Event::Start(start) => (start, false),
                Event::Empty(start) => (start, true),
                Event::Eof => return Err(FhirXmlError::NotResource),
                event => {
                    self.pass(&event)?;
                    continue;
                }
            };
            let prefix = start.name().prefix();
            let declaration = prefix
                .map_or("xmlns".into(), |prefix| Cow::from(format!("xmlns:{}", prefix.as_ref())));
            let namespace = self.attribute(&start, &declaration)?;
            let is_fhir = namespace.is_some_and(|namespace| namespace == FHIR);
            return if is_fhir { Ok((start, is_empty)) } else { Err(FhirXmlError::NotResource) };
        }
    }

    fn attribute(
        &self,
        start: &BytesStart<'_>,
        name: &str,
    ) -> Result<Option<String>, FhirXmlError> {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| self.broken())?;
            if attribute.key.as_ref() == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                let value = value.ok().filter(|value| value.chars().all(is_character));
                return value.map(|value| Some(value.into_owned())).ok_or_else(|| self.broken());
            }
        }
        Ok(None)
    }

    fn resource(&mut self, start: &BytesStart<'_>, is_empty: bool) -> Result<Value, FhirXmlError> {
        let name = start.local_name().as_ref().to_owned();
        let mut object = Map::new();
        if !is_empty {
            self.elements(Owner::resource(&name), &mut object)?;
        }
        object.insert("resourceType".into(), name.into());
        Ok(object.into())
    }

    /// Reads all elements up to the end of the one that they stand in. Gives the resource, if they
    /// are one.
    fn elements(
        &mut self,
        owner: Owner,
        object: &mut Map<String, Value>,
    ) -> Result<Option<Value>, FhirXmlError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(FhirXmlError::TooDeep);
        }
        let (mut resource, mut named) = (None, BTreeMap::<String, Vec<Node>>::new());
        loop {
            let (start, is_empty) = match self.next()? {
                Event::Start(start) => (start, false),
                Event::Empty(start) => (start, true),
                Event::End(_) => break,
                event => {
                    self.pass(&event)?;
                    continue;
                }
            };
            let name = start.local_name().as_ref().to_owned();
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                resource = Some(self.resource(&start, is_empty)?);
                continue;
            }
            let mut node = self.node(&start, is_empty, owner.find(&name).kind)?;
            if self.depth == 1
                && name == "entry"
                && let Some(take) = &mut self.take_entry
            {
                node.value.take().into_iter().for_each(take);
            }
            if node.value.is_some() || node.beside.is_some() {
                named.entry(name).or_default().push(node);
            }
        }
        for (name, nodes) in named {
            let is_many = owner.find(&name).is_many || nodes.len() > 1;
            let (values, beside): (Vec<_>, Vec<_>) =
                nodes.into_iter().map(|node| (node.value, node.beside)).unzip();
            insert(object, format!("_{name}"), beside, is_many);
            insert(object, name, values, is_many);
        }
        self.depth -= 1;
        Ok(resource)
    }

    fn node(
        &mut self,
        start: &BytesStart<'_>,
        is_empty: bool,
        kind: Kind,
    ) -> Result<Node, FhirXmlError> {
        if kind == Kind::Xhtml {
            let markup = self.markup(start, is_empty)?;
            return Ok(Node { value: Some(markup.into()), beside: None });
        }
        let mut object = Map::new();
        if !is_empty && let Some(resource) = self.elements(Owner::element(kind), &mut object)? {
            return Ok(Node { value: Some(resource), beside: None });
        }
        let text = self.attribute(start, "value")?;
        let is_primitive = text.is_some()
            || (!matches!(kind, Kind::Complex(_)) && object.keys().all(|key| key == "extension"));
        for name in ["id", "url"] {
            if let Some(value) = self.attribute(start, name)? {
                object.insert(name.into(), value.into());
            }
        }
        if !is_primitive {
            return Ok(Node { value: Some(object.into()), beside: None });
        }
        let beside = (!object.is_empty()).then(|| object.into());
        Ok(Node { value: text.map(|text| typed(kind, text)), beside })
    }

    /// A narrative as it stands, without prefixes.
    fn markup(&mut self, start: &BytesStart<'_>, is_empty: bool) -> Result<String, FhirXmlError> {
        let mut markup = String::new();
        self.tag(start, is_empty, &mut markup)?;
        let (mut open, namespace) = (usize::from(!is_empty), format!(" xmlns=\"{XHTML}\""));
        markup.insert_str("<div".len(), &namespace);
        while open > 0 {
            match self.next()? {
                Event::Start(start) => {
                    open += 1;
                    self.tag(&start, false, &mut markup)?;
                }
                Event::Empty(start) => self.tag(&start, true, &mut markup)?,
                Event::End(end) => {
                    open -= 1;
                    markup.extend(["</", end.local_name().as_ref(), ">"]);
                }
                Event::Text(text) => markup.push_str(&text),
                Event::CData(text) => markup.push_str(&escape(&*text)),
                Event::GeneralRef(reference) => markup.extend(["&", &*reference, ";"]),
                Event::Eof => return Err(self.broken()),
                _ => {}
            }
        }
        Ok(markup)
    }

    fn tag(
        &self,
        start: &BytesStart<'_>,
        is_empty: bool,
        markup: &mut String,
    ) -> Result<(), FhirXmlError> {
        markup.extend(["<", start.local_name().as_ref()]);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| self.broken())?;
            if attribute.key.as_namespace_binding().is_none() {
                // What is in single quotes may hold double ones.
                let value = attribute.value.replace('"', "&quot;");
                markup.extend([" ", attribute.key.as_ref(), "=\"", &value, "\""]);
            }
        }
        markup.push_str(if is_empty { "/>" } else { ">" });
        Ok(())
    }
}

/// A primitive in JSON. What is no number or boolean although it should be stays what it is.
fn typed(kind: Kind, text: String) -> Value {
    match kind {
        Kind::Number => Number::from_str(&text).map_or(text.into(), Value::Number),
        Kind::Boolean => text.parse().map_or(text.into(), Value::Bool),
        _ => text.into(),
    }
}

/// Inserts what is there of elements of one name; what is not there is null in an array.
fn insert(
    object: &mut Map<String, Value>,
    name: String,
    values: Vec<Option<Value>>,
    is_many: bool,
) {
    if values.iter().all(Option::is_none) {
        return;
    }
    let mut values = values.into_iter().map(Option::unwrap_or_default);
    let value = if is_many { values.collect() } else { values.next().unwrap_or_default() };
    object.insert(name, value);
}
