//! XHTML in a narrative: its tags and entities are no text.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::Regex;

/// A text whose plain tags and entities are blank, and where they were. Tags with attributes stay: they
/// may say something.
pub(crate) struct Unmarked<'t> {
    pub(crate) text: Cow<'t, str>,
    tags: Vec<Range<usize>>,
}

impl<'t> Unmarked<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        static TAG: LazyLock<Regex> = LazyLock::new(|| {
            let names = "div|p|br|hr|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tfoot|tr|td|th|pre|\
                blockquote|h[1-6]|(?<inline>b|i|u|em|strong|span|small|big|sub|sup|tt|code)";
            let namespace = r#"\s+xmlns\s*=\s*"http://www\.w3\.org/1999/xhtml""#;
            let tag = format!(r"</?(?:{names})(?:{namespace})?\s*/?>");
            let entity = r"(?<entity>&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)";
            Regex::new(&format!("{tag}|{entity}")).expect("a constant that the tests compile")
        });
        if !text.contains(['<', '&']) {
            return Self { text: text.into(), tags: Vec::new() };
        }
        let (mut blank, mut tags) = (String::with_capacity(text.len()), Vec::new());
        for tag in TAG.captures_iter(text) {
            let Some(range) = tag.get(0).map(|tag| tag.range()) else { continue };
            blank.push_str(&text[blank.len()..range.start]);
            let is_inline = tag.name("inline").or(tag.name("entity")).is_some();
            blank.push(if is_inline { ' ' } else { '\n' });
            blank.extend(std::iter::repeat_n(' ', range.len() - 1));
            tags.push(range);
        }
        blank.push_str(&text[blank.len()..]);
        Self { text: blank.into(), tags }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_tags_are_blank_and_others_stay() {
        let text = r#"<div xmlns="http://www.w3.org/1999/xhtml"><p title="Ann">a<b>b</b></p><br/>x &lt; y"#;
        let blank = Unmarked::of(text);
        assert_eq!(blank.text.len(), text.len());
        assert!(blank.text.contains(r#"<p title="Ann">a   b    "#), "{}", blank.text);
        assert_eq!(blank.text.split_whitespace().last(), Some("y"));
        assert!(!blank.text.contains("br") && !blank.text.contains("xmlns"));
        assert_eq!(Unmarked::of("pH <7 and >6, if a<b>c").text, "pH <7 and >6, if a   c");
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
