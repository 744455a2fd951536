//! What this node asks other nodes for, over TLS with its certificate.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use emrshare_codec::{Digest, NodeId};
use emrshare_consensus::Engine;
use emrshare_identity::NodeCertificate;
use emrshare_record::{Manifest, RecordFile};
use emrshare_sync::{Outcome, Want};
use futures_util::{Stream, StreamExt};
use reqwest::{StatusCode, header::DATE, tls::TlsInfo};
use tokio::sync::{OnceCell, watch};

use crate::members::{Known, Members, Standing};

/// Most bytes of one file in an answer: originals are bounded far lower.
const FILE_LEN_MAX: usize = 256 * 1024 * 1024 + Manifest::LEN_MAX;
/// How long one file of an answer may take: who sends more slowly is taken for unreachable, and the file is
/// fetched elsewhere. The largest takes that long at 4 Mbit/s.
const FILE_TIME_MAX: Duration = Duration::from_secs(600);
/// What an answer begins a file with, or a place without one.
pub(crate) const PRESENT: u8 = 1;
pub(crate) const MISSING: u8 = 0;

/// Sends items to the other validators once the engine runs.
#[derive(Clone, Default)]
pub(crate) struct Forward(Arc<OnceCell<Arc<Engine>>>);

impl Forward {
    pub(crate) fn connect(&self, engine: Arc<Engine>) {
        // Set once, at the start of the node.
        let _ = self.0.set(engine);
    }

    pub(crate) fn send(&self, item: &[u8]) {
        if let Some(engine) = self.0.get() {
            engine.broadcast(item.to_vec());
        }
    }

    pub(crate) fn engine(&self) -> Option<Arc<Engine>> {
        self.0.get().cloned()
    }
}

/// The other members' APIs.
#[derive(Clone)]
pub(crate) struct Peers {
    client: reqwest::Client,
    members: watch::Receiver<Arc<Members>>,
}

impl Peers {
    pub(crate) fn new(
        tls: rustls::ClientConfig,
        members: watch::Receiver<Arc<Members>>,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .tls_info(true)
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(20))
            .build()?;
        Ok(Self { client, members })
    }

    /// Asks a peer for files; gives an outcome for each want, and the files that fit together.
    pub(crate) async fn fetch(
        &self,
        peer: NodeId,
        wants: &[Want],
    ) -> Vec<(Want, Outcome, Option<RecordFile>)> {
        let digests: Vec<_> = wants.iter().map(|want| want.digest).collect();
        let mut answers = match self.ask(peer, &digests).await {
            Ok(answer) => read_answer(answer, digests.len()).await,
            Err(error) => {
                tracing::debug!(peer = peer.get(), %error, "a peer cannot be reached");
                Vec::new()
            }
        };
        // What an answer leaves out comes later, but an empty answer is none.
        let rest = if answers.is_empty() { Outcome::Unreachable } else { Outcome::Later };
        answers.resize_with(wants.len(), || (rest, None));
        wants.iter().zip(answers).map(|(want, (outcome, file))| (*want, outcome, file)).collect()
    }

    /// Asks the origin of a record for the encrypted original that a request on the ledger is about.
    pub(crate) async fn original(
        &self,
        origin: NodeId,
        request: Digest,
    ) -> Result<reqwest::Response, AskError> {
        self.post(origin, "originals", request.0.to_vec()).await
    }

    /// A member's clock, in seconds since 1970, if it answers.
    pub(crate) async fn clock(&self, peer: NodeId) -> Option<i64> {
        let members = self.members.borrow().clone();
        let api = members.get(peer)?.card.api.trim_end_matches('/');
        let answer = self.client.get(format!("{api}/api/v1/health")).send().await.ok()?;
        let date = httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok()?;
        i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    }

    async fn ask(&self, peer: NodeId, digests: &[Digest]) -> Result<reqwest::Response, AskError> {
        self.post(peer, "files", digests.iter().flat_map(|digest| digest.0).collect()).await
    }

    async fn post(
        &self,
        peer: NodeId,
        what: &str,
        body: Vec<u8>,
    ) -> Result<reqwest::Response, AskError> {
        let members = self.members.borrow().clone();
        let stays = |known: &&Known| known.standing != Standing::Left;
        let known = members.get(peer).filter(stays).ok_or(AskError::NotMember)?;
        let api = known.card.api.trim_end_matches('/');
        let request = self.client.post(format!("{api}/peer/v1/{what}")).body(body);
        let answer = request.send().await?.error_for_status()?;
        let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let shown = shown.and_then(|der| NodeCertificate::from_verified_der(der).ok());
        // The certificate must be the one on the ledger, not just any that the authority signed.
        if shown.as_ref() == Some(&known.certificate) {
            Ok(answer)
        } else {
            Err(AskError::Impostor)
        }
    }
}

/// A peer gives no answer, or one that is not its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("the peer is no member")]
    NotMember,
    #[error("the peer's certificate is not the one on the ledger")]
    Impostor,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl AskError {
    /// The status of a peer's answer, if it gave one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Http(error) => error.status(),
            _ => None,
        }
    }
}

/// Reads files one after another as they come in: a byte, a length in four bytes, the file.
async fn read_answer(
    answer: reqwest::Response,
    count: usize,
) -> Vec<(Outcome, Option<RecordFile>)> {
    let (mut stream, mut buffer) = (answer.bytes_stream(), Vec::new());
    let mut answers = Vec::new();
    while answers.len() < count {
        let next = tokio::time::timeout(FILE_TIME_MAX, next_file(&mut stream, &mut buffer));
        match next.await {
            Ok(Some(Sent::File(bytes))) => answers.push(match RecordFile::from_bytes(&bytes) {
                Ok(file) => (Outcome::File(file.manifest().digest()), Some(file)),
                Err(_) => (Outcome::Damaged, None),
            }),
            Ok(Some(Sent::Missing)) => answers.push((Outcome::Missing, None)),
            Ok(Some(Sent::Malformed)) => {
                answers.push((Outcome::Damaged, None));
                break;
            }
            Ok(None) | Err(_) => break,
        }
    }
    answers
}

/// What a peer sends for one digest.
enum Sent {
    File(Vec<u8>),
    Missing,
    Malformed,
}

/// What the stream has for the next digest, as soon as that is whole; `None` if it ends before.
async fn next_file(
    stream: &mut (impl Stream<Item = reqwest::Result<Bytes>> + Unpin),
    buffer: &mut Vec<u8>,
) -> Option<Sent> {
    loop {
        if let Some(sent) = take_file(buffer) {
            return Some(sent);
        }
        buffer.extend_from_slice(&stream.next().await?.ok()?);
    }
}

/// Takes what a buffer begins with; `None` if more bytes are needed.
fn take_file(buffer: &mut Vec<u8>) -> Option<Sent> {
    match *buffer.first()? {
        MISSING => {
            buffer.remove(0);
            Some(Sent::Missing)
        }
        PRESENT => {
            let length = buffer.get(1..5)?;
            let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            if length > FILE_LEN_MAX {
                return Some(Sent::Malformed);
            }
            if buffer.len() < 5 + length {
                return None;
            }
            let rest = buffer.split_off(5 + length);
            Some(Sent::File(std::mem::replace(buffer, rest).split_off(5)))
        }
        _ => Some(Sent::Malformed),
    }
}
