//! The batch service of OpenAI in front of the embedded model, for an example that runs without a key: files,
//! batches and results as OpenAI's reference describes them. The requests of a batch run one after another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The files and batches of the service.
#[derive(Clone)]
struct Service {
    /// The base URL of the embedded model.
    model_url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    files: HashMap<String, String>,
    batches: Vec<Value>,
}

/// Starts the service, and returns its base URL. The second value counts its batches.
pub(crate) async fn start(model_url: &str) -> Result<(String, impl Fn() -> usize), Error> {
    let service = Service { model_url: model_url.to_owned(), shared: Arc::default() };
    let shared = Arc::clone(&service.shared);
    let router = Router::new()
        .route("/v1/files", post(upload))
        .route("/v1/files/{id}", axum::routing::delete(delete_file))
        .route("/v1/files/{id}/content", get(content))
        .route("/v1/batches", post(create).get(list))
        .route("/v1/batches/{id}", get(batch))
        .with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, move || lock(&shared).batches.len()))
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the file of a form: its lines are JSON, and those of the form are not.
async fn upload(State(service): State<Service>, form: String) -> String {
    let lines: Vec<&str> = form.lines().filter(|line| line.starts_with('{')).collect();
    let mut shared = lock(&service.shared);
    let id = format!("file-{}", shared.files.len() + 1);
    shared.files.insert(id.clone(), lines.join("\n"));
    json!({"id": id, "object": "file", "purpose": "batch"}).to_string()
}

async fn delete_file(State(service): State<Service>, Path(id): Path<String>) -> String {
    lock(&service.shared).files.remove(&id);
    json!({"id": id, "deleted": true}).to_string()
}

async fn content(
    State(service): State<Service>,
    Path(id): Path<String>,
) -> Result<String, StatusCode> {
    lock(&service.shared).files.get(&id).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn create(State(service): State<Service>, body: String) -> Result<String, StatusCode> {
    let body: Value = serde_json::from_str(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let input = body["input_file_id"].as_str().unwrap_or_default().to_owned();
    let (batch, place) = {
        let mut shared = lock(&service.shared);
        let place = shared.batches.len();
        let batch = json!({
            "id": format!("batch-{}", place + 1), "object": "batch", "status": "in_progress",
            "input_file_id": input, "request_counts": {"total": 0, "completed": 0, "failed": 0},
        });
        shared.batches.push(batch.clone());
        (batch, place)
    };
    tokio::spawn(async move { service.run(place, &input).await });
    Ok(batch.to_string())
}

async fn list(State(service): State<Service>) -> String {
    json!({"object": "list", "data": lock(&service.shared).batches}).to_string()
}

async fn batch(
    State(service): State<Service>,
    Path(id): Path<String>,
) -> Result<String, StatusCode> {
    let shared = lock(&service.shared);
    let found = shared.batches.iter().find(|batch| batch["id"] == id.as_str());
    found.map(Value::to_string).ok_or(StatusCode::NOT_FOUND)
}

impl Service {
    /// Runs the requests of a batch on the embedded model.
    async fn run(&self, place: usize, input: &str) {
        let lines = lock(&self.shared).files.get(input).cloned().unwrap_or_default();
        let mut results = Vec::new();
        for line in lines.lines() {
            let request: Value = serde_json::from_str(line).unwrap_or_default();
            let response = match self.ask(&request["body"]).await {
                Ok(body) => json!({"status_code": 200, "request_id": "local", "body": body}),
                Err(error) => {
                    let body = json!({"error": {"message": error.to_string()}});
                    json!({"status_code": 500, "request_id": "local", "body": body})
                }
            };
            let id = &request["custom_id"];
            results.push(json!({"custom_id": id, "response": response, "error": null}).to_string());
        }
        let mut shared = lock(&self.shared);
        let id = format!("results-{}", place + 1);
        if let Some(batch) = shared.batches.get_mut(place) {
            batch["status"] = json!("completed");
            batch["output_file_id"] = json!(id);
            batch["request_counts"]["completed"] = json!(results.len());
        }
        shared.files.insert(id, results.join("\n"));
    }

    /// Sends one request to the embedded model.
    async fn ask(&self, body: &Value) -> Result<Value, Error> {
        let (host, path) =
            self.model_url.trim_start_matches("http://").split_once('/').ok_or("URL")?;
        let body = body.to_string();
        let mut socket = TcpStream::connect(host).await?;
        let head = format!(
            "POST /{path}/chat/completions HTTP/1.0\r\nhost: {host}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(body.as_bytes()).await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        Ok(serde_json::from_str(body)?)
    }
}
