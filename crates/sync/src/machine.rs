//! The state machine of fetching.

use std::collections::{BTreeMap, HashMap};

use emrshare_codec::{Digest, NodeId, RecordIndex};

/// A file that this node needs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Want {
    /// The record.
    pub index: RecordIndex,
    /// Digest of the desensitized file's manifest, from the ledger.
    pub digest: Digest,
    /// The node that made this version and surely has it; this node, if it has lost its own.
    pub acting: NodeId,
    /// Height of the block that named it.
    pub height: u64,
}

/// What a peer answered for one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It handed out a file whose manifest has this digest and whose chunks fit the manifest.
    File(Digest),
    /// It handed out something that does not fit together.
    Damaged,
    /// It does not have the file.
    Missing,
    /// It did not answer.
    Unreachable,
    /// It ended its answer before this file, to keep answers small: ask again.
    Later,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Input {
    /// Blocks name files that this node needs.
    Wanted(Vec<Want>),
    /// A record has ended or changed: its file is not needed any more.
    Dropped(RecordIndex),
    /// A peer answered a [`Effect::Fetch`].
    Received {
        /// The peer.
        peer: NodeId,
        /// Its answer for each want of the fetch.
        outcomes: Vec<(Want, Outcome)>,
    },
    /// A file is durable.
    Stored(Want),
    /// A file could not be stored: local trouble, to be tried again.
    NotStored(Want),
    /// A file may not be stored. It is the same whoever hands it out, so nobody is asked again.
    Refused(Want),
    /// Time has passed.
    Tick,
}

/// What the shell must do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Ask a peer for files and answer with [`Input::Received`].
    Fetch {
        /// The peer.
        peer: NodeId,
        /// The files.
        wants: Vec<Want>,
    },
    /// Store the file that was received under the want's index and answer with
    /// [`Input::Stored`], [`Input::NotStored`] or [`Input::Refused`].
    Store(Want),
    /// A peer handed out a wrong file: worth a log line and a metric.
    Misbehaved {
        /// The peer.
        peer: NodeId,
        /// How often it has done so.
        count: u64,
    },
}

/// Limits of the machine.
#[derive(Clone, Copy, Debug)]
pub struct SyncConfig {
    /// Files in one fetch.
    pub batch_max: usize,
    /// Fetches under way at one peer.
    pub fetches_per_peer: usize,
    /// Delay after the first failure of a file, in milliseconds; doubles with each.
    pub backoff_min_ms: u64,
    /// Longest delay in milliseconds.
    pub backoff_max_ms: u64,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self { batch_max: 64, fetches_per_peer: 2, backoff_min_ms: 100, backoff_max_ms: 30_000 }
    }
}

#[derive(Debug)]
struct Pending {
    want: Want,
    state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Waiting { until_ms: u64 },
    Fetching,
    Storing,
}

/// The machine of one node.
#[derive(Debug)]
pub struct Sync {
    config: SyncConfig,
    me: NodeId,
    members: Vec<NodeId>,
    pending: BTreeMap<(u64, RecordIndex), Pending>,
    heights: HashMap<RecordIndex, u64>,
    in_flight: HashMap<NodeId, usize>,
    misbehaved: HashMap<NodeId, u64>,
    paused: bool,
}

impl Sync {
    /// A machine that wants nothing yet.
    #[must_use]
    pub fn new(config: SyncConfig, me: NodeId, members: impl IntoIterator<Item = NodeId>) -> Self {
        let mut sync = Self {
            config,
            me,
            members: Vec::new(),
            pending: BTreeMap::new(),
            heights: HashMap::new(),
            in_flight: HashMap::new(),
            misbehaved: HashMap::new(),
            paused: false,
        };
        sync.set_members(members);
        sync
    }

    /// Says who holds files from now on.
    pub fn set_members(&mut self, members: impl IntoIterator<Item = NodeId>) {
        self.members = members.into_iter().filter(|member| *member != self.me).collect();
        self.members.sort();
    }

    /// While it is paused, the machine asks for no files; what is under way is still stored.
    pub const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Files that are wanted and not stored yet.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.pending.len()
    }

    /// Takes in what happened and says what to do. `now_ms` is any clock that does not go back.
    pub fn step(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Wanted(wants) => wants.into_iter().for_each(|want| self.want(want)),
            Input::Dropped(index) => self.forget(index),
            Input::Received { peer, outcomes } => {
                if let Some(count) = self.in_flight.get_mut(&peer) {
                    *count = count.saturating_sub(1);
                }
                for (want, outcome) in outcomes {
                    self.received(now_ms, peer, want, outcome, &mut effects);
                }
            }
            Input::Stored(want) | Input::Refused(want) => {
                if self.is_storing(&want) {
                    self.forget(want.index);
                }
            }
            Input::NotStored(want) => {
                if self.is_storing(&want) {
                    self.fail(now_ms, &want);
                }
            }
            Input::Tick => {}
        }
        if !self.paused {
            self.fetch(now_ms, &mut effects);
        }
        effects
    }

    fn want(&mut self, want: Want) {
        let newer = self.heights.get(&want.index).is_some_and(|height| *height > want.height);
        if newer {
            return;
        }
        self.forget(want.index);
        self.heights.insert(want.index, want.height);
        let state = State::Waiting { until_ms: 0 };
        self.pending.insert((want.height, want.index), Pending { want, state, failures: 0 });
    }

    fn forget(&mut self, index: RecordIndex) {
        if let Some(height) = self.heights.remove(&index) {
            self.pending.remove(&(height, index));
        }
    }

    /// The pending file, if it is still this version that is wanted.
    fn current(&mut self, want: &Want) -> Option<&mut Pending> {
        self.pending.get_mut(&(want.height, want.index)).filter(|pending| pending.want == *want)
    }

    /// Whether a file is on its way to the store: if it is wanted anew, what an earlier store did
    /// says nothing.
    fn is_storing(&mut self, want: &Want) -> bool {
        self.current(want).is_some_and(|pending| pending.state == State::Storing)
    }

    fn received(
        &mut self,
        now_ms: u64,
        peer: NodeId,
        want: Want,
        outcome: Outcome,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.current(&want) else { return };
        if pending.state != State::Fetching {
            return;
        }
        match outcome {
            Outcome::File(digest) if digest == want.digest => {
                pending.state = State::Storing;
                effects.push(Effect::Store(want));
            }
            Outcome::File(_) | Outcome::Damaged => {
                let count = self.misbehaved.entry(peer).or_default();
                *count += 1;
                effects.push(Effect::Misbehaved { peer, count: *count });
                self.fail(now_ms, &want);
            }
            Outcome::Missing | Outcome::Unreachable => self.fail(now_ms, &want),
            Outcome::Later => pending.state = State::Waiting { until_ms: now_ms },
        }
    }

    fn fail(&mut self, now_ms: u64, want: &Want) {
        let SyncConfig { backoff_min_ms, backoff_max_ms, .. } = self.config;
        if let Some(pending) = self.current(want) {
            let factor = 1u64 << pending.failures.min(20);
            let delay = backoff_min_ms.saturating_mul(factor).min(backoff_max_ms);
            pending.failures = pending.failures.saturating_add(1);
            pending.state = State::Waiting { until_ms: now_ms.saturating_add(delay) };
        }
    }

    /// Asks peers with free places for the oldest files that are due.
    fn fetch(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        let mut batches: BTreeMap<NodeId, Vec<Want>> = BTreeMap::new();
        let mut places: HashMap<NodeId, usize> = HashMap::new();
        for member in &self.members {
            let busy = self.in_flight.get(member).copied().unwrap_or(0);
            let free = self.config.fetches_per_peer.saturating_sub(busy);
            places.insert(*member, free * self.config.batch_max);
        }
        let mut open: usize = places.values().sum();
        for pending in self.pending.values_mut() {
            if open == 0 {
                break;
            }
            let due = matches!(pending.state, State::Waiting { until_ms } if until_ms <= now_ms);
            let Some(peer) = due.then(|| holder(&self.members, pending)).flatten() else {
                continue;
            };
            if let Some(free) = places.get_mut(&peer).filter(|free| **free > 0) {
                *free -= 1;
                open -= 1;
                pending.state = State::Fetching;
                batches.entry(peer).or_default().push(pending.want);
            }
        }
        for (peer, wants) in batches {
            for wants in wants.chunks(self.config.batch_max) {
                *self.in_flight.entry(peer).or_default() += 1;
                effects.push(Effect::Fetch { peer, wants: wants.to_vec() });
            }
        }
    }
}

/// Whom to ask: first the node that made the version, after failures the others in turn.
fn holder(members: &[NodeId], pending: &Pending) -> Option<NodeId> {
    let first = members.iter().position(|member| *member == pending.want.acting).unwrap_or(0);
    members.get((first + pending.failures as usize) % members.len().max(1)).copied()
}
