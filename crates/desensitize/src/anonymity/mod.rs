//! k-anonymity of a set of records (Sweeney, 2002; GB/T 37964-2019, annex B): in a table of what may
//! identify somebody together, every row shall be like k - 1 others at least.
//!
//! The whole column is made coarser, by the levels of its [`Column`]; of all combinations of levels
//! that give k, the one that loses least is taken, after rows that would need more have been left
//! out, up to a share that the caller allows.

mod column;
mod quasi;

pub use column::Column;
pub use quasi::quasi_identifiers;

use std::collections::HashMap;

/// What can be told of each record, a row each.
///
/// ```
/// use emrshare_desensitize::{Column, Table};
///
/// let mut table = Table::new(vec![Column::BirthYear, Column::Sex]);
/// for (year, sex) in [("1961", "female"), ("1964", "female"), ("1962", "female"), ("1990", "male")] {
///     table.push(vec![year.into(), sex.into()]);
/// }
/// assert_eq!(table.smallest_class(), 1);
/// let anonymous = table.anonymize(3, 0.25).unwrap();
/// assert_eq!(anonymous.row(0), Some(&["1960-1964".to_owned(), "female".to_owned()][..]));
/// assert_eq!((anonymous.row(3), anonymous.left_out()), (None, 1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A table in which every row is like k - 1 others at least.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Anonymous {
    levels: Vec<usize>,
    rows: Vec<Option<Vec<String>>>,
    smallest_class: usize,
}

/// No combination of levels gives k, not even the coarsest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{rows} rows cannot be made {k}-anonymous: there are too few, or too few may be left out")]
pub struct TooFewRows {
    /// Rows of the table.
    pub rows: usize,
    /// How many were to be alike.
    pub k: usize,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub const fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; an empty string stands for what is not known.
    ///
    /// # Panics
    /// If it has not one value for each column.
    pub fn push(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.columns.len(), "a value for each column");
        self.rows.push(row);
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of rows that the rarest row is like, itself counted: the k of the table as it is;
    /// 0 if it is empty.
    #[must_use]
    pub fn smallest_class(&self) -> usize {
        self.classes().into_values().min().unwrap_or_default()
    }

    /// Rows that are like no other.
    #[must_use]
    pub fn unique(&self) -> usize {
        self.classes().into_values().filter(|size| *size == 1).count()
    }

    fn classes(&self) -> HashMap<&[String], usize> {
        let mut classes = HashMap::new();
        for row in &self.rows {
            *classes.entry(row.as_slice()).or_default() += 1;
        }
        classes
    }

    /// The table made coarser until every row is like `k` - 1 others at least, with the least loss,
    /// after up to a share `left_out_max` of all rows (0 to 1) was left out.
    ///
    /// Takes time in proportion to the rows, times the combinations of levels (800 for the columns
    /// of [`quasi_identifiers`]).
    ///
    /// # Errors
    /// [`TooFewRows`] if that cannot be.
    pub fn anonymize(&self, k: usize, left_out_max: f64) -> Result<Anonymous, TooFewRows> {
        let rows = self.rows.len();
        let left_out_max = (rows as f64 * left_out_max.clamp(0.0, 1.0)).floor() as usize;
        let coded: Vec<_> = (0..self.columns.len()).map(|at| Coded::new(self, at)).collect();
        let found = by_loss(&self.columns).into_iter().find_map(|levels| {
            let classes = Classes::new(rows, &coded, &levels);
            // A table of which nothing is left says nothing.
            let small = classes.rows_below(k);
            (small <= left_out_max && small < rows).then_some((levels, classes))
        });
        let (levels, classes) = found.ok_or(TooFewRows { rows, k })?;
        let row = |at: usize| {
            let coarse =
                || coded.iter().zip(&levels).map(|(column, level)| column.text(*level, at));
            (classes.size(at) >= k).then(|| coarse().collect::<Vec<_>>())
        };
        let smallest_class = (0..rows)
            .map(|at| classes.size(at))
            .filter(|size| *size >= k)
            .min()
            .unwrap_or_default();
        Ok(Anonymous { rows: (0..rows).map(row).collect(), levels, smallest_class })
    }
}

impl Anonymous {
    /// A row of the table, coarser; `None` if it is left out.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<&[String]> {
        self.rows.get(at)?.as_deref()
    }

    /// How coarse each column is: 0 as it was.
    #[must_use]
    pub fn levels(&self) -> &[usize] {
        &self.levels
    }

    /// Rows that are left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.rows.iter().filter(|row| row.is_none()).count()
    }

    /// The number of rows that the rarest row is like, itself counted.
    #[must_use]
    pub const fn smallest_class(&self) -> usize {
        self.smallest_class
    }
}

/// All combinations of levels, the one that loses least first: the loss of a column is its level's
/// share of its levels.
fn by_loss(columns: &[Column]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for column in columns {
        let longer = |levels: &Vec<usize>| {
            let with = |level| [levels.as_slice(), &[level]].concat();
            (0..column.levels()).map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    let loss = |levels: &Vec<usize>| {
        let parts = levels.iter().zip(columns);
        // In ten-thousandths, so that no floating point decides.
        parts.map(|(level, column)| level * 10_000 / (column.levels() - 1).max(1)).sum::<usize>()
    };
    all.sort_by_cached_key(loss);
    all
}

/// A column's values at each level, as numbers.
struct Coded {
    /// For each level, the number of each row's value.
    numbers: Vec<Vec<u32>>,
    /// For each level, the values.
    texts: Vec<Vec<String>>,
}

impl Coded {
    fn new(table: &Table, at: usize) -> Self {
        let column = table.columns[at];
        let (numbers, texts) = (0..column.levels())
            .map(|level| {
                let (mut known, mut texts) = (HashMap::new(), Vec::new());
                let number = |row: &Vec<String>| {
                    let text = column.coarse(level, &row[at]);
                    *known.entry(text.clone()).or_insert_with(|| {
                        texts.push(text);
                        texts.len() as u32 - 1
                    })
                };
                let numbers: Vec<u32> = table.rows.iter().map(number).collect();
                (numbers, texts)
            })
            .unzip();
        Self { numbers, texts }
    }

    fn text(&self, level: usize, row: usize) -> String {
        self.texts[level][self.numbers[level][row] as usize].clone()
    }
}

/// Which rows are alike at some levels.
struct Classes {
    of_row: Vec<usize>,
    sizes: Vec<usize>,
}

impl Classes {
    fn new(rows: usize, columns: &[Coded], levels: &[usize]) -> Self {
        let (mut known, mut sizes) = (HashMap::new(), Vec::new());
        let class = |row: usize| {
            let key: Vec<u32> = columns
                .iter()
                .zip(levels)
                .map(|(column, level)| column.numbers[*level][row])
                .collect();
            let class = *known.entry(key).or_insert_with(|| {
                sizes.push(0);
                sizes.len() - 1
            });
            sizes[class] += 1;
            class
        };
        let of_row = (0..rows).map(class).collect();
        Self { of_row, sizes }
    }

    fn size(&self, row: usize) -> usize {
        self.sizes[self.of_row[row]]
    }

    fn rows_below(&self, k: usize) -> usize {
        self.sizes.iter().filter(|size| **size < k).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[(u16, bool, u8)]) -> Table {
        let mut table = Table::new(vec![Column::BirthYear, Column::Sex, Column::Disease]);
        for (year, is_female, code) in rows {
            let sex = if *is_female { "female" } else { "male" };
            table.push(vec![
                year.to_string(),
                sex.into(),
                format!("I{:02}.{}", code % 30, code % 3),
            ]);
        }
        table
    }

    proptest! {
        #[test]
        fn every_row_is_like_k_others_and_the_finer_is_not(
            rows in prop::collection::vec((1930_u16..2020, any::<bool>(), any::<u8>()), 1..80),
            k in 1_usize..6,
            share in prop::sample::select(vec![0.0, 0.05, 0.3]),
        ) {
            let table = table(&rows);
            let Ok(anonymous) = table.anonymize(k, share) else {
                prop_assert!(rows.len() < k);
                return Ok(());
            };
            let mut classes: HashMap<_, usize> = HashMap::new();
            for at in 0..rows.len() {
                if let Some(row) = anonymous.row(at) {
                    *classes.entry(row.to_vec()).or_default() += 1;
                }
            }
            prop_assert!(classes.values().all(|size| *size >= k));
            prop_assert_eq!(classes.values().min().copied(), Some(anonymous.smallest_class()));
            prop_assert!(anonymous.left_out() as f64 <= rows.len() as f64 * share);
            prop_assert_eq!(anonymous.left_out() + classes.values().sum::<usize>(), rows.len());
            if table.smallest_class() >= k {
                prop_assert_eq!(anonymous.levels(), [0, 0, 0]);
            }
        }
    }

    #[test]
    fn one_row_is_never_anonymous() {
        assert_eq!(table(&[(1960, true, 3)]).anonymize(2, 1.0), Err(TooFewRows { rows: 1, k: 2 }));
        assert_eq!(
            Table::new(vec![Column::Sex]).anonymize(1, 0.0),
            Err(TooFewRows { rows: 0, k: 1 })
        );
    }
}
