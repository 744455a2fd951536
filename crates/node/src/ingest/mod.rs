//! The way of a record from a push to its receipt: acquire, judge, desensitize, store, commit.

pub(crate) mod acquire;
pub(crate) mod anew;
pub(crate) mod commit;
pub(crate) mod desensitize;
pub(crate) mod judge;
mod outbox;
pub(crate) mod refusal;
mod request;
pub(crate) mod store;

use std::sync::Arc;

use emrshare_codec::{Digest, Kind, RecordIndex};
use emrshare_completeness::Verdict;
use emrshare_desensitize::Report;
use emrshare_identity::ConsortiumKey;
use emrshare_ledger::{RecordState, StateError, StateRead, Status};
use emrshare_record::{ImportNote, Mapping, RecordFile, SourceFile};
use tokio::sync::Semaphore;

use crate::{
    chain::NodeChain,
    files::DesensitizedStore,
    history::versions,
    originals::OriginalStore,
    room::Room,
    terms::{InForce, Terms},
};
use commit::{Committed, Committer};
pub(crate) use outbox::Order;
pub(crate) use refusal::{IngestError, Refusal};
use request::Request;
use store::{Parcel, discard};

/// What a sender asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A new record.
    Add,
    /// A new version of a record of this node, or of one that an agreement lets it update.
    Update(RecordIndex),
}

/// What became of a record that was judged.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) notes: Vec<ImportNote>,
    pub(crate) report: Report,
    pub(crate) original: RecordFile,
    pub(crate) desensitized: RecordFile,
    /// The policy that the copy was made by.
    pub(crate) policy: Digest,
}

/// The pipeline of a node.
pub(crate) struct Ingest {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) originals: Arc<OriginalStore>,
    pub(crate) files: DesensitizedStore,
    pub(crate) terms: Arc<Terms>,
    pub(crate) key: Arc<ConsortiumKey>,
    /// How the JSON of the hospital's own system is read.
    pub(crate) mapping: Option<Mapping>,
    pub(crate) committer: Committer,
    pub(crate) room: Room,
    /// One place a core: judging and desensitizing are all computation.
    pub(crate) cores: Semaphore,
}

impl Ingest {
    /// Carries a record the whole way; answers when it is final on the ledger.
    ///
    /// `key` is the sender's for the request: sent again, it gives the same answer.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        files: Vec<SourceFile>,
        change: Change,
        key: Option<&[u8]>,
    ) -> Result<(Committed, Option<Judged>), IngestError> {
        let Some(key) = key.map(<[u8]>::to_vec) else {
            return self.carry_out(files, change, None).await;
        };
        let named = move |_: &Self, files: Vec<SourceFile>| {
            let request = Request::new(&key, change, &files);
            Ok((files, request))
        };
        let (files, request) = self.on_a_core(files, named).await?;
        if let Some(known) = self.answered(&request)? {
            return Ok((known, None));
        }
        match self.carry_out(files, change, Some(request)).await {
            // Sent twice at the same time, it is not the duplicate of itself.
            Err(error @ IngestError::Refused(_)) => match self.answered(&request)? {
                Some(known) => Ok((known, None)),
                None => Err(error),
            },
            done => done,
        }
    }

    async fn carry_out(
        self: &Arc<Self>,
        files: Vec<SourceFile>,
        change: Change,
        request: Option<Request>,
    ) -> Result<(Committed, Option<Judged>), IngestError> {
        if !self.chain.members().is_active(self.chain.me()) {
            return Err(IngestError::NotActive);
        }
        // Both files of the record are stored.
        let len: usize = files.iter().map(|file| file.bytes.len()).sum();
        let taken = self.room.take(2 * len as u64);
        let _taken = taken.ok_or_else(|| self.disk_full())?;
        let (judged, parcel) = self
            .on_a_core(files, move |this, files| {
                let judged = this.judge_files(files)?;
                let parcel = this.parcel(&judged, request)?;
                Ok((judged, parcel))
            })
            .await?;
        let (kind, index) = match change {
            Change::Add => (Kind::Add, None),
            Change::Update(index) => (Kind::Update, Some(index)),
        };
        let order = Order {
            kind,
            index,
            original: judged.original.manifest().digest(),
            desensitized: judged.desensitized.manifest().digest(),
            policy: Some(judged.policy),
            is_anew: false,
        };
        self.check_new(&order)?;
        match self.committer.commit(order, parcel).await {
            Ok(committed) => Ok((committed, Some(judged))),
            Err(error) => {
                discard(&self.chain, &self.originals, &self.files, &order).await;
                Err(error)
            }
        }
    }

    /// Whether records can be stored.
    pub(crate) fn check_room(&self) -> Result<(), IngestError> {
        self.room.is_left().then_some(()).ok_or_else(|| self.disk_full())
    }

    const fn disk_full(&self) -> IngestError {
        IngestError::DiskFull { reserve: self.room.reserve }
    }

    /// Ends a record.
    pub(crate) async fn delete(&self, index: RecordIndex) -> Result<Committed, IngestError> {
        let record = self.active(index)?;
        let order = Order {
            kind: Kind::Delete,
            index: Some(index),
            original: record.original,
            desensitized: record.desensitized,
            policy: None,
            is_anew: false,
        };
        self.committer.commit(order, Parcel::default()).await
    }

    /// Judges and desensitizes; nothing new is stored.
    pub(crate) async fn judge(
        self: &Arc<Self>,
        files: Vec<SourceFile>,
    ) -> Result<Judged, IngestError> {
        self.on_a_core(files, Self::judge_files).await
    }

    async fn on_a_core<I: Send + 'static, T: Send + 'static>(
        self: &Arc<Self>,
        input: I,
        work: impl FnOnce(&Self, I) -> Result<T, IngestError> + Send + 'static,
    ) -> Result<T, IngestError> {
        let _place = self.cores.acquire().await.map_err(IngestError::local)?;
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this, input)).await;
        done.map_err(IngestError::local)?
    }

    fn judge_files(&self, files: Vec<SourceFile>) -> Result<Judged, IngestError> {
        let (record, notes) = acquire::acquire(files, self.mapping.as_ref())?;
        let terms = self.terms_in_force()?;
        let verdict = judge::judge(&record, &terms)?;
        let original = RecordFile::original(&record, &self.key);
        if let Err(duplicate) = self.check_digest_is_new(original.manifest().digest()) {
            self.restore(&original)?;
            return Err(duplicate);
        }
        let (copy, report) = desensitize::desensitize(&terms.desensitizer, &record, &verdict)?;
        let desensitized = RecordFile::desensitized(&copy);
        let policy = terms.named.policy;
        Ok(Judged { verdict, notes, report, original, desensitized, policy })
    }

    fn terms_in_force(&self) -> Result<Arc<InForce>, IngestError> {
        self.terms.in_force(&self.chain.state()).map_err(IngestError::Terms)
    }

    /// Where a record stands that has not ended.
    fn active(&self, index: RecordIndex) -> Result<RecordState, IngestError> {
        let record = self.chain.state().record(index).map_err(IngestError::local)?;
        let active = record.filter(|record| record.status == Status::Active);
        active.ok_or(IngestError::NotFound(index))
    }

    /// Second matching: the original is on no block yet.
    pub(crate) fn check_digest_is_new(&self, original: Digest) -> Result<(), IngestError> {
        let state = self.chain.state();
        match state.record_of_original(original).map_err(IngestError::local)? {
            Some(existing) => Err(Refusal::duplicate(existing).into()),
            None => Ok(()),
        }
    }

    fn check_new(&self, order: &Order) -> Result<(), IngestError> {
        order.index.map_or(Ok(()), |index| self.active(index).map(drop))
    }

    /// The answer to a request that was carried out before.
    fn answered(&self, request: &Request) -> Result<Option<Committed>, IngestError> {
        let kv = &*self.files.kv;
        let Some(original) = request.original(kv)? else { return Ok(None) };
        let found = self.chain.at_rest(|state| {
            let index = state.record_of_original(original)?;
            index.map(|index| Ok((index, versions(kv, index)?))).transpose()
        });
        let Some((index, versions)) =
            found.map_err(|error: StateError| IngestError::local(error))?
        else {
            // What was refused before it was on the ledger is tried again.
            let is_under_way = outbox::brings(kv, original).map_err(IngestError::local)?;
            return if is_under_way { Err(IngestError::UnderWay) } else { Ok(None) };
        };
        let first = versions.iter().find(|version| version.entry.original() == original);
        let own = first.filter(|version| version.entry.operation().acting() == self.chain.me());
        let Some(own) = own else { return Err(Refusal::duplicate(index).into()) };
        let (height, desensitized) = (own.height, own.entry.desensitized());
        Ok(Some(Committed { index, height, original, desensitized }))
    }
}
