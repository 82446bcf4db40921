//! Anthropic's message batches: <https://docs.anthropic.com/en/api/creating-message-batches>.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{
    BatchInfo, Call, Counts, Creation, Outcome, ResultLine, Service, Sought, Stage, Upload, count,
    get, post, text,
};

pub(super) struct Anthropic;

#[derive(Deserialize)]
struct Line<'l> {
    custom_id: String,
    #[serde(borrow)]
    result: LineResult<'l>,
}

#[derive(Deserialize)]
struct LineResult<'l> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    message: Option<&'l RawValue>,
    error: Option<Value>,
}

impl Service for Anthropic {
    fn limits(&self) -> (usize, usize) {
        (100_000, 256_000_000)
    }

    fn upload(&self) -> Upload {
        Upload::WithBatch
    }

    fn line(&self, id: &str, _: &str, body: &[u8]) -> Vec<u8> {
        let mut line = format!(r#"{{"custom_id":{},"params":"#, json!(id)).into_bytes();
        line.extend_from_slice(body);
        line.push(b'}');
        line
    }

    fn create(&self, creation: &Creation<'_>) -> Call {
        let mut body = Vec::with_capacity(creation.lines.len() + 32);
        body.extend_from_slice(br#"{"requests":["#);
        let lines = creation.lines.strip_suffix(b"\n").unwrap_or(creation.lines);
        // JSON has no line feed inside of a text.
        body.extend(lines.iter().map(|byte| if *byte == b'\n' { b',' } else { *byte }));
        body.extend_from_slice(b"]}");
        Call { body, ..post("messages/batches") }
    }

    fn created(&self, answer: &Value) -> Option<String> {
        text(answer, "/id")
    }

    fn list(&self) -> Call {
        Call { query: vec![("limit", "100".to_owned())], ..get("messages/batches") }
    }

    /// A batch of Anthropic has no name. The latest one that is not known and has as many requests is taken.
    /// If it is another one, none of its results has an id that is asked for, and all are asked again.
    fn find(&self, answer: &Value, sought: &Sought<'_>) -> Option<String> {
        let mut batches = answer.get("data")?.as_array()?.iter();
        let found = batches.find(|batch| {
            let kinds = ["processing", "succeeded", "errored", "canceled", "expired"];
            let all = kinds.iter().map(|kind| count(batch, &format!("/request_counts/{kind}")));
            let is_known = text(batch, "/id").is_some_and(|id| sought.known.contains(&&*id));
            !is_known && all.sum::<u64>() == sought.requests
        })?;
        text(found, "/id")
    }

    fn poll(&self, id: &str) -> Call {
        get(&format!("messages/batches/{id}"))
    }

    fn info(&self, answer: &Value) -> Option<BatchInfo> {
        let counts = Counts {
            succeeded: count(answer, "/request_counts/succeeded"),
            failed: count(answer, "/request_counts/errored"),
        };
        let stage = match answer.get("processing_status")?.as_str()? {
            "in_progress" => Stage::Running,
            "canceling" => Stage::Cancelling,
            // The rows say which of them expired or were cancelled.
            "ended" => Stage::Completed,
            _ => return None,
        };
        let results = if stage.is_end() { vec![String::new()] } else { Vec::new() };
        Some(BatchInfo { stage, counts, errors: Vec::new(), results })
    }

    fn cancel(&self, id: &str) -> Call {
        post(&format!("messages/batches/{id}/cancel"))
    }

    fn results(&self, id: &str, _: &str) -> Call {
        get(&format!("messages/batches/{id}/results"))
    }

    fn read_line(&self, line: &[u8]) -> Option<ResultLine> {
        let Line { custom_id: id, result } = serde_json::from_slice(line).ok()?;
        let outcome = match result.kind.as_str() {
            "succeeded" => Outcome::Response {
                status: 200,
                body: result.message?.get().as_bytes().to_vec(),
                request_id: None,
            },
            "errored" => {
                let error = result.error?;
                let kind = text(&error, "/error/type").or_else(|| text(&error, "/type"));
                let status = status_of(kind.as_deref().unwrap_or_default());
                let request_id = text(&error, "/request_id");
                Outcome::Response { status, body: error.to_string().into_bytes(), request_id }
            }
            "canceled" => Outcome::Cancelled,
            "expired" => Outcome::Expired,
            _ => return None,
        };
        Some(ResultLine { id, outcome })
    }
}

/// Returns the status with which Anthropic sends a type of error.
fn status_of(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}
