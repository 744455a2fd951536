//! Simplex, epoch after epoch: each with the validators that the last block of the one before names.

use std::time::Duration;

use commonware_consensus::{
    Automaton, CertifiableAutomaton, Relay, Reporter, Reporters,
    simplex::{
        self, ForwardPolicy, Plan, SkipBudget, SkipPolicy,
        elector::RoundRobin,
        types::{Activity, Context},
    },
    types::{Epoch, Epocher, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{
    Sha256, certificate::Scheme as _, ed25519::PublicKey, sha256::Digest,
};
use commonware_p2p::{
    Blocker, Message, Receiver, Sender,
    utils::mux::{Builder, MuxHandle, Muxer},
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Clock, Error, Handle, Metrics, Spawner, Storage, buffer::paged::CacheRef,
};
use commonware_utils::{NZDuration, NZUsize, SystemTimeExt as _, vec::NonEmptyVec};
use rand_core::CryptoRng;
use tokio::sync::mpsc;

use crate::{
    schemes::Scheme,
    stack::{Archive, Parts},
};

/// Leaders' timeouts that a node whose votes are lost follows before it votes: the others tell where they
/// are every four timeouts while nothing goes on.
const FOLLOWED_TIMEOUTS: u32 = 10;

/// What runs the epochs.
pub(crate) struct Epochs<B, P, A> {
    pub(crate) parts: Parts<B, P>,
    pub(crate) archive: Archive,
    pub(crate) automaton: A,
    pub(crate) epocher: FixedEpocher,
    pub(crate) genesis: Digest,
    pub(crate) cache: CacheRef,
}

/// Why the epochs end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The engine is stopped, network or chain ended, or an epoch cannot begin.
    Over,
    /// The chain names another key for this node.
    AnotherKey,
    /// This node, whose votes are lost, has followed in this epoch for long enough to vote.
    Followed(Epoch),
}

/// A channel that all epochs share, and what comes for epochs that are not there yet.
struct Shared<S: Sender> {
    epochs: MuxHandle<S>,
    later: mpsc::Receiver<(u64, Message<PublicKey>)>,
}

/// Keeps a shared channel running.
type Running<R> = Handle<Result<(), <R as Receiver>::Error>>;

impl<B, P, A> Epochs<B, P, A>
where
    B: Blocker<PublicKey = PublicKey>,
    A: CertifiableAutomaton<Context = Context<Digest, PublicKey>>
        + Automaton<Digest = Digest>
        + Relay<Digest = Digest, PublicKey = PublicKey, Plan = Plan<PublicKey>>
        + Reporter<Activity = Activity<Scheme, Digest>>,
{
    /// Runs until the network or the chain ends, or this node has another key. Channels: votes,
    /// certificates, resolver.
    pub(crate) async fn run<E, S, R>(mut self, context: E, channels: [(S, R); 3]) -> End
    where
        E: CryptoRng + Spawner + Metrics + Clock + Storage,
        S: Sender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        let [votes, certificates, fetch] = channels;
        let (mut votes, _votes) = share(context.child("votes"), votes);
        let (mut certificates, _certificates) = share(context.child("certificates"), certificates);
        let (mut fetch, _fetch) = share(context.child("resolver"), fetch);
        let (mut epoch, started_ms) = (self.current(), context.current().epoch_millis());
        loop {
            let follows = self.parts.restored.is_marked();
            let registered = (
                votes.epochs.register(epoch.get()).await,
                certificates.epochs.register(epoch.get()).await,
                fetch.epochs.register(epoch.get()).await,
            );
            let (Ok(votes_of_epoch), Ok(certificates_of_epoch), Ok(fetch_of_epoch)) = registered
            else {
                return End::Over;
            };
            let Some(config) = self.config(epoch, follows).await else {
                tracing::error!(epoch = epoch.get(), "an epoch cannot begin; restart the node");
                return End::Over;
            };
            let child = context.child("simplex").with_attribute("epoch", epoch);
            let running = simplex::Engine::new(child, config).start(
                votes_of_epoch,
                certificates_of_epoch,
                fetch_of_epoch,
            );
            let shared = [&mut votes, &mut certificates, &mut fetch];
            let ended = self.end_of(epoch, follows.then_some(&context), shared).await;
            running.abort();
            // It was told to end.
            let _ = running.await;
            if let Err(end) = ended {
                return end;
            }
            forget_votes(&context, epoch).await;
            // Nobody has voted in an epoch that was not there yet.
            let is_new = self.parts.delivered.borrow().time_ms > started_ms;
            if follows
                && is_new
                && let Err(error) = self.parts.restored.unmark()
            {
                tracing::error!(%error, "the consensus directory cannot be written to");
                return End::Over;
            }
            epoch = epoch.next();
            if self.has_another_key(epoch) {
                return End::AnotherKey;
            }
        }
    }

    /// The epoch of the block behind the last one that the chain has.
    fn current(&self) -> Epoch {
        let tip = self.parts.delivered.borrow().height;
        let next = self.epocher.containing(Height::new(tip.saturating_add(1)));
        next.expect("every height has an epoch").epoch()
    }

    fn has_another_key(&self, epoch: Epoch) -> bool {
        let key = self.parts.application.chain.key(epoch.get()).public_key();
        key.0.as_slice() != self.parts.me.as_ref()
    }

    /// Waits until the chain has the last block of an epoch, or everything ends before; with a clock
    /// only until this node has seen for long enough where the others are.
    ///
    /// Messages of a later epoch mean that this node lags: their senders are asked for the block.
    async fn end_of<S>(
        &mut self,
        epoch: Epoch,
        follows: Option<&impl Clock>,
        [votes, certificates, fetch]: [&mut Shared<S>; 3],
    ) -> Result<(), End>
    where
        S: Sender<PublicKey = PublicKey>,
    {
        let last = self.epocher.last(epoch).expect("every epoch ends");
        let to_follow = self.parts.leader_timeout * FOLLOWED_TIMEOUTS;
        let has_followed = || async {
            match follows {
                Some(clock) => clock.sleep(to_follow).await,
                None => std::future::pending().await,
            }
        };
        let followed = has_followed();
        tokio::pin!(followed);
        loop {
            if self.parts.delivered.borrow_and_update().height >= last.get() {
                return Ok(());
            }
            let later = tokio::select! {
                changed = self.parts.delivered.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Err(End::Over),
                },
                () = &mut followed => return Err(End::Followed(epoch)),
                message = votes.later.recv() => message,
                message = certificates.later.recv() => message,
                message = fetch.later.recv() => message,
            };
            let Some((of, (from, _))) = later else { return Err(End::Over) };
            if of > epoch.get() {
                followed.set(has_followed());
                self.archive.hint_finalized(last, NonEmptyVec::new(from));
            }
        }
    }

    /// What simplex needs to run an epoch; `None` if this node lacks the end of the one before.
    async fn config(
        &self,
        epoch: Epoch,
        follows: bool,
    ) -> Option<
        simplex::Config<
            Scheme,
            RoundRobin<Sha256>,
            B,
            Digest,
            A,
            A,
            Reporters<A, Misbehaviour>,
            Sequential,
        >,
    > {
        let root = match epoch.previous().and_then(|before| self.epocher.last(before)) {
            Some(height) => self.archive.get_info(height).await?.1,
            None => self.genesis,
        };
        let scheme = self.parts.schemes.of(epoch)?;
        let scheme = if follows {
            self.parts.schemes.without_votes(&scheme)
        } else {
            scheme.as_ref().clone()
        };
        let patience = self.parts.leader_timeout;
        let buffer_len = NZUsize!(1024 * 1024);
        Some(simplex::Config {
            partition: partition(epoch, scheme.me().is_some()),
            scheme,
            elector: RoundRobin::default(),
            blocker: self.parts.blocker.clone(),
            automaton: self.automaton.clone(),
            relay: self.automaton.clone(),
            reporter: Reporters::from((self.automaton.clone(), Misbehaviour)),
            track_historical_votes: false,
            strategy: Sequential,
            mailbox_size: NZUsize!(1024),
            epoch,
            floor: simplex::Floor::Genesis(root),
            replay_buffer: buffer_len,
            write_buffer: buffer_len,
            page_cache: self.cache.clone(),
            leader_timeout: patience,
            certification_timeout: patience * 2,
            timeout_retry: patience * 4,
            view_retention: ViewDelta::new(256),
            skip: SkipPolicy::Enabled { timeout: patience * 5, budget: SkipBudget::Participants },
            fetch_timeout: NZDuration!(Duration::from_secs(1)),
            fetch_retry_delay: Duration::from_millis(100),
            forward: ForwardPolicy::Disabled,
        })
    }
}

/// Where the votes of an epoch are kept: apart, if this node votes itself, since its own votes are not
/// replayed under a key that is no validator's.
pub(crate) fn partition(epoch: Epoch, voting: bool) -> String {
    let role = if voting { "voter" } else { "follower" };
    format!("simplex-{epoch}-{role}")
}

/// Removes the votes of an epoch that is over.
async fn forget_votes(storage: &impl Storage, epoch: Epoch) {
    for voting in [true, false] {
        match storage.remove(&partition(epoch, voting), None).await {
            Ok(()) | Err(Error::PartitionMissing(_)) => {}
            Err(error) => {
                let epoch = epoch.get();
                tracing::warn!(%error, epoch, "votes of an old epoch stay on disk");
            }
        }
    }
}

/// Lets epochs share a channel.
fn share<E, S, R>(context: E, (sender, receiver): (S, R)) -> (Shared<S>, Running<R>)
where
    E: Spawner,
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let (muxer, epochs, later) = Muxer::builder(context, sender, receiver).with_backup().build();
    (Shared { epochs, later }, muxer.start())
}

/// Logs votes that contradict each other: evidence against a validator.
#[derive(Clone)]
struct Misbehaviour;

impl commonware_consensus::Reporter for Misbehaviour {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> commonware_actor::Feedback {
        let what = match activity {
            Activity::ConflictingNotarize(_) => "two notarize votes in one view",
            Activity::ConflictingFinalize(_) => "two finalize votes in one view",
            Activity::NullifyFinalize(_) => "a nullify and a finalize vote in one view",
            _ => return commonware_actor::Feedback::Ok,
        };
        tracing::error!(what, "a validator misbehaves");
        commonware_actor::Feedback::Ok
    }
}
