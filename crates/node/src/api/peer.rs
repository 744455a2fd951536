//! What other members' nodes ask for.

use std::sync::Arc;

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use emrshare_codec::Digest;
use futures_util::stream;

use super::{Api, error::ApiError};
use crate::{
    deliver,
    members::Standing,
    node::Shared,
    peers::{MISSING, PRESENT},
    server::ShownCertificate,
};

/// Files in one request.
const FILES_MAX: usize = 64;
/// An answer ends after this many bytes; the rest is asked for again.
const ANSWER_LEN: usize = 8 * 1024 * 1024;

/// Hands out desensitized files by digest, one after another, to members only.
pub(super) async fn files(
    State(shared): Api,
    Extension(ShownCertificate(shown)): Extension<ShownCertificate>,
    body: Bytes,
) -> Result<Response, ApiError> {
    check_member(&shared, shown)?;
    let (digests, rest) = body.as_chunks::<32>();
    if digests.len() > FILES_MAX || !rest.is_empty() {
        return Err(ApiError::malformed(format!("up to {FILES_MAX} digests of 32 bytes")));
    }
    let digests: Vec<_> = digests.iter().map(|digest| Digest(*digest)).collect();
    let state = (shared, digests.into_iter(), 0);
    let answers = stream::unfold(state, |(shared, mut digests, sent)| async move {
        let digest = digests.next().filter(|_| sent < ANSWER_LEN)?;
        let answer = match shared.files.file(digest).await {
            Ok(Some(file)) => {
                let bytes = file.to_bytes();
                // Records are bounded far below 4 GiB.
                let length = (bytes.len() as u32).to_be_bytes();
                [&[PRESENT], length.as_slice(), &bytes].concat()
            }
            Ok(None) => vec![MISSING],
            Err(error) => {
                tracing::error!(%error, "a file cannot be handed out");
                vec![MISSING]
            }
        };
        let sent = sent + answer.len();
        Some((Ok::<_, std::io::Error>(answer), (shared, digests, sent)))
    });
    Ok(Body::from_stream(answers).into_response())
}

/// Hands out an original of this node that a request on the ledger is about, encrypted to the one
/// who asked, to a member that carries it there.
pub(super) async fn original(
    State(shared): Api,
    Extension(ShownCertificate(shown)): Extension<ShownCertificate>,
    body: Bytes,
) -> Result<Response, ApiError> {
    check_member(&shared, shown)?;
    let id = Digest(body.as_ref().try_into().map_err(ApiError::malformed)?);
    let asked = deliver::open_request_soon(&shared, id).await?;
    if asked.holder != shared.me {
        return Err(ApiError::not_found("the original is another node's"));
    }
    Ok(deliver::hand_out(&shared, id, &asked).await?.into_response())
}

/// The certificate must be the very one that the ledger names for its node, and the member must not
/// be suspended.
fn check_member(
    shared: &Arc<Shared>,
    shown: Option<emrshare_identity::NodeCertificate>,
) -> Result<(), ApiError> {
    let shown = shown.ok_or_else(|| ApiError::not_allowed("a node with a certificate"))?;
    match shared.chain.members().get(shown.node) {
        Some(known) if known.certificate == shown => match known.standing {
            Standing::Member => Ok(()),
            Standing::Suspended => Err(ApiError::not_allowed("a member that is not suspended")),
            Standing::Left => Err(ApiError::not_allowed("a member that has not left")),
        },
        _ => {
            tracing::warn!(node = shown.node.get(), "a certificate is not on the ledger");
            Err(ApiError::not_allowed("a member's node"))
        }
    }
}
