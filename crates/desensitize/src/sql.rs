//! Dumps of databases in SQL: the names of columns say what stands in the rows that are inserted.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use emrshare_recognize::{Certainty, Finding, Kind, kind_of_field, kind_of_part, value_of_field};
use regex::Regex;

/// How a statement begins that makes a table or inserts rows, up to the table's name.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?im)^[ \t]*(?:(?P<create>create\s+table\s+(?:if\s+not\s+exists\s+)?)|(?:insert|replace)\s+(?:ignore\s+)?(?:into\s+)?)(?P<table>[\w$.`"\[\]]{1,200})\s*"#,
    )
    .expect("a fixed pattern")
});

/// What stands before rows.
static VALUES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?i)\s*values?\s*").expect("a fixed pattern"));

/// PostgreSQL's way to insert rows: lines of cells between tabs.
static COPY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?i)copy\s+(?P<table>[\w$."]{1,200})\s*\((?P<columns>[^()]*)\)\s*from\s+stdin"#)
        .expect("a fixed pattern")
});

/// What a column is meant to hold, in words (MySQL).
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bcomment\s+'(?P<text>[^']*)'").expect("a fixed pattern"));

/// Tables of which columns are remembered, at most.
const TABLES_MAX: usize = 1000;

/// The statements of a text that is read in pieces.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    /// What the columns of the tables hold that were made or filled.
    tables: HashMap<String, Vec<Option<Kind>>>,
    /// The statement at hand, if it inserts rows.
    rows: Option<Rows>,
}

impl Sql {
    /// Adds the values of the next piece that its columns tell, and what parts values.
    pub(crate) fn read(
        &mut self,
        text: &str,
        found: &mut Vec<Finding>,
        separators: &mut Vec<Range<usize>>,
    ) {
        let mut at = 0;
        loop {
            if let Some(rows) = &mut self.rows {
                let Some(end) = rows.read(text, at, found, separators) else { return };
                at = end;
                self.rows = None;
            }
            let Some(statement) = STATEMENT.captures_at(text, at) else { return };
            let whole = statement.get_match();
            at = whole.end();
            let written = statement.name("table").map_or("", |table| table.as_str());
            let table = unquoted(written);
            let columns = in_brackets(&text[at..]);
            if statement.name("create").is_some() {
                let kinds = kinds_of(table, columns.map(definitions).unwrap_or_default());
                self.remember(table, &kinds);
                continue;
            }
            let behind = at + columns.map_or(0, |columns| columns.len() + "()".len());
            if let Some(values) = VALUES.find(&text[behind..]) {
                at = behind + values.end();
                let kinds = match columns {
                    Some(columns) => kinds_of(table, parts(columns)),
                    None => self.tables.get(table).cloned().unwrap_or_default(),
                };
                self.remember(table, &kinds);
                let escapes = written.contains('`');
                let rows = Rows { kinds, escapes, column: 0, depth: 0, quote: None };
                self.rows = rows.kinds.iter().any(Option::is_some).then_some(rows);
            }
        }
    }

    fn remember(&mut self, table: &str, kinds: &[Option<Kind>]) {
        let is_new = !kinds.is_empty() && !self.tables.contains_key(table);
        if is_new && self.tables.len() < TABLES_MAX {
            self.tables.insert(table.to_owned(), kinds.to_vec());
        }
    }
}

/// What the cells of the lines hold that follow a line, if it says so (PostgreSQL's `COPY`).
pub(crate) fn copied(line: &str) -> Option<Vec<Option<Kind>>> {
    let copy = COPY.captures(line)?;
    Some(kinds_of(unquoted(&copy["table"]), parts(copy.name("columns")?.as_str())))
}

/// Whether a value goes on from one piece of the text to the next.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    is_cut: bool,
    /// Whether it is in a string that the piece before began.
    is_string: bool,
}

/// Rows that are inserted: values between brackets.
#[derive(Debug)]
struct Rows {
    kinds: Vec<Option<Kind>>,
    /// Whether a backslash makes the next letter part of a string, as in MySQL.
    escapes: bool,
    column: usize,
    /// Brackets that are open.
    depth: usize,
    /// What ends the string at hand.
    quote: Option<char>,
}

impl Rows {
    /// Reads from there on; where the statement ends, if it does.
    fn read(
        &mut self,
        text: &str,
        from: usize,
        found: &mut Vec<Finding>,
        separators: &mut Vec<Range<usize>>,
    ) -> Option<usize> {
        let mut start = from;
        let mut cut = Cut { is_cut: self.depth == 1, is_string: self.quote.is_some() };
        let mut letters = text[from..].char_indices();
        while let Some((at, letter)) = letters.next() {
            let (at, behind) = (from + at, from + at + letter.len_utf8());
            match (letter, self.quote) {
                ('\\', Some(_)) if self.escapes => {
                    letters.next();
                }
                (_, Some(quote)) => self.quote = self.quote.filter(|_| letter != quote),
                ('\'' | '"', None) => self.quote = Some(letter),
                ('(', None) => {
                    self.depth += 1;
                    if self.depth == 1 {
                        (self.column, start) = (0, behind);
                    }
                }
                (',' | ')', None) if self.depth == 1 => {
                    self.value(text, start..at, cut, found);
                    cut = Cut::default();
                    separators.push(at..behind);
                    self.column += 1;
                    self.depth -= usize::from(letter == ')');
                    start = behind;
                }
                (')', None) => self.depth = self.depth.saturating_sub(1),
                (';', None) if self.depth == 0 => return Some(behind),
                // Another statement, without a mark between.
                (_, None) if self.depth == 0 && letter.is_alphanumeric() => return Some(at),
                _ => {}
            }
        }
        if self.depth == 1 {
            self.value(text, start..text.len(), Cut { is_cut: true, ..cut }, found);
        }
        None
    }

    fn value(&self, text: &str, range: Range<usize>, cut: Cut, found: &mut Vec<Finding>) {
        let Some(kind) = self.kinds.get(self.column).copied().flatten() else { return };
        let value = &text[range.clone()];
        // N'…' and _utf8'…' are strings too.
        let quoted = if cut.is_string { 0 } else { value.find('\'').map_or(0, |quote| quote + 1) };
        let inner = value[quoted..].trim_end().trim_end_matches('\'');
        let value = match cut.is_cut {
            // Nobody can tell a part of a name from a word.
            true => (!inner.trim().is_empty()).then_some(0..inner.len()),
            false => value_of_field(kind, inner),
        };
        if let Some(value) = value {
            let start = range.start + quoted;
            let range = start + value.start..start + value.end;
            found.push(Finding { range, kind, certainty: Certainty::Likely });
        }
    }
}

/// What columns hold by their names; `name` is a person's if another column identifies one.
fn kinds_of<'a>(table: &str, columns: impl IntoIterator<Item = &'a str>) -> Vec<Option<Kind>> {
    let columns: Vec<_> = columns.into_iter().collect();
    let kind = |column: &str| {
        let comment = || COMMENT.captures(column)?.name("text").map(|text| text.as_str());
        kind_of_part(table, name_of(column)).or_else(|| kind_of_field(comment()?))
    };
    let kinds: Vec<_> = columns.iter().map(|column| kind(column)).collect();
    let identifies = kinds.iter().any(Option::is_some);
    let named = kinds.into_iter().zip(&columns).map(|(kind, column)| {
        let is_name = identifies && name_of(column).eq_ignore_ascii_case("name");
        kind.or_else(|| is_name.then_some(Kind::Name))
    });
    named.collect()
}

/// The name of a column, with which its definition begins.
fn name_of(column: &str) -> &str {
    unquoted(column.split_whitespace().next().unwrap_or_default())
}

/// The definitions of columns among those of a table.
fn definitions(inner: &str) -> Vec<&str> {
    const OTHERS: [&str; 9] = [
        "primary",
        "key",
        "unique",
        "constraint",
        "index",
        "foreign",
        "check",
        "fulltext",
        "spatial",
    ];
    let is_column = |part: &&str| {
        let first = part.split_whitespace().next().unwrap_or_default();
        !OTHERS.iter().any(|other| first.eq_ignore_ascii_case(other))
    };
    parts(inner).into_iter().filter(is_column).collect()
}

/// What stands between the bracket that a text begins with and the one that closes it.
fn in_brackets(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?;
    let mut depth = 0;
    let end = outside_of_strings(inner).find(|(_, letter)| {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        false
    })?;
    Some(&inner[..end.0])
}

/// What stands between commas that are in no brackets.
fn parts(inner: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, letter) in outside_of_strings(inner) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

/// The letters of a text that are in no string.
fn outside_of_strings(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut is_string = false;
    text.char_indices().filter(move |(_, letter)| {
        is_string ^= *letter == '\'';
        !is_string
    })
}

/// A name without what may stand around it.
fn unquoted(name: &str) -> &str {
    name.trim_matches(['`', '"', '[', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&str]) -> Vec<String> {
        let mut sql = Sql::default();
        let mut all = Vec::new();
        for piece in pieces {
            let mut found = Vec::new();
            sql.read(piece, &mut found, &mut Vec::new());
            all.extend(found.into_iter().map(|finding| piece[finding.range].to_owned()));
        }
        all
    }

    #[test]
    fn named_columns() {
        let dump = "INSERT INTO patients (id, name, mrn, note) VALUES\n(1, 'Bo Li', 77, 'a, (b)'),\n\
                    (2, N'Ann O''Lee', NULL, 'C:\\');\ninsert into drug(name, dose) values ('Aspirin', 100);\n\
                    INSERT INTO patients VALUES (3, 'Per Brandt', 78, '');";
        assert_eq!(
            found(&[dump]),
            ["1", "Bo Li", "77", "2", "Ann O''Lee", "3", "Per Brandt", "78"]
        );
    }

    #[test]
    fn columns_of_a_table_that_was_made() {
        let dump = "CREATE TABLE IF NOT EXISTS `his`.`brxx` (\n  `id` int(11) NOT NULL,\n\
                    \x20 `f1` varchar(20) DEFAULT NULL COMMENT '姓名',\n  `zyh` decimal(10,0),\n\
                    \x20 PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\nLOCK TABLES `brxx` WRITE;\n";
        let rows = "INSERT INTO `his`.`brxx` VALUES (1,'王建国',98123),(2,'欧阳娜',98124);\n";
        assert_eq!(
            found(&[dump, &rows.replace("王", "O\\',")]),
            ["O\\',建国", "98123", "欧阳娜", "98124"]
        );
        assert_eq!(found(&[dump, rows]), ["王建国", "98123", "欧阳娜", "98124"]);
        let (start, end) = rows.split_at(rows.find("娜").unwrap());
        assert_eq!(found(&[dump, start, end]), ["王建国", "98123", "欧阳", "娜", "98124"]);
        let (start, end) = rows.split_at(rows.find("124").unwrap());
        assert_eq!(found(&[dump, start, end]), ["王建国", "98123", "欧阳娜", "98", "124"]);
    }

    #[test]
    fn statements_without_a_mark_between() {
        let dump = "INSERT [dbo].[BRXX] ([ID], [XM], [ZYH]) VALUES (1, N'王建国', N'98123')\nGO\n\
                    INSERT [dbo].[BRXX] ([ID], [XM], [ZYH]) VALUES (2, N'欧阳娜', N'98124')\nGO\n";
        assert_eq!(found(&[dump]), ["王建国", "98123", "欧阳娜", "98124"]);
    }

    #[test]
    fn lines_that_are_copied() {
        let kinds = copied("COPY public.patients (id, name, phone) FROM stdin;").unwrap();
        assert_eq!(kinds, [Some(Kind::Id), Some(Kind::Name), Some(Kind::Phone)]);
        assert!(copied("Copy of the letter (enclosed)").is_none());
    }

    #[test]
    fn other_text_has_no_rows() {
        for text in [
            "Insert into the wound (name, mrn) a drain",
            "CREATE TABLE patients (mrn int",
            "INSERT INTO patients (mrn) SELECT mrn FROM old;",
            "insert into patients (mrn) values",
            "INSERT INTO unknown VALUES (1, 'x');",
        ] {
            assert_eq!(found(&[text]), [""; 0], "{text}");
        }
    }
}
