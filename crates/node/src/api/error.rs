//! What a request is answered when it fails.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    calls::CarryError,
    chain::OfferError,
    deliver::DeliverError,
    ingest::{IngestError, Refusal},
    measures,
    terms::TermsError,
};

/// Why a request failed: what, and what to do. Holds no patient data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    /// A short name for machines.
    error: &'static str,
    /// The whole in words.
    message: String,
    /// Of a refused record: all that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, error: &'static str, message: impl ToString) -> Self {
        Self { status, error, message: message.to_string(), refusal: None }
    }

    pub(crate) fn malformed(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", message)
    }

    pub(crate) fn not_found(what: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", what)
    }

    pub(crate) fn not_signed_in() -> Self {
        let message = "sign in first: a bearer token is needed";
        Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", message)
    }

    pub(crate) fn not_allowed(who: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-allowed", format!("only {who} may do this"))
    }

    /// Trouble of this node: the log has the cause, the sender does not need it.
    pub(crate) fn local(cause: impl ToString) -> Self {
        let cause = cause.to_string();
        tracing::error!(cause, "a request failed");
        let message = "this node has trouble; try again later";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "node-trouble", message)
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        let message = error.to_string();
        match error {
            IngestError::Refused(refusal) => {
                metrics::counter!(measures::INGEST_REFUSED, "stage" => refusal.stage).increment(1);
                let status = match refusal.stage {
                    "duplicate" => StatusCode::CONFLICT,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                Self { status, error: "refused", message, refusal: Some(refusal) }
            }
            IngestError::NotFound(_) => Self::not_found(message),
            IngestError::NotAgreed { .. } => {
                Self::new(StatusCode::FORBIDDEN, "not-agreed", message)
            }
            IngestError::NotActive => Self::new(StatusCode::FORBIDDEN, "not-a-member", message),
            IngestError::UnderWay => Self::new(StatusCode::CONFLICT, "under-way", message),
            IngestError::OtherRequest => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key-used", message)
            }
            IngestError::DiskFull { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", message)
            }
            IngestError::Terms(error) => Self::from(error),
            IngestError::Local(cause) => Self::local(cause),
        }
    }
}

impl From<TermsError> for ApiError {
    fn from(error: TermsError) -> Self {
        match error {
            TermsError::Missing { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "terms-missing", error)
            }
            error => Self::local(error),
        }
    }
}

impl From<CarryError> for ApiError {
    fn from(error: CarryError) -> Self {
        match error {
            CarryError::Refused(OfferError::Decode(error)) => Self::malformed(error),
            CarryError::Refused(OfferError::Item(error)) if !error.is_local() => {
                Self::new(StatusCode::CONFLICT, "refused", error)
            }
            CarryError::NewKey => Self::new(StatusCode::CONFLICT, "refused", error),
            CarryError::NotFinal => Self::new(StatusCode::SERVICE_UNAVAILABLE, "not-final", error),
            error => Self::local(error),
        }
    }
}

impl From<DeliverError> for ApiError {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::NoRequest | DeliverError::Destroyed => Self::not_found(error),
            DeliverError::Refused(_) => {
                metrics::counter!(measures::ORIGINALS_REFUSED).increment(1);
                Self::new(StatusCode::FORBIDDEN, "not-allowed", error)
            }
            DeliverError::Expired => Self::new(StatusCode::GONE, "expired", error),
            DeliverError::Unreachable(cause) => {
                tracing::warn!(%cause, "the node that has an original does not answer");
                let message = "the node that has the original does not answer; try again later";
                Self::new(StatusCode::BAD_GATEWAY, "holder-unreachable", message)
            }
            DeliverError::Gone(_) => Self::new(StatusCode::GONE, "holder-gone", error),
            error => Self::local(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
