//! A document as a tree: elements by their local names, attributes, text.

use std::collections::BTreeMap;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

use crate::sections::end_sentence;

/// Elements within each other at most.
const DEPTH_MAX: usize = 100;
/// Elements of a document at most.
const ELEMENTS_MAX: usize = 1_000_000;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without its prefix.
    pub(super) name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Element(Element),
    Text(String),
}

/// Whether a text is a CDA document.
pub(crate) fn is_document(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.starts_with('<') && text.contains("ClinicalDocument")
}

/// Reads a document. Entities that it defines itself are not looked at: what refers to them is left
/// out, and so nothing can grow.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let (mut open, mut elements) = (vec![Element::default()], 0_usize);
    loop {
        // What the parser says may quote the document.
        let event = reader.read_event();
        let at = reader.error_position();
        let event = event.map_err(|_| format!("no well-formed XML at byte {at}"))?;
        let broken = |()| format!("a broken attribute before byte {}", reader.buffer_position());
        match event {
            Event::Start(start) => open.push(element(&start).map_err(broken)?),
            Event::Empty(start) => add(&mut open, Node::Element(element(&start).map_err(broken)?)),
            Event::End(_) => {
                let Some(closed) = open.pop() else { break };
                add(&mut open, Node::Element(closed));
            }
            Event::Text(part) => {
                let text = part.xml_content(XmlVersion::Implicit1_0).into_owned();
                add(&mut open, Node::Text(text));
            }
            Event::CData(part) => {
                let text = part.xml_content(XmlVersion::Implicit1_0).into_owned();
                add(&mut open, Node::Text(text));
            }
            Event::GeneralRef(reference) => add(&mut open, Node::Text(resolve(&reference))),
            Event::Eof => break,
            _ => continue,
        }
        elements += 1;
        if open.len() > DEPTH_MAX || elements > ELEMENTS_MAX {
            return Err(format!(
                "more than {DEPTH_MAX} elements within each other, or {ELEMENTS_MAX} in all"
            ));
        }
    }
    let root = open.into_iter().next().filter(|_| elements > 0);
    let root = root.and_then(|mut root| root.children.pop());
    match root {
        Some(Node::Element(root)) => Ok(root),
        _ => Err("no well-formed XML: no element, or one that does not end".into()),
    }
}

fn add(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        // Between elements of the document itself there is only white space.
        let is_blank = matches!(&node, Node::Text(text) if text.trim().is_empty());
        if !(is_blank && parent.name.is_empty()) {
            parent.children.push(node);
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, ()> {
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(drop)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(drop)?;
        attributes.insert(attribute.key.local_name().as_ref().to_owned(), value.into_owned());
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Element { name, attributes, children: Vec::new() })
}

/// The characters of a reference; entities that XML does not define are left out.
fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c.to_string();
    }
    resolve_predefined_entity(reference).unwrap_or_default().to_owned()
}

impl Element {
    /// An attribute that says something.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Elements at once in this one.
    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Elements of a name at once in this one.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.children().filter(move |child| child.name == name)
    }

    /// The first element on a way of names.
    pub(super) fn find(&self, way: &[&str]) -> Option<&Self> {
        match way {
            [] => Some(self),
            [first, rest @ ..] => {
                let mut named = self.children().filter(|child| child.name == *first);
                named.find_map(|child| child.find(rest))
            }
        }
    }

    /// Every element of a name anywhere in this one, but not within another of that name.
    pub(super) fn within<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        for child in self.children() {
            if child.name == name {
                found.push(child);
            } else {
                child.within(name, found);
            }
        }
    }

    /// All text, with a line for each block of a narrative, and an end for each table; empty if there
    /// is none.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn add_text(&self, text: &mut String) {
        for node in &self.children {
            match node {
                // A line end in the source is white space, not a line.
                Node::Text(part) => text.push_str(&part.replace(['\r', '\n'], " ")),
                Node::Element(child) => {
                    let begin = text.len();
                    child.add_text(text);
                    if child.name == "table" {
                        end_table(text, begin);
                    }
                    match child.name.as_str() {
                        "paragraph" | "item" | "tr" | "list" | "table" | "br" | "caption" => {
                            text.push('\n');
                        }
                        "td" | "th" => text.push(' '),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// Ends the last row of a table, which begins there: a narrative that ends with it is whole.
fn end_table(text: &mut String, begin: usize) {
    let mut table = text.split_off(begin);
    table.truncate(table.trim_end().len());
    end_sentence(&mut table);
    text.push_str(&table);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_belong_to_their_text_and_own_entities_grow_to_nothing() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
            <ClinicalDocument><title>A &amp; &#66;&b;</title></ClinicalDocument>"#;
        let root = parse(bomb).unwrap();
        assert_eq!(root.find(&["title"]).unwrap().text(), "A & B");
    }

    #[test]
    fn a_table_ends_as_a_sentence_does() {
        let text = |inner: &str| parse(&format!("<text>{inner}</text>")).unwrap().text();
        assert_eq!(text("<table><tr><td>BP</td><td>120</td></tr></table>"), "BP 120.");
        assert_eq!(text("<table><tr><td>诊断</td><td>肺炎</td></tr></table>"), "诊断 肺炎。");
        assert_eq!(text("<table><tr><td>None.</td></tr></table>after"), "None.\nafter");
        assert_eq!(text("<table/>"), "");
        assert_eq!(text("<list><item>BP</item></list>"), "BP");
    }

    #[test]
    fn what_is_no_document_is_an_error_that_quotes_nothing() {
        let deep = "<a>".repeat(200);
        for broken in ["", "<a>", "<a></b>", "<a secret=x/>", "secret", deep.as_str()] {
            let error = parse(broken).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
