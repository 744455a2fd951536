//! The page at `/`: the node's state and a search, for people who sign in with their key.

use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page.html");

/// What a browser lets the page do (Content Security Policy Level 3): its own script and style, calls of
/// this node, and nothing else. A person types a key into it.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let [style, script] = ["style", "script"].map(hash_of);
    let policy = format!(
        "default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("it is plain ASCII")
});

/// The page; it holds no data of its own and asks the API after the person has signed in.
pub(super) async fn page() -> impl IntoResponse {
    let policy = (header::CONTENT_SECURITY_POLICY, POLICY.clone());
    let referrer = (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    ([policy, referrer], Html(PAGE))
}

/// How a policy names what stands in the page's only element of a kind.
fn hash_of(element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let content = PAGE.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    let content = content.map_or("", |(content, _)| content);
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content)))
}
