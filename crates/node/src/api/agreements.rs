//! Agreements between institutions.

use axum::{
    Json,
    extract::{Path, State},
};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{Agreement, LogEntry, agreement, agreements_of, inclusions, log_entries};
use emrshare_ledger::{StateError, StateScan};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError, rights::ROWS_MAX};

/// What two institutions agreed on.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgreementShown {
    /// The transaction that offered it.
    agreement: String,
    offerer: u32,
    partner: u32,
    /// SHA-256 of the text, which lies with the parties.
    text: String,
    /// `query`, `update` or `query+update`.
    rights: &'static str,
    from_ms: u64,
    until_ms: u64,
    /// `offered`, `made` or `ended`.
    standing: &'static str,
    since_ms: u64,
}

/// A record that an agreement includes.
#[derive(Serialize, ToSchema)]
pub(crate) struct InclusionShown {
    index: String,
    /// Whether its patient agrees: it is not open before.
    consent: bool,
}

/// A note of a doctor.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteShown {
    /// SHA-256 of the note, which lies with the parties.
    note: String,
    /// The doctor's identity: a keyed hash.
    doctor: String,
    time_ms: u64,
}

/// An agreement of this institution with all that belongs to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnAgreementShown {
    #[serde(flatten)]
    agreement: AgreementShown,
    records: Vec<InclusionShown>,
    log: Vec<NoteShown>,
}

/// The agreements of this institution, those that ended among them.
#[utoipa::path(get, path = "/api/v1/agreements", security(("bearer" = [])),
    responses((status = 200, body = Vec<OwnAgreementShown>)))]
pub(super) async fn own(
    State(shared): Api,
    caller: Caller,
) -> Result<Json<Vec<OwnAgreementShown>>, ApiError> {
    caller.may_treat()?;
    let state = shared.chain.state();
    let found = agreements_of(&state, shared.me, ROWS_MAX).map_err(ApiError::local)?;
    let shown = found.iter().map(|(id, found)| with_records(&state, *id, found));
    let shown = shown.collect::<Result<_, StateError>>();
    Ok(Json(shown.map_err(ApiError::local)?))
}

/// Who agreed on what: for a patient who is asked to consent.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}", security(("bearer" = [])),
    params(("agreement" = String, Path, description = "the transaction that offered it")),
    responses((status = 200, body = AgreementShown), (status = 404, body = ApiError)))]
pub(super) async fn one(
    State(shared): Api,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementShown>, ApiError> {
    let id = id.parse().map_err(ApiError::malformed)?;
    let found = agreement(&shared.chain.state(), id).map_err(ApiError::local)?;
    let found = found.ok_or_else(|| ApiError::not_found("there is no such agreement"))?;
    Ok(Json(shown(id, &found)))
}

fn with_records(
    state: &impl StateScan,
    id: Digest,
    found: &Agreement,
) -> Result<OwnAgreementShown, StateError> {
    let record = |(index, consent): (RecordIndex, bool)| InclusionShown {
        index: index.to_string(),
        consent,
    };
    let note = |entry: LogEntry| NoteShown {
        note: entry.note.to_string(),
        doctor: entry.doctor.to_string(),
        time_ms: entry.time_ms,
    };
    Ok(OwnAgreementShown {
        agreement: shown(id, found),
        records: inclusions(state, id, ROWS_MAX)?.into_iter().map(record).collect(),
        log: log_entries(state, id, ROWS_MAX)?.into_iter().map(note).collect(),
    })
}

fn shown(id: Digest, found: &Agreement) -> AgreementShown {
    AgreementShown {
        agreement: id.to_string(),
        offerer: found.offerer.get(),
        partner: found.partner.get(),
        text: found.text.to_string(),
        rights: found.rights.name(),
        from_ms: found.valid.from_ms,
        until_ms: found.valid.until_ms,
        standing: found.standing.name(),
        since_ms: found.since_ms,
    }
}
