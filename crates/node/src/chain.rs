//! The chain as this node keeps it: judges and proposes blocks, takes over final ones.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use emrshare_codec::{Digest, Entry, Kind, NodeId, RecordIndex};
use emrshare_consensus::{Chain, ChainError, Judgement, Peer};
use emrshare_contracts::{
    BlockContext, BlockError, Genesis, ItemError, active, apply_item, check_signature, close_block,
    concerns_members, epoch_of, execute, owners_changed,
};
use emrshare_identity::{PublicKey, SigningKey};
use emrshare_ledger::{
    Block, BlockBuilder, Changes, Header, Item, Overlay, StateError, StatePath, ValidatorSet, key,
    merkle, wire::Reader,
};
use emrshare_storage::{Batch, FilteredKv, Kv};
use emrshare_sync::{Task, Want, tasks};
use tokio::sync::{mpsc, watch};

use crate::{
    clock,
    files::User,
    history::Version,
    measures,
    members::Members,
    mempool::Mempool,
    node::copy_of,
    node_keys::NodeKeys,
    replicate::want_row,
    tables::{
        BLOCKS, ERASURES, FILES, KEYS_CHANGED, OWNERS_CHANGED, STATE, SUPERSEDED, TIP, UNSEARCHED,
        WANTS, pair,
    },
    view::{Executed, FinalState, Layers},
};

/// Largest block that this node proposes.
const BLOCK_LEN_MAX: usize = 1024 * 1024;

/// A node whose last block is older than this many milliseconds was away.
const AWAY_MS: u64 = 600_000;

/// The chain's application for the consensus engine.
pub(crate) struct NodeChain {
    kv: Arc<dyn Kv>,
    me: NodeId,
    keys: Arc<NodeKeys>,
    /// The one that the engine takes part with at the moment.
    engine_key: Mutex<PublicKey>,
    genesis: Block,
    authority: String,
    /// Whom to connect with while this node is no member or was away.
    introduced: Vec<Peer>,
    inner: Mutex<Inner>,
    /// Held for reading while items are executed, so that final blocks do not change the state
    /// under them; held for writing while final blocks go in.
    executing: RwLock<()>,
    tip: watch::Sender<Header>,
    /// Changes before `tip` does.
    members: watch::Sender<Arc<Members>>,
    peers: watch::Sender<Vec<Peer>>,
    tasks: mpsc::UnboundedSender<Vec<Task>>,
    work: Arc<tokio::sync::Notify>,
}

struct Inner {
    pending: HashMap<Digest, Arc<Executed>>,
    mempool: Mempool,
}

impl NodeChain {
    /// The chain as the store has it; a new store begins with genesis. `tasks` gets what final
    /// blocks ask this node to do, after the store has it.
    pub(crate) fn open(
        kv: Arc<dyn Kv>,
        genesis: &Genesis,
        me: NodeId,
        keys: Arc<NodeKeys>,
        introduced: Vec<Peer>,
        tasks: mpsc::UnboundedSender<Vec<Task>>,
    ) -> Result<Self, ChainError> {
        let block = genesis.block();
        let header = match kv.get(TIP, b"").map_err(failed)? {
            Some(bytes) => Header::read(&mut Reader::new(&bytes)).map_err(failed)?,
            None => {
                let mut batch = Batch::default();
                put_changes(&mut batch, &genesis.state());
                batch.put(BLOCKS, &0u64.to_be_bytes(), &block.hash().0);
                batch.put(TIP, b"", &block.header().to_bytes());
                kv.commit(batch).map_err(failed)?;
                *block.header()
            }
        };
        if header.chain != genesis.chain() {
            return Err(failed("the store belongs to another consortium's chain"));
        }
        // Of every original that comes in it is asked whether it is there, and nearly none is.
        let kv: Arc<dyn Kv> =
            Arc::new(FilteredKv::open(kv, STATE, key::ORIGINALS).map_err(failed)?);
        let inner = Inner { pending: HashMap::new(), mempool: Mempool::default() };
        let authority = genesis.authority().to_owned();
        let members = Members::read(&FinalState(kv.clone()), &authority).map_err(failed)?;
        let chain = Self {
            kv,
            me,
            engine_key: Mutex::new(keys.first().public_key()),
            keys,
            genesis: block,
            authority,
            introduced,
            inner: Mutex::new(inner),
            executing: RwLock::new(()),
            tip: watch::Sender::new(header),
            members: watch::Sender::new(Arc::new(members)),
            peers: watch::Sender::new(Vec::new()),
            tasks,
            work: Arc::new(tokio::sync::Notify::new()),
        };
        chain.connect();
        Ok(chain)
    }

    /// Who belongs to the consortium now.
    pub(crate) fn members(&self) -> Arc<Members> {
        self.members.borrow().clone()
    }

    /// Who belongs to the consortium, and how that goes on.
    pub(crate) fn watch_members(&self) -> watch::Receiver<Arc<Members>> {
        self.members.subscribe()
    }

    /// Whom the engine is to connect with, and how that goes on.
    pub(crate) fn watch_peers(&self) -> watch::Receiver<Vec<Peer>> {
        self.peers.subscribe()
    }

    /// Says whom to connect with in the epoch of the next block. Who is no member, or was away for long,
    /// may know keys that nobody has any more: it is introduced.
    fn connect(&self) {
        let tip = *self.tip.borrow();
        let (members, epoch) = (self.members(), epoch_of(tip.height + 1));
        let engine_key = *self.engine_key.lock().unwrap_or_else(PoisonError::into_inner);
        let mut peers = members.peers(epoch, self.me, engine_key);
        let was_away = clock::now_ms().saturating_sub(tip.time_ms) > AWAY_MS;
        if was_away || !members.is_active(self.me) {
            let is_new = |peer: &&Peer| peers.iter().all(|known| known.key != peer.key);
            let new: Vec<_> = self.introduced.iter().filter(is_new).copied().collect();
            peers.extend(new);
        }
        self.peers.send_if_modified(|before| {
            let changed = *before != peers;
            *before = peers;
            changed
        });
    }

    /// The state after the last final block.
    pub(crate) fn state(&self) -> FinalState {
        FinalState(self.kv.clone())
    }

    /// Reads several things of the final state while no block goes in: a large block's changes
    /// become visible piece by piece.
    pub(crate) fn at_rest<T>(&self, read: impl FnOnce(&FinalState) -> T) -> T {
        let _executing = self.executing.read().unwrap_or_else(PoisonError::into_inner);
        read(&self.state())
    }

    /// What the final state holds under a key, and the block after which it does.
    pub(crate) fn find(&self, key: Vec<u8>) -> Result<(StatePath, u64), StateError> {
        self.at_rest(|state| Ok((StatePath::find(state, key)?, self.tip.borrow().height)))
    }

    /// The leaves of the tree that the header at `height` commits to; `None` if there is no such
    /// final block.
    pub(crate) fn history(&self, height: u64) -> Result<Option<Vec<Digest>>, StateError> {
        let count = usize::try_from(height).unwrap_or(usize::MAX);
        if height > self.tip.borrow().height {
            return Ok(None);
        }
        let rows = self.kv.range(BLOCKS, b"", b"", count);
        let rows = rows.map_err(|error| StateError { reason: error.to_string() })?;
        Ok(Some(rows.iter().map(|(_, hash)| merkle::leaf_hash(hash)).collect()))
    }

    /// The header of the last final block, and how it goes on.
    pub(crate) fn watch_tip(&self) -> watch::Receiver<Header> {
        self.tip.subscribe()
    }

    /// Tells when an item came in.
    pub(crate) fn work(&self) -> Arc<tokio::sync::Notify> {
        self.work.clone()
    }

    /// This node.
    pub(crate) const fn me(&self) -> NodeId {
        self.me
    }

    /// The key that the ledger names for this node; the folder's own while the ledger names none.
    pub(crate) fn signing_key(&self) -> Arc<SigningKey> {
        let members = self.members();
        let named = members.get(self.me).map(|known| known.certificate.consensus_key);
        named.and_then(|key| self.keys.holder(key)).unwrap_or_else(|| self.keys.first())
    }

    /// Whether this node has the private half of a key.
    pub(crate) fn has_key(&self, key: PublicKey) -> bool {
        self.keys.holder(key).is_some()
    }

    /// The chain's name.
    pub(crate) fn name(&self) -> Digest {
        self.genesis.header().chain
    }

    /// Judges an item against the final state and keeps it for a block.
    pub(crate) fn offer(&self, bytes: &[u8]) -> Result<(), OfferError> {
        let item = Item::from_bytes(bytes)?;
        let executing = self.executing.read().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        let tip = *self.tip.borrow();
        let time_ms = clock::now_ms().max(tip.time_ms);
        let context = BlockContext { chain: self.name(), height: tip.height + 1, time_ms };
        apply_item(&mut Overlay::new(&state), context, &item, false)?;
        drop(executing);
        self.lock().mempool.insert(bytes, &item);
        self.work.notify_one();
        Ok(())
    }

    /// Keeps another node's item if its signature verifies. Whether it is valid is judged when a
    /// block is proposed: this node may lag behind the one that sent it.
    fn keep(&self, bytes: &[u8]) -> Result<(), OfferError> {
        let item = Item::from_bytes(bytes)?;
        check_signature(&self.state(), self.name(), &item)?;
        self.lock().mempool.insert(bytes, &item);
        self.work.notify_one();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The blocks between the final one and `hash`, oldest first; `None` if they are not known.
    fn pending_to(&self, inner: &Inner, hash: Digest) -> Option<Vec<Arc<Executed>>> {
        let tip = self.tip.borrow().hash();
        let mut blocks = Vec::new();
        let mut next = hash;
        while next != tip {
            let block = inner.pending.get(&next)?;
            next = block.header.previous;
            blocks.push(block.clone());
        }
        blocks.reverse();
        Some(blocks)
    }

    /// Executes a block on top of known ones and keeps the result.
    fn execute(&self, block: &Block) -> Result<Result<Arc<Executed>, BlockError>, ChainError> {
        let _executing = self.executing.read().unwrap_or_else(PoisonError::into_inner);
        let (base, layers, parent, checked) = {
            let inner = self.lock();
            let previous = block.header().previous;
            let layers = self
                .pending_to(&inner, previous)
                .ok_or_else(|| failed("the parent of a block is not known"))?;
            let parent = layers.last().map_or_else(|| *self.tip.borrow(), |parent| parent.header);
            let checked: Vec<_> = block.items().map(|item| inner.mempool.holds(&item)).collect();
            (self.state(), layers, parent, checked)
        };
        let state = Layers { base: &base, blocks: layers };
        let position = std::cell::Cell::new(0);
        let verified = |_: &Item<'_>| {
            let number = position.replace(position.get() + 1);
            checked.get(number).copied().unwrap_or(false)
        };
        match execute(&state, &parent, block, verified) {
            Ok(changes) => {
                let executed = Arc::new(Executed { header: *block.header(), changes });
                self.lock().pending.insert(block.hash(), executed.clone());
                Ok(Ok(executed))
            }
            Err(error) if error.is_local() => Err(failed(error)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Everything that a final block changes in the store.
    fn record(
        &self,
        batch: &mut Batch,
        block: &Block,
        changes: &Changes,
        asked: &mut Vec<Task>,
    ) -> Result<(), ChainError> {
        let header = block.header();
        put_changes(batch, changes);
        batch.put(BLOCKS, &header.height.to_be_bytes(), &block.hash().0);
        self.record_readers(batch, header.height, changes);
        for (position, (entry, task)) in tasks(block, self.me).into_iter().enumerate() {
            let key = entry.index().to_key();
            // A block holds fewer than 2^32 entries.
            Version { height: header.height, entry }.add_row(batch, position as u32);
            let kind = entry.operation().kind();
            if kind != Kind::Add {
                self.forget_older(batch, entry.index(), asked)?;
            }
            if kind == Kind::Update && entry.operation().acting() == self.me {
                batch.put(OWNERS_CHANGED, &pair(&header.height.to_be_bytes(), &key), b"");
            }
            let is_anew = kind == Kind::Update && self.is_known(&entry)?;
            let version = pair(&key, &entry.desensitized().0);
            let task = match task {
                None if !self.has_made(&entry)? => {
                    Some(Task::Fetch(self.lost(&entry, header.height)))
                }
                task => task,
            };
            if is_anew {
                batch.put(SUPERSEDED, &version, b"");
            }
            match task {
                Some(Task::Fetch(_)) if is_anew && self.has_copy(&entry)? => continue,
                Some(Task::Fetch(want)) => {
                    let (key, value) = want_row(&want);
                    batch.put(WANTS, &key, &value);
                }
                Some(Task::Erase { .. }) => batch.put(ERASURES, &key, b""),
                None => batch.put(UNSEARCHED, &version, b""),
            }
            asked.extend(task);
        }
        Ok(())
    }

    /// Whose originals at rest a block gives other readers.
    fn record_readers(&self, batch: &mut Batch, height: u64, changes: &Changes) {
        let (linked, persons) = owners_changed(changes);
        for index in linked.iter().filter(|index| index.origin() == self.me) {
            batch.put(OWNERS_CHANGED, &pair(&height.to_be_bytes(), &index.to_key()), b"");
        }
        for person in persons {
            batch.put(KEYS_CHANGED, &pair(&height.to_be_bytes(), &person.0), b"");
        }
    }

    /// Older versions of a record, of the store or of the same batch, are not fetched any more.
    fn forget_older(
        &self,
        batch: &mut Batch,
        index: RecordIndex,
        asked: &mut Vec<Task>,
    ) -> Result<(), ChainError> {
        let older = self.kv.range(WANTS, &index.to_key(), b"", usize::MAX).map_err(failed)?;
        older.iter().for_each(|(row, _)| batch.delete(WANTS, row));
        asked.retain(|task| match task {
            Task::Fetch(want) if want.index == index => {
                batch.delete(WANTS, &pair(&index.to_key(), &want.digest.0));
                false
            }
            _ => true,
        });
        Ok(())
    }

    /// Whether the original of an entry was on the ledger before.
    fn is_known(&self, entry: &Entry) -> Result<bool, ChainError> {
        let known = self.kv.get(STATE, &key::original(entry.original())).map_err(failed)?;
        Ok(known.is_some())
    }

    /// Whether a copy is here that was made anew and came out as it was.
    fn has_copy(&self, entry: &Entry) -> Result<bool, ChainError> {
        let file = User::record(entry.index()).row(entry.desensitized());
        Ok(self.kv.get(FILES, &file).map_err(failed)?.is_some())
    }

    /// Whether a copy is here that this node has made itself: a store of an older day, from a backup, does
    /// not have it.
    fn has_made(&self, entry: &Entry) -> Result<bool, ChainError> {
        let file = User::order(entry.original()).row(entry.desensitized());
        Ok(self.kv.get(FILES, &file).map_err(failed)?.is_some() || self.has_copy(entry)?)
    }

    /// What this node has made and has no more: others have it.
    fn lost(&self, entry: &Entry, height: u64) -> Want {
        let (index, digest) = (entry.index(), entry.desensitized());
        Want { index, digest, acting: self.me, height }
    }
}

impl Chain for NodeChain {
    fn genesis(&self) -> Block {
        self.genesis.clone()
    }

    fn tip(&self) -> Header {
        *self.tip.borrow()
    }

    fn validators(&self, epoch: u64) -> Option<ValidatorSet> {
        let known = epoch_of(self.tip.borrow().height + 1);
        (epoch <= known).then(|| self.members().validators(epoch).cloned()).flatten()
    }

    /// The key that the ledger names. One that takes another's place in the middle of an epoch waits for
    /// its end; after a restart before that, only if the validators cannot do without the old one:
    /// others, who have gone on, may not know that any more.
    fn key(&self, epoch: u64) -> SigningKey {
        let newest = self.signing_key();
        let members = self.members();
        let seat = members.validators(epoch).and_then(|set| {
            let seat = set.members().iter().find(|seat| seat.node == self.me)?;
            (set.members().len() - 1 < set.quorum()).then_some(seat.key)
        });
        let held = seat.and_then(|key| self.keys.holder(key));
        let key = held.unwrap_or(newest);
        *self.engine_key.lock().unwrap_or_else(PoisonError::into_inner) = key.public_key();
        self.connect();
        copy_of(&key)
    }

    fn knows(&self, block: Digest) -> bool {
        self.pending_to(&self.lock(), block).is_some()
    }

    fn judge(&self, block: &Block) -> Result<Judgement, ChainError> {
        match self.execute(block)? {
            Ok(_) => Ok(Judgement::Valid),
            Err(error) => {
                let height = block.header().height;
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(height, %error, cause, "a proposed block is refused");
                Ok(Judgement::Invalid)
            }
        }
    }

    fn has_work(&self, parent: Digest) -> bool {
        let inner = self.lock();
        let Some(blocks) = self.pending_to(&inner, parent) else { return false };
        let base = self.state();
        let parent = blocks.last().map_or_else(|| *self.tip.borrow(), |block| block.header);
        let state = Layers { base: &base, blocks };
        // Nobody waits for heartbeats until an epoch ends.
        inner.mempool.has_news(&state).unwrap_or(false) || awaits_epoch(&state, &parent)
    }

    fn propose(&self, parent: &Block, now_ms: u64) -> Result<Block, ChainError> {
        let _executing = self.executing.read().unwrap_or_else(PoisonError::into_inner);
        let (blocks, items) = {
            let inner = self.lock();
            let blocks = self
                .pending_to(&inner, parent.hash())
                .ok_or_else(|| failed("the parent of a proposal is not known"))?;
            (blocks, inner.mempool.items())
        };
        let base = self.state();
        let is_final = blocks.is_empty();
        let state = Layers { base: &base, blocks };
        let header = parent.header();
        let (chain, height) = (header.chain, header.height + 1);
        // As the builder will have it.
        let time_ms = now_ms.max(header.time_ms);
        let context = BlockContext { chain, height, time_ms };
        let mut overlay = Overlay::new(&state);
        let mut builder = BlockBuilder::new(BLOCK_LEN_MAX);
        for bytes in items.iter().filter(|bytes| bytes.len() <= BLOCK_LEN_MAX) {
            if !builder.fits(bytes.len()) {
                continue;
            }
            let item = Item::from_bytes(bytes).map_err(failed)?;
            let mut attempt = Overlay::new(&overlay);
            match apply_item(&mut attempt, context, &item, true) {
                Ok(()) => {
                    let changes = attempt.into_changes();
                    overlay.absorb(changes);
                    builder.push(bytes).map_err(failed)?;
                }
                Err(error) if error.is_local() => return Err(failed(error)),
                // An item that is ahead of this block will be valid later. Any other will not be on
                // top of final state: its node sends another.
                Err(error) if is_final && !error.is_ahead() => self.lock().mempool.remove(&item),
                Err(_) => {}
            }
        }
        let closing = close_block(&mut overlay, header).map_err(failed)?;
        let (changes, state_root) = overlay.seal().map_err(failed)?;
        builder.name_validators(closing.next_validators_root);
        let block = builder.build(header, now_ms, closing.history_root, state_root);
        let executed = Executed { header: *block.header(), changes };
        self.lock().pending.insert(block.hash(), Arc::new(executed));
        Ok(block)
    }

    fn finalized(&self, blocks: &[Block]) -> Result<(), ChainError> {
        let mut batch = Batch::default();
        let mut asked = Vec::new();
        let before = self.tip.borrow().height;
        let (mut last, mut members_change) = (None, false);
        for block in blocks.iter().filter(|block| block.header().height > before) {
            let known = self.lock().pending.get(&block.hash()).cloned();
            let executed = match known {
                Some(executed) => executed,
                None => self.execute(block)?.map_err(failed)?,
            };
            self.record(&mut batch, block, &executed.changes, &mut asked)?;
            members_change |= concerns_members(&executed.changes);
            last = Some(*block.header());
            let count = u64::from(block.header().entries);
            metrics::counter!(measures::LEDGER_ENTRIES).increment(count);
        }
        let Some(tip) = last else { return Ok(()) };
        batch.put(TIP, b"", &tip.to_bytes());
        let executing = self.executing.write().unwrap_or_else(PoisonError::into_inner);
        self.kv.commit(batch).map_err(failed)?;
        if members_change {
            let members = Members::read(&self.state(), &self.authority).map_err(failed)?;
            self.members.send_replace(Arc::new(members));
        }
        let mut inner = self.lock();
        self.tip.send_replace(tip);
        drop(executing);
        inner.pending.retain(|_, block| block.header.height > tip.height);
        for item in blocks.iter().flat_map(Block::items) {
            inner.mempool.remove(&item);
        }
        drop(inner);
        self.connect();
        let lag_ms = clock::now_ms().saturating_sub(tip.time_ms);
        metrics::gauge!(measures::LEDGER_HEIGHT).set(tip.height as f64);
        metrics::histogram!(measures::LEDGER_BLOCK_FINAL).record(lag_ms as f64);
        // The replicator is gone only while the node stops.
        let _ = self.tasks.send(asked);
        Ok(())
    }

    fn received(&self, item: &[u8]) {
        if let Err(error) = self.keep(item) {
            tracing::debug!(%error, "a forwarded item is not kept");
        }
    }
}

/// Why an item is not kept for a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// The bytes are malformed.
    #[error("malformed item: {0}")]
    Decode(#[from] emrshare_ledger::DecodeError),
    /// It is not valid now.
    #[error(transparent)]
    Item(#[from] ItemError),
}

/// Whether the validators are to change and an epoch must end for it.
fn awaits_epoch(state: &Layers<'_>, parent: &Header) -> bool {
    active(state).is_ok_and(|next| next.root() != parent.next_validators_root)
}

fn put_changes(batch: &mut Batch, changes: &Changes) {
    for (key, value) in &changes.0 {
        match value {
            Some(value) => batch.put(STATE, key, value),
            None => batch.delete(STATE, key),
        }
    }
}

fn failed(reason: impl ToString) -> ChainError {
    ChainError { reason: reason.to_string() }
}

impl From<ChainError> for OfferError {
    fn from(error: ChainError) -> Self {
        Self::Item(StateError { reason: error.reason }.into())
    }
}
