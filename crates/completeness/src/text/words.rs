//! Words that are whole: a text that ends inside one was cut.

/// Words of a language that are written in letters, in small ones.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<Box<str>>);

/// What is known of the letters at the end of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    Whole,
    /// Words begin like this; none is this.
    Start,
    Unknown,
}

impl Words {
    /// Of words that stand one a line, ascending.
    pub(crate) fn read(lines: &str) -> Option<Self> {
        let words: Vec<Box<str>> = lines.lines().map(Box::from).collect();
        words.is_sorted().then_some(Self(words))
    }

    pub(crate) fn find(&self, letters: &str) -> Found {
        let at = self.0.partition_point(|word| &**word < letters);
        match self.0.get(at) {
            Some(word) if &**word == letters => Found::Whole,
            Some(word) if word.starts_with(letters) => Found::Start,
            _ => Found::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_told_from_its_beginning() {
        let words = Words::read("cat\ncathartic\niron").unwrap_or_default();
        assert_eq!(words.find("cat"), Found::Whole);
        assert_eq!(words.find("catha"), Found::Start);
        assert_eq!(words.find("catheter"), Found::Unknown);
        assert_eq!(words.find("zinc"), Found::Unknown);
        assert!(Words::read("b\na").is_none());
    }
}
