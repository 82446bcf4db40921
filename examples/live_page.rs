//! Serves a page that fills in while the model writes:
//!
//! ```text
//! cargo run --example live_page
//! ```
//!
//! Open the address that it prints. `LIVE_PAGE_PORT` sets the port.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use extract_llm::{Client, Extract};
use futures_util::StreamExt;
use serde::Deserialize;

/// A ticket of a help desk.
#[derive(Debug, Extract)]
struct Ticket {
    /// Name of the writer.
    name: String,
    /// One line that says what is wrong.
    title: String,
    /// Their request, in a sentence or two.
    #[extract(length(max = 300))]
    summary: String,
    urgency: Urgency,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "lowercase")]
enum Urgency {
    Low,
    Normal,
    High,
}

#[derive(Deserialize)]
struct Asked {
    text: String,
}

/// Streams the partial ticket as server-sent events. When the browser disconnects, the stream is
/// dropped, which closes the connection to the model.
async fn ticket(State(client): State<Client>, Query(asked): Query<Asked>) -> impl IntoResponse {
    let updates = client.extract::<Ticket>(asked.text).max_tokens(300).stream().into_updates();
    let events = updates
        .map(|update| Ok::<_, Infallible>(Event::default().json_data(update).unwrap_or_default()));
    // Proxies such as nginx would otherwise buffer the events.
    ([("X-Accel-Buffering", "no")], Sse::new(events))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let app = Router::new()
        .route("/", get(|| async { Html(include_str!("live_page.html")) }))
        .route("/ticket", get(ticket))
        .with_state(client);
    let port: u16 = std::env::var("LIVE_PAGE_PORT").ok().map_or(Ok(0), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
