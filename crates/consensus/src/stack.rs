//! The engine's parts, wired: dissemination, marshal with its archives, simplex.

use std::time::Duration;

use commonware_broadcast::buffered;
use commonware_consensus::{
    Reporters,
    marshal::{
        self,
        core::{Actor as Marshal, Mailbox},
        resolver::p2p as resolver,
        standard::{Inline, Standard},
    },
    simplex::{self, ForwardPolicy, SkipBudget, SkipPolicy, elector::RoundRobin, types::Activity},
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Digestible, Sha256,
    certificate::{ConstantProvider, Verifier},
    ed25519::PublicKey,
    sha256::Digest,
};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Handle, Metrics, Spawner, Storage, buffer::paged::CacheRef};
use commonware_storage::{archive::prunable, translator::EightCap};
use commonware_utils::{NZDuration, NZU16, NZU64, NZUsize};
use rand_core::CryptoRng;

use crate::{application::ChainApplication, block::EngineBlock, delivery::GROUP_MAX};

pub(crate) type Scheme = simplex::scheme::ed25519::Scheme;
pub(crate) type Archive = Mailbox<Scheme, Standard<EngineBlock>>;

/// What the stack needs beside the runtime and its channels.
pub(crate) struct Parts<B, P> {
    pub(crate) scheme: Scheme,
    pub(crate) me: PublicKey,
    pub(crate) blocker: B,
    pub(crate) peers: P,
    pub(crate) application: ChainApplication,
    pub(crate) leader_timeout: Duration,
}

/// Largest message of the stack for `validators` members.
pub(crate) fn message_len_max(validators: u32) -> u32 {
    commonware_p2p::max_message_size(&[
        simplex::max_payload_size::<Scheme, Digest>(validators),
        marshal::max_payload_size::<Standard<EngineBlock>, Scheme>(validators, &()),
    ])
}

/// Starts all parts. Channels: votes, certificates, resolver, broadcast, backfill.
pub(crate) async fn start<E, B, P, S, R>(
    context: E,
    parts: Parts<B, P>,
    [votes, certificates, fetch, broadcast, backfill]: [(S, R); 5],
) -> Result<(Archive, Vec<Handle<()>>), String>
where
    E: CryptoRng + Spawner + Metrics + Clock + Storage,
    B: Blocker<PublicKey = PublicKey>,
    P: Provider<PublicKey = PublicKey>,
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let mailbox_size = NZUsize!(1024);
    let buffer_len = NZUsize!(1024 * 1024);
    let cache = CacheRef::new(NZU16!(4080), NZUsize!(2048));
    // One epoch for ever: the validators are those of genesis.
    let epocher = FixedEpocher::new(NZU64!(1_000_000_000_000));

    let (buffer, buffer_mailbox) = buffered::Engine::new(
        context.child("buffer"),
        buffered::Config {
            public_key: parts.me.clone(),
            mailbox_size,
            deque_size: 16,
            priority: true,
            codec_config: (),
            peer_provider: parts.peers.clone(),
            strategy: Sequential,
        },
    );
    let resolver = resolver::init(
        context.child("backfill"),
        resolver::Config {
            public_key: parts.me.clone(),
            peer_provider: parts.peers.clone(),
            blocker: parts.blocker.clone(),
            mailbox_size,
            fetch_timeout: NZDuration!(Duration::from_secs(2)),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        },
        backfill,
    );
    let certificate_archive = prunable::Archive::init(
        context.child("certificates"),
        archive("certificates", cache.clone(), Scheme::certificate_codec_config_unbounded()),
    );
    let certificate_archive = certificate_archive.await.map_err(|error| error.to_string())?;
    let block_archive =
        prunable::Archive::init(context.child("blocks"), archive("blocks", cache.clone(), ()));
    let block_archive = block_archive.await.map_err(|error| error.to_string())?;

    let genesis = EngineBlock(parts.application.chain.genesis());
    let genesis_digest = genesis.digest();
    let (marshal, archive, _) = Marshal::init(
        context.child("marshal"),
        certificate_archive,
        block_archive,
        marshal::Config {
            provider: ConstantProvider::<_, Epoch>::new(parts.scheme.clone()),
            epocher: epocher.clone(),
            start: marshal::Start::Genesis(Digested::precomputed(genesis, genesis_digest)),
            partition_prefix: "marshal".into(),
            mailbox_size,
            view_retention: ViewDelta::new(100),
            prunable_items_per_section: NZU64!(4096),
            page_cache: cache.clone(),
            replay_buffer: buffer_len,
            key_write_buffer: buffer_len,
            value_write_buffer: buffer_len,
            block_codec_config: (),
            max_repair: NZUsize!(20),
            max_pending_acks: NZUsize!(GROUP_MAX),
            strategy: Sequential,
        },
    )
    .await;
    let inline =
        Inline::new(context.child("inline"), parts.application.clone(), archive.clone(), epocher);
    let engine = simplex::Engine::new(
        context.child("simplex"),
        simplex::Config {
            scheme: parts.scheme,
            elector: RoundRobin::<Sha256>::default(),
            blocker: parts.blocker,
            automaton: inline.clone(),
            relay: inline.clone(),
            reporter: Reporters::from((inline, Misbehaviour)),
            track_historical_votes: false,
            strategy: Sequential,
            partition: "simplex".into(),
            mailbox_size,
            epoch: Epoch::zero(),
            floor: simplex::Floor::Genesis(genesis_digest),
            replay_buffer: buffer_len,
            write_buffer: buffer_len,
            page_cache: cache,
            leader_timeout: parts.leader_timeout,
            certification_timeout: parts.leader_timeout * 2,
            timeout_retry: parts.leader_timeout * 4,
            view_retention: ViewDelta::new(256),
            skip: SkipPolicy::Enabled {
                timeout: parts.leader_timeout * 5,
                budget: SkipBudget::Participants,
            },
            fetch_timeout: NZDuration!(Duration::from_secs(1)),
            fetch_retry_delay: Duration::from_millis(100),
            forward: ForwardPolicy::Disabled,
        },
    );
    let handles = vec![
        buffer.start(broadcast),
        marshal.start(parts.application, buffer_mailbox, resolver),
        engine.start(votes, certificates, fetch),
    ];
    Ok((archive, handles))
}

fn archive<C>(
    name: &str,
    key_page_cache: CacheRef,
    codec_config: C,
) -> prunable::Config<EightCap, C> {
    let buffer_len = NZUsize!(1024 * 1024);
    prunable::Config {
        translator: EightCap,
        metadata_partition: format!("{name}-metadata"),
        key_partition: format!("{name}-key"),
        key_page_cache,
        value_partition: format!("{name}-value"),
        compression: None,
        codec_config,
        items_per_section: NZU64!(4096),
        key_write_buffer: buffer_len,
        value_write_buffer: buffer_len,
        replay_buffer: buffer_len,
    }
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
