//! Questions to doctors.

use axum::{Json, extract::State};
use emrshare_contracts::{consultations_of, person};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError, rights::ROWS_MAX};

/// A question to a doctor, and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsultationShown {
    /// The transaction that asked.
    consultation: String,
    /// Who asked: a keyed hash.
    requester: String,
    /// Who was asked: a keyed hash.
    doctor: String,
    /// SHA-256 of the question.
    question: String,
    /// The record that it is about.
    about: Option<String>,
    /// SHA-256 of the answer.
    answer: Option<String>,
    /// `asked`, `accepted`, `declined` or `closed`.
    standing: &'static str,
    since_ms: u64,
}

/// What the caller asked, and was asked.
#[utoipa::path(get, path = "/api/v1/consultations", security(("bearer" = [])),
    responses((status = 200, body = Vec<ConsultationShown>)))]
pub(super) async fn own(
    State(shared): Api,
    caller: Caller,
) -> Result<Json<Vec<ConsultationShown>>, ApiError> {
    let state = shared.chain.state();
    let Some(person) = person(&state, caller.key()).map_err(ApiError::local)? else {
        return Ok(Json(Vec::new()));
    };
    let found = consultations_of(&state, person.identity, ROWS_MAX).map_err(ApiError::local)?;
    let shown = found.into_iter().map(|(id, found)| ConsultationShown {
        consultation: id.to_string(),
        requester: found.requester.to_string(),
        doctor: found.doctor.to_string(),
        question: found.question.to_string(),
        about: found.about.map(|index| index.to_string()),
        answer: found.answer.map(|answer| answer.to_string()),
        standing: found.standing.name(),
        since_ms: found.since_ms,
    });
    Ok(Json(shown.collect()))
}
