//! Where a value stands.

use crate::DocumentKind;

/// One step on the way to a value.
#[derive(Clone, Debug)]
enum Step {
    /// An element, segment, field or attribute.
    Name(String),
    /// One of several, from 0.
    Number(usize),
}

/// The way to a value within a document.
///
/// Written in two forms: as a JSON Pointer (RFC 6901) with all steps, for reports, and as names with
/// dots between, for policies.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    document: DocumentKind,
    steps: Vec<Step>,
    resource: Resource,
    /// Characters of the text before the piece at hand.
    characters: usize,
}

/// Where a field's name begins: at the innermost resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resource {
    kind: String,
    /// Steps before it.
    depth: usize,
}

impl Place {
    pub(crate) fn new(document: DocumentKind) -> Self {
        Self { document, steps: Vec::new(), resource: Resource::default(), characters: 0 }
    }

    /// An entry of a Bundle.
    pub(crate) fn of_entry(number: usize) -> Self {
        let mut place = Self::new(DocumentKind::Fhir);
        place.enter("Bundle");
        place.push("entry");
        place.push_number(number);
        place
    }

    /// The start of an attachment of a record.
    pub(crate) fn attachment(document: DocumentKind, position: usize) -> Self {
        let steps = vec![Step::Name("attachment".into()), Step::Number(position)];
        let resource = Resource { kind: String::new(), depth: steps.len() };
        Self { document, steps, resource, characters: 0 }
    }

    pub(crate) const fn document(&self) -> DocumentKind {
        self.document
    }

    pub(crate) fn push(&mut self, name: impl Into<String>) {
        self.steps.push(Step::Name(name.into()));
    }

    pub(crate) fn push_number(&mut self, number: usize) {
        self.steps.push(Step::Number(number));
    }

    pub(crate) fn pop(&mut self) {
        self.steps.pop();
    }

    /// Goes on to the next piece of a text, behind so many characters.
    pub(crate) const fn skip_characters(&mut self, characters: usize) {
        self.characters += characters;
    }

    /// Characters of the text before the piece at hand.
    pub(crate) const fn characters(&self) -> usize {
        self.characters
    }

    /// Lets field names begin here, with the kind of a resource; gives what
    /// [`leave`](Self::leave) takes.
    pub(crate) fn enter(&mut self, kind: &str) -> Resource {
        let inner = Resource { kind: kind.to_owned(), depth: self.steps.len() };
        std::mem::replace(&mut self.resource, inner)
    }

    pub(crate) fn leave(&mut self, outer: Resource) {
        self.resource = outer;
    }

    /// Names of the field within its resource, without numbers.
    pub(crate) fn field(&self) -> String {
        let mut field = self.resource.kind.clone();
        for step in &self.steps[self.resource.depth..] {
            if let Step::Name(name) = step {
                if !field.is_empty() {
                    field.push('.');
                }
                field.push_str(name);
            }
        }
        field
    }

    /// All steps. A name that is none of a format's is not shown: it may be anything.
    pub(crate) fn pointer(&self) -> String {
        let step = |step: &Step| match step {
            Step::Name(name) if is_plain(name) => format!("/{name}"),
            Step::Name(_) => "/*".to_owned(),
            Step::Number(number) => format!("/{number}"),
        };
        self.steps.iter().map(step).collect()
    }
}

/// Whether a name can be shown: short, of letters and few digits.
fn is_plain(name: &str) -> bool {
    const LEN_MAX: usize = 64;
    const DIGITS_MAX: usize = 3;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_tag = name.starts_with('(') && name.ends_with(')') && name.len() == "(0010,0010)".len();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    is_tag || (name.len() <= LEN_MAX && digits <= DIGITS_MAX && name.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let mut place = Place::attachment(DocumentKind::Fhir, 2);
        place.push("entry");
        place.push_number(0);
        let outer = place.enter("Patient");
        place.push("name");
        place.push_number(1);
        place.push("family");
        assert_eq!(place.field(), "Patient.name.family");
        assert_eq!(place.pointer(), "/attachment/2/entry/0/name/1/family");
        place.leave(outer);
        place.pop();
        place.push("110105194912310021");
        assert_eq!(place.pointer(), "/attachment/2/entry/0/name/1/*");
    }
}
