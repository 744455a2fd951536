//! Tables in text: what the head of a column says is so in every line.

use std::ops::Range;

use emrshare_recognize::{Certainty, Finding, Kind, kind_of_field, value_of_field};

/// Of a column it says more than of a tag: tables of people are commoner than of drugs.
const NAME: &str = "name";

/// The columns of a table whose first line names them.
pub(crate) struct Columns {
    separator: char,
    kinds: Vec<Option<Kind>>,
}

impl Columns {
    /// The columns that the first line of a text names; `None` if it names none that identifies.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let head = text.lines().find(|line| !line.trim().is_empty())?;
        let separator =
            [',', '\t', ';', '|'].into_iter().max_by_key(|c| head.matches(*c).count())?;
        let cells = cells(head, separator);
        let names = cells.into_iter().map(|cell| head[cell].trim_matches(is_around).trim());
        let kinds = names.map(|name| {
            if name.eq_ignore_ascii_case(NAME) { Some(Kind::Name) } else { kind_of_field(name) }
        });
        let kinds: Vec<_> = kinds.collect();
        let is_table = kinds.len() > 1 && kinds.iter().any(Option::is_some);
        is_table.then_some(Self { separator, kinds })
    }

    /// What parts the cells of lines that have as many as the head.
    pub(crate) fn separators(&self, text: &str) -> Vec<Range<usize>> {
        let mut separators = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let cells = cells(line.trim_end_matches(['\r', '\n']), self.separator);
            if cells.len() == self.kinds.len() {
                let ends = cells[..cells.len() - 1].iter().map(|cell| start + cell.end);
                separators.extend(ends.map(|end| end..end + self.separator.len_utf8()));
            }
            start += line.len();
        }
        separators
    }

    /// Values of such columns in lines that have as many cells as the head.
    pub(crate) fn find(&self, text: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let cells = cells(line.trim_end_matches(['\r', '\n']), self.separator);
            if cells.len() == self.kinds.len() {
                let named = cells.into_iter().zip(&self.kinds);
                let values = named.filter_map(|(cell, kind)| value(line, cell, (*kind)?));
                findings.extend(values.map(|(range, kind)| Finding {
                    range: start + range.start..start + range.end,
                    kind,
                    certainty: Certainty::Likely,
                }));
            }
            start += line.len();
        }
        findings
    }
}

/// The value of a cell, if it is no head.
fn value(line: &str, cell: Range<usize>, kind: Kind) -> Option<(Range<usize>, Kind)> {
    let text = &line[cell.clone()];
    let start = cell.start + text.len() - text.trim_start_matches(is_around).len();
    let text = text.trim_matches(is_around);
    let value = value_of_field(kind, text)?;
    let is_head = kind_of_field(&text[value.clone()]) == Some(kind)
        || text[value.clone()].eq_ignore_ascii_case(NAME);
    (!is_head).then(|| (start + value.start..start + value.end, kind))
}

/// Where the cells of a line stand; a separator between double quotes is part of its cell.
fn cells(line: &str, separator: char) -> Vec<Range<usize>> {
    let (mut cells, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, character) in line.char_indices() {
        if is_quote(character) {
            is_quoted = !is_quoted;
        } else if character == separator && !is_quoted {
            cells.push(start..at);
            start = at + character.len_utf8();
        }
    }
    cells.push(start..line.len());
    cells
}

/// What stands around a cell and is none of it: quotes, and the mark that spreadsheets begin files with.
const fn is_around(character: char) -> bool {
    is_quote(character) || character == '\u{feff}'
}

const fn is_quote(character: char) -> bool {
    character == '"'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let columns = Columns::of(text).unwrap();
        columns.find(text).into_iter().map(|finding| &text[finding.range]).collect()
    }

    #[test]
    fn columns_are_treated_by_their_heads() {
        let chinese = "姓名,性别,住院号,诊断\n王芳,女,0098123,高血压\r\n张伟,男,不详,肺炎\n";
        assert_eq!(found(chinese), ["王芳", "0098123", "张伟"]);
        let quoted = "Name;\"MRN\";Note\n\"Okonkwo; Gwyneth\";\"7788123\";\"a \"\"b\"\"; c\"\n";
        assert_eq!(found(quoted), ["Okonkwo; Gwyneth", "7788123"]);
        assert_eq!(
            found("\u{feff}Name,MRN\nGwyneth Okonkwo,7788123\n"),
            ["Gwyneth Okonkwo", "7788123"]
        );
        let marked = "| 姓名 | 病案号 |\n|---|---|\n| 欧阳娜 | B77 |\nand so on\n";
        assert_eq!(found(marked), ["欧阳娜", "B77"]);
    }

    #[test]
    fn other_lines_are_no_tables() {
        for text in ["", "Sodium, potassium, chloride\n1,2,3", "MRN 12\nname", "\n\n"] {
            assert!(Columns::of(text).is_none(), "{text}");
        }
    }
}
