//! The ledger, to be read.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use emrshare_codec::Digest;
use emrshare_ledger::{Block, Item, key, merkle};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError};
use crate::{node::Shared, receipts};

#[derive(Serialize, ToSchema)]
pub(crate) struct BlockSummary {
    height: u64,
    hash: String,
    previous: String,
    /// Milliseconds since 1970.
    time_ms: u64,
    items: u32,
    entries: u32,
    state_root: String,
}

impl From<&Block> for BlockSummary {
    fn from(block: &Block) -> Self {
        let header = block.header();
        Self {
            height: header.height,
            hash: block.hash().to_string(),
            previous: header.previous.to_string(),
            time_ms: header.time_ms,
            items: header.items,
            entries: header.entries,
            state_root: header.state_root.to_string(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct BlocksQuery {
    /// Highest block to show; the last one if missing.
    before: Option<u64>,
    /// How many, up to 100.
    limit: Option<u64>,
}

/// Final blocks, newest first.
#[utoipa::path(get, path = "/api/v1/blocks", security(("bearer" = [])), params(BlocksQuery),
    responses((status = 200, body = Vec<BlockSummary>)))]
pub(super) async fn blocks(
    State(shared): Api,
    _: Caller,
    Query(query): Query<BlocksQuery>,
) -> Result<Json<Vec<BlockSummary>>, ApiError> {
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let tip = shared.chain.watch_tip().borrow().height;
    let first = query.before.unwrap_or(tip).min(tip);
    let limit = query.limit.unwrap_or(20).min(100);
    let mut blocks = Vec::new();
    for height in (first.saturating_sub(limit) + 1..=first).rev() {
        blocks.extend(engine.block(height).await.as_ref().map(BlockSummary::from));
    }
    Ok(Json(blocks))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BlockShown {
    #[serde(flatten)]
    summary: BlockSummary,
    /// The entries, 96 bytes each in hexadecimal.
    entry_bytes: Vec<String>,
    /// Signatures under the block; 0 if a later block's certificate stands for it.
    votes: usize,
}

/// One final block with its entries.
#[utoipa::path(get, path = "/api/v1/blocks/{height}", security(("bearer" = [])),
    responses((status = 200, body = BlockShown), (status = 404, body = ApiError)))]
pub(super) async fn block(
    State(shared): Api,
    _: Caller,
    Path(height): Path<u64>,
) -> Result<Json<BlockShown>, ApiError> {
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let block = engine.block(height).await;
    let block =
        block.ok_or_else(|| ApiError::not_found("there is no final block at this height"))?;
    let mut entry_bytes = Vec::new();
    for item in block.items() {
        if let Item::Submission(submission) = item {
            entry_bytes.extend(submission.entries().as_raw().iter().map(hex::encode));
        }
    }
    let votes = engine.certificate(height).await.map_or(0, |certificate| certificate.votes.len());
    Ok(Json(BlockShown { summary: BlockSummary::from(&block), entry_bytes, votes }))
}

/// A final header with its certificate, in bytes: `newest`, or the first one from a height on that
/// has a certificate of its own. What a light client follows.
#[utoipa::path(get, path = "/api/v1/headers/{height}", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 404, body = ApiError)))]
pub(super) async fn certified_header(
    State(shared): Api,
    _: Caller,
    Path(height): Path<String>,
) -> Result<Response, ApiError> {
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let certified = match height.as_str() {
        "newest" => {
            let tip = shared.chain.watch_tip().borrow().height;
            receipts::certified_until(&engine, tip).await
        }
        height => {
            let wrong = |_| ApiError::malformed("a height, or `newest`");
            receipts::certified_from(&engine, height.parse().map_err(wrong)?).await
        }
    };
    let certified = certified.ok_or_else(|| ApiError::not_found("no such header is final"))?;
    Ok(Body::from(certified.to_bytes()).into_response())
}

/// All changes of the validators since genesis, in bytes: with the founding document they tell whose
/// votes make a receipt's block final.
#[utoipa::path(get, path = "/api/v1/successions", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream")))]
pub(super) async fn successions(State(shared): Api, _: Caller) -> Result<Response, ApiError> {
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let successions = receipts::successions(&engine, &shared.chain.members()).await;
    let successions = successions.ok_or_else(|| ApiError::local("an epoch's end is missing"))?;
    Ok(Body::from(successions.to_bytes()).into_response())
}

/// Hashes that lead from one Merkle root to another.
#[derive(Serialize, ToSchema)]
pub(crate) struct HashPath {
    /// The hashes, from the leaves on.
    path: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct AncestorQuery {
    /// Height of the block.
    block: u64,
    /// Height of the later header.
    header: u64,
}

/// The path that shows that a block is part of the chain before a later header.
#[utoipa::path(get, path = "/api/v1/ancestor", security(("bearer" = [])), params(AncestorQuery),
    responses((status = 200, body = HashPath), (status = 404, body = ApiError)))]
pub(super) async fn ancestor(
    State(shared): Api,
    _: Caller,
    Query(query): Query<AncestorQuery>,
) -> Result<Json<HashPath>, ApiError> {
    let position = usize::try_from(query.block).unwrap_or(usize::MAX);
    prove(shared, query.header, move |leaves| merkle::prove(leaves, position)).await
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct ConsistencyQuery {
    /// Height of the earlier header.
    first: u64,
    /// Height of the later header.
    second: u64,
}

/// The path that shows that the chain before one header begins the chain before another.
#[utoipa::path(get, path = "/api/v1/consistency", security(("bearer" = [])),
    params(ConsistencyQuery),
    responses((status = 200, body = HashPath), (status = 404, body = ApiError)))]
pub(super) async fn consistency(
    State(shared): Api,
    _: Caller,
    Query(query): Query<ConsistencyQuery>,
) -> Result<Json<HashPath>, ApiError> {
    let first = usize::try_from(query.first).unwrap_or(usize::MAX);
    prove(shared, query.second, move |leaves| merkle::prove_consistency(leaves, first)).await
}

/// What the ledger holds of an original now, in bytes: which record has or had it, or that no block
/// holds it. Verifies offline.
#[utoipa::path(get, path = "/api/v1/proofs/originals/{digest}", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 404, body = ApiError)))]
pub(super) async fn original_proof(
    State(shared): Api,
    _: Caller,
    Path(digest): Path<String>,
) -> Result<Response, ApiError> {
    let wrong = |_| ApiError::malformed("a digest in 64 hexadecimal characters");
    prove_state(shared, key::original(digest.parse().map_err(wrong)?)).await
}

/// Where a record stands now, in bytes: its last version and whether it is deleted, or that there is
/// no such record. Verifies offline.
#[utoipa::path(get, path = "/api/v1/proofs/records/{index}", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 404, body = ApiError)))]
pub(super) async fn record_proof(
    State(shared): Api,
    _: Caller,
    Path(index): Path<String>,
) -> Result<Response, ApiError> {
    prove_state(shared, key::record(super::records::parse(&index)?)).await
}

async fn prove_state(shared: Arc<Shared>, key: Vec<u8>) -> Result<Response, ApiError> {
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let find = move || shared.chain.find(key).map_err(ApiError::local);
    let (found, height) = tokio::task::spawn_blocking(find).await.map_err(ApiError::local)??;
    let finality = receipts::finality(&engine, height).await;
    let finality = finality.ok_or_else(|| ApiError::not_found("the block is not certified yet"))?;
    Ok(Body::from(found.proven_by(finality).to_bytes()).into_response())
}

/// Reads all block hashes before a header: away from the threads that serve sockets.
async fn prove(
    shared: Arc<Shared>,
    height: u64,
    proof: impl FnOnce(&[Digest]) -> Option<Vec<Digest>> + Send + 'static,
) -> Result<Json<HashPath>, ApiError> {
    let read = move || {
        let leaves = shared.chain.history(height).map_err(ApiError::local)?;
        let path = leaves.and_then(|leaves| proof(&leaves));
        let path = path.ok_or_else(|| ApiError::not_found("there are no such final blocks"))?;
        Ok(Json(HashPath { path: path.iter().map(ToString::to_string).collect() }))
    };
    tokio::task::spawn_blocking(read).await.map_err(ApiError::local)?
}

/// The founding document: what receipts are verified against.
#[utoipa::path(get, path = "/api/v1/genesis", security(("bearer" = [])),
    responses((status = 200, content_type = "application/json")))]
pub(super) async fn genesis(State(shared): Api, _: Caller) -> Response {
    let document = shared.genesis.as_bytes().to_vec();
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}
