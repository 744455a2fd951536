//! What the contracts know: of a patient, of accesses.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use emrshare_contracts::{
    Event, Grantee, Happening, Parts, Party, Scope, Subject, Summary, all_events, events, party,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError, records::parse, requests::is_patient};

/// Most rows of one kind in an answer.
pub(super) const ROWS_MAX: usize = 1000;

#[derive(Serialize, ToSchema)]
pub(crate) struct RelationshipShown {
    /// The doctor's identity: a keyed hash.
    doctor: String,
    /// The doctor's institution.
    node: u32,
    rights: &'static str,
    standing: &'static str,
    since_ms: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RecordShown {
    index: String,
    origin: u32,
    status: &'static str,
    version: u32,
    height: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GrantShown {
    /// `all` or a record.
    scope: String,
    /// `person:IDENTITY`, `node:N` or `node:N/ROLE`.
    grantee: String,
    purposes: Vec<&'static str>,
    /// `texts`, `images` or `everything`.
    parts: &'static str,
    from_ms: u64,
    until_ms: u64,
    /// It opens records that were linked from then on …
    linked_from_ms: u64,
    /// … until then.
    linked_until_ms: u64,
}

/// Everything that the ledger says of a patient's key.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryShown {
    relationships: Vec<RelationshipShown>,
    records: Vec<RecordShown>,
    grants: Vec<GrantShown>,
}

/// Relationships, records and grants of the caller.
#[utoipa::path(get, path = "/api/v1/summary", security(("bearer" = [])),
    responses((status = 200, body = SummaryShown)))]
pub(super) async fn summary(
    State(shared): Api,
    caller: Caller,
) -> Result<Json<SummaryShown>, ApiError> {
    let summary = Summary::of(&shared.chain.state(), caller.key(), ROWS_MAX);
    let summary = summary.map_err(ApiError::local)?;
    let relationships = summary.relationships.iter().map(|(doctor, known)| RelationshipShown {
        doctor: doctor.to_string(),
        node: known.node.get(),
        rights: known.rights.name(),
        standing: known.standing.name(),
        since_ms: known.since_ms,
    });
    let records = summary.records.iter().map(|(index, record)| RecordShown {
        index: index.to_string(),
        origin: index.origin().get(),
        status: super::records::status_name(record.status),
        version: record.version,
        height: record.height,
    });
    let grants = summary.grants.iter().map(|(scope, grantee, grant)| GrantShown {
        scope: scope_text(*scope),
        grantee: grantee_text(*grantee),
        purposes: grant.purposes.iter().map(|purpose| purpose.name()).collect(),
        parts: grant.parts.name(),
        from_ms: grant.valid.from_ms,
        until_ms: grant.valid.until_ms,
        linked_from_ms: grant.linked.from_ms,
        linked_until_ms: grant.linked.until_ms,
    });
    Ok(Json(SummaryShown {
        relationships: relationships.collect(),
        records: records.collect(),
        grants: grants.collect(),
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EventShown {
    /// `record:INDEX`, `person:IDENTITY` or `consortium`.
    subject: String,
    /// Milliseconds since 1970.
    time_ms: u64,
    /// The key that signed.
    signer: String,
    /// The node that it came through.
    node: u32,
    /// The transaction on the chain.
    transaction: String,
    /// What happened, in words.
    happening: String,
}

impl EventShown {
    fn of(subject: Subject, event: &Event) -> Self {
        Self {
            subject: match subject {
                Subject::Record(index) => format!("record:{index}"),
                Subject::Person(identity) => format!("person:{identity}"),
                Subject::Consortium => "consortium".into(),
            },
            time_ms: event.time_ms,
            signer: event.signer.to_string(),
            node: event.node.get(),
            transaction: event.transaction.to_string(),
            happening: in_words(event.happening),
        }
    }
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct TrailQuery {
    /// Number of the first event, from 0.
    #[serde(default)]
    from: u32,
}

/// What happened to a record's original, for its patient and for regulators.
#[utoipa::path(get, path = "/api/v1/records/{index}/trail", security(("bearer" = [])),
    params(TrailQuery),
    responses((status = 200, body = Vec<EventShown>), (status = 403, body = ApiError)))]
pub(super) async fn trail_of_record(
    State(shared): Api,
    caller: Caller,
    Path(index): Path<String>,
    Query(query): Query<TrailQuery>,
) -> Result<Json<Vec<EventShown>>, ApiError> {
    let index = parse(&index)?;
    if !is_patient(&shared, caller, index)? && caller.may_regulate().is_err() {
        return Err(ApiError::not_allowed("the record's patient or a regulator"));
    }
    trail(&shared.chain.state(), Subject::Record(index), query.from)
}

/// What happened to the caller's registration: keys that were replaced or recovered.
#[utoipa::path(get, path = "/api/v1/trail/own", security(("bearer" = [])), params(TrailQuery),
    responses((status = 200, body = Vec<EventShown>)))]
pub(super) async fn own_trail(
    State(shared): Api,
    caller: Caller,
    Query(query): Query<TrailQuery>,
) -> Result<Json<Vec<EventShown>>, ApiError> {
    let state = shared.chain.state();
    match party(&state, caller.key()).map_err(ApiError::local)? {
        Some(Party::Person(identity)) => trail(&state, Subject::Person(identity), query.from),
        _ => Ok(Json(Vec::new())),
    }
}

fn trail(
    state: &crate::view::FinalState,
    subject: Subject,
    from: u32,
) -> Result<Json<Vec<EventShown>>, ApiError> {
    let events = events(state, subject, from, ROWS_MAX).map_err(ApiError::local)?;
    Ok(Json(events.iter().map(|event| EventShown::of(subject, event)).collect()))
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// What the last page named as `next`; empty at first.
    #[serde(default)]
    from: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TrailPage {
    /// By subject, a subject's oldest first.
    events: Vec<EventShown>,
    /// Where the next page begins.
    next: String,
}

/// Everything that happened, page by page, for regulators.
#[utoipa::path(get, path = "/api/v1/trail", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = TrailPage), (status = 403, body = ApiError)))]
pub(super) async fn trail_of_all(
    State(shared): Api,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<TrailPage>, ApiError> {
    caller.may_regulate()?;
    let from = hex::decode(&query.from).map_err(ApiError::malformed)?;
    let page = all_events(&shared.chain.state(), &from, ROWS_MAX).map_err(ApiError::local)?;
    let events = page.events.iter().map(|(subject, event)| EventShown::of(*subject, event));
    Ok(Json(TrailPage { events: events.collect(), next: hex::encode(page.next) }))
}

fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::All => "all".into(),
        Scope::Record(index) => index.to_string(),
    }
}

fn grantee_text(grantee: Grantee) -> String {
    match grantee {
        Grantee::Person(identity) => format!("person:{identity}"),
        Grantee::Role(node, role) => format!("node:{node}/{}", role.name()),
        Grantee::Institution(node) => format!("node:{node}"),
    }
}

fn in_words(happening: Happening) -> String {
    match happening {
        Happening::Asked { purpose, parts, decision } => {
            let answer = if decision.is_allowed() { "allowed" } else { "refused" };
            let parts = match parts {
                Parts::Everything => String::new(),
                some => format!("{} ", some.name()),
            };
            format!("asked {parts}for {}: {answer} ({})", purpose.name(), decision.name())
        }
        Happening::Delivered { request } => format!("delivered, as asked by {request}"),
        Happening::BrokenGlass { reason } => format!("opened in an emergency: {}", reason.name()),
        Happening::Registered { role } => format!("registered as {}", role.name()),
        Happening::Rotated {} => "key replaced".into(),
        Happening::RecoveryAsked {} => "new key asked for by the registering institution".into(),
        Happening::Recovered {} => "new key confirmed by a second institution".into(),
        Happening::Retired {} => "registration ended".into(),
        Happening::Suspended { member } => format!("node {member} suspended"),
        Happening::Reinstated { member } => format!("node {member} reinstated"),
        Happening::Admitted { member } => format!("node {member} admitted"),
        Happening::Left { member } => format!("node {member} left"),
        Happening::Renewed { member } => {
            format!("node {member} has another address or certificate")
        }
        Happening::Rekeyed { member } => format!("node {member} has another consensus key"),
        Happening::Appointed { role, identity } => {
            format!("person {identity} appointed as {}", role.name())
        }
        Happening::WalletBound { address } => format!("wallet {address} bound"),
        Happening::WalletUnbound { address } => format!("wallet {address} unbound"),
        Happening::Agreed { protocol } => format!("terms in force: protocol {protocol}"),
        Happening::Consulted { consultation, standing } => {
            format!("consultation {consultation}: {}", standing.name())
        }
        Happening::QuotaSet { quota: Some(originals) } => format!("quota: {originals}"),
        Happening::QuotaSet { quota: None } => "no quota any more".into(),
        Happening::AgreementMade { agreement } => format!("agreement {agreement} made"),
        Happening::AgreementEnded { agreement } => format!("agreement {agreement} ended"),
        Happening::Included { agreement } => format!("included in agreement {agreement}"),
        Happening::Excluded { agreement } => format!("taken out of agreement {agreement}"),
        Happening::Consented { agreement } => format!("the patient consents to {agreement}"),
        Happening::Withdrawn { agreement } => {
            format!("the patient withdraws consent to {agreement}")
        }
        _ => "something that this software does not know".into(),
    }
}
