//! Tables in text: what the head of a column says is so in every line below it.

use std::ops::Range;

use emrshare_recognize::{Certainty, Finding, Kind, kind_of_field, value_of_field};

use crate::sql::{self, Sql};

/// Of a column it says more than of a tag: tables of people are commoner than of drugs.
const NAME: &str = "name";

/// Characters of a head at most.
const HEAD_LEN_MAX: usize = 30;

/// Heads of a table between other lines at most.
const CELLS_MAX: usize = 500;

/// Lines at the start of a text, a title and the like, behind which a table may begin whose cells are
/// parted by what sentences have too.
const TITLE_LINES_MAX: usize = 10;

/// The tables of a text that is read in pieces, which end with lines.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Lines that say something, so far.
    lines: usize,
    head: Option<Head>,
    /// Whether the line before was one of the table's.
    is_within: bool,
    sql: Sql,
}

/// What a piece has of tables.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// Values in columns whose heads say that they identify.
    pub(crate) found: Vec<Finding>,
    /// What parts cells.
    pub(crate) separators: Vec<Range<usize>>,
}

impl Tables {
    /// Reads the next piece of the text.
    pub(crate) fn read(&mut self, text: &str) -> Cells {
        let mut cells = Cells::default();
        let mut start = 0;
        let mut lines = text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let content = line.trim_end_matches(['\r', '\n']);
            if !content.trim().is_empty() {
                let is_row =
                    self.is_within && self.head.as_ref().is_some_and(|it| it.fits(content));
                let next = lines.peek().copied().unwrap_or_default();
                if !is_row && let Some(head) = Head::of(content, next, self.lines) {
                    self.head = Some(head);
                }
                self.lines += 1;
            }
            self.is_within =
                self.head.as_ref().is_some_and(|head| head.read(content, start, &mut cells));
            let ends = |head: &mut Head| !self.is_within && !head.goes_on;
            self.head.take_if(ends);
            start += line.len();
        }
        self.sql.read(text, &mut cells.found, &mut cells.separators);
        cells
    }
}

/// What the columns of a table hold.
#[derive(Debug)]
struct Head {
    separator: Separator,
    kinds: Vec<Option<Kind>>,
    /// Whether the table goes on behind lines with other cells, such as the lines of a quoted one.
    goes_on: bool,
}

/// What parts the cells of a line.
#[derive(Clone, Copy, Debug)]
enum Separator {
    Sign(char),
    /// Two and more spaces.
    Spaces,
}

impl Head {
    /// The head that a line is, behind so many others: a cell of it says that its column identifies.
    fn of(line: &str, next: &str, lines: usize) -> Option<Self> {
        if let Some(kinds) = sql::copied(line) {
            return Some(Self { separator: Separator::Sign('\t'), kinds, goes_on: true });
        }
        if lines == 0 {
            let signs = [',', '\t', ';', '|'];
            let sign = signs.into_iter().max_by_key(|sign| line.matches(*sign).count())?;
            let head = Self::parted(line, Separator::Sign(sign));
            if head.identifies() {
                return Some(Self { goes_on: sign != '|', ..head });
            }
        }
        let next = next.trim_end_matches(['\r', '\n']);
        if line.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let signs: &[char] =
            if lines < TITLE_LINES_MAX { &['|', '\t', ',', ';'] } else { &['|', '\t'] };
        let signs =
            signs.iter().filter(|sign| line.contains(**sign)).map(|it| Separator::Sign(*it));
        let spaces = line.trim().contains("  ").then_some(Separator::Spaces);
        let heads = signs.chain(spaces).filter(|separator| has_short_cells(line, *separator));
        heads
            .map(|separator| Self::parted(line, separator))
            .find(|head| head.is_within_text(line, next))
    }

    fn parted(line: &str, separator: Separator) -> Self {
        let kinds = cells(line, separator).into_iter().map(|cell| kind_of_column(&line[cell]));
        let goes_on = matches!(separator, Separator::Sign(',' | ';'));
        Self { separator, kinds: kinds.collect(), goes_on }
    }

    fn identifies(&self) -> bool {
        self.kinds.len() > 1 && self.kinds.iter().any(Option::is_some)
    }

    /// Whether a line between others is this head: what follows has as many cells. A column of names
    /// alone may be of drugs; what sentences have too parts cells where two heads identify, and spaces
    /// where these stand side by side, for else they may be between label and value.
    fn is_within_text(&self, line: &str, next: &str) -> bool {
        let is_name = |cell: &Range<usize>| {
            line[cell.clone()].trim_matches(is_around).trim().eq_ignore_ascii_case(NAME)
        };
        let own = cells(line, self.separator);
        let mut named = own.iter().zip(&self.kinds).filter(|(_, kind)| kind.is_some());
        let count = self.kinds.iter().flatten().count();
        let is_plain = match self.separator {
            Separator::Sign(',' | ';') => count > 1,
            Separator::Sign(_) => true,
            Separator::Spaces => {
                self.kinds.windows(2).any(|two| two[0].is_some() && two[1].is_some())
            }
        };
        is_plain && self.identifies() && self.fits(next) && named.any(|(cell, _)| !is_name(cell))
    }

    /// Whether a line has as many cells.
    fn fits(&self, line: &str) -> bool {
        cells(line, self.separator).len() == self.kinds.len()
    }

    /// Reads a line that begins there, if it has as many cells; whether it has.
    fn read(&self, line: &str, start: usize, read: &mut Cells) -> bool {
        let cells = cells(line, self.separator);
        if cells.len() != self.kinds.len() {
            return false;
        }
        let between = cells.windows(2).map(|two| start + two[0].end..start + two[1].start);
        read.separators.extend(between);
        let named = cells.into_iter().zip(&self.kinds);
        let values = named.filter_map(|(cell, kind)| value(line, cell, (*kind)?));
        read.found.extend(values.map(|(range, kind)| Finding {
            range: start + range.start..start + range.end,
            kind,
            certainty: Certainty::Likely,
        }));
        true
    }
}

fn has_short_cells(line: &str, separator: Separator) -> bool {
    let is_short = |cell: Range<usize>| line[cell].trim().chars().count() <= HEAD_LEN_MAX;
    let cells = cells(line, separator);
    cells.len() <= CELLS_MAX && cells.into_iter().all(is_short)
}

fn kind_of_column(head: &str) -> Option<Kind> {
    let head = head.trim_matches(is_around).trim();
    if head.eq_ignore_ascii_case(NAME) { Some(Kind::Name) } else { kind_of_field(head) }
}

/// The value of a cell, if it is no head.
fn value(line: &str, cell: Range<usize>, kind: Kind) -> Option<(Range<usize>, Kind)> {
    let text = &line[cell.clone()];
    let start = cell.start + text.len() - text.trim_start_matches(is_around).len();
    let text = text.trim_matches(is_around);
    let value = value_of_field(kind, text)?;
    let is_head = kind_of_column(&text[value.clone()]).is_some();
    (!is_head).then(|| (start + value.start..start + value.end, kind))
}

/// Where the cells of a line stand; a sign between double quotes is part of its cell.
fn cells(line: &str, separator: Separator) -> Vec<Range<usize>> {
    let Separator::Sign(sign) = separator else { return columns(line) };
    let (mut cells, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, character) in line.char_indices() {
        if is_quote(character) {
            is_quoted = !is_quoted;
        } else if character == sign && !is_quoted {
            cells.push(start..at);
            start = at + character.len_utf8();
        }
    }
    cells.push(start..line.len());
    cells
}

/// Where what is parted by two and more spaces stands.
fn columns(line: &str) -> Vec<Range<usize>> {
    let (mut columns, mut start) = (Vec::new(), 0);
    for part in line.split("  ") {
        let indent = part.len() - part.trim_start().len();
        let text = part.trim();
        if !text.is_empty() {
            columns.push(start + indent..start + indent + text.len());
        }
        start += part.len() + "  ".len();
    }
    columns
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
        let cells = Tables::default().read(text);
        cells.found.into_iter().map(|finding| &text[finding.range]).collect()
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
    fn tables_behind_other_lines() {
        let marked = "# Ward\n\nSeen today, all well.\n\n| Name | MRN |\n|---|---|\n| Bo Li | 77 |\n\n\
                      | Drug | Dose |\n|---|---|\n| Aspirin | 100 mg |\n| Doctor | Bed |\n|---|---|\n| Lee | 3 |\n";
        assert_eq!(found(marked), ["Bo Li", "77", "Lee"]);
        let titled = "Patients of March\n\nMRN,Name,Note\n77,Bo Li,well\n78,Ann Lee,\"a, b\"\n";
        assert_eq!(found(titled), ["77", "Bo Li", "78", "Ann Lee"]);
        let spaced = "Ward list\n  NAME             MRN        DX\n  OKONKWO GWYNETH  7788123    ASTHMA\n\
                      \x20 LI BO            7788124    GOUT\n";
        assert_eq!(found(spaced), ["OKONKWO GWYNETH", "7788123", "LI BO", "7788124"]);
    }

    #[test]
    fn rows_of_sql() {
        let dump = "-- a dump\nCOPY patients (id, name, mrn) FROM stdin;\n1\tBo Li\t77\n\\.\n\
                    INSERT INTO patients (name, mrn) VALUES ('Ann Lee', 78);\n";
        assert_eq!(found(dump), ["1", "Bo Li", "77", "Ann Lee", "78"]);
    }

    #[test]
    fn a_table_goes_on_in_the_next_piece() {
        let mut tables = Tables::default();
        assert!(tables.read("MRN\tSex\tNote\n").found.is_empty());
        let cells = tables.read("7788123\tF\tx\n");
        assert_eq!((&cells.found[0].range, cells.separators), (&(0..7), vec![7..8, 9..10]));
    }

    #[test]
    fn other_lines_are_no_tables() {
        for text in [
            "",
            "Sodium, potassium, chloride\n1,2,3",
            "MRN 12\nname",
            "\n\n",
            "Seen.\nDoctor, nurse and patient agreed, she said\nwell, better, and so on",
            "a\n| Name | Dose |\n|---|---|\n| Aspirin | 100 mg |\n",
            "病历\n姓名  欧阳  性别  男\n科室  内科  诊断  肺炎\n",
        ] {
            let cells = Tables::default().read(text);
            assert!(cells.found.is_empty(), "{text}: {cells:?}");
        }
    }
}
