//! What a call can fail with.

use reqwest::{Response, StatusCode};
use serde_json::Value;

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The client cannot be set up.
    #[error("the client cannot be set up: {0}")]
    Setup(String),
    /// The node does not answer.
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// The node refuses what was sent; the value is its report.
    #[error("{}", .0["message"].as_str().unwrap_or("refused"))]
    Refused(Value),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The node does not know the person, or the session is over.
    #[error("{0}")]
    NotSignedIn(String),
    /// The person may not do this.
    #[error("{0}")]
    NotAllowed(String),
    /// The node cannot do it now: its disk is full, it does not take part, or it has other trouble.
    #[error("{0}")]
    Trouble(String),
    /// The answer is not what it should be.
    #[error("the node's answer is not what it should be: {0}")]
    Answer(String),
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message = cause.to_string();
            source = cause.source();
        }
        if error.is_decode() { Self::Answer(message) } else { Self::Unreachable(message) }
    }
}

/// The answer, if it is one of success.
pub(crate) async fn checked(answer: Response) -> Result<Response, ClientError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body: Value = answer.json().await.unwrap_or_default();
    let message = body["message"].as_str().map_or_else(|| status.to_string(), str::to_owned);
    Err(match status {
        StatusCode::NOT_FOUND => ClientError::NotFound(message),
        StatusCode::UNAUTHORIZED => ClientError::NotSignedIn(message),
        StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST => ClientError::NotAllowed(message),
        status if status.is_client_error() => {
            ClientError::Refused(if body.is_null() { Value::from(message) } else { body })
        }
        status if status.is_server_error() => ClientError::Trouble(message),
        _ => ClientError::Answer(message),
    })
}
