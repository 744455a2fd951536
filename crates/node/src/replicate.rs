//! Step 7: files of other nodes' records come here, and deleted ones go.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_record::RecordFile;
use emrshare_storage::Batch;
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
    Stored(Vec<(Want, bool)>),
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
                    Some(Event::Stored(wants)) => inputs.extend(wants.into_iter().map(|(want, ok)| {
                        if ok { Input::Stored(want) } else { Input::NotStored(want) }
                    })),
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
    async fn store(self: &Arc<Self>, files: Vec<(Want, RecordFile)>) -> Vec<(Want, bool)> {
        let wants: Vec<_> = files.iter().map(|(want, _)| *want).collect();
        let checked = tokio::task::spawn_blocking(move || Self::good(files)).await;
        let good = checked.unwrap_or_default();
        let stored: HashSet<_> = match self.commit(&good).await {
            Ok(()) => good.iter().map(|(want, _)| *want).collect(),
            Err(error) => {
                tracing::error!(%error, "fetched files are not stored");
                HashSet::new()
            }
        };
        metrics::counter!(measures::SYNC_FILES).increment(stored.len() as u64);
        self.search.notify_one();
        self.eraser.wake();
        wants.into_iter().map(|want| (want, stored.contains(&want))).collect()
    }

    /// The files that may be kept here.
    fn good(mut files: Vec<(Want, RecordFile)>) -> Vec<(Want, RecordFile)> {
        files.retain(|(want, file)| match Self::check(file) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(index = %want.index, %error, "a fetched file is not stored");
                false
            }
        });
        files
    }

    async fn commit(&self, files: &[(Want, RecordFile)]) -> Result<(), FileError> {
        let mut batch = Batch::default();
        let mut wanted = Vec::with_capacity(files.len());
        for (want, file) in files {
            let version = pair(&want.index.to_key(), &want.digest.0);
            if self.files.kv.get(WANTS, &version)?.is_none() {
                // A newer version came meanwhile.
                continue;
            }
            wanted.push(file);
            DesensitizedStore::add_rows(&mut batch, &User::record(want.index), file.manifest())?;
            batch.delete(WANTS, &version);
            batch.put(UNSEARCHED, &version, b"");
        }
        let blobs = wanted.into_iter().flat_map(DesensitizedStore::blobs_of).collect();
        let written = self.files.blobs.put_all(blobs).await?;
        let _placing = self.files.blobs.place(written, &mut batch).await?;
        Ok(files::commit(&self.files.kv, batch).await?)
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
