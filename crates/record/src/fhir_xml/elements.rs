//! Which elements FHIR R4 has, and in which order.

use std::{collections::HashMap, sync::LazyLock};

/// What is known of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    name: &'static str,
    /// Whether there may be several, which are an array in JSON.
    pub(super) is_many: bool,
    pub(super) kind: Kind,
}

/// What an element holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A string, code, date or URI.
    String,
    Boolean,
    Number,
    /// A narrative's markup.
    Xhtml,
    /// Elements of its own, which the table has under this name.
    Complex(&'static str),
    /// A resource of any type.
    Resource,
    /// One of several types, with which its name ends.
    Choice,
    /// Nothing is known of it.
    Unknown,
}

/// Elements that resources begin with.
const OF_RESOURCES: [Element; 8] = [
    Element::one("id", Kind::String),
    Element::one("meta", Kind::Complex("Meta")),
    Element::one("implicitRules", Kind::String),
    Element::one("language", Kind::String),
    Element::one("text", Kind::Complex("Narrative")),
    Element::many("contained", Kind::Resource),
    EXTENSIONS[0],
    EXTENSIONS[1],
];

/// Elements that all others begin with.
const EXTENSIONS: [Element; 2] = [
    Element::many("extension", Kind::Complex("Extension")),
    Element::many("modifierExtension", Kind::Complex("Extension")),
];

impl Element {
    const fn one(name: &'static str, kind: Kind) -> Self {
        Self { name, is_many: false, kind }
    }

    const fn many(name: &'static str, kind: Kind) -> Self {
        Self { name, is_many: true, kind }
    }

    /// The element, if it is called so.
    fn named(self, name: &str) -> Option<Self> {
        if self.kind != Kind::Choice {
            return (self.name == name).then_some(self);
        }
        Some(Self { kind: kind_of(name.strip_prefix(self.name)?)?, ..self })
    }
}

/// What elements stand in: a resource, or an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    is_resource: bool,
    elements: &'static [Element],
}

impl Owner {
    /// A resource of a type.
    pub(super) fn resource(kind: &str) -> Self {
        Self { is_resource: true, elements: elements_of(kind) }
    }

    /// An element that holds this.
    pub(super) fn element(kind: Kind) -> Self {
        let elements = if let Kind::Complex(name) = kind { elements_of(name) } else { &[] };
        Self { is_resource: false, elements }
    }

    /// What is known of an element of this name.
    pub(super) fn find(self, name: &str) -> Element {
        self.find_with_rank(name).map_or(Element::one("", Kind::Unknown), |(_, element)| element)
    }

    /// Where it stands among the others; an unknown one behind all.
    pub(super) fn rank(self, name: &str) -> usize {
        self.find_with_rank(name).map_or(usize::MAX, |(rank, _)| rank)
    }

    fn find_with_rank(self, name: &str) -> Option<(usize, Element)> {
        let first: &[Element] = if self.is_resource { &OF_RESOURCES } else { &EXTENSIONS };
        let all = first.iter().chain(self.elements).enumerate();
        all.filter_map(|(rank, element)| Some((rank, element.named(name)?))).next()
    }
}

/// Elements by the type or the way to the element that has them.
static TABLE: LazyLock<HashMap<&'static str, Vec<Element>>> = LazyLock::new(|| {
    let text = include_str!("../../data/fhir_r4_elements.txt");
    let lines = || text.lines().filter(|line| !line.starts_with('#'));
    let names: HashMap<_, _> =
        lines().filter_map(|line| line.split(' ').next()).map(|name| (name, name)).collect();
    let row = |line: &'static str| {
        let mut words = line.split(' ');
        let owner = words.next().unwrap_or_default();
        (owner, words.map(|word| element(owner, word, &names)).collect())
    };
    lines().map(row).collect()
});

/// An element, as a word of the table says it; `names` are those of all lines.
fn element(
    owner: &str,
    word: &'static str,
    names: &HashMap<&'static str, &'static str>,
) -> Element {
    let (name, kind) = word.split_once(':').unwrap_or((word, ""));
    if let Some(name) = name.strip_suffix("[x]") {
        return Element::one(name, Kind::Choice);
    }
    let single = name.strip_suffix('*');
    let name = single.unwrap_or(name);
    let complex = |of: &str| names.get(of).map_or(Kind::Unknown, |of| Kind::Complex(of));
    let kind = match kind {
        "" => Kind::String,
        "boolean" => Kind::Boolean,
        "number" => Kind::Number,
        "xhtml" => Kind::Xhtml,
        "Resource" => Kind::Resource,
        "." => complex(&format!("{owner}.{name}")),
        of => complex(of.strip_prefix('@').unwrap_or(of)),
    };
    Element { name, is_many: single.is_some(), kind }
}

fn elements_of(name: &str) -> &'static [Element] {
    TABLE.get(name).map_or(&[], Vec::as_slice)
}

/// What an element holds whose name ends with a type.
fn kind_of(suffix: &str) -> Option<Kind> {
    match suffix {
        "Boolean" => Some(Kind::Boolean),
        "Decimal" | "Integer" | "PositiveInt" | "UnsignedInt" => Some(Kind::Number),
        "Base64Binary" | "Canonical" | "Code" | "Date" | "DateTime" | "Id" | "Instant"
        | "Markdown" | "Oid" | "String" | "Time" | "Uri" | "Url" | "Uuid" => Some(Kind::String),
        complex => TABLE.get_key_value(complex).map(|(name, _)| Kind::Complex(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_table_is_understood() {
        for element in TABLE.values().flatten() {
            assert_ne!(element.kind, Kind::Unknown, "{element:?}");
            assert!(element.name.chars().all(|c| c.is_ascii_alphanumeric()), "{element:?}");
        }
        assert_eq!(Owner::resource("Patient").find("multipleBirthInteger").kind, Kind::Number);
        assert_eq!(Owner::resource("Patient").find("multipleBirthParty").kind, Kind::Unknown);
    }
}
