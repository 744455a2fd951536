//! Errors become messages and exit codes.

use std::process::ExitCode;

use emrshare_client::ClientError;
use serde_json::{Value, json};

use crate::output;

/// A record that is not as it should be; null if its report is printed already.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Value);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// Prints an error and gives the exit code that it means.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let client = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>());
    let refused = error.chain().find_map(|cause| cause.downcast_ref::<Refused>());
    let (code, details) = match (client, refused) {
        (Some(ClientError::Refused(report)), _) => (3, Some(report)),
        (_, Some(Refused(report))) => (3, Some(report)),
        (Some(ClientError::NotFound(_)), _) => (4, None),
        (Some(ClientError::NotAllowed(_) | ClientError::NotSignedIn(_)), _) => (5, None),
        (Some(ClientError::Unreachable(_)), _) => (6, None),
        _ => (1, None),
    };
    if json {
        output::json(&json!({"error": format!("{error:#}"), "exit_code": code, "report": details}));
    } else {
        output::error(&format!("error: {error:#}"));
        if let Some(report) = details.filter(|report| !report.is_null()) {
            output::refusal(report);
        }
    }
    ExitCode::from(code)
}
