//! A server with the batch services of OpenAI, Anthropic, Google and Mistral, as their references describe them:
//! files, jobs in their states, results in any order.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use extract_core::wire::Protocol;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::http::{content_of_form, read, response};
use super::replies::saying;

/// The outcome of one request of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// A reply with this text.
    Says(String),
    /// An error with this status and message.
    Fails(u16, &'static str),
    Expired,
    Cancelled,
    /// No line in any file.
    Absent,
}

/// The end of a batch.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Completed,
    Expired,
    /// It fails as a whole: code, message, and the line at fault.
    Failed(&'static str, &'static str, Option<u64>),
}

/// A fault of the service, for one call.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The call is refused with this status.
    Status(u16, &'static str),
    /// The call is carried out, and the connection closes without an answer.
    NoAnswer,
    /// The body of the answer is cut.
    Cut,
}

type Answers = dyn Fn(&Value) -> Outcome + Send + Sync;

#[derive(Default)]
struct State {
    files: HashMap<String, Vec<u8>>,
    jobs: Vec<Job>,
    calls: Vec<String>,
    /// The ends of the next batches. Without one, a batch completes.
    ends: VecDeque<End>,
    /// Faults of the next calls whose line begins with the text.
    faults: Vec<(&'static str, Fault)>,
    /// The number of polls before a batch ends.
    polls: usize,
    next: usize,
}

struct Job {
    id: String,
    label: Value,
    file: Value,
    lines: Vec<(String, Value)>,
    /// Polls until it ends.
    left: usize,
    end: End,
    is_cancelled: bool,
    results: Option<(String, String)>,
}

/// A server with batch services.
#[derive(Clone)]
pub(crate) struct BatchServer {
    address: SocketAddr,
    /// The name of the provider.
    pub(crate) service: &'static str,
    protocol: Protocol,
    state: Arc<Mutex<State>>,
    answers: Arc<Answers>,
}

impl BatchServer {
    pub(crate) async fn start(
        service: &'static str,
        answers: impl Fn(&Value) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { polls: 1, ..State::default() }));
        let protocol = match service {
            "openai-responses" => Protocol::Responses,
            "anthropic" => Protocol::Anthropic,
            "google" => Protocol::Gemini,
            _ => Protocol::Chat,
        };
        let server = Self { address, service, protocol, state, answers: Arc::new(answers) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(socket).await });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        let version = if self.protocol == Protocol::Gemini { "v1beta" } else { "v1" };
        format!("http://{}/{version}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets each batch end at this poll.
    pub(crate) fn ends_at_poll(&self, polls: usize) {
        self.state().polls = polls;
    }

    /// Lets all batches end at the next poll.
    pub(crate) fn end_all(&self) {
        self.state().jobs.iter_mut().for_each(|job| job.left = 0);
    }

    pub(crate) fn next_end(&self, end: End) {
        self.state().ends.push_back(end);
    }

    pub(crate) fn fault(&self, call: &'static str, fault: Fault) {
        self.state().faults.push((call, fault));
    }

    /// Returns the calls so far, as method and path.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.calls().iter().filter(|call| call.starts_with(start)).count()
    }

    /// Returns the number of requests of each batch.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.state().jobs.iter().map(|job| job.lines.len()).collect()
    }

    /// Returns the number of files that were not deleted.
    pub(crate) fn input_files(&self) -> usize {
        self.state().files.keys().filter(|name| name.contains("in-")).count()
    }

    async fn serve(&self, mut socket: TcpStream) {
        let Some((line, head, body)) = read(&mut socket).await else { return };
        let fault = {
            let mut state = self.state();
            state.calls.push(line.clone());
            let place = state.faults.iter().position(|(call, _)| line.starts_with(call));
            place.map(|place| state.faults.remove(place).1)
        };
        if let Some(Fault::Status(status, message)) = fault {
            let error = json!({"error": {"message": message}}).to_string();
            let _ = socket.write_all(response(status, "", error.as_bytes()).as_slice()).await;
            return;
        }
        let (status, headers, answer) = self.answer(&line, &head, &body);
        let bytes = response(status, &headers, &answer);
        let bytes = match fault {
            Some(Fault::NoAnswer) => &[],
            Some(Fault::Cut) => &bytes[..bytes.len() - answer.len() / 2 - 1],
            _ => &bytes[..],
        };
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
    }

    fn answer(&self, line: &str, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let json = |value: Value| (200, String::new(), value.to_string().into_bytes());
        let (method, target) = line.split_once(' ').unwrap();
        let path = target.split('?').next().unwrap();
        if !path.starts_with("/upload-target") {
            let key = head.to_ascii_lowercase();
            assert!(key.contains("sk-test-1234567"), "no key: {head}");
        }
        let mut state = self.state();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            // The files of OpenAI and Mistral.
            ("POST", ["v1", "files"]) => {
                let id = state.keep_file(&content_of_form(head, body));
                json(json!({"id": id, "object": "file", "purpose": "batch"}))
            }
            ("GET", ["v1", "files", id, "content"]) => {
                (200, String::new(), state.files[*id].clone())
            }
            ("DELETE", ["v1" | "v1beta", "files", id]) => {
                state.files.remove(*id).unwrap();
                json(json!({"id": id, "deleted": true}))
            }
            // Google's files.
            ("POST", ["upload", "v1beta", "files"]) => {
                let lower = head.to_ascii_lowercase();
                assert!(lower.contains("x-goog-upload-command: start"), "{head}");
                let to = format!("x-goog-upload-url: http://{}/upload-target\r\n", self.address);
                (200, to, b"{}".to_vec())
            }
            ("POST", ["upload-target"]) => {
                let lower = head.to_ascii_lowercase();
                assert!(lower.contains("x-goog-upload-command: upload, finalize"), "{head}");
                let id = state.keep_file(body);
                json(json!({"file": {"name": format!("files/{id}")}}))
            }
            ("GET", ["v1beta", "files", name]) => {
                assert!(target.ends_with("?alt=media"), "{target}");
                let id = name.strip_suffix(":download").unwrap();
                (200, String::new(), state.files[id].clone())
            }
            _ => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                self.job_call(&mut state, method, &parts, &body)
            }
        }
    }

    fn job_call(
        &self,
        state: &mut State,
        method: &str,
        parts: &[&str],
        body: &Value,
    ) -> (u16, String, Vec<u8>) {
        let json = |value: Value| (200, String::new(), value.to_string().into_bytes());
        match (method, parts) {
            ("POST", ["v1", "batches"]) => {
                assert_eq!(body["completion_window"], "24h");
                let place = state.create(self.protocol, &body["input_file_id"], &body["metadata"]);
                let job = &state.jobs[place];
                for (_, line) in &job.lines {
                    assert_eq!(
                        (&line["method"], &line["url"]),
                        (&json!("POST"), &body["endpoint"])
                    );
                }
                json(job.openai())
            }
            ("POST", ["v1", "batch", "jobs"]) => {
                let place = state.create(self.protocol, &body["input_files"][0], &body["metadata"]);
                assert_eq!(body["model"], "m");
                json(state.jobs[place].mistral())
            }
            ("POST", ["v1", "messages", "batches"]) => {
                let lines = body["requests"].as_array().unwrap().clone();
                let place = state.create_of(self.protocol, &lines, Value::Null, Value::Null);
                json(state.jobs[place].anthropic())
            }
            ("POST", ["v1beta", "models", "m:batchGenerateContent"]) => {
                let batch = &body["batch"];
                let file = batch["inputConfig"]["fileName"].as_str().unwrap();
                let file = json!(file.strip_prefix("files/").unwrap());
                let place = state.create(self.protocol, &file, &batch["displayName"]);
                json(state.jobs[place].gemini())
            }
            (
                "GET",
                ["v1" | "v1beta", "batches"]
                | ["v1", "batch", "jobs"]
                | ["v1", "messages", "batches"],
            ) => {
                let jobs: Vec<Value> = state.jobs.iter().rev().map(|job| self.show(job)).collect();
                let list = if self.protocol == Protocol::Gemini { "operations" } else { "data" };
                json(json!({ list: jobs }))
            }
            (_, [.., "cancel"]) => {
                let id = parts[parts.len() - 2];
                let job = state.jobs.iter_mut().find(|job| job.id == id).unwrap();
                job.cancel(json)
            }
            ("POST", [.., name]) if name.ends_with(":cancel") => {
                let id = name.strip_suffix(":cancel").unwrap();
                let job = state.jobs.iter_mut().find(|job| job.id == id).unwrap();
                job.cancel(json)
            }
            ("GET", [.., id, "results"]) => {
                let job = state.jobs.iter().find(|job| job.id == *id).unwrap();
                let (results, _) = job.results.clone().expect("the results are there at the end");
                (200, String::new(), state.files[&results].clone())
            }
            ("GET", [.., id]) => {
                let Some(place) = state.jobs.iter().position(|job| job.id == *id) else {
                    return (
                        404,
                        String::new(),
                        br#"{"error":{"message":"no such batch"}}"#.to_vec(),
                    );
                };
                self.poll(state, place);
                json(self.show(&state.jobs[place]))
            }
            _ => panic!("{method} {parts:?}"),
        }
    }

    fn show(&self, job: &Job) -> Value {
        match self.protocol {
            Protocol::Anthropic => job.anthropic(),
            Protocol::Gemini => job.gemini(),
            _ if self.service == "mistral" => job.mistral(),
            _ => job.openai(),
        }
    }

    /// Moves a job on. At its end, its results are written.
    fn poll(&self, state: &mut State, place: usize) {
        let job = &mut state.jobs[place];
        if job.results.is_some() {
            return;
        }
        if job.left > 0 {
            job.left -= 1;
            return;
        }
        let mut lines = [Vec::new(), Vec::new()];
        // In another order than that of the requests.
        for (id, request) in job.lines.iter().rev() {
            let outcome = match job.end {
                End::Failed(..) => Outcome::Absent,
                _ => (self.answers)(request),
            };
            let outcome = if job.is_cancelled && !matches!(outcome, Outcome::Absent) {
                Outcome::Cancelled
            } else {
                outcome
            };
            let Some((line, is_error)) = self.line(id, &outcome) else { continue };
            let target = usize::from(
                is_error
                    && self.protocol != Protocol::Anthropic
                    && self.protocol != Protocol::Gemini,
            );
            lines[target].extend_from_slice(line.to_string().as_bytes());
            lines[target].push(b'\n');
        }
        let [good, bad] = lines;
        let names = (format!("out-{place}"), format!("err-{place}"));
        job.results = Some(names.clone());
        state.files.insert(names.0, good);
        state.files.insert(names.1, bad);
    }

    /// Returns a line of results, and whether it goes into the file of errors.
    fn line(&self, id: &str, outcome: &Outcome) -> Option<(Value, bool)> {
        let reply = |text: &str| -> Value {
            serde_json::from_str(&saying(self.protocol, &[text]).body).unwrap()
        };
        let line = match (self.protocol, outcome) {
            (_, Outcome::Absent) => return None,
            (Protocol::Anthropic, outcome) => {
                let result = match outcome {
                    Outcome::Says(text) => json!({"type": "succeeded", "message": reply(text)}),
                    Outcome::Fails(status, message) => {
                        let kind = match status {
                            400 => "invalid_request_error",
                            429 => "rate_limit_error",
                            _ => "api_error",
                        };
                        let error = json!({"type": kind, "message": message});
                        json!({"type": "errored", "error": {"type": "error", "error": error}})
                    }
                    Outcome::Expired => json!({"type": "expired"}),
                    _ => json!({"type": "canceled"}),
                };
                (json!({"custom_id": id, "result": result}), false)
            }
            (Protocol::Gemini, outcome) => match outcome {
                Outcome::Says(text) => (json!({"key": id, "response": reply(text)}), false),
                Outcome::Fails(status, message) => {
                    let code = match status {
                        400 => 3,
                        429 => 8,
                        _ => 13,
                    };
                    (json!({"key": id, "error": {"code": code, "message": message}}), true)
                }
                Outcome::Expired => return None,
                _ => (json!({"key": id, "error": {"code": 1, "message": "Cancelled."}}), true),
            },
            (_, outcome) => {
                let (response, error) = match outcome {
                    Outcome::Says(text) => (
                        json!({"status_code": 200, "request_id": format!("req-{id}"), "body": reply(text)}),
                        Value::Null,
                    ),
                    Outcome::Fails(status, message) => {
                        let body = json!({"error": {"message": message}});
                        (
                            json!({"status_code": status, "request_id": "req-x", "body": body}),
                            Value::Null,
                        )
                    }
                    Outcome::Expired => {
                        (Value::Null, json!({"code": "batch_expired", "message": "Too late."}))
                    }
                    _ => (Value::Null, json!({"code": "batch_cancelled", "message": "Cancelled."})),
                };
                let is_error = !matches!(outcome, Outcome::Says(_));
                let line = json!({"id": "batch_req_1", "custom_id": id, "response": response, "error": error});
                (line, is_error)
            }
        };
        Some(line)
    }
}

impl State {
    fn keep_file(&mut self, content: &[u8]) -> String {
        self.next += 1;
        let id = format!("in-{}", self.next);
        self.files.insert(id.clone(), content.to_vec());
        id
    }

    fn create(&mut self, protocol: Protocol, file: &Value, label: &Value) -> usize {
        let content = self.files[file.as_str().unwrap()].clone();
        let lines: Vec<Value> = content
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        self.create_of(protocol, &lines, file.clone(), label.clone())
    }

    fn create_of(
        &mut self,
        protocol: Protocol,
        lines: &[Value],
        file: Value,
        label: Value,
    ) -> usize {
        let lines: Vec<(String, Value)> = lines
            .iter()
            .map(|line| {
                let id = line.get("custom_id").or_else(|| line.get("key")).unwrap();
                let id = id.as_str().unwrap().to_owned();
                assert!(
                    id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                );
                let body = ["body", "params", "request"].iter().find_map(|name| line.get(name));
                assert!(body.unwrap().get("stream").is_none_or(|stream| stream == false), "{line}");
                if protocol == Protocol::Anthropic {
                    assert!(body.unwrap()["max_tokens"].is_u64(), "{line}");
                }
                (id, line.clone())
            })
            .collect();
        let mut ids: Vec<&String> = lines.iter().map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), lines.len(), "the names of requests are not unique");
        let end = self.ends.pop_front().unwrap_or(End::Completed);
        let id = format!("batch-{}", self.jobs.len() + 1);
        let left = self.polls;
        self.jobs.push(Job {
            id,
            label,
            file,
            lines,
            left,
            end,
            is_cancelled: false,
            results: None,
        });
        self.jobs.len() - 1
    }
}

impl Job {
    fn is_over(&self) -> bool {
        self.results.is_some()
    }

    fn cancel(&mut self, json: impl Fn(Value) -> (u16, String, Vec<u8>)) -> (u16, String, Vec<u8>) {
        if self.is_over() {
            let error = br#"{"error":{"message":"The batch has ended."}}"#;
            return (409, String::new(), error.to_vec());
        }
        // One that is about to end ends with its results.
        self.is_cancelled = self.left > 0;
        json(json!({"id": self.id}))
    }

    /// Returns one of these names: for a batch that runs, is being cancelled, completed, failed, expired, was
    /// cancelled.
    fn state(&self, names: [&'static str; 6]) -> &'static str {
        let [running, cancelling, completed, failed, expired, cancelled] = names;
        match (self.is_over(), self.is_cancelled, &self.end) {
            (false, false, _) => running,
            (false, true, _) => cancelling,
            (true, true, _) => cancelled,
            (true, false, End::Completed) => completed,
            (true, false, End::Failed(..)) => failed,
            (true, false, End::Expired) => expired,
        }
    }

    fn openai(&self) -> Value {
        let names = ["in_progress", "cancelling", "completed", "failed", "expired", "cancelled"];
        let mut job = json!({
            "id": self.id, "object": "batch", "status": self.state(names), "metadata": self.label,
            "input_file_id": self.file, "request_counts": {"total": self.lines.len(), "completed": 0, "failed": 0},
        });
        if let Some((good, bad)) = &self.results {
            if let End::Failed(code, message, line) = &self.end {
                job["errors"] = json!({"object": "list",
                    "data": [{"code": code, "message": message, "line": line, "param": "body"}]});
            } else {
                job["output_file_id"] = json!(good);
                job["error_file_id"] = json!(bad);
                job["request_counts"]["completed"] = json!(self.lines.len());
            }
        }
        job
    }

    fn mistral(&self) -> Value {
        let names = [
            "RUNNING",
            "CANCELLATION_REQUESTED",
            "SUCCESS",
            "FAILED",
            "TIMEOUT_EXCEEDED",
            "CANCELLED",
        ];
        let mut job = json!({
            "id": self.id, "object": "batch", "status": self.state(names), "metadata": self.label,
            "total_requests": self.lines.len(), "succeeded_requests": 0, "failed_requests": 0, "errors": [],
        });
        if let Some((good, bad)) = &self.results {
            if let End::Failed(_, message, _) = &self.end {
                job["errors"] = json!([{"message": message, "count": 1}]);
            } else {
                job["output_file"] = json!(good);
                job["error_file"] = json!(bad);
                job["succeeded_requests"] = json!(self.lines.len());
            }
        }
        job
    }

    fn anthropic(&self) -> Value {
        let names = ["in_progress", "canceling", "ended", "ended", "ended", "ended"];
        let (all, over) = (self.lines.len(), self.is_over());
        json!({
            "id": self.id, "type": "message_batch", "processing_status": self.state(names),
            // All but one are zero until the end.
            "request_counts": {"processing": if over { 0 } else { all }, "succeeded": if over { all } else { 0 },
                "errored": 0, "canceled": 0, "expired": 0},
        })
    }

    fn gemini(&self) -> Value {
        let names = [
            "BATCH_STATE_RUNNING",
            "BATCH_STATE_RUNNING",
            "BATCH_STATE_SUCCEEDED",
            "BATCH_STATE_FAILED",
            "BATCH_STATE_EXPIRED",
            "BATCH_STATE_CANCELLED",
        ];
        let all = self.lines.len().to_string();
        let mut job = json!({"name": format!("batches/{}", self.id), "done": self.is_over(),
            "metadata": {"state": self.state(names), "displayName": self.label,
                "batchStats": {"requestCount": all, "pendingRequestCount": all}}});
        if let Some((good, _)) = &self.results {
            if let End::Failed(code, message, _) = &self.end {
                job["error"] = json!({"code": 3, "status": code, "message": message});
            } else {
                job["metadata"]["batchStats"] =
                    json!({"requestCount": all, "successfulRequestCount": all});
                job["response"] = json!({"responsesFile": format!("files/{good}")});
            }
        }
        job
    }
}
