//! The node's HTTPS interface.

mod agreements;
mod alliance;
pub(crate) mod auth;
pub(crate) mod challenges;
mod consultations;
mod error;
mod ledger;
mod operations;
mod page;
mod peer;
mod people;
mod records;
mod requests;
mod rights;
mod scrub;
mod terms;
pub(crate) mod throttle;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware,
    response::Response,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::node::Shared;

type Api = axum::extract::State<Arc<Shared>>;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "emrshare node",
        description = "Electronic medical records, shared without a centre. All paths but health, \
                       version and the sign-in need a bearer token."
    ),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}

/// All routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let body_len_max = shared.record_len_max;
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(operations::health))
        .routes(routes!(operations::version))
        .routes(routes!(operations::ready))
        .routes(routes!(operations::status))
        .routes(routes!(operations::metrics))
        .routes(routes!(scrub::scrub))
        .routes(routes!(auth::challenge))
        .routes(routes!(auth::sign_in, auth::sign_out))
        .routes(routes!(auth::sign_in_with_wallet))
        .routes(routes!(records::submit))
        .routes(routes!(records::check))
        .routes(routes!(records::show, records::update, records::delete))
        .routes(routes!(records::desensitized_manifest))
        .routes(routes!(records::chunk))
        .routes(routes!(records::receipt))
        .routes(routes!(records::search))
        .routes(routes!(ledger::blocks))
        .routes(routes!(ledger::block))
        .routes(routes!(ledger::certified_header))
        .routes(routes!(ledger::ancestor))
        .routes(routes!(ledger::consistency))
        .routes(routes!(ledger::original_proof))
        .routes(routes!(ledger::record_proof))
        .routes(routes!(ledger::genesis))
        .routes(routes!(ledger::successions))
        .routes(routes!(alliance::members))
        .routes(routes!(people::register))
        .routes(routes!(people::show))
        .routes(routes!(people::identify))
        .routes(routes!(people::link))
        .routes(routes!(people::transact))
        .routes(routes!(people::call))
        .routes(routes!(requests::show))
        .routes(routes!(requests::original))
        .routes(routes!(rights::summary))
        .routes(routes!(rights::trail_of_record))
        .routes(routes!(rights::own_trail))
        .routes(routes!(rights::trail_of_all))
        .routes(routes!(alliance::proposals))
        .routes(routes!(alliance::contributions))
        .routes(routes!(agreements::own))
        .routes(routes!(agreements::one))
        .routes(routes!(consultations::own))
        .routes(routes!(terms::show))
        .routes(routes!(terms::covered))
        .routes(routes!(terms::add))
        .split_for_parts();
    let document = Arc::new(document);
    let openapi = move || async move { axum::Json(document.as_ref().clone()) };
    router
        .route("/api/v1/openapi.json", axum::routing::get(openapi))
        .route("/peer/v1/files", axum::routing::post(peer::files))
        .route("/peer/v1/originals", axum::routing::post(peer::original))
        .route("/", axum::routing::get(page::page))
        .layer(DefaultBodyLimit::max(body_len_max))
        .layer(middleware::map_response(with_headers))
        .with_state(shared)
}

/// What holds for all answers: they are what they say, and no browser keeps them.
async fn with_headers(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
