//! The page at `/`: the node's state and a search, for people who sign in with their key.

use axum::response::Html;

/// The page; it holds no data of its own and asks the API after the person has signed in.
pub(super) async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}
