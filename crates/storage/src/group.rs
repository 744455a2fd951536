//! One writer for many callers: those that commit at the same time share one sync.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use crate::{Batch, StoreError, kv::VALUE_LEN_MAX};

const QUEUE: usize = 1024;

type Answer = mpsc::SyncSender<Result<(), StoreError>>;

/// What makes one batch durable.
pub(crate) trait Writer: Send + 'static {
    /// Changes that may be joined into one batch.
    const CHANGES_MAX: usize;

    /// On `Ok` the whole batch is durable.
    fn write(&mut self, batch: Batch) -> Result<(), StoreError>;
}

/// Hands batches to the one thread that writes.
#[derive(Debug)]
pub(crate) struct GroupCommit {
    commits: mpsc::SyncSender<(Batch, Answer)>,
    poisoned: Arc<AtomicBool>,
}

impl GroupCommit {
    /// Starts the thread.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub(crate) fn start<W: Writer>(writer: W) -> Self {
        let (commits, queue) = mpsc::sync_channel(QUEUE);
        let poisoned = Arc::new(AtomicBool::new(false));
        let flag = poisoned.clone();
        std::thread::Builder::new()
            .name("emrshare-kv".into())
            .spawn(move || run(writer, &queue, &flag))
            .expect("the system can start a thread");
        Self { commits, poisoned }
    }

    /// Makes a batch durable.
    pub(crate) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        let limit = VALUE_LEN_MAX;
        let values = batch.changes.iter().filter_map(|(_, value)| value.as_ref());
        if let Some(len) = values.map(Vec::len).find(|len| *len > limit) {
            return Err(StoreError::ValueTooLarge { len, limit });
        }
        if batch.is_empty() {
            return Ok(());
        }
        let (answer, answered) = mpsc::sync_channel(1);
        self.commits.send((batch, answer)).map_err(|_| StoreError::Poisoned)?;
        answered.recv().map_err(|_| StoreError::Poisoned)?
    }
}

fn run<W: Writer>(mut writer: W, queue: &mpsc::Receiver<(Batch, Answer)>, poisoned: &AtomicBool) {
    let mut next = None;
    while let Some((mut batch, answer)) = next.take().or_else(|| queue.recv().ok()) {
        let mut answers = vec![answer];
        for (other, answer) in queue.try_iter() {
            if batch.len() + other.len() > W::CHANGES_MAX {
                next = Some((other, answer));
                break;
            }
            batch.append(other);
            answers.push(answer);
        }
        let result = catch_unwind(AssertUnwindSafe(|| writer.write(batch)))
            .unwrap_or_else(|_| Err(StoreError::Io("the engine panicked".into())));
        let failed = result.is_err();
        if let Err(error) = result {
            tracing::error!(%error, "a commit failed; the store is poisoned");
            poisoned.store(true, Ordering::Release);
        }
        for answer in answers {
            // A caller that no longer waits needs no answer.
            let _ = answer.send(if failed { Err(StoreError::Poisoned) } else { Ok(()) });
        }
        if failed {
            return;
        }
    }
}
