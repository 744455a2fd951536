//! Requests for originals: what was decided, and the file.

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use emrshare_codec::Digest;
use emrshare_contracts::{owner, party, request};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError};
use crate::{
    deliver::{self, DeliverError},
    node::Shared,
};

/// A request for an original.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestShown {
    index: String,
    /// Digest of the original's manifest.
    original: String,
    purpose: &'static str,
    /// `texts`, `images` or `everything`.
    parts: &'static str,
    /// Whether they are handed out.
    allowed: bool,
    /// Why, or why not.
    decision: &'static str,
    /// Milliseconds since 1970.
    time_ms: u64,
    /// Whether the origin signed that it handed the original out.
    delivered: bool,
}

/// What was decided about a request, for the one who asked, the patient and regulators.
#[utoipa::path(get, path = "/api/v1/requests/{transaction}", security(("bearer" = [])),
    responses((status = 200, body = RequestShown), (status = 404, body = ApiError)))]
pub(super) async fn show(
    State(shared): Api,
    caller: Caller,
    Path(transaction): Path<String>,
) -> Result<Json<RequestShown>, ApiError> {
    let id = transaction.parse().map_err(ApiError::malformed)?;
    let asked = request(&shared.chain.state(), id).map_err(ApiError::local)?;
    let asked = asked.ok_or(DeliverError::NoRequest)?;
    let involved = asked.signer == caller.key() || is_patient(&shared, caller, asked.index)?;
    if !involved && caller.may_regulate().is_err() {
        return Err(DeliverError::NoRequest.into());
    }
    Ok(Json(RequestShown {
        index: asked.index.to_string(),
        original: asked.original.to_string(),
        purpose: asked.purpose.name(),
        parts: asked.parts.name(),
        allowed: asked.decision.is_allowed(),
        decision: asked.decision.name(),
        time_ms: asked.time_ms,
        delivered: asked.delivered,
    }))
}

/// The parts of the original that a request is about, as one file (manifest and their chunks, each
/// behind its length in four bytes) in an age envelope for the one who asked.
#[utoipa::path(get, path = "/api/v1/requests/{transaction}/original", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn original(
    State(shared): Api,
    caller: Caller,
    Path(transaction): Path<String>,
) -> Result<Response, ApiError> {
    let id: Digest = transaction.parse().map_err(ApiError::malformed)?;
    let asked = request(&shared.chain.state(), id).map_err(ApiError::local)?;
    if asked.is_none_or(|asked| asked.signer != caller.key()) {
        return Err(DeliverError::NoRequest.into());
    }
    let asked = deliver::open_request(&shared, id)?;
    let body = deliver::fetch(&shared, id, &asked).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response())
}

/// Whether the caller is the patient whom a record is about.
pub(super) fn is_patient(
    shared: &Shared,
    caller: Caller,
    index: emrshare_codec::RecordIndex,
) -> Result<bool, ApiError> {
    let state = shared.chain.state();
    let owner = owner(&state, index).map_err(ApiError::local)?.map(|owner| owner.patient);
    let party = party(&state, caller.key()).map_err(ApiError::local)?;
    Ok(owner.is_some() && owner == party)
}
