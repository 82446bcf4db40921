//! The server of a model that counts its calls. It answers a text with the number in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Result;

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
    delay: Duration,
}

/// Serves the model on a port of this machine until the process ends. Each answer takes `delay`.
///
/// # Errors
///
/// Fails if the port is taken.
pub async fn serve(port: u16, delay: Duration) -> Result<()> {
    let counts = Arc::new(Counts { delay, ..Counts::default() });
    let app = Router::new()
        .route("/v1/chat/completions", post(answer))
        .route("/counts", get(tell_counts))
        .with_state(counts);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn answer(State(counts): State<Arc<Counts>>, body: String) -> Json<Value> {
    counts.calls.fetch_add(1, Ordering::SeqCst);
    let running = counts.running.fetch_add(1, Ordering::SeqCst) + 1;
    counts.most_running.fetch_max(running, Ordering::SeqCst);
    tokio::time::sleep(counts.delay).await;
    counts.running.fetch_sub(1, Ordering::SeqCst);
    let digits = body.rsplit_once("ticket-").map_or("", |(_, rest)| rest);
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap_or_default();
    let value = json!({"customer": format!("customer {}", number % 100), "number": number});
    Json(json!({
        "model": "fake",
        "choices": [{"message": {"content": value.to_string()}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 12},
    }))
}

async fn tell_counts(State(counts): State<Arc<Counts>>) -> Json<Value> {
    Json(json!({
        "calls": counts.calls.load(Ordering::SeqCst),
        "most_running": counts.most_running.load(Ordering::SeqCst),
    }))
}
