//! Step 7: files of other nodes' records come here, and deleted ones go.

use std::{collections::HashMap, sync::Arc, time::Duration};

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_record::RecordFile;
use emrshare_storage::{Batch, StoreError};
use emrshare_sync::{Effect, Input, Outcome, Sync, SyncConfig, Task, Want};
use tokio::sync::{Notify, mpsc, watch};

use crate::{
    clock,
    erase::Eraser,
    files::{self, DesensitizedStore, FileError, User},
    measures,
    members::Members,
    peers::Peers,
    room::Room,
    tables::{UNSEARCHED, WANTS, pair},
};

/// Drives the sync machine: performs its effects and feeds the results back.
pub(crate) struct Replicator {
    pub(crate) files: DesensitizedStore,
    pub(crate) peers: Peers,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) search: Arc<Notify>,
    pub(crate) me: NodeId,
    pub(crate) members: watch::Receiver<Arc<Members>>,
    pub(crate) room: Room,
}

type Fetched = (NodeId, Vec<(Want, Outcome, Option<RecordFile>)>);

enum Event {
    Fetched(Fetched),
    Stored(Vec<Input>),
}

impl Replicator {
    /// Runs until the chain is gone. What a restart interrupted is read from the store.
    pub(crate) async fn run(self, mut tasks: mpsc::UnboundedReceiver<Vec<Task>>) {
        let this = Arc::new(self);
        let mut members = this.members.clone();
        let known = members.borrow_and_update().nodes();
        let mut sync = Sync::new(SyncConfig::default(), this.me, known);
        let (events, mut happened) = mpsc::channel(64);
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        let mut held: HashMap<(RecordIndex, Digest), RecordFile> = HashMap::new();
        let left = this.left_in_store().unwrap_or_else(|error| {
            tracing::error!(%error, "wanted files cannot be read from the store");
            Vec::new()
        });
        let mut inputs = vec![Input::Wanted(left)];
        this.eraser.wake();
        loop {
            for input in inputs.drain(..) {
                let effects = sync.step(clock::now_ms(), input);
                this.perform(effects, &mut held, &events);
            }
            metrics::gauge!(measures::SYNC_BACKLOG).set(sync.backlog() as f64);
            tokio::select! {
                asked = tasks.recv() => match asked {
                    Some(asked) => inputs.extend(this.asked(asked)),
                    None => return,
                },
                event = happened.recv() => match event {
                    Some(Event::Fetched((peer, answers))) => {
                        let outcomes = answers.into_iter().map(|(want, outcome, file)| {
                            if let Some(file) = file {
                                held.insert((want.index, want.digest), file);
                            }
                            (want, outcome)
                        });
                        inputs.push(Input::Received { peer, outcomes: outcomes.collect() });
                    }
                    Some(Event::Stored(outcomes)) => inputs.extend(outcomes),
                    None => return,
                },
                Ok(()) = members.changed() => {
                    sync.set_members(members.borrow_and_update().nodes());
                }
                _ = tick.tick() => {
                    sync.set_paused(!this.room.is_left());
                    inputs.push(Input::Tick);
                }
            }
        }
    }

    fn asked(&self, tasks: Vec<Task>) -> Vec<Input> {
        let mut wants = Vec::new();
        let mut inputs = Vec::new();
        for task in tasks {
            match task {
                Task::Fetch(want) => wants.push(want),
                Task::Erase { index, .. } => {
                    wants.retain(|want| want.index != index);
                    inputs.push(Input::Dropped(index));
                }
            }
        }
        self.eraser.wake();
        if wants.is_empty() {
            self.search.notify_one();
        } else {
            inputs.push(Input::Wanted(wants));
        }
        inputs
    }

    fn perform(
        self: &Arc<Self>,
        effects: Vec<Effect>,
        held: &mut HashMap<(RecordIndex, Digest), RecordFile>,
        events: &mpsc::Sender<Event>,
    ) {
        let mut to_store = Vec::new();
        for effect in effects {
            match effect {
                Effect::Fetch { peer, wants } => {
                    let (peers, events) = (self.peers.clone(), events.clone());
                    tokio::spawn(async move {
                        let answers = peers.fetch(peer, &wants).await;
                        // The replicator is gone only while the node stops.
                        let _ = events.send(Event::Fetched((peer, answers))).await;
                    });
                }
                Effect::Store(want) => {
                    to_store
                        .extend(held.remove(&(want.index, want.digest)).map(|file| (want, file)));
                }
                Effect::Misbehaved { peer, count } => {
                    metrics::counter!(measures::SYNC_WRONG_FILES).increment(1);
                    let peer = peer.get();
                    tracing::warn!(peer, count, "a peer handed out a wrong file");
                }
            }
        }
        // What is held now was not wanted any more when it came.
        held.clear();
        if !to_store.is_empty() {
            let (this, events) = (self.clone(), events.clone());
            tokio::spawn(async move {
                let stored = this.store(to_store).await;
                let _ = events.send(Event::Stored(stored)).await;
            });
        }
    }

    /// Scans files again for leaks and makes the good ones durable: one object, one commit.
    async fn store(self: &Arc<Self>, files: Vec<(Want, RecordFile)>) -> Vec<Input> {
        let wants: Vec<_> = files.iter().map(|(want, _)| *want).collect();
        let checked = tokio::task::spawn_blocking(move || Self::sift(files)).await;
        let Ok((good, refused)) = checked else {
            return wants.into_iter().map(Input::NotStored).collect();
        };
        let outcome = match self.commit(&good).await {
            Ok(()) => {
                metrics::counter!(measures::SYNC_FILES).increment(good.len() as u64);
                Input::Stored
            }
            Err(error) => {
                tracing::error!(%error, "fetched files are not stored");
                Input::NotStored
            }
        };
        metrics::counter!(measures::SYNC_REFUSED).increment(refused.len() as u64);
        self.search.notify_one();
        self.eraser.wake();
        let good = good.into_iter().map(|(want, _)| outcome(want));
        good.chain(refused.into_iter().map(Input::Refused)).collect()
    }

    /// The files that may be kept here, and which may not.
    fn sift(mut files: Vec<(Want, RecordFile)>) -> (Vec<(Want, RecordFile)>, Vec<Want>) {
        let mut refused = Vec::new();
        files.retain(|(want, file)| match Self::check(file) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(index = %want.index, %error, "a fetched file is refused");
                refused.push(*want);
                false
            }
        });
        (files, refused)
    }

    async fn commit(&self, files: &[(Want, RecordFile)]) -> Result<(), FileError> {
        loop {
            let wanted = self.still_wanted(files)?;
            let blobs = wanted.iter().flat_map(|(_, file)| DesensitizedStore::blobs_of(file));
            let written = self.files.blobs.put_all(blobs.collect()).await?;
            let mut batch = Batch::default();
            let _placing = self.files.blobs.place(written, &mut batch).await?;
            // What a record that ends from now on has here is removed after this.
            if self.still_wanted(files)?.len() < wanted.len() {
                continue;
            }
            for (want, file) in wanted {
                let version = pair(&want.index.to_key(), &want.digest.0);
                let user = User::record(want.index);
                DesensitizedStore::add_rows(&mut batch, &user, file.manifest())?;
                batch.delete(WANTS, &version);
                batch.put(UNSEARCHED, &version, b"");
            }
            return Ok(files::commit(&self.files.kv, batch).await?);
        }
    }

    /// The files whose records have neither ended nor changed while they were fetched.
    fn still_wanted<'a>(
        &self,
        files: &'a [(Want, RecordFile)],
    ) -> Result<Vec<&'a (Want, RecordFile)>, StoreError> {
        let mut wanted = Vec::with_capacity(files.len());
        for file in files {
            if self.files.kv.get(WANTS, &want_row(&file.0).0)?.is_some() {
                wanted.push(file);
            }
        }
        Ok(wanted)
    }

    /// Whether a file may be kept here.
    fn check(file: &RecordFile) -> Result<(), String> {
        let record = file.to_record().map_err(|error| error.to_string())?;
        match emrshare_desensitize::scan(&record) {
            Some(class) => Err(format!("it holds a value of class {}", class.name())),
            None => Ok(()),
        }
    }

    fn left_in_store(&self) -> Result<Vec<Want>, FileError> {
        let rows = self.files.kv.range(WANTS, b"", b"", usize::MAX)?;
        Ok(rows.iter().filter_map(|(key, value)| want(key, value)).collect())
    }
}

/// The row of [`WANTS`]: index and digest; acting node 4, height 8.
pub(crate) fn want_row(want: &Want) -> (Vec<u8>, Vec<u8>) {
    let value = pair(&want.acting.get().to_be_bytes(), &want.height.to_be_bytes());
    (pair(&want.index.to_key(), &want.digest.0), value)
}

/// What a row of [`WANTS`] says.
fn want(key: &[u8], value: &[u8]) -> Option<Want> {
    let (index, digest) = key.split_at_checked(RecordIndex::KEY_LEN)?;
    let (acting, height) = value.split_first_chunk()?;
    Some(Want {
        index: RecordIndex::from_key(index).ok()?,
        digest: Digest(digest.try_into().ok()?),
        acting: NodeId::new(u32::from_be_bytes(*acting)).ok()?,
        height: u64::from_be_bytes(height.try_into().ok()?),
    })
}
