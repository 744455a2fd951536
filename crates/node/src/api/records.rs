//! Records: push, judge, read, search.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Multipart, Path, Query, State, multipart::MultipartError},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use emrshare_codec::RecordIndex;
use emrshare_ledger::{RecordState, StateRead, Status};
use emrshare_record::SourceFile;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError};
use crate::{
    history::{Version, versions},
    ingest::{Change, Judged, commit::Committed},
    node::Shared,
    receipts,
};

const FILES_MAX: usize = 1000;

/// How complete a section is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Score {
    section: String,
    /// How far it is above what is just not enough: 1 is usual, 0 and less is refused.
    margin: f64,
    /// Cosine with the section's standard, 0 to 1.
    similarity: f64,
    /// That cosine less the greatest with another section's standard.
    contrast: f64,
}

/// What was found and how it was treated, without the values.
#[derive(Serialize, ToSchema)]
pub(crate) struct Treated {
    class: &'static str,
    technique: &'static str,
    count: usize,
}

/// A judgement.
#[derive(Serialize, ToSchema)]
pub(crate) struct JudgeReport {
    scores: Vec<Score>,
    /// Cosine of the whole record: reported, never decisive.
    whole_similarity: f64,
    /// What a person should look at: images that do not show what their header says, writing on them.
    remarks: Vec<String>,
    /// Remarks on single files.
    notes: Vec<String>,
    treated: Vec<Treated>,
    /// Attachments that are not in the copy.
    left_out: usize,
    original: String,
    desensitized: String,
    /// Bytes of the original's parts.
    original_len: u64,
    /// Bytes of the desensitized file's parts.
    desensitized_len: u64,
}

impl From<&Judged> for JudgeReport {
    fn from(judged: &Judged) -> Self {
        let shown = |millionths: i32| f64::from(millionths) / 1e6;
        let scores = judged.verdict.scores().iter().map(|score| Score {
            section: score.section.to_string(),
            margin: shown(score.margin),
            similarity: shown(score.similarity),
            contrast: shown(score.contrast),
        });
        let treated = judged.report.counts().map(|(class, technique, count)| Treated {
            class: class.name(),
            technique: technique.name(),
            count,
        });
        let notes = judged.notes.iter().map(|note| format!("file {}: {}", note.file, note.note));
        Self {
            scores: scores.collect(),
            whole_similarity: shown(judged.verdict.whole_similarity()),
            remarks: judged.verdict.remarks().iter().map(ToString::to_string).collect(),
            notes: notes.collect(),
            treated: treated.collect(),
            left_out: judged.report.left_out(),
            original: judged.original.manifest().digest().to_string(),
            desensitized: judged.desensitized.manifest().digest().to_string(),
            original_len: judged.original.size(),
            desensitized_len: judged.desensitized.size(),
        }
    }
}

/// A record that is on the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The record's index.
    index: String,
    /// Height of its block.
    height: u64,
    /// Hash of its block.
    block: String,
    /// The receipt in hexadecimal.
    receipt: String,
    original: String,
    desensitized: String,
    /// The judgement; missing when the request was carried out before.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<JudgeReport>,
}

/// Pushes a new record: each part of the form is one file. With the header `Idempotency-Key` the
/// same request can be sent again without harm; another one under the same key is refused.
#[utoipa::path(post, path = "/api/v1/records", security(("bearer" = [])),
    request_body(content_type = "multipart/form-data"),
    responses((status = 201, body = Accepted), (status = 422, body = ApiError),
        (status = 409, body = ApiError), (status = 507, body = ApiError)))]
pub(super) async fn submit(
    State(shared): Api,
    caller: Caller,
    headers: HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    caller.must_operate()?;
    change(&shared, Change::Add, &headers, form).await
}

/// Pushes a new version of a record of this node.
#[utoipa::path(put, path = "/api/v1/records/{index}", security(("bearer" = [])),
    request_body(content_type = "multipart/form-data"),
    responses((status = 201, body = Accepted), (status = 404, body = ApiError),
        (status = 507, body = ApiError)))]
pub(super) async fn update(
    State(shared): Api,
    caller: Caller,
    Path(index): Path<String>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    caller.must_operate()?;
    change(&shared, Change::Update(parse(&index)?), &headers, form).await
}

async fn change(
    shared: &Arc<Shared>,
    change: Change,
    headers: &HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let place = shared.pushes.acquire().await.map_err(ApiError::local)?;
    let files = read_files(form, shared.record_len_max).await?;
    let key = headers.get("idempotency-key").map(|key| key.as_bytes());
    let submitted = shared.ingest.submit(files, change, key).await;
    drop(place);
    let (committed, judged) = submitted?;
    let report = judged.as_ref().map(JudgeReport::from);
    Ok((StatusCode::CREATED, Json(accepted(shared, committed, report).await?)))
}

/// Ends a record of this node: its files go away at every node.
#[utoipa::path(delete, path = "/api/v1/records/{index}", security(("bearer" = [])),
    responses((status = 200, body = Accepted), (status = 404, body = ApiError)))]
pub(super) async fn delete(
    State(shared): Api,
    caller: Caller,
    Path(index): Path<String>,
) -> Result<Json<Accepted>, ApiError> {
    caller.must_operate()?;
    let committed = shared.ingest.delete(parse(&index)?).await?;
    Ok(Json(accepted(&shared, committed, None).await?))
}

/// Judges and desensitizes without storing anything.
#[utoipa::path(post, path = "/api/v1/check", security(("bearer" = [])),
    request_body(content_type = "multipart/form-data"),
    responses((status = 200, body = JudgeReport), (status = 422, body = ApiError)))]
pub(super) async fn check(
    State(shared): Api,
    caller: Caller,
    form: Multipart,
) -> Result<Json<JudgeReport>, ApiError> {
    caller.must_operate()?;
    let _place = shared.pushes.acquire().await.map_err(ApiError::local)?;
    let files = read_files(form, shared.record_len_max).await?;
    let judged = shared.ingest.judge(files).await?;
    Ok(Json(JudgeReport::from(&judged)))
}

async fn read_files(mut form: Multipart, len_max: usize) -> Result<Vec<SourceFile>, ApiError> {
    let form_error = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!(
                "the record has more than the {len_max} bytes that this node takes \
                 (`record_len_max` in its node.toml)"
            );
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message)
        }
        status => ApiError::new(status, "malformed", error.body_text()),
    };
    let mut files = Vec::new();
    loop {
        let field = form.next_field().await.map_err(form_error)?;
        let Some(field) = field else { return Ok(files) };
        if files.len() == FILES_MAX {
            return Err(ApiError::malformed(format!("at most {FILES_MAX} files make a record")));
        }
        let name = field.file_name().or_else(|| field.name()).unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(form_error)?;
        files.push(SourceFile::new(name, bytes.into()));
    }
}

async fn accepted(
    shared: &Shared,
    committed: Committed,
    report: Option<JudgeReport>,
) -> Result<Accepted, ApiError> {
    let Committed { index, height, original, desensitized } = committed;
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let block = engine.block(height).await.ok_or_else(|| ApiError::local("no block"))?;
    let receipt = receipts::receipt(&engine, index, height).await;
    Ok(Accepted {
        index: index.to_string(),
        height,
        block: block.hash().to_string(),
        receipt: receipt.map(|receipt| hex::encode(receipt.to_bytes())).unwrap_or_default(),
        original: original.to_string(),
        desensitized: desensitized.to_string(),
        report,
    })
}

/// One entry of a record's history.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    height: u64,
    kind: String,
    acting: u32,
    original: String,
    desensitized: String,
}

/// Where a record stands, and how it came there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shown {
    index: String,
    origin: u32,
    serial: String,
    /// `active` or `deleted`.
    status: &'static str,
    version: u32,
    /// Whether this node has the desensitized file.
    stored: bool,
    history: Vec<Event>,
}

/// A record's state and history on the ledger.
#[utoipa::path(get, path = "/api/v1/records/{index}", security(("bearer" = [])),
    responses((status = 200, body = Shown), (status = 404, body = ApiError)))]
pub(super) async fn show(
    State(shared): Api,
    _: Caller,
    Path(index): Path<String>,
) -> Result<Json<Shown>, ApiError> {
    let index = parse(&index)?;
    let record = find(&shared, index)?;
    let history = versions(&*shared.kv, index).map_err(ApiError::local)?;
    let user = crate::files::User::record(index);
    let stored = shared.files.contains(record.desensitized, &user).map_err(ApiError::local)?;
    Ok(Json(Shown {
        index: index.to_string(),
        origin: index.origin().get(),
        serial: index.serial().to_string(),
        status: status_name(record.status),
        version: record.version,
        stored,
        history: history.iter().map(Event::from).collect(),
    }))
}

impl From<&Version> for Event {
    fn from(Version { height, entry }: &Version) -> Self {
        Self {
            height: *height,
            kind: entry.operation().kind().to_string(),
            acting: entry.operation().acting().get(),
            original: entry.original().to_string(),
            desensitized: entry.desensitized().to_string(),
        }
    }
}

/// The manifest of a record's desensitized file: its SHA-256 is on the ledger.
#[utoipa::path(get, path = "/api/v1/records/{index}/desensitized", security(("bearer" = [])),
    responses((status = 200, content_type = "application/json"), (status = 404, body = ApiError)))]
pub(super) async fn desensitized_manifest(
    State(shared): Api,
    caller: Caller,
    Path(index): Path<String>,
) -> Result<Response, ApiError> {
    caller.may_research()?;
    let record = find(&shared, parse(&index)?)?;
    let manifest = shared.files.manifest(record.desensitized).await.map_err(ApiError::local)?;
    let manifest = manifest.ok_or_else(|| {
        ApiError::not_found("the file is deleted or has not reached this node yet")
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], manifest.as_bytes().to_vec()).into_response())
}

/// A chunk of a desensitized file, by its SHA-256; `Range: bytes=a-b` is understood.
#[utoipa::path(get, path = "/api/v1/chunks/{digest}", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 206, content_type = "application/octet-stream"), (status = 404, body = ApiError)))]
pub(super) async fn chunk(
    State(shared): Api,
    caller: Caller,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.may_research()?;
    let digest = digest.parse().map_err(ApiError::malformed)?;
    let chunk = shared.files.chunk(digest).await.map_err(ApiError::local)?;
    let chunk = chunk.ok_or_else(|| ApiError::not_found("this node does not have the chunk"))?;
    let immutable = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok((immutable, chunk).into_response());
    };
    let Some((from, to)) = byte_range(range, chunk.len()) else {
        let message = format!("the chunk has {} bytes", chunk.len());
        return Err(ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", message));
    };
    let content_range = format!("bytes {from}-{}/{}", to - 1, chunk.len());
    let headers = (immutable, [(header::CONTENT_RANGE, content_range)]);
    Ok((StatusCode::PARTIAL_CONTENT, headers, chunk.slice(from..to)).into_response())
}

/// The start and the end, not included, of a single range (RFC 9110, section 14.1.2).
fn byte_range(header: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from, to) {
        ("", last) => (length.checked_sub(last.parse().ok()?)?, length),
        (from, "") => (from.parse().ok()?, length),
        (from, to) => (from.parse().ok()?, to.parse::<usize>().ok()?.checked_add(1)?.min(length)),
    };
    (from < to).then_some((from, to))
}

/// The receipt of a record's last entry, in bytes: verifies offline.
#[utoipa::path(get, path = "/api/v1/records/{index}/receipt", security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 404, body = ApiError)))]
pub(super) async fn receipt(
    State(shared): Api,
    _: Caller,
    Path(index): Path<String>,
) -> Result<Response, ApiError> {
    let index = parse(&index)?;
    let record = find(&shared, index)?;
    let engine = shared.forward.engine().ok_or_else(|| ApiError::local("no engine"))?;
    let receipt = receipts::receipt(&engine, index, record.height).await;
    let receipt = receipt.ok_or_else(|| ApiError::not_found("the block is not certified yet"))?;
    Ok(Body::from(receipt.to_bytes()).into_response())
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct SearchQuery {
    /// Words that all must be found; empty finds everything.
    #[serde(default)]
    q: String,
    /// Most records to show, up to 100.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// How many records there are in all.
    total: usize,
    hits: Vec<FoundRecord>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FoundRecord {
    index: String,
    diseases: String,
    institution: String,
    collected: String,
    score: f32,
}

/// Finds desensitized records of all nodes.
#[utoipa::path(get, path = "/api/v1/search", security(("bearer" = [])), params(SearchQuery),
    responses((status = 200, body = Found)))]
pub(super) async fn search(
    State(shared): Api,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Found>, ApiError> {
    caller.may_research()?;
    let (index, limit) = (shared.search.clone(), query.limit.unwrap_or(20).min(100));
    let searched = tokio::task::spawn_blocking(move || index.search(&query.q, limit)).await;
    let (hits, total) = searched.map_err(ApiError::local)?.map_err(ApiError::local)?;
    let hits = hits.into_iter().map(|hit| FoundRecord {
        index: hit.index.to_string(),
        diseases: hit.diseases,
        institution: hit.institution,
        collected: hit.collected,
        score: hit.score,
    });
    Ok(Json(Found { total, hits: hits.collect() }))
}

pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Deleted => "deleted",
    }
}

pub(super) fn parse(index: &str) -> Result<RecordIndex, ApiError> {
    index.parse().map_err(|error| ApiError::malformed(format!("not a record index: {error}")))
}

fn find(shared: &Shared, index: RecordIndex) -> Result<RecordState, ApiError> {
    let record = shared.chain.state().record(index).map_err(ApiError::local)?;
    record.ok_or_else(|| ApiError::not_found("there is no such record on the ledger"))
}
