//! An original goes to the one who asked for it, encrypted to that person.
//!
//! Whether it may go was decided by the contract when the request came on the ledger; a node on the
//! way sees only ciphertext.

use std::{
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::StatusCode};
use bytes::Bytes;
use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::{AuditCall, Decision, Parts, REQUEST_MS, Request, request};
use emrshare_identity::EnvelopeAddress;
use emrshare_ledger::StateError;
use emrshare_record::Excerpt;
use futures_util::stream;
use tokio::{runtime::Handle, sync::mpsc};

use crate::{calls, clock, measures, node::Shared, originals::OriginalError, peers::AskError};

/// Pieces of ciphertext, of some 64 KiB, that wait to be sent.
const WAITING_MAX: usize = 16;
/// How long a holder waits for the block with a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// An original is not handed out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    #[error("there is no such request on the ledger, or it is someone else's")]
    NoRequest,
    #[error("the request was refused: {}", .0.name())]
    Refused(Decision),
    #[error("the request is older than an hour: ask again")]
    Expired,
    #[error("the original is destroyed")]
    Destroyed,
    #[error(
        "node {0}, which alone has the original, has left or is suspended, and does not hand it out"
    )]
    Gone(NodeId),
    #[error("the node that has the original does not answer")]
    Unreachable(#[source] AskError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Original(#[from] OriginalError),
}

/// A request that was allowed, not too long ago.
pub(crate) fn open_request(shared: &Shared, id: Digest) -> Result<Request, DeliverError> {
    let asked = request(&shared.chain.state(), id)?.ok_or(DeliverError::NoRequest)?;
    if !asked.decision.is_allowed() {
        return Err(DeliverError::Refused(asked.decision));
    }
    if clock::now_ms().saturating_sub(asked.time_ms) > REQUEST_MS {
        return Err(DeliverError::Expired);
    }
    Ok(asked)
}

/// The same at the holder, which may not have the block yet that the one who asked has seen.
pub(crate) async fn open_request_soon(
    shared: &Shared,
    id: Digest,
) -> Result<Request, DeliverError> {
    let mut tip = shared.chain.watch_tip();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match open_request(shared, id) {
            Err(DeliverError::NoRequest) => {}
            decided => return decided,
        }
        if !matches!(tokio::time::timeout_at(deadline, tip.changed()).await, Ok(Ok(()))) {
            return Err(DeliverError::NoRequest);
        }
    }
}

/// The encrypted original: from this node's store, or from the node that has it.
pub(crate) async fn fetch(
    shared: &Arc<Shared>,
    id: Digest,
    asked: &Request,
) -> Result<Body, DeliverError> {
    if asked.holder == shared.me {
        return hand_out(shared, id, asked).await;
    }
    let answer = shared.peers.original(asked.holder, id).await.map_err(as_told);
    let answer = answer.map_err(|error| match error {
        DeliverError::Unreachable(_) if !shared.chain.members().is_active(asked.holder) => {
            DeliverError::Gone(asked.holder)
        }
        error => error,
    })?;
    Ok(Body::from_stream(answer.bytes_stream()))
}

/// What a holder's refusal means.
fn as_told(error: AskError) -> DeliverError {
    match error.status() {
        Some(StatusCode::NOT_FOUND) => DeliverError::Destroyed,
        Some(StatusCode::GONE) => DeliverError::Expired,
        _ => DeliverError::Unreachable(error),
    }
}

/// Encrypts an original of this node as it is sent, and signs that it was handed out.
pub(crate) async fn hand_out(
    shared: &Arc<Shared>,
    id: Digest,
    asked: &Request,
) -> Result<Body, DeliverError> {
    let original = shared.originals.open(asked.original)?.ok_or(DeliverError::Destroyed)?;
    if !asked.delivered {
        let (mut stopping, logging) = (shared.stopping.clone(), log_delivery(shared.clone(), id));
        tokio::spawn(async move {
            // A node that stops does not wait for a block.
            tokio::select! {
                () = logging => {}
                _ = stopping.changed() => {}
            }
        });
    }
    metrics::counter!(measures::ORIGINALS_READ).increment(1);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (handle, asked) = (Handle::current(), *asked);
    let originals = shared.originals.clone();
    tokio::task::spawn_blocking(move || {
        let sealed = original
            .read(&originals, &handle)
            .map_err(io::Error::other)
            .and_then(|reader| seal(reader, &asked, Pieces(sender.clone())));
        if let Err(error) = sealed {
            tracing::warn!(%error, "an original was not handed out whole");
            // The connection is broken off, so that the receiver notices too.
            let _ = sender.blocking_send(Err(error));
        }
    });
    Ok(Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    })))
}

async fn log_delivery(shared: Arc<Shared>, request: Digest) {
    if let Err(error) = calls::call(&shared, AuditCall::Delivered { request }).await {
        // Another download of the same request may have been first.
        tracing::warn!(%error, "a delivery is not on the ledger");
    }
}

/// Encrypts the parts of an original that were asked for.
fn seal(mut original: impl Read, asked: &Request, output: impl Write) -> io::Result<()> {
    let address = EnvelopeAddress(asked.recipient.0);
    let mut writer = address.seal(output).map_err(io::Error::other)?;
    match asked.parts {
        Parts::Everything => drop(io::copy(&mut original, &mut writer)?),
        parts => Excerpt::copy(&mut original, &mut writer, |part| parts.include(part))?,
    }
    writer.finish()?;
    Ok(())
}

/// Sends what is written, piece by piece; waits while the receiver is slow.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
