//! Reads the failures that a server reports: error bodies of every shape, and the errors made of them.

use std::time::Duration;

use serde_json::Value;

use super::failure_class::{classify, classify_reported};
use super::parse::{beginning, malformed};
use super::{cut_json, lenient, validation};
use crate::conversation::{ProviderError, ProviderErrorKind};

/// The maximum length of the provider's message in an error, in bytes. The rest is cut off.
const MAX_MESSAGE_BYTES: usize = 2000;

/// The maximum length of the model's rejected output in an error, in bytes. The rest is cut off.
const MAX_GENERATION_BYTES: usize = 256 * 1024;

/// The contents of an error body, whatever its shape.
///
/// ```
/// use extract_core::wire::ErrorBody;
/// use serde_json::json;
///
/// let body = ErrorBody::read(&json!({"error": {"message": "No.", "code": 400, "type": "bad_input"}}));
/// assert_eq!(body.best_code(), Some("bad_input"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The provider's message.
    pub message: Option<String>,
    /// The provider's error code. Numbers are converted to text.
    pub code: Option<String>,
    /// The type of the error; `status` in Google's errors.
    pub kind: Option<String>,
    /// The more specific reason that some providers put into `details`.
    pub reason: Option<String>,
    /// The field of the request that caused the error.
    pub param: Option<String>,
    /// The id of the request, if the body holds it.
    pub request_id: Option<String>,
    /// The time to wait before the next attempt, if the body holds it.
    pub wait: Option<Duration>,
    /// The model's output, if the provider rejected it.
    pub generation: Option<String>,
}

impl ErrorBody {
    /// Reads an error body. The known shapes are `{"error": {…}}`, `{"error": "…"}`, a flat
    /// `{"message", "code"}`, `{"detail": …}`, `{"errors": […]}`, and a list of one of these. For any
    /// other value, all fields are `None`.
    pub fn read(body: &Value) -> Self {
        match body {
            Value::Array(items) => items.first().map(Self::read).unwrap_or_default(),
            Value::String(message) => Self { message: Some(message.clone()), ..Self::default() },
            Value::Object(object) => {
                let mut read = match object.get("error") {
                    Some(inner @ Value::Object(_)) => Self::flat(inner),
                    Some(Value::String(message)) => {
                        Self { message: Some(message.clone()), ..Self::flat(body) }
                    }
                    _ => match object.get("errors") {
                        Some(list @ Value::Array(_)) if !object.contains_key("message") => {
                            Self::read(list)
                        }
                        _ => Self::flat(body),
                    },
                };
                let outer = |key: &str| lenient::text_at(body, key).map(str::to_owned);
                read.request_id = read.request_id.or_else(|| outer("/request_id"));
                read
            }
            _ => Self::default(),
        }
    }

    /// Reads an object whose fields are the fields of the error.
    fn flat(object: &Value) -> Self {
        let text = |key: &str| match object.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(other @ (Value::Array(_) | Value::Object(_))) => Some(other.to_string()),
            _ => None,
        };
        let details = object.get("details").and_then(Value::as_array);
        let detail = |key: &str| {
            details?.iter().find_map(|detail| detail.get(key)?.as_str().map(str::to_owned))
        };
        let listed = ["message", "detail", "errors"];
        let listed = listed.iter().find_map(|key| validation::Violations::read(object.get(*key)?));
        let (violations, field) = listed.map(|listed| (listed.message, listed.field)).unzip();
        let message = violations
            .or_else(|| text("message"))
            .or_else(|| text("Message"))
            .or_else(|| text("detail"));
        // OpenRouter forwards the message of the upstream provider.
        let behind = lenient::text_at(object, "/metadata/raw").map(str::to_owned);
        let message = match (message, behind) {
            (Some(message), Some(behind)) => Some(format!("{message}: {behind}")),
            (message, behind) => message.or(behind),
        };
        let stated = detail("retryDelay").as_deref().and_then(duration);
        let wait = stated.or_else(|| wait_in_message(message.as_deref()?));
        Self {
            code: text("code").or_else(|| text("status_code")),
            kind: text("type").or_else(|| text("status")).or_else(|| text("__type")),
            reason: lenient::text_at(object, "/details/error_code")
                .map(str::to_owned)
                .or_else(|| detail("reason")),
            param: text("param").or(field).filter(|name| !name.is_empty()),
            request_id: None,
            generation: text("failed_generation").filter(|text| !text.is_empty()),
            message,
            wait,
        }
    }

    /// Returns the error for this body.
    fn into_error(self, kind: ProviderErrorKind) -> ProviderError {
        let code = self.best_code().map(str::to_owned);
        let mut error = ProviderError::new(kind, truncated(self.message, MAX_MESSAGE_BYTES));
        error.code = code;
        error.retry_after = self.wait;
        error.param = self.param;
        error.request_id = self.request_id;
        error.generation = self.generation.map(|text| truncated(Some(text), MAX_GENERATION_BYTES));
        error
    }

    /// Returns the most specific code. That is the code, unless it only repeats the status; then the
    /// reason, the type, and at last the numeric code. `None` if the body holds none of them.
    pub fn best_code(&self) -> Option<&str> {
        let telling = |code: &&String| code.parse::<u16>().is_err();
        self.code
            .as_ref()
            .filter(telling)
            .or(self.reason.as_ref())
            .or(self.kind.as_ref())
            .or(self.code.as_ref())
            .map(String::as_str)
    }
}

/// Cuts a text off after at most `limit` bytes, and marks the cut with `…`.
fn truncated(text: Option<String>, limit: usize) -> String {
    let mut text = text.unwrap_or_default();
    if text.len() > limit {
        let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Parses a duration as Go and Google write it: `48s`, `1.5s`, `120ms`, `6m0s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |end| digits + end);
        seconds += number
            * match &rest[digits..unit_end] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Finds the wait in a message such as `Please retry in 48.9s.` or `Please try again in 1m2s.`
fn wait_in_message(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let marks = ["retry in ", "try again in ", "retry after "];
    let (at, mark) = marks.iter().find_map(|mark| Some((lower.find(mark)?, mark)))?;
    let rest = &lower[at + mark.len()..];
    let number = rest.split_whitespace().next()?.trim_end_matches(['.', ',', ';', ')']);
    if let Some(found) = duration(number) {
        return Some(found);
    }
    let seconds: f64 = number.parse().ok()?;
    let unit = rest.split_whitespace().nth(1)?;
    unit.starts_with("sec").then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

/// Returns the error for a response with an error status. `error_type` is the value of Amazon's header
/// `x-amzn-errortype`. No other header is taken into account.
pub fn decode_failure(status: u16, body: &[u8], error_type: Option<&str>) -> ProviderError {
    let parsed = serde_json::from_slice(body).ok().or_else(|| cut_json::parse(body));
    let mut read = parsed.as_ref().map(ErrorBody::read).unwrap_or_default();
    if parsed.is_none() {
        // The text of a body that is not JSON can still be classified.
        read.message = Some(beginning(body)).filter(|_| !body.is_empty());
    }
    if read.code.is_none() && read.kind.is_none() {
        // Amazon appends a URL to the name.
        let name = error_type.and_then(|name| name.split(':').next());
        read.kind = name.map(str::to_owned);
    }
    let kind = classify(status, &read);
    let mut error = read.into_error(kind);
    if parsed.is_none() || error.message.is_empty() {
        error.message = match body {
            [] => String::from("the body is empty"),
            _ => format!("the body begins {}", beginning(body)),
        };
    }
    error.status = Some(status);
    error
}

/// Returns the error for a reason to stop that marks an unusable answer, with the reason as its code. Asked
/// again, the model may answer well. `None` for other reasons. The names are those of Gemini and Bedrock;
/// gateways pass them on alone, or behind the name of a filter.
pub(super) fn rejected_answer(reason: &str, message: Option<&str>) -> Option<ProviderError> {
    let name = reason.to_ascii_lowercase();
    let name = name.rsplit([' ', ':']).next().unwrap_or_default();
    let meaning = match name {
        "malformed_function_call" | "malformed_tool_use" => "the model wrote a malformed tool call",
        "malformed_response" | "malformed_model_output" => "the model wrote a malformed answer",
        "unexpected_tool_call" => "the model called a tool that was not offered",
        "too_many_tool_calls" => "the model called too many tools",
        _ => return None,
    };
    let message = truncated(Some(message.unwrap_or(meaning).to_owned()), MAX_MESSAGE_BYTES);
    let mut error = ProviderError::new(ProviderErrorKind::RejectedAnswer, message);
    error.code = Some(reason.to_owned());
    Some(error)
}

/// Returns the error that a server reports in the body of a successful response, or in a stream. A
/// numeric code from 400 to 599 counts as its status.
pub(super) fn reported_error(body: &str) -> ProviderError {
    let read = match serde_json::from_str::<Value>(body) {
        Ok(value) => ErrorBody::read(&value),
        Err(_) => ErrorBody { message: Some(body.to_owned()), ..ErrorBody::default() },
    };
    let kind = match read.code.as_deref().and_then(|code| code.parse().ok()) {
        Some(status @ 400..=599) => classify(status, &read),
        _ => classify_reported(&read),
    };
    read.into_error(kind)
}

/// Returns the error of a successful response whose body lacks the reply: the failure that the body
/// reports, or else a malformed body. `lack` describes what is missing.
pub(super) fn without_reply(body: &[u8], lack: &str) -> ProviderError {
    let read = serde_json::from_slice(body).map(|body| ErrorBody::read(&body)).unwrap_or_default();
    if read.message.is_some() && read.best_code().is_some() {
        return reported_error(&String::from_utf8_lossy(body));
    }
    malformed(format!("{lack}; the body begins {}", beginning(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_every_form() {
        let cases = [
            ("48s", Some(48.0)),
            ("48.939935699s", Some(48.939_935_699)),
            ("120ms", Some(0.12)),
            ("6m0s", Some(360.0)),
            ("1h2m3s", Some(3723.0)),
            ("soon", None),
            ("", None),
            ("5", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text).map(|wait| wait.as_secs_f64()), seconds, "{text}");
        }
        let message = "Quota exceeded.\nPlease retry in 48.5s.";
        assert_eq!(wait_in_message(message), Some(Duration::from_millis(48_500)));
        let message = "Rate limit reached. Please try again in 20 seconds, or upgrade.";
        assert_eq!(wait_in_message(message), Some(Duration::from_secs(20)));
        assert_eq!(wait_in_message("Please try again later."), None);
    }
}
