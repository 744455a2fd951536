//! A filter in memory in front of a store: what surely is not there is not looked for.

use std::sync::Arc;

use fastbloom::AtomicBloomFilter;

use crate::{Batch, Kv, Row, StoreError, Table};

/// 32 MiB, so that a node of up to sixteen million rows has nothing larger, however it grew.
const BITS_MIN: usize = 1 << 28;
/// With four hashes one look of 400 for what is not there is in vain.
const BITS_PER_ROW: usize = 16;
const HASHES: u32 = 4;
const ROWS_AT_ONCE: usize = 4_096;

/// A store with a filter over the rows of one table whose keys begin with a prefix.
///
/// To look for such a row that is not there takes the same short time however large the store is;
/// everything else is as in the store below. All changes of these rows must pass through here. It takes
/// 32 MiB of memory, and more from sixteen million rows on.
///
/// The filter is made anew, from all rows, whenever it is opened: some seconds for ten million.
pub struct FilteredKv {
    kv: Arc<dyn Kv>,
    table: Table,
    prefix: &'static [u8],
    present: AtomicBloomFilter,
}

impl FilteredKv {
    /// Reads the keys of the rows in question.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn open(kv: Arc<dyn Kv>, table: Table, prefix: &'static [u8]) -> Result<Self, StoreError> {
        Self::with_bits(kv, table, prefix, BITS_MIN)
    }

    /// With so many bits, or as many more as there are rows for.
    fn with_bits(
        kv: Arc<dyn Kv>,
        table: Table,
        prefix: &'static [u8],
        bits: usize,
    ) -> Result<Self, StoreError> {
        let present = AtomicBloomFilter::with_num_bits(bits).hashes(HASHES);
        let filtered = Self { kv, table, prefix, present };
        let wanted = filtered.fill()?.saturating_mul(BITS_PER_ROW);
        if wanted <= bits {
            return Ok(filtered);
        }
        // Room for as many again.
        Self::with_bits(filtered.kv, table, prefix, wanted.saturating_mul(2))
    }

    /// Notes all rows and counts them.
    fn fill(&self) -> Result<usize, StoreError> {
        let (mut from, mut count) = (Vec::new(), 0);
        loop {
            let rows = self.kv.range(self.table, self.prefix, &from, ROWS_AT_ONCE)?;
            rows.iter().for_each(|(key, _)| self.note(key));
            count += rows.len();
            let Some((last, _)) = rows.last().filter(|_| rows.len() == ROWS_AT_ONCE) else {
                return Ok(count);
            };
            // The key that follows the last one.
            from = [&last[self.prefix.len()..], &[0]].concat();
        }
    }

    fn note(&self, key: &[u8]) {
        self.present.insert(key);
    }
}

impl Kv for FilteredKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let filtered = table == self.table && key.starts_with(self.prefix);
        if filtered && !self.present.contains(key) {
            return Ok(None);
        }
        self.kv.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.kv.range(table, prefix, from, limit)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let start = self.table.key(self.prefix);
        let added =
            batch.changes.iter().filter(|(key, value)| value.is_some() && key.starts_with(&start));
        // Before they can be read; a row that is noted and never written is only looked for in vain.
        added.for_each(|(key, _)| self.note(&key[1..]));
        self.kv.commit(batch)
    }
}

impl std::fmt::Debug for FilteredKv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilteredKv").field("table", &self.table).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::MemoryKv;

    const KEPT: Table = Table::new(b'k');
    const OTHER: Table = Table::new(b'o');

    #[derive(Clone, Debug)]
    enum Step {
        Change(Vec<(bool, Vec<u8>, bool)>),
        OpenAgain,
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        (prop::sample::select(b"de".as_slice()), vec(0..4u8, 0..4))
            .prop_map(|(first, rest)| [&[first], rest.as_slice()].concat())
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => vec((any::<bool>(), key(), any::<bool>()), 0..20).prop_map(Step::Change),
            1 => Just(Step::OpenAgain),
        ]
    }

    fn table(is_kept: bool) -> Table {
        if is_kept { KEPT } else { OTHER }
    }

    proptest! {
        /// So few bits that many rows look as if they were there.
        #[test]
        fn it_answers_as_the_store_below(
            steps in vec(step(), 0..20),
            asked in vec((any::<bool>(), key()), 0..100),
        ) {
            let below: Arc<dyn Kv> = Arc::new(MemoryKv::default());
            let open = || FilteredKv::with_bits(below.clone(), KEPT, b"d", 64).unwrap();
            let mut filtered = open();
            for step in steps {
                match step {
                    Step::OpenAgain => filtered = open(),
                    Step::Change(changes) => {
                        let mut batch = Batch::default();
                        for (is_kept, key, is_put) in changes {
                            match is_put {
                                true => batch.put(table(is_kept), &key, b"value"),
                                false => batch.delete(table(is_kept), &key),
                            }
                        }
                        filtered.commit(batch).unwrap();
                    }
                }
            }
            for (is_kept, key) in asked {
                let table = table(is_kept);
                prop_assert_eq!(filtered.get(table, &key).unwrap(), below.get(table, &key).unwrap());
            }
        }
    }

    #[test]
    fn it_reads_all_rows_and_grows_with_them() {
        let below = Arc::new(MemoryKv::default());
        let rows = 2 * ROWS_AT_ONCE as u32 + 1;
        let key = |number: u32| [b"d".as_slice(), &number.to_be_bytes()].concat();
        let mut batch = Batch::default();
        (0..rows).for_each(|number| batch.put(KEPT, &key(number), b""));
        below.commit(batch).unwrap();
        let filtered = FilteredKv::with_bits(below, KEPT, b"d", 64).unwrap();
        assert!((0..rows).all(|number| filtered.get(KEPT, &key(number)).unwrap().is_some()));
        let seen = |number: &u32| filtered.present.contains(&key(*number)[..]);
        let in_vain = (rows..rows + 10_000).filter(seen).count();
        assert!(in_vain < 100, "{in_vain} of 10,000 that are not there are looked for");
    }
}
