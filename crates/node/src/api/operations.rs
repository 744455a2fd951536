//! Health, version, readiness, status and metrics.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::{Caller, Watcher},
    error::ApiError,
};
use crate::{measures, node::Shared, standstill::is_standing_still};

/// Whether the process runs.
#[utoipa::path(get, path = "/api/v1/health", responses((status = 200, body = str)))]
pub(super) async fn health() -> &'static str {
    "ok"
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// The software's version.
    version: &'static str,
}

/// The software's version.
#[utoipa::path(get, path = "/api/v1/version", responses((status = 200, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(Version { version: env!("CARGO_PKG_VERSION") })
}

/// Whether the node takes part: its last block is recent, and its disk has room for records. Answered to
/// everybody who is signed in, and to the monitoring system's token.
#[utoipa::path(get, path = "/api/v1/ready", security(("bearer" = [])),
    responses((status = 200, body = str), (status = 503, body = ApiError)))]
pub(super) async fn ready(State(shared): Api, _: Watcher) -> Result<&'static str, ApiError> {
    let not_ready = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", why);
    if is_standing_still(&shared.chain) {
        let why = "no block was final within a minute; are more than two thirds of the nodes up, and \
                   do their clocks agree? The log says what this node sees";
        return Err(not_ready(why.into()));
    }
    shared.ingest.check_room().map_err(|full| not_ready(full.to_string()))?;
    Ok("ready")
}

/// What the node knows of itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct NodeStatus {
    pub(super) node: u32,
    pub(super) institution: String,
    pub(super) consortium: String,
    pub(super) chain: String,
    /// `member`, `suspended`, `left`, or `applicant` while it was not admitted.
    pub(super) standing: &'static str,
    pub(super) members: usize,
    pub(super) height: u64,
    /// Milliseconds since 1970.
    pub(super) time_ms: u64,
    /// Hash of the last final block.
    pub(super) block: String,
    pub(super) state_root: String,
    /// Records that can be found here.
    pub(super) searchable: usize,
    /// Bytes that are free on the disk with the node's data: for operators, if the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disk_free: Option<u64>,
    pub(super) version: &'static str,
}

impl NodeStatus {
    pub(super) fn of(shared: &Shared) -> Result<Self, ApiError> {
        let tip = *shared.chain.watch_tip().borrow();
        let members = shared.chain.members();
        let (_, searchable) = shared.search.search("", 1).map_err(ApiError::local)?;
        Ok(Self {
            node: shared.me.get(),
            institution: shared.institution.clone(),
            consortium: shared.genesis.name().into(),
            chain: tip.chain.to_string(),
            members: members.nodes().len(),
            standing: members.get(shared.me).map_or("applicant", |known| known.standing.name()),
            height: tip.height,
            time_ms: tip.time_ms,
            block: tip.hash().to_string(),
            state_root: tip.state_root.to_string(),
            searchable,
            disk_free: None,
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// Where the node stands.
#[utoipa::path(get, path = "/api/v1/status", security(("bearer" = [])),
    responses((status = 200, body = NodeStatus)))]
pub(super) async fn status(
    State(shared): Api,
    caller: Caller,
) -> Result<Json<NodeStatus>, ApiError> {
    let mut status = NodeStatus::of(&shared)?;
    if caller.must_operate().is_ok() {
        status.disk_free = shared.ingest.room.free();
    }
    Ok(Json(status))
}

/// Metrics in Prometheus' text format, for operators and the monitoring system's token.
#[utoipa::path(get, path = "/api/v1/metrics", security(("bearer" = [])),
    responses((status = 200, body = str)))]
pub(super) async fn metrics(State(shared): Api, watcher: Watcher) -> Result<String, ApiError> {
    watcher.may_measure()?;
    if let Some(free) = shared.ingest.room.free() {
        metrics::gauge!(measures::DISK_FREE).set(free as f64);
    }
    Ok(shared.metrics.render())
}
