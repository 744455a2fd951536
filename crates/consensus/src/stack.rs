//! The engine's parts, wired: dissemination, marshal with its archives, simplex in its epochs.

use std::{num::NonZeroU64, time::Duration};

use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{
        self,
        core::{Actor as Marshal, Mailbox},
        resolver::p2p as resolver,
        standard::{Inline, Standard},
    },
    simplex,
    types::{FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Digestible, certificate::Verifier, ed25519::PublicKey, sha256::Digest,
};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Metrics, Spawner, Storage, buffer::paged::CacheRef};
use commonware_storage::{archive::prunable, translator::EightCap};
use commonware_utils::{NZDuration, NZU16, NZU64, NZUsize};
use emrshare_ledger::{Header, ValidatorSet};
use rand_core::CryptoRng;
use tokio::sync::watch;

use crate::{
    application::ChainApplication,
    block::EngineBlock,
    delivery::GROUP_MAX,
    epochs::{End, Epochs},
    restored::Restored,
    schemes::{Scheme, Schemes},
};

pub(crate) type Archive = Mailbox<Scheme, Standard<EngineBlock>>;

/// What the stack needs beside the runtime and its channels.
pub(crate) struct Parts<B, P> {
    pub(crate) schemes: Schemes,
    pub(crate) me: PublicKey,
    pub(crate) blocker: B,
    pub(crate) peers: P,
    pub(crate) application: ChainApplication,
    /// The last header that the chain has taken over.
    pub(crate) delivered: watch::Receiver<Header>,
    pub(crate) restored: Restored,
    pub(crate) epoch_len: NonZeroU64,
    pub(crate) leader_timeout: Duration,
}

/// Largest message of the stack.
pub(crate) fn message_len_max() -> u32 {
    // A channel that several epochs share names the epoch in front of each message.
    const EPOCH_LEN_MAX: u32 = 10;
    let validators = ValidatorSet::LEN_MAX as u32;
    EPOCH_LEN_MAX
        + commonware_p2p::max_message_size(&[
            simplex::max_payload_size::<Scheme, Digest>(validators),
            marshal::max_payload_size::<Standard<EngineBlock>, Scheme>(validators, &()),
        ])
}

/// Starts all parts but simplex, which the returned future runs, epoch after epoch. Channels: votes,
/// certificates, resolver, broadcast, backfill.
pub(crate) async fn start<E, B, P, S, R>(
    context: E,
    parts: Parts<B, P>,
    [votes, certificates, fetch, broadcast, backfill]: [(S, R); 5],
) -> Result<(Archive, impl Future<Output = End>), String>
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
    let epocher = FixedEpocher::new(parts.epoch_len);

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
            provider: parts.schemes.clone(),
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
    let inline = Inline::new(
        context.child("inline"),
        parts.application.clone(),
        archive.clone(),
        epocher.clone(),
    );
    let handles = [
        buffer.start(broadcast),
        marshal.start(parts.application.clone(), buffer_mailbox, resolver),
    ];
    let epochs = Epochs {
        parts,
        archive: archive.clone(),
        automaton: inline,
        epocher,
        genesis: genesis_digest,
        cache,
    };
    let run = async move {
        let end = epochs.run(context, [votes, certificates, fetch]).await;
        drop(handles);
        end
    };
    Ok((archive, run))
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
