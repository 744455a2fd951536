//! XHTML in a narrative, and XML of any kind: tags and entities are no text.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::Regex;

/// A text whose tags and entities are blank, and where they were. Values of attributes that may say
/// something, such as titles and addresses, stay.
pub(crate) struct Unmarked<'t> {
    pub(crate) text: Cow<'t, str>,
    tags: Vec<Range<usize>>,
}

impl<'t> Unmarked<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self::without(text, &MARKUP, &SAID)
    }

    /// The same of XML whose tags nobody knows.
    pub(crate) fn of_xml(text: &'t str) -> Self {
        Self::without(text, &XML, &SAID_IN_XML)
    }

    fn without(text: &'t str, markup: &Regex, said: &Regex) -> Self {
        if !text.contains(['<', '&']) {
            return Self { text: text.into(), tags: Vec::new() };
        }
        let (mut blank, mut tags) = (String::with_capacity(text.len()), Vec::new());
        for found in markup.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            let is_inline = found.name("inline").or(found.name("entity")).is_some();
            for range in unsaid(whole.as_str(), said) {
                let range = whole.start() + range.start..whole.start() + range.end;
                blank.push_str(&text[blank.len()..range.start]);
                blank.push(if is_inline { ' ' } else { '\n' });
                blank.extend(std::iter::repeat_n(' ', range.len() - 1));
                tags.push(range);
            }
        }
        blank.push_str(&text[blank.len()..]);
        Self { text: blank.into(), tags }
    }

    /// The same text; these parts of it are as little part of a finding as tags are, such as what
    /// stands between the cells of a table.
    pub(crate) fn cut_at(mut self, separators: Vec<Range<usize>>) -> Self {
        let is_text = |separator: &Range<usize>| {
            let at = self.tags.partition_point(|tag| tag.end <= separator.start);
            self.tags.get(at).is_none_or(|tag| separator.end <= tag.start)
        };
        let separators: Vec<_> = separators.into_iter().filter(is_text).collect();
        self.tags.extend(separators);
        self.tags.sort_unstable_by_key(|tag| tag.start);
        self
    }

    /// What of a range is no tag.
    pub(crate) fn text_in(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let first = self.tags.partition_point(|tag| tag.end <= range.start);
        let within = self.tags[first..].iter().take_while(|tag| tag.start < range.end);
        let (mut pieces, mut start) = (Vec::new(), range.start);
        for tag in within {
            pieces.push(start..tag.start);
            start = tag.end;
        }
        pieces.push(start..range.end);
        let trimmed = |piece: Range<usize>| {
            let text = self.text.get(piece.clone())?;
            let start = piece.start + text.len() - text.trim_start().len();
            (!text.trim().is_empty()).then(|| start..start + text.trim().len())
        };
        pieces.into_iter().filter_map(trimmed).collect()
    }
}

const ATTRIBUTE: &str = r#"\s+[\p{L}_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')"#;

/// Elements of XHTML within a line.
const INLINE: &str = "(?<inline>a|abbr|acronym|b|big|cite|code|dfn|em|i|img|kbd|q|s|samp|small|span|strong|sub|sup|tt|u|var)";

const ENTITY: &str = r"(?<entity>&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant that the tests compile")
}

/// Tags of XHTML that a narrative may have (FHIR R4, 2.4.1), and entities.
static MARKUP: LazyLock<Regex> = LazyLock::new(|| {
    let names = "div|p|br|hr|ul|ol|li|dl|dt|dd|table|caption|colgroup|col|thead|tbody|tfoot|tr|td|th|pre|\
        blockquote|h[1-6]";
    regex(&format!(r"</?(?:{names}|{INLINE})(?:{ATTRIBUTE})*\s*/?>|{ENTITY}"))
});

/// Tags of any name, processing instructions, and entities.
static XML: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r"(?:{INLINE}|[\p{{L}}_][\w:.-]*)");
    regex(&format!(r"<[/?]?{name}(?:{ATTRIBUTE})*\s*[/?]?>|{ENTITY}"))
});

/// Attributes of XHTML whose values say something.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    let kind = r"(?:data:[\w.+/-]+;base64,|mailto:|tel:)?";
    let value = format!(r#"(?:"{kind}(?<double>[^"]*)"|'{kind}(?<single>[^']*)')"#);
    regex(&format!(r"\s(?:alt|cite|href|id|label|name|src|summary|title)\s*=\s*{value}"))
});

/// Attributes of XML whose values say something: all but those that name its vocabularies.
static SAID_IN_XML: LazyLock<Regex> = LazyLock::new(|| {
    let names = r#"\s(?:xmlns(?::[\w.-]+)?|xsi:[\w.-]+)\s*=\s*(?:"[^"]*"|'[^']*')"#;
    regex(&format!(
        r#"{names}|\s[\p{{L}}_:][\w:.-]*\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')"#
    ))
});

/// The parts of a tag that say nothing: all but the values of some attributes.
fn unsaid(tag: &str, said: &Regex) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for found in said.captures_iter(tag) {
        if let Some(value) = found.name("double").or(found.name("single")) {
            parts.push(start..value.start());
            start = value.end();
        }
    }
    parts.push(start..tag.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_blank_and_what_they_say_stays() {
        let text = r#"<div xmlns="http://www.w3.org/1999/xhtml"><p class="x" title="Ann" style='color:red'>
            a<b>b</b></p><br/>x &lt; y <a href="mailto:ann@b.cc">z</a><img src="data:image/png;base64,AB"/>"#;
        let blank = Unmarked::of(text);
        assert_eq!(blank.text.len(), text.len());
        let words: Vec<_> = blank.text.split_whitespace().collect();
        assert_eq!(words, ["Ann", "a", "b", "x", "y", "ann@b.cc", "z", "AB"]);
        assert_eq!(Unmarked::of("pH <7 and >6, if a<b>c").text, "pH <7 and >6, if a   c");
    }

    #[test]
    fn tags_of_any_name_are_blank_in_xml() {
        let text = r#"<?xml version="1.0"?><r xmlns:a="urn:x" xsi:type="T"><a:SAD.1 姓名="Ann">5 Mill</a:SAD.1></r>"#;
        let blank = Unmarked::of_xml(text);
        assert_eq!(blank.text.len(), text.len());
        let words: Vec<_> = blank.text.split_whitespace().collect();
        assert_eq!(words, ["1.0", "Ann", "5", "Mill"]);
        assert_eq!(Unmarked::of_xml("Ann<b>e</b> Lee<bed/>").text.find('\n'), Some(15));
    }

    #[test]
    fn a_range_is_cut_between_cells_too() {
        let text = "Ann\t<b\tclass='x'>Lee</b>\tNg";
        let tabs = text.match_indices('\t').map(|(at, _)| at..at + 1).collect();
        let pieces = Unmarked::of(text).cut_at(tabs).text_in(&(0..text.len()));
        let pieces: Vec<_> = pieces.into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(pieces, ["Ann", "Lee", "Ng"]);
    }

    #[test]
    fn a_range_over_tags_is_cut_at_them() {
        let pieces = |text: &'static str| -> Vec<&str> {
            let found = Unmarked::of(text).text_in(&(0..text.len()));
            found.into_iter().map(|piece| &text[piece]).collect()
        };
        assert_eq!(pieces("Ann <b>Lee</b>"), ["Ann", "Lee"]);
        assert_eq!(pieces("O&#39;Brien --&gt;"), ["O", "Brien --"]);
    }
}
