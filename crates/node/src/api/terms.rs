//! The terms in force, the documents that they name, and the copies that they cover.

use axum::{Json, body::Bytes, extract::State};
use emrshare_contracts::{Coverage, coverage};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError};
use crate::terms::DocumentKind;

/// A document that the terms name.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentShown {
    /// Encoding protocol, desensitization policy or standard database.
    kind: &'static str,
    /// Its SHA-256.
    digest: String,
    /// Whether this node has it.
    at_hand: bool,
}

/// The documents that records are judged and desensitized by.
#[utoipa::path(get, path = "/api/v1/terms", security(("bearer" = [])),
    responses((status = 200, body = Vec<DocumentShown>)))]
pub(super) async fn show(
    State(shared): Api,
    _: Caller,
) -> Result<Json<Vec<DocumentShown>>, ApiError> {
    let named = shared.terms.named(&shared.chain.state()).map_err(ApiError::local)?;
    let kinds = [
        (DocumentKind::Protocol, named.protocol),
        (DocumentKind::Policy, named.policy),
        (DocumentKind::Standards, named.standards),
    ];
    let shown = kinds.map(|(kind, digest)| DocumentShown {
        kind: kind.name(),
        digest: digest.to_string(),
        at_hand: shared.terms.documents().has(kind, digest),
    });
    Ok(Json(shown.into()))
}

/// How many of an institution's copies the policy in force has made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CoverageShown {
    /// The institution's node.
    node: u32,
    /// Its name.
    institution: String,
    /// Its records that have not ended.
    records: u64,
    /// Those whose copies were made since the policy is in force.
    current: u64,
}

/// Which copies the policy in force has made, by institution; the others are being made anew.
///
/// For operators, regulators and inspectors: reads all records of the ledger.
#[utoipa::path(get, path = "/api/v1/terms/coverage", security(("bearer" = [])),
    responses((status = 200, body = Vec<CoverageShown>)))]
pub(super) async fn covered(
    State(shared): Api,
    caller: Caller,
) -> Result<Json<Vec<CoverageShown>>, ApiError> {
    if caller.may_regulate().is_err() {
        caller.must_operate()?;
    }
    let state = shared.chain.state();
    let counted = tokio::task::spawn_blocking(move || coverage(&state)).await;
    let counted = counted.map_err(ApiError::local)?.map_err(ApiError::local)?;
    let members = shared.chain.members();
    let shown = counted.into_iter().map(|(node, Coverage { records, current })| CoverageShown {
        node: node.get(),
        institution: members.get(node).map_or_else(String::new, |it| it.card.institution.clone()),
        records,
        current,
    });
    Ok(Json(shown.collect()))
}

/// Gives this node a document: it counts once the members vote for its digest.
#[utoipa::path(post, path = "/api/v1/documents", security(("bearer" = [])),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, body = DocumentShown), (status = 400, body = ApiError)))]
pub(super) async fn add(
    State(shared): Api,
    caller: Caller,
    document: Bytes,
) -> Result<Json<DocumentShown>, ApiError> {
    caller.must_operate()?;
    let kind = DocumentKind::of(&document).ok_or_else(|| {
        ApiError::malformed("neither an encoding protocol, nor a policy, nor a standard database")
    })?;
    let digest = shared.terms.documents().add(&document)?;
    Ok(Json(DocumentShown { kind: kind.name(), digest: digest.to_string(), at_hand: true }))
}
