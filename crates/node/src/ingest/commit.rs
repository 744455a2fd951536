//! Step 6: pack, sign, consensus.
//!
//! One task takes all orders that wait, gives new records the next serials, makes their files and
//! the outbox durable with one commit, signs one submission and waits until it is final. The next
//! batch forms meanwhile, so under load batches grow by themselves. A node has one submission under
//! way at a time: serials and sequences stay in order without any locking.
//!
//! A submission that turns out invalid (another node was faster with the same original) is packed
//! again without the entries at fault, under a higher sequence: the old one can never be valid
//! again. After a crash the outbox is packed again, while the submission of before the crash may still
//! become final in its place, with other serials: what the ledger says of an order counts, not what
//! was packed last.

use std::{collections::HashSet, sync::Arc, time::Duration};

use emrshare_codec::{Digest, Entry, Kind, NodeId, RecordIndex, Serial};
use emrshare_contracts::{AgreedRights, is_active, is_agreed, terms_in_force};
use emrshare_ledger::{StateError, StateRead, Status, Submission, SubmissionDraft};
use emrshare_storage::{Batch, Kv, Written};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    IngestError, Refusal,
    outbox::{self, Order},
    store::{Parcel, discard, store},
};
use crate::{
    chain::NodeChain,
    clock,
    files::{self, DesensitizedStore, FileError, User},
    history::versions,
    measures,
    originals::OriginalStore,
    peers::Forward,
    view::FinalState,
};

/// Entries in one submission: far below the limit, so that several nodes' fit one block.
const ENTRIES_MAX: usize = 2048;
const QUEUE: usize = 4096;
const REPEAT: Duration = Duration::from_secs(1);

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
    /// Nobody waits for what a crash left in the outbox.
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
        self.settle_left(tickets).await?;
        self.refuse_faulty(tickets).await?;
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
                let heights = draft.entries.iter().map(|entry| self.height_of(entry));
                let heights = heights.collect::<Result<Vec<_>, _>>()?;
                // Else it is an earlier submission that used this sequence.
                if let Some(heights) = heights.into_iter().collect::<Option<Vec<_>>>() {
                    self.answer_all(tickets, &draft.entries, &heights).await?;
                }
                return Ok(());
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
        entries.iter().for_each(|entry| outbox::put(&mut batch, entry));
        let parcels = tickets.iter_mut().map(|ticket| std::mem::take(&mut ticket.parcel));
        Ok(store(&self.originals, &self.files, parcels.collect(), batch).await?)
    }

    /// Entries with the next serials for new records.
    fn entries(&self, tickets: &[Ticket], next: Serial) -> Result<Vec<Entry>, PackError> {
        let mut next = Some(next);
        let mut entry = |ticket: &Ticket| {
            let index = match ticket.order.index {
                Some(index) => index,
                None => {
                    let serial = next.ok_or(PackError::SerialsUsedUp)?;
                    next = serial.next();
                    RecordIndex::new(self.me, serial)
                }
            };
            Ok(ticket.order.entry(self.me, index))
        };
        tickets.iter().map(&mut entry).collect()
    }

    /// Answers and removes tickets that break a chain rule against the final state.
    async fn refuse_faulty(&self, tickets: &mut Vec<Ticket>) -> Result<(), PackError> {
        let (mut claimed, mut batch) = (HashSet::new(), Batch::default());
        let (mut kept, mut left) = (Vec::with_capacity(tickets.len()), Vec::new());
        for ticket in tickets.drain(..) {
            let fault = self.chain.at_rest(|state| self.fault(state, &ticket.order, &mut claimed));
            match fault? {
                Some(error) => {
                    ticket.order.remove(&mut batch);
                    if ticket.answer.is_none() {
                        left.push(ticket.order);
                    }
                    ticket.answer(Err(error));
                }
                None => kept.push(ticket),
            }
        }
        *tickets = kept;
        for order in left {
            discard(&self.chain, &self.originals, &self.files, &order).await;
        }
        Ok(files::commit(&self.kv, batch).await?)
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
        let current = record.is_some_and(|record| match order.kind {
            Kind::Update if !order.is_anew => true,
            Kind::Update => record.original == order.original && record.acting == self.me,
            _ => record.original == order.original,
        });
        if !current {
            return Ok(Some(IngestError::NotFound(index)));
        }
        let is_mine = index.origin() == self.me;
        let may_act = is_mine || order.kind == Kind::Update && may_update(state, index, self.me)?;
        Ok((!may_act).then_some(IngestError::NotAgreed { index }))
    }

    /// The height of the block that has this very entry, if it is on the ledger.
    fn height_of(&self, entry: &Entry) -> Result<Option<u64>, StateError> {
        let versions = versions(&*self.kv, entry.index())?;
        Ok(versions.iter().rfind(|version| version.entry == *entry).map(|version| version.height))
    }

    /// Makes the files those of their records, clears the outbox and answers.
    async fn answer_all(
        &self,
        tickets: &mut Vec<Ticket>,
        entries: &[Entry],
        heights: &[u64],
    ) -> Result<(), PackError> {
        let placed = tickets.iter().zip(entries);
        self.hand_over(placed.map(|(ticket, entry)| (ticket.order, entry.index()))).await?;
        let in_force = Some(terms_in_force(&self.chain.state())?.terms.policy);
        let copies = tickets.iter().filter(|ticket| ticket.order.kind != Kind::Delete);
        if copies.into_iter().any(|ticket| ticket.order.policy != in_force) {
            self.outdated.notify_one();
        }
        for (ticket, (entry, height)) in tickets.drain(..).zip(entries.iter().zip(heights)) {
            let (original, desensitized) = (entry.original(), entry.desensitized());
            let (index, height) = (entry.index(), *height);
            ticket.answer(Ok(Committed { index, height, original, desensitized }));
        }
        metrics::counter!(measures::INGEST_COMMITTED).increment(entries.len() as u64);
        Ok(())
    }

    /// What a crash left in the outbox.
    fn left_in_outbox(&self) -> Result<Vec<Ticket>, PackError> {
        let orders = outbox::orders(&*self.kv, &self.chain.state())?;
        let ticket = |order| Ticket { order, parcel: Parcel::default(), answer: None };
        Ok(orders.into_iter().map(ticket).collect())
    }

    /// Takes out what a crash left and what is on the ledger by now.
    async fn settle_left(&self, tickets: &mut Vec<Ticket>) -> Result<(), PackError> {
        let standing = |ticket: &Ticket| match ticket.answer {
            None => self.chain.at_rest(|state| self.standing(state, &ticket.order)),
            Some(_) => Ok(None),
        };
        let settled = tickets.iter().map(standing).collect::<Result<Vec<_>, _>>()?;
        if settled.iter().all(Option::is_none) {
            return Ok(());
        }
        let placed = tickets.iter().zip(&settled);
        let placed = placed.filter_map(|(ticket, index)| Some((ticket.order, (*index)?)));
        self.hand_over(placed).await?;
        let mut settled = settled.into_iter();
        tickets.retain(|_| settled.next().flatten().is_none());
        Ok(())
    }

    /// The record that an order became, or changed, if it is on the ledger.
    fn standing(
        &self,
        state: &FinalState,
        order: &Order,
    ) -> Result<Option<RecordIndex>, StateError> {
        let index = match order.index {
            Some(index) => Some(index),
            None => state.record_of_original(order.original)?,
        };
        let Some(index) = index else { return Ok(None) };
        Ok(self.height_of(&order.entry(self.me, index))?.map(|_| index))
    }

    /// Makes the files of orders those of the records that they became, and clears the outbox.
    async fn hand_over(
        &self,
        placed: impl Iterator<Item = (Order, RecordIndex)>,
    ) -> Result<(), PackError> {
        let (state, mut batch, mut ended) = (self.chain.state(), Batch::default(), Vec::new());
        // Removals wait: what is removed of a record that ends now does not come back.
        let placing = self.files.blobs.place(Written::default(), &mut batch).await?;
        for (order, index) in placed {
            let user = User::order(order.original);
            let record = state.record(index)?;
            if order.kind == Kind::Delete {
                order.remove(&mut batch);
            } else if record.is_some_and(|record| record.status == Status::Active) {
                order.remove(&mut batch);
                let record = User::record(index);
                DesensitizedStore::hand_over(&mut batch, order.desensitized, &user, &record);
            } else {
                ended.push((order, user));
            }
        }
        files::commit(&self.kv, batch).await?;
        drop(placing);
        let mut batch = Batch::default();
        for (order, user) in ended {
            self.files.remove(order.desensitized, &user).await?;
            order.remove(&mut batch);
        }
        Ok(files::commit(&self.kv, batch).await?)
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
    Files(#[from] FileError),
    #[error(transparent)]
    Submission(#[from] emrshare_ledger::DecodeError),
    #[error("the node stops; what lies in the outbox is carried on at the next start")]
    Stopping,
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

#[cfg(test)]
mod tests {
    use emrshare_consensus::Chain;
    use emrshare_identity::EnvelopeKey;
    use emrshare_record::RecordFile;
    use emrshare_sample::{Generator, Tongue};
    use emrshare_storage::{Blobs, MemoryKv};

    use super::*;
    use crate::{
        config::Config,
        files::Damaged,
        setup,
        tables::{DESENSITIZED_BLOBS, ORIGINAL_BLOBS},
    };

    fn config(folder: &std::path::Path) -> Config {
        let any = "127.0.0.1:9".parse().unwrap();
        let founder = setup::Institution {
            institution: "Test hospital".into(),
            api: any,
            consensus: any,
            hosts: Vec::new(),
            store: emrshare_storage::Engine::default(),
        };
        let homes = setup::found(folder, "test", &[founder]).unwrap();
        Config::load(&homes[0].join("node.toml")).unwrap()
    }

    fn chain_on(kv: Arc<dyn Kv>, config: &Config) -> Arc<NodeChain> {
        let (tasks, _) = mpsc::unbounded_channel();
        let keys = config.keys.clone();
        let chain = NodeChain::open(kv, &config.genesis, config.node, keys, Vec::new(), tasks);
        Arc::new(chain.unwrap())
    }

    /// Two new records, which the outbox has in the other order, and their copies.
    fn orders() -> Vec<(Order, RecordFile)> {
        let samples = Generator::new(1, Tongue::English).take(2);
        let copies = samples.map(|sample| {
            let (record, _) = super::super::acquire::acquire(sample.into_source(), None).unwrap();
            RecordFile::desensitized(&record)
        });
        let order = |(copy, original): (RecordFile, u8)| {
            let (original, desensitized) = (Digest([original; 32]), copy.manifest().digest());
            let (kind, policy) = (Kind::Add, Some(Digest([0; 32])));
            let (index, is_anew) = (None, false);
            (Order { kind, index, original, desensitized, policy, is_anew }, copy)
        };
        copies.zip([9, 1]).map(order).collect()
    }

    /// The same number of a submission was used before a crash and after it, for other serials.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_on_its_way_before_a_crash_counts_as_the_ledger_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("home"));
        let kv: Arc<dyn Kv> = Arc::new(MemoryKv::default());
        let blobs = async |name: &str, tables| {
            Blobs::in_folder(folder.path().join(name), kv.clone(), tables).await.unwrap()
        };
        let original_blobs = blobs("originals", ORIGINAL_BLOBS).await;
        let key = EnvelopeKey::from_bytes(&[7; 32]);
        let originals = Arc::new(OriginalStore::new(kv.clone(), original_blobs, key));
        let (damaged, _found) = Damaged::channel();
        let blobs = blobs("desensitized", DESENSITIZED_BLOBS).await;
        let files = DesensitizedStore { kv: kv.clone(), blobs, damaged };

        let chain = chain_on(kv.clone(), &config);
        let mut placed = Vec::new();
        let (mut batch, mut parcels) = (Batch::default(), Vec::new());
        for (serial, (order, copy)) in orders().into_iter().enumerate() {
            let index = RecordIndex::new(config.node, Serial::from(serial as u64));
            outbox::put(&mut batch, &order.entry(config.node, index));
            parcels.push(Parcel::of_copy(order.original, &copy, Digest([0; 32])).unwrap());
            placed.push((order, index));
        }
        store(&originals, &files, parcels, batch).await.unwrap();
        let entries = placed.iter().map(|(order, index)| order.entry(config.node, *index));
        let draft = SubmissionDraft { entries: entries.collect(), sequence: 1 };
        let sent = draft.sign(chain.name(), &chain.signing_key()).unwrap();
        let elsewhere = chain_on(Arc::new(MemoryKv::default()), &config);
        elsewhere.offer(&sent).unwrap();
        let block = elsewhere.propose(&elsewhere.genesis(), clock::now_ms()).unwrap();

        let (forward, outdated) = (Forward::default(), Arc::default());
        Committer::start(chain.clone(), originals, files.clone(), forward, outdated);
        while !chain.has_work(chain.genesis().hash()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(chain.offer(&sent).is_ok(), "the node does not know the block yet");
        chain.finalized(&[block]).unwrap();
        while !outbox::orders(&*kv, &chain.state()).unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for (order, index) in placed {
            assert!(files.contains(order.desensitized, &User::record(index)).unwrap());
            assert!(!files.contains(order.desensitized, &User::order(order.original)).unwrap());
        }
    }
}
