//! The ledger, to be read.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use emrshare_ledger::{Block, Item};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError};

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

/// The founding document: what receipts are verified against.
#[utoipa::path(get, path = "/api/v1/genesis", security(("bearer" = [])),
    responses((status = 200, content_type = "application/json")))]
pub(super) async fn genesis(State(shared): Api, _: Caller) -> Response {
    let document = shared.genesis.as_bytes().to_vec();
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}
