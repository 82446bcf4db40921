//! OpenAI's batches: <https://platform.openai.com/docs/api-reference/batch>. Groq and others follow it.

use serde_json::{Value, json};

use super::{
    BatchFault, BatchInfo, Call, Counts, Creation, ResultLine, Service, Sought, Stage, Upload,
    count, get, post, post_json, read_openai_line, text,
};

pub(super) struct OpenAi;

impl Service for OpenAi {
    fn limits(&self) -> (usize, usize) {
        (50_000, 200_000_000)
    }

    fn upload(&self) -> Upload {
        Upload::Form
    }

    fn line(&self, id: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let (id, path) = (json!(id), json!(path));
        let mut line =
            format!(r#"{{"custom_id":{id},"method":"POST","url":{path},"body":"#).into_bytes();
        line.extend_from_slice(body);
        line.push(b'}');
        line
    }

    fn create(&self, creation: &Creation<'_>) -> Call {
        let body = json!({
            "input_file_id": creation.file,
            "endpoint": creation.path,
            "completion_window": "24h",
            "metadata": {"extract_llm": creation.label},
        });
        post_json("batches", &body)
    }

    fn created(&self, answer: &Value) -> Option<String> {
        text(answer, "/id")
    }

    fn list(&self) -> Call {
        Call { query: vec![("limit", "100".to_owned())], ..get("batches") }
    }

    fn find(&self, answer: &Value, sought: &Sought<'_>) -> Option<String> {
        let file = sought.file?;
        let mut batches = answer.get("data")?.as_array()?.iter();
        let found = batches.find(|batch| text(batch, "/input_file_id").as_deref() == Some(file))?;
        text(found, "/id")
    }

    fn poll(&self, id: &str) -> Call {
        get(&format!("batches/{id}"))
    }

    fn info(&self, answer: &Value) -> Option<BatchInfo> {
        let stage = match answer.get("status")?.as_str()? {
            "validating" => Stage::Waiting,
            "in_progress" | "finalizing" => Stage::Running,
            "cancelling" => Stage::Cancelling,
            "completed" => Stage::Completed,
            "failed" => Stage::Failed,
            "expired" => Stage::Expired,
            "cancelled" => Stage::Cancelled,
            _ => return None,
        };
        let counts = Counts {
            succeeded: count(answer, "/request_counts/completed"),
            failed: count(answer, "/request_counts/failed"),
        };
        let listed = answer.pointer("/errors/data").and_then(Value::as_array);
        let errors = listed.into_iter().flatten().map(|error| BatchFault {
            code: text(error, "/code"),
            message: text(error, "/message").unwrap_or_default(),
            line: error.get("line").and_then(Value::as_u64),
            param: text(error, "/param"),
        });
        let files = ["/output_file_id", "/error_file_id"];
        let results = files.iter().filter_map(|place| text(answer, place)).collect();
        Some(BatchInfo { stage, counts, errors: errors.collect(), results })
    }

    fn cancel(&self, id: &str) -> Call {
        post(&format!("batches/{id}/cancel"))
    }

    fn results(&self, _: &str, file: &str) -> Call {
        get(&format!("files/{file}/content"))
    }

    fn read_line(&self, line: &[u8]) -> Option<ResultLine> {
        read_openai_line(line)
    }
}
