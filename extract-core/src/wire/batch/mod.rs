//! The batch services of providers: their requests, their answers, and the lines of their files. Pure: no I/O,
//! no clock.

mod anthropic;
mod gemini;
mod mistral;
mod openai;
pub(crate) mod upload;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::conversation::{ProviderError, ProviderErrorKind};

/// The batch service of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchForm {
    /// It has none, or none that is known here.
    None,
    /// OpenAI's batches, and those of servers that follow it.
    OpenAi,
    /// Anthropic's message batches.
    Anthropic,
    /// Gemini's batch jobs.
    Gemini,
    /// Mistral's batch jobs.
    Mistral,
}

/// A request to a batch service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) target: Target,
    /// Parameters of the URL.
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// The method of a [`Call`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

/// The address of a [`Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path below the base URL.
    Below(String),
    /// A path below the base URL, with a segment before the path of the base.
    Beside(&'static str, String),
    /// An address that the server has given.
    Given(String),
}

/// The way in which the requests get to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upload {
    /// They are part of the request that creates the batch.
    WithBatch,
    /// They are uploaded as a file in a form.
    Form,
    /// They are uploaded to an address that a first request asks for.
    Resumable,
}

/// A batch to be created.
pub(crate) struct Creation<'c> {
    pub(crate) model: &'c str,
    /// The path of single requests, such as `/v1/responses`.
    pub(crate) path: &'c str,
    /// The id of the uploaded file.
    pub(crate) file: Option<&'c str>,
    /// The lines of the batch, if they are part of the request.
    pub(crate) lines: &'c [u8],
    /// A name that no other batch has.
    pub(crate) label: &'c str,
}

/// A batch that may have been created, although the answer did not come.
pub(crate) struct Sought<'s> {
    pub(crate) label: &'s str,
    pub(crate) file: Option<&'s str>,
    /// The number of its requests.
    pub(crate) requests: u64,
    /// The batches that are known.
    pub(crate) known: &'s [&'s str],
}

/// The state of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BatchInfo {
    pub(crate) stage: Stage,
    pub(crate) counts: Counts,
    /// The errors of a batch that failed as a whole.
    pub(crate) errors: Vec<BatchFault>,
    /// The files or addresses of its results, as the service names them.
    pub(crate) results: Vec<String>,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is checked or waits.
    Waiting,
    Running,
    Cancelling,
    Completed,
    /// It failed as a whole.
    Failed,
    Expired,
    Cancelled,
}

impl Stage {
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Expired | Self::Cancelled)
    }
}

/// The requests of a batch that have ended, as far as the service says so before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// The reason why a batch failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchFault {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    /// The line of the file that is wrong, from 1.
    pub(crate) line: Option<u64>,
    pub(crate) param: Option<String>,
}

/// A line of the results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResultLine {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
}

/// The outcome of a request of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// A response, as a single request would have got it.
    Response { status: u16, body: Vec<u8>, request_id: Option<String> },
    /// It was not run, because the batch expired.
    Expired,
    /// It was not run, because the batch was cancelled.
    Cancelled,
}

/// A batch service, as one of the forms knows it.
trait Service: Sync {
    /// Returns the requests and the bytes that fit into a batch.
    fn limits(&self) -> (usize, usize);

    fn upload(&self) -> Upload;

    /// Returns the line of a request, without its end.
    fn line(&self, id: &str, path: &str, body: &[u8]) -> Vec<u8>;

    fn create(&self, creation: &Creation<'_>) -> Call;

    /// Returns the id in the answer to [`create`](Self::create).
    fn created(&self, answer: &Value) -> Option<String>;

    /// Returns the request for the latest batches.
    fn list(&self) -> Call;

    /// Returns the id of a batch in the answer to [`list`](Self::list).
    fn find(&self, answer: &Value, sought: &Sought<'_>) -> Option<String>;

    fn poll(&self, id: &str) -> Call;

    fn info(&self, answer: &Value) -> Option<BatchInfo>;

    fn cancel(&self, id: &str) -> Call;

    /// Returns the request for a file of results.
    fn results(&self, id: &str, file: &str) -> Call;

    fn read_line(&self, line: &[u8]) -> Option<ResultLine>;
}

impl BatchForm {
    fn service(self) -> Option<&'static dyn Service> {
        match self {
            Self::None => None,
            Self::OpenAi => Some(&openai::OpenAi),
            Self::Anthropic => Some(&anthropic::Anthropic),
            Self::Gemini => Some(&gemini::Gemini),
            Self::Mistral => Some(&mistral::Mistral),
        }
    }

    /// Returns the service, if there is one.
    pub(crate) fn of(self) -> Option<BatchService> {
        self.service().map(BatchService)
    }
}

/// The batch service of a provider that has one.
#[derive(Clone, Copy)]
pub(crate) struct BatchService(&'static dyn Service);

impl BatchService {
    /// Returns the requests and the bytes that fit into a batch.
    pub(crate) fn limits(self) -> (usize, usize) {
        self.0.limits()
    }

    /// Returns the way in which the requests get to the service.
    pub(crate) fn upload(self) -> Upload {
        self.0.upload()
    }

    /// Returns the line of a request, with its end.
    pub(crate) fn line(self, id: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut line = self.0.line(id, path, body);
        line.push(b'\n');
        line
    }

    /// Returns the request that creates a batch.
    pub(crate) fn create(self, creation: &Creation<'_>) -> Call {
        self.0.create(creation)
    }

    /// Returns the id of a batch that was created.
    pub(crate) fn created(self, answer: &[u8]) -> Result<String, ProviderError> {
        let answer = json(answer, "the creation of a batch")?;
        let id = self.0.created(&answer);
        id.ok_or_else(|| malformed("the creation of a batch", "it names no batch"))
    }

    /// Returns the request for the latest batches.
    pub(crate) fn list(self) -> Call {
        self.0.list()
    }

    /// Returns the id of a batch in a list.
    pub(crate) fn find(
        self,
        answer: &[u8],
        sought: &Sought<'_>,
    ) -> Result<Option<String>, ProviderError> {
        Ok(self.0.find(&json(answer, "the list of batches")?, sought))
    }

    /// Returns the request for the state of a batch.
    pub(crate) fn poll(self, id: &str) -> Call {
        self.0.poll(id)
    }

    /// Reads the state of a batch.
    pub(crate) fn info(self, answer: &[u8]) -> Result<BatchInfo, ProviderError> {
        let answer = json(answer, "the state of a batch")?;
        let info = self.0.info(&answer);
        info.ok_or_else(|| malformed("the state of a batch", "it names no known state"))
    }

    /// Returns the request that cancels a batch.
    pub(crate) fn cancel(self, id: &str) -> Call {
        self.0.cancel(id)
    }

    /// Returns the request for a file of results.
    pub(crate) fn results(self, id: &str, file: &str) -> Call {
        self.0.results(id, file)
    }

    /// Reads a line of the results. `None` if it is none.
    pub(crate) fn read_line(self, line: &[u8]) -> Option<ResultLine> {
        self.0.read_line(line)
    }
}

/// Returns a GET request below the base URL.
fn get(path: &str) -> Call {
    Call { verb: Verb::Get, ..post(path) }
}

/// Returns a POST request below the base URL, without a body.
fn post(path: &str) -> Call {
    Call {
        verb: Verb::Post,
        target: Target::Below(path.to_owned()),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// Returns a POST request with a body.
fn post_json(path: &str, body: &Value) -> Call {
    Call { body: body.to_string().into_bytes(), ..post(path) }
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads a count. Google writes numbers as texts.
fn count(value: &Value, pointer: &str) -> u64 {
    match value.pointer(pointer) {
        Some(Value::Number(number)) => number.as_u64().unwrap_or_default(),
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

fn json(answer: &[u8], to: &str) -> Result<Value, ProviderError> {
    let answer = super::parse::without_byte_order_mark(answer);
    serde_json::from_slice(answer).map_err(|error| malformed(to, &error.to_string()))
}

fn malformed(to: &str, reason: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Malformed, format!("the answer to {to}: {reason}"))
}

/// A line of results in OpenAI's form.
#[derive(Deserialize)]
struct OpenAiLine<'l> {
    custom_id: String,
    #[serde(borrow)]
    response: Option<OpenAiResponse<'l>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct OpenAiResponse<'l> {
    status_code: Option<u16>,
    request_id: Option<String>,
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

/// Reads a line of results in OpenAI's form.
fn read_openai_line(line: &[u8]) -> Option<ResultLine> {
    let OpenAiLine { custom_id: id, response, error } = serde_json::from_slice(line).ok()?;
    let answered = response.and_then(|response| {
        let OpenAiResponse { status_code, request_id, body } = response;
        // Null is no body.
        let body = body.filter(|body| body.get() != "null")?;
        // A row that failed has its status; one without a status has a reply.
        let status = status_code.unwrap_or(200);
        Some(Outcome::Response { status, body: body.get().as_bytes().to_vec(), request_id })
    });
    let outcome = match (answered, error.filter(|error| !error.is_null())) {
        (Some(answered), _) => answered,
        (None, Some(error)) => match text(&error, "/code").as_deref() {
            Some("batch_expired") => Outcome::Expired,
            Some("batch_cancelled") => Outcome::Cancelled,
            _ => failure(500, error),
        },
        (None, None) => return None,
    };
    Some(ResultLine { id, outcome })
}

/// Returns the outcome of a request that failed, with its error as the body of the response.
fn failure(status: u16, error: Value) -> Outcome {
    let body = Value::Object(serde_json::Map::from_iter([("error".to_owned(), error)]));
    Outcome::Response { status, body: body.to_string().into_bytes(), request_id: None }
}

#[cfg(test)]
mod tests;
