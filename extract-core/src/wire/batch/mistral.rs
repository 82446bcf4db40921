//! Mistral's batch jobs: <https://docs.mistral.ai/capabilities/batch>.

use serde_json::{Value, json};

use super::{
    BatchFault, BatchInfo, Call, Counts, Creation, ResultLine, Service, Sought, Stage, Upload,
    count, get, post, post_json, read_openai_line, text,
};

pub(super) struct Mistral;

impl Service for Mistral {
    fn limits(&self) -> (usize, usize) {
        (1_000_000, 500_000_000)
    }

    fn upload(&self) -> Upload {
        Upload::Form
    }

    fn line(&self, id: &str, _: &str, body: &[u8]) -> Vec<u8> {
        let mut line = format!(r#"{{"custom_id":{},"body":"#, json!(id)).into_bytes();
        line.extend_from_slice(body);
        line.push(b'}');
        line
    }

    fn create(&self, creation: &Creation<'_>) -> Call {
        let files: Vec<&str> = creation.file.into_iter().collect();
        let body = json!({
            "input_files": files,
            "endpoint": creation.path,
            "model": creation.model,
            "metadata": {"extract_llm": creation.label},
        });
        post_json("batch/jobs", &body)
    }

    fn created(&self, answer: &Value) -> Option<String> {
        text(answer, "/id")
    }

    fn list(&self) -> Call {
        Call { query: vec![("page_size", "100".to_owned())], ..get("batch/jobs") }
    }

    fn find(&self, answer: &Value, sought: &Sought<'_>) -> Option<String> {
        let mut jobs = answer.get("data")?.as_array()?.iter();
        let is_label =
            |job: &&Value| text(job, "/metadata/extract_llm").as_deref() == Some(sought.label);
        text(jobs.find(is_label)?, "/id")
    }

    fn poll(&self, id: &str) -> Call {
        get(&format!("batch/jobs/{id}"))
    }

    fn info(&self, answer: &Value) -> Option<BatchInfo> {
        let stage = match answer.get("status")?.as_str()? {
            "QUEUED" => Stage::Waiting,
            "RUNNING" => Stage::Running,
            "CANCELLATION_REQUESTED" => Stage::Cancelling,
            "SUCCESS" => Stage::Completed,
            "FAILED" => Stage::Failed,
            "TIMEOUT_EXCEEDED" => Stage::Expired,
            "CANCELLED" => Stage::Cancelled,
            _ => return None,
        };
        let counts = Counts {
            succeeded: count(answer, "/succeeded_requests"),
            failed: count(answer, "/failed_requests"),
        };
        let listed = answer.get("errors").and_then(Value::as_array);
        let errors = listed.into_iter().flatten().map(|error| BatchFault {
            code: None,
            message: text(error, "/message").unwrap_or_default(),
            line: None,
            param: None,
        });
        let files = ["/output_file", "/error_file"];
        let results = files.iter().filter_map(|place| text(answer, place)).collect();
        Some(BatchInfo { stage, counts, errors: errors.collect(), results })
    }

    fn cancel(&self, id: &str) -> Call {
        post(&format!("batch/jobs/{id}/cancel"))
    }

    fn results(&self, _: &str, file: &str) -> Call {
        get(&format!("files/{file}/content"))
    }

    fn read_line(&self, line: &[u8]) -> Option<ResultLine> {
        read_openai_line(line)
    }
}
