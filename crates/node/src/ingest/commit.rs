//! Step 6: pack, sign, consensus.
//!
//! One task takes all orders that wait, gives new records the next serials, makes their files and
//! the outbox durable with one commit, signs one submission and waits until it is final. The next
//! batch forms meanwhile, so under load batches grow by themselves. A node has one submission under
//! way at a time: serials and sequences stay in order without any locking.
//!
//! A submission that turns out invalid (another node was faster with the same original) is packed
//! again without the entries at fault, under a higher sequence: the old one can never be valid
//! again. After a crash the outbox is packed again; an order whose original is on the ledger under
//! an index of this node was committed before the crash.

use std::{collections::HashSet, sync::Arc, time::Duration};

use emrshare_codec::{
    DecodeError, Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};
use emrshare_contracts::{AgreedRights, is_active, is_agreed, terms_in_force};
use emrshare_ledger::{StateError, StateRead, Status, Submission, SubmissionDraft};
use emrshare_storage::{Batch, Kv};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    IngestError, Refusal,
    store::{Parcel, store},
};
use crate::{
    chain::NodeChain,
    clock,
    files::{self, DesensitizedStore, User},
    measures,
    originals::OriginalStore,
    peers::Forward,
    tables::OUTBOX,
    view::FinalState,
};

/// Entries in one submission: far below the limit, so that several nodes' fit one block.
const ENTRIES_MAX: usize = 2048;
const QUEUE: usize = 4096;
const REPEAT: Duration = Duration::from_secs(1);

/// What is to go on the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    /// The record; a new one gets its index when it is packed.
    pub(crate) index: Option<RecordIndex>,
    pub(crate) original: Digest,
    pub(crate) desensitized: Digest,
    /// The policy that made the copy; not known of what a crash left.
    pub(crate) policy: Option<Digest>,
    /// Whether the original is on the ledger and only its copy is new.
    pub(crate) is_anew: bool,
}

/// What is on the ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Committed {
    pub(crate) index: RecordIndex,
    pub(crate) height: u64,
    pub(crate) original: Digest,
    pub(crate) desensitized: Digest,
}

/// Hands orders to the one task that packs.
#[derive(Clone, Debug)]
pub(crate) struct Committer(mpsc::Sender<Ticket>);

struct Ticket {
    order: Order,
    parcel: Parcel,
    answer: Option<oneshot::Sender<Result<Committed, IngestError>>>,
}

impl Committer {
    /// Starts the task; orders that a crash left in the outbox are packed first.
    pub(crate) fn start(
        chain: Arc<NodeChain>,
        originals: Arc<OriginalStore>,
        files: DesensitizedStore,
        forward: Forward,
        outdated: Arc<Notify>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (me, kv) = (chain.me(), files.kv.clone());
        let packer =
            Packer { chain, originals, files, kv, me, forward, outdated, receiver, sequence: 0 };
        tokio::spawn(packer.run());
        Self(sender)
    }

    /// Waits until the task has ended, as it only does if it failed or the node stops.
    pub(crate) async fn ended(&self) {
        self.0.closed().await;
    }

    /// Puts an order, with its files, on the ledger; answers when it is final.
    pub(crate) async fn commit(
        &self,
        order: Order,
        parcel: Parcel,
    ) -> Result<Committed, IngestError> {
        let (answer, answered) = oneshot::channel();
        let ticket = Ticket { order, parcel, answer: Some(answer) };
        self.0.send(ticket).await.map_err(IngestError::local)?;
        answered.await.map_err(|_| IngestError::Local("the node stops".into()))?
    }
}

struct Packer {
    chain: Arc<NodeChain>,
    originals: Arc<OriginalStore>,
    files: DesensitizedStore,
    kv: Arc<dyn Kv>,
    me: NodeId,
    forward: Forward,
    /// Woken when a copy is on the ledger that the policy in force did not make.
    outdated: Arc<Notify>,
    receiver: mpsc::Receiver<Ticket>,
    sequence: u64,
}

impl Packer {
    async fn run(mut self) {
        match self.left_in_outbox() {
            Ok(tickets) if tickets.is_empty() => {}
            Ok(tickets) => {
                tracing::info!(orders = tickets.len(), "packing what was left in the outbox");
                for batch in batches(tickets) {
                    self.carry(batch).await;
                }
            }
            Err(error) => tracing::error!(%error, "the outbox cannot be read"),
        }
        let mut waiting = Vec::new();
        while self.receiver.recv_many(&mut waiting, ENTRIES_MAX).await > 0 {
            let batch = std::mem::take(&mut waiting);
            self.carry(batch).await;
        }
    }

    /// Carries a batch until every ticket is answered.
    async fn carry(&mut self, mut tickets: Vec<Ticket>) {
        let mut stored = false;
        while !tickets.is_empty() {
            if let Err(error) = self.attempt(&mut tickets, &mut stored).await {
                tracing::error!(%error, "a batch cannot be committed");
                tickets.drain(..).for_each(|ticket| ticket.answer(Err(IngestError::local(&error))));
            }
        }
    }

    /// Packs the batch once and waits; what is left in `tickets` is to be packed again.
    async fn attempt(
        &mut self,
        tickets: &mut Vec<Ticket>,
        stored: &mut bool,
    ) -> Result<(), PackError> {
        let mut tip = self.chain.watch_tip();
        self.refuse_faulty(tickets)?;
        if tickets.is_empty() {
            return Ok(());
        }
        let state = self.chain.state().node(self.me)?;
        let entries = self.entries(tickets, state.next_serial)?;
        if !*stored {
            self.store(tickets, &entries).await?;
            *stored = true;
        }
        self.sequence = self.sequence.max(state.sequence) + 1;
        let draft = SubmissionDraft { entries, sequence: self.sequence };
        let key = self.chain.signing_key();
        let submission = draft.sign(self.chain.name(), &key)?;
        loop {
            match self.chain.offer(&submission) {
                Ok(()) => self.forward.send(&submission),
                Err(error) => tracing::debug!(%error, "a submission is to be packed again"),
            }
            // A tip that does not move in time means that the submission may be lost: repeat it.
            let _ = tokio::time::timeout(REPEAT, tip.changed()).await;
            tip.mark_unchanged();
            let (done, faulty) = self.chain.at_rest(|state| {
                let done = state.node(self.me)?.sequence >= self.sequence;
                Ok::<_, PackError>((done, !done && self.has_faulty(state, tickets)?))
            })?;
            if done {
                return self.answer_all(tickets, &draft.entries).await;
            }
            // What the old key of this node has signed is not taken any more.
            let is_outdated = self.chain.signing_key().public_key() != key.public_key();
            if faulty || is_outdated {
                return Ok(());
            }
            if self.receiver.is_closed() {
                return Err(PackError::Stopping);
            }
        }
    }

    /// The files of the batch, their rows and the outbox become durable together.
    async fn store(&self, tickets: &mut [Ticket], entries: &[Entry]) -> Result<(), PackError> {
        let mut batch = Batch::default();
        for (ticket, entry) in tickets.iter().zip(entries) {
            batch.put(OUTBOX, &outbox_key(&ticket.order), &entry.to_bytes());
        }
        let parcels = tickets.iter_mut().map(|ticket| std::mem::take(&mut ticket.parcel));
        Ok(store(&self.originals, &self.files, parcels.collect(), batch).await?)
    }

    /// Entries with the next serials for new records.
    fn entries(&self, tickets: &[Ticket], next: Serial) -> Result<Vec<Entry>, PackError> {
        let mut next = Some(next);
        let mut entry = |ticket: &Ticket| {
            let Order { kind, index, original, desensitized, .. } = ticket.order;
            let index = match index {
                Some(index) => index,
                None => {
                    let serial = next.ok_or(PackError::SerialsUsedUp)?;
                    next = serial.next();
                    RecordIndex::new(self.me, serial)
                }
            };
            let operation = Operation::new(Marker::RECORD, kind, self.me);
            Ok(Entry::new(operation, index, original, desensitized))
        };
        tickets.iter().map(&mut entry).collect()
    }

    /// Answers and removes tickets that break a chain rule against the final state.
    fn refuse_faulty(&self, tickets: &mut Vec<Ticket>) -> Result<(), PackError> {
        let mut claimed = HashSet::new();
        let mut kept = Vec::with_capacity(tickets.len());
        let mut batch = Batch::default();
        for ticket in tickets.drain(..) {
            let fault = self.chain.at_rest(|state| self.fault(state, &ticket.order, &mut claimed));
            match fault? {
                Some(error) => {
                    batch.delete(OUTBOX, &outbox_key(&ticket.order));
                    ticket.answer(Err(error));
                }
                None => kept.push(ticket),
            }
        }
        *tickets = kept;
        self.kv.commit(batch)?;
        Ok(())
    }

    fn has_faulty(&self, state: &FinalState, tickets: &[Ticket]) -> Result<bool, PackError> {
        let mut claimed = HashSet::new();
        for ticket in tickets {
            if self.fault(state, &ticket.order, &mut claimed)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which rule an order breaks. Records that the batch touches are `claimed` by their first
    /// order: a second change of one record waits for the sender to send it again.
    fn fault(
        &self,
        state: &FinalState,
        order: &Order,
        claimed: &mut HashSet<Vec<u8>>,
    ) -> Result<Option<IngestError>, PackError> {
        if !is_active(state, self.me)? {
            return Ok(Some(IngestError::NotActive));
        }
        if order.kind != Kind::Delete {
            let existing = state.record_of_original(order.original)?;
            if let Some(existing) = existing.filter(|_| !order.is_anew) {
                return Ok(Some(Refusal::duplicate(existing).into()));
            }
            if !claimed.insert(order.original.0.to_vec()) {
                return Ok(Some(IngestError::UnderWay));
            }
        }
        let Some(index) = order.index else { return Ok(None) };
        if !claimed.insert(index.to_key().to_vec()) {
            return Ok(Some(IngestError::UnderWay));
        }
        let record = state.record(index)?.filter(|record| record.status == Status::Active);
        let is_change = order.kind == Kind::Update && !order.is_anew;
        let current = record.is_some_and(|record| is_change || record.original == order.original);
        if !current {
            return Ok(Some(IngestError::NotFound(index)));
        }
        let is_mine = index.origin() == self.me;
        let may_act = is_mine || order.kind == Kind::Update && may_update(state, index, self.me)?;
        Ok((!may_act).then_some(IngestError::NotAgreed { index }))
    }

    /// Makes the files those of their records, clears the outbox and answers.
    async fn answer_all(
        &self,
        tickets: &mut Vec<Ticket>,
        entries: &[Entry],
    ) -> Result<(), PackError> {
        let mut batch = Batch::default();
        for (ticket, entry) in tickets.iter().zip(entries) {
            batch.delete(OUTBOX, &outbox_key(&ticket.order));
            if ticket.order.kind != Kind::Delete {
                hand_over(&mut batch, entry);
            }
        }
        files::commit(&self.kv, batch).await?;
        let state = self.chain.state();
        let in_force = Some(terms_in_force(&state)?.terms.policy);
        let copies = tickets.iter().filter(|ticket| ticket.order.kind != Kind::Delete);
        if copies.into_iter().any(|ticket| ticket.order.policy != in_force) {
            self.outdated.notify_one();
        }
        for (ticket, entry) in tickets.drain(..).zip(entries) {
            let height = state.record(entry.index())?.map_or(0, |record| record.height);
            let (original, desensitized) = (entry.original(), entry.desensitized());
            let index = entry.index();
            ticket.answer(Ok(Committed { index, height, original, desensitized }));
        }
        metrics::counter!(measures::INGEST_COMMITTED).increment(entries.len() as u64);
        Ok(())
    }

    /// Orders of the outbox that are not on the ledger.
    fn left_in_outbox(&self) -> Result<Vec<Ticket>, PackError> {
        let state = self.chain.state();
        let mut tickets = Vec::new();
        let mut done = Batch::default();
        for (key, bytes) in self.kv.range(OUTBOX, b"", b"", usize::MAX)? {
            let bytes = bytes.as_slice().try_into().map_err(|_| PackError::Outbox)?;
            let entry = Entry::from_bytes(bytes)?;
            let kind = entry.operation().kind();
            let record = state.record(entry.index())?;
            let holder = state.record_of_original(entry.original())?;
            let is_anew = kind == Kind::Update
                && record.is_some_and(|record| record.original == entry.original());
            let on_ledger = match kind {
                Kind::Delete => record.is_none_or(|record| record.status == Status::Deleted),
                _ if is_anew => record.is_some_and(|r| r.desensitized == entry.desensitized()),
                _ => holder.is_some(),
            };
            if on_ledger {
                done.delete(OUTBOX, &key);
                let is_mine =
                    |index: &RecordIndex| *index == entry.index() || index.origin() == self.me;
                if let Some(index) = holder.filter(is_mine).filter(|_| kind != Kind::Delete) {
                    let operation = entry.operation();
                    let (original, desensitized) = (entry.original(), entry.desensitized());
                    hand_over(&mut done, &Entry::new(operation, index, original, desensitized));
                }
                continue;
            }
            let index = (kind != Kind::Add).then(|| entry.index());
            let (original, desensitized) = (entry.original(), entry.desensitized());
            let order = Order { kind, index, original, desensitized, policy: None, is_anew };
            tickets.push(Ticket { order, parcel: Parcel::default(), answer: None });
        }
        self.kv.commit(done)?;
        Ok(tickets)
    }
}

impl Ticket {
    fn answer(self, answer: Result<Committed, IngestError>) {
        if let Some(sender) = self.answer {
            // A sender that no longer waits finds the record by its idempotency key.
            let _ = sender.send(answer);
        }
    }
}

/// A batch cannot be packed: local trouble.
#[derive(Debug, thiserror::Error)]
enum PackError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Store(#[from] emrshare_storage::StoreError),
    #[error(transparent)]
    Blobs(#[from] emrshare_storage::BlobError),
    #[error(transparent)]
    Submission(#[from] emrshare_ledger::DecodeError),
    #[error("the node stops; what lies in the outbox is carried on at the next start")]
    Stopping,
    #[error("a row of the outbox is malformed")]
    Outbox,
    #[error("a row of the outbox is malformed")]
    Entry(#[from] DecodeError),
    #[error("all serials of this node are used up")]
    SerialsUsedUp,
}

/// Whether an agreement lets this node update a record of another, by this node's clock.
pub(crate) fn may_update(
    state: &FinalState,
    index: RecordIndex,
    me: NodeId,
) -> Result<bool, StateError> {
    is_agreed(state, index, me, AgreedRights::Update, clock::now_ms())
}

/// The file of an order becomes the file of its record.
fn hand_over(batch: &mut Batch, entry: &Entry) {
    let (order, record) = (User::order(entry.original()), User::record(entry.index()));
    DesensitizedStore::hand_over(batch, entry.desensitized(), &order, &record);
}

/// Orders are told apart by kind and original: at most one of each can be under way.
fn outbox_key(order: &Order) -> Vec<u8> {
    [&[order.kind as u8], order.original.0.as_slice()].concat()
}

fn batches(tickets: Vec<Ticket>) -> Vec<Vec<Ticket>> {
    let mut batches: Vec<Vec<Ticket>> = Vec::new();
    for ticket in tickets {
        match batches.last_mut().filter(|batch| batch.len() < ENTRIES_MAX) {
            Some(batch) => batch.push(ticket),
            None => batches.push(vec![ticket]),
        }
    }
    batches
}

const _: () = assert!(ENTRIES_MAX <= Submission::ENTRIES_MAX, "a batch fits a submission");
