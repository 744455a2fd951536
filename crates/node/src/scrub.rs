//! Reads what is stored and says what has rotted on the disk, or is not there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use emrshare_codec::Digest;
use emrshare_ledger::{StateError, StateRead as _, Status};
use emrshare_storage::{Kv, StoreError, Table};

use crate::{
    chain::NodeChain,
    clock,
    files::{DesensitizedStore, FileError},
    measures,
    originals::{OriginalError, OriginalStore},
    tables::{FILES, ORIGINALS},
};

/// A page ends after so many files, or so long.
const FILES_MAX: usize = 256;
const TIME_MAX: Duration = Duration::from_secs(2);

/// Records that are looked at for a page.
const RECORDS_MAX: usize = 4096;

/// No user of a file, and nothing else in a key behind a digest, is longer.
const BEHIND: [u8; 40] = [0xff; 40];

/// What one page of a store was found to be.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Files that were read, or looked for.
    pub(crate) files: usize,
    /// Digests of those that cannot be read any more, or are not there.
    pub(crate) damaged: Vec<Digest>,
    /// The last file, if there may be more behind it.
    pub(crate) last: Option<Digest>,
}

/// Reads desensitized files behind one of them. Damaged ones are mended meanwhile.
pub(crate) async fn copies(
    files: &DesensitizedStore,
    mut after: Option<Digest>,
) -> Result<Page, FileError> {
    let (start, mut page) = (Instant::now(), Page::default());
    while let Some(file) = next(&*files.kv, FILES, after)? {
        page.files += 1;
        if !files.lost(file).await?.is_empty() {
            files.damaged.tell(file);
            page.damaged.push(file);
        }
        if page.is_full(start) {
            page.last = Some(file);
            break;
        }
        after = Some(file);
    }
    Ok(page)
}

/// Reads originals of this node, as they are at rest, behind one of them.
pub(crate) async fn originals(
    originals: &OriginalStore,
    mut after: Option<Digest>,
) -> Result<Page, OriginalError> {
    let (start, mut page) = (Instant::now(), Page::default());
    while let Some(original) = next(&*originals.kv, ORIGINALS, after)? {
        page.files += 1;
        if originals.is_unreadable(original).await? {
            metrics::counter!(measures::ORIGINALS_DAMAGED).increment(1);
            page.damaged.push(original);
        }
        if page.is_full(start) {
            page.last = Some(original);
            break;
        }
        after = Some(original);
    }
    Ok(page)
}

/// Looks for the originals that this node has, as the ledger says, behind one of them in the order of
/// records: the last versions of records that have not ended.
pub(crate) fn missing(
    originals: &OriginalStore,
    chain: &NodeChain,
    after: Option<Digest>,
) -> Result<Page, MissingError> {
    let (state, mut page) = (chain.state(), Page::default());
    let mut from = Vec::new();
    if let Some(original) = after {
        // Once an original is on the ledger, that knows it for ever.
        let Some(index) = state.record_of_original(original)? else { return Ok(page) };
        from = [&index.to_key(), [0].as_slice()].concat();
    }
    let (records, next) = state.records_from(&from, RECORDS_MAX)?;
    for (_, record) in &records {
        if record.acting == chain.me() && record.status == Status::Active {
            page.files += 1;
            if !originals.contains(record.original)? {
                page.damaged.push(record.original);
            }
        }
    }
    page.last = next.and(records.last()).map(|(_, record)| record.original);
    Ok(page)
}

/// The ledger's state or the originals cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MissingError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Original(#[from] OriginalError),
}

/// Reads all that a node has stored, page by page with pauses, so that what rots is found while others
/// still have it, or the hospital's system still has the record.
pub(crate) struct Scrubber {
    pub(crate) files: DesensitizedStore,
    pub(crate) originals: Arc<OriginalStore>,
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) pause: Duration,
}

impl Scrubber {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        // Digests are spread evenly: wherever it begins after a start, each file has its turn.
        let [mut copy, mut original] = [(); 2].map(|()| Some(Digest(clock::random())));
        loop {
            tokio::time::sleep(self.pause).await;
            match copies(&self.files, copy).await {
                Ok(page) => copy = page.last,
                Err(error) => tracing::error!(%error, "stored copies cannot be read"),
            }
            match originals(&self.originals, original).await {
                Ok(page) => {
                    page.damaged.iter().for_each(|damaged| self.tell(*damaged));
                    original = page.last;
                }
                Err(error) => tracing::error!(%error, "stored originals cannot be read"),
            }
        }
    }

    fn tell(&self, original: Digest) {
        let index = self.chain.state().record_of_original(original);
        let index = index.ok().flatten().map(|index| index.to_string());
        tracing::error!(index, "a stored original is damaged: push its record again");
    }
}

impl Page {
    fn is_full(&self, start: Instant) -> bool {
        self.files == FILES_MAX || start.elapsed() > TIME_MAX
    }
}

/// The first file of a table behind another one.
fn next(kv: &dyn Kv, table: Table, after: Option<Digest>) -> Result<Option<Digest>, StoreError> {
    let from = after.map_or_else(Vec::new, |after| [after.0.as_slice(), &BEHIND].concat());
    let rows = kv.range(table, b"", &from, 1)?;
    Ok(rows.first().and_then(|(key, _)| key.first_chunk().copied().map(Digest)))
}
