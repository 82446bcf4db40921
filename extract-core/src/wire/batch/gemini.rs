//! Gemini's batch jobs: <https://ai.google.dev/gemini-api/docs/batch-api>. The requests are uploaded as a file.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{
    BatchFault, BatchInfo, Call, Counts, Creation, Outcome, ResultLine, Service, Sought, Stage,
    Upload, count, failure, get, post, post_json, text,
};

pub(super) struct Gemini;

#[derive(Deserialize)]
struct Line<'l> {
    key: Option<String>,
    metadata: Option<Value>,
    #[serde(borrow)]
    response: Option<&'l RawValue>,
    error: Option<Value>,
}

impl Service for Gemini {
    fn limits(&self) -> (usize, usize) {
        (200_000, 2_000_000_000)
    }

    fn upload(&self) -> Upload {
        Upload::Resumable
    }

    fn line(&self, id: &str, _: &str, body: &[u8]) -> Vec<u8> {
        let mut line = format!(r#"{{"key":{},"request":"#, json!(id)).into_bytes();
        line.extend_from_slice(body);
        line.push(b'}');
        line
    }

    fn create(&self, creation: &Creation<'_>) -> Call {
        let model = creation.model.strip_prefix("models/").unwrap_or(creation.model);
        let body = json!({"batch": {
            "displayName": creation.label,
            "inputConfig": {"fileName": creation.file},
        }});
        post_json(&format!("models/{model}:batchGenerateContent"), &body)
    }

    fn created(&self, answer: &Value) -> Option<String> {
        text(answer, "/name")
    }

    fn list(&self) -> Call {
        Call { query: vec![("pageSize", "100".to_owned())], ..get("batches") }
    }

    fn find(&self, answer: &Value, sought: &Sought<'_>) -> Option<String> {
        let mut jobs = answer.get("operations")?.as_array()?.iter();
        let is_label =
            |job: &&Value| text(job, "/metadata/displayName").as_deref() == Some(sought.label);
        text(jobs.find(is_label)?, "/name")
    }

    fn poll(&self, id: &str) -> Call {
        get(id)
    }

    fn info(&self, answer: &Value) -> Option<BatchInfo> {
        let state = text(answer, "/metadata/state").or_else(|| text(answer, "/state"));
        let state = state.as_deref().unwrap_or_default();
        let name = state.strip_prefix("BATCH_STATE_").or_else(|| state.strip_prefix("JOB_STATE_"));
        let error = answer.get("error").filter(|error| !error.is_null());
        let is_done = answer.get("done").and_then(Value::as_bool).unwrap_or_default();
        let stage = match name {
            Some("PENDING" | "QUEUED") => Stage::Waiting,
            Some("RUNNING") => Stage::Running,
            Some("CANCELLING") => Stage::Cancelling,
            Some("SUCCEEDED" | "PARTIALLY_SUCCEEDED") => Stage::Completed,
            Some("FAILED") => Stage::Failed,
            Some("CANCELLED") => Stage::Cancelled,
            Some("EXPIRED") => Stage::Expired,
            _ if is_done && error.is_some() => Stage::Failed,
            _ => return None,
        };
        let stats = "/metadata/batchStats";
        let counts = Counts {
            succeeded: count(answer, &format!("{stats}/successfulRequestCount")),
            failed: count(answer, &format!("{stats}/failedRequestCount")),
        };
        let errors = error.into_iter().map(|error| BatchFault {
            code: text(error, "/status"),
            message: text(error, "/message").unwrap_or_default(),
            line: None,
            param: None,
        });
        let places = ["/response/responsesFile", "/metadata/output/responsesFile"];
        let file = places.iter().find_map(|place| text(answer, place));
        Some(BatchInfo {
            stage,
            counts,
            errors: errors.collect(),
            results: file.into_iter().collect(),
        })
    }

    fn cancel(&self, id: &str) -> Call {
        post(&format!("{id}:cancel"))
    }

    fn results(&self, _: &str, file: &str) -> Call {
        Call { query: vec![("alt", "media".to_owned())], ..get(&format!("{file}:download")) }
    }

    fn read_line(&self, line: &[u8]) -> Option<ResultLine> {
        let Line { key, metadata, response, error } = serde_json::from_slice(line).ok()?;
        let id = key.or_else(|| text(&metadata?, "/key"))?;
        let outcome = match (response, error) {
            (Some(response), _) => Outcome::Response {
                status: 200,
                body: response.get().as_bytes().to_vec(),
                request_id: None,
            },
            (None, Some(error)) => {
                let code = error.get("code").and_then(Value::as_u64).unwrap_or_default();
                if code == CANCELLED { Outcome::Cancelled } else { failure(status_of(code), error) }
            }
            (None, None) => return None,
        };
        Some(ResultLine { id, outcome })
    }
}

/// The code of gRPC for a request that was cancelled.
const CANCELLED: u64 = 1;

/// Returns the HTTP status of a code of gRPC. Codes from 400 are such a status already.
fn status_of(code: u64) -> u16 {
    match code {
        3 | 9 | 11 => 400,
        16 => 401,
        7 => 403,
        5 => 404,
        6 | 10 => 409,
        8 => 429,
        12 => 501,
        14 => 503,
        4 => 504,
        400..=599 => u16::try_from(code).unwrap_or(500),
        _ => 500,
    }
}
