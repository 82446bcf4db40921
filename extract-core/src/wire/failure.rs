//! Classifies failures that a server reports. The status alone is not enough: an empty account and a
//! rate limit are both a 429, and some providers answer a bad key with a 400.

use std::time::Duration;

use serde_json::Value;

use super::lenient;
use super::parse::beginning;
use crate::conversation::{ProviderError, ProviderErrorKind as Kind};

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
        let message = text("message").or_else(|| text("Message")).or_else(|| text("detail"));
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
            param: text("param"),
            request_id: None,
            generation: text("failed_generation").filter(|text| !text.is_empty()),
            message,
            wait,
        }
    }

    /// Returns the error for this body and a status.
    pub(super) fn into_error(self, status: u16) -> ProviderError {
        let kind = classify(status, &self);
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
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
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
    let mut error = read.into_error(status);
    if parsed.is_none() || error.message.is_empty() {
        error.message = match body {
            [] => String::from("the body is empty"),
            _ => format!("the body begins {}", beginning(body)),
        };
    }
    error.status = Some(status);
    error
}

/// Returns the error that a server reports in the body of a successful response, or in a stream. Its
/// status is the numeric code, or else 500.
pub(super) fn reported_error(body: &str) -> ProviderError {
    let read = match serde_json::from_str::<Value>(body) {
        Ok(value) => ErrorBody::read(&value),
        Err(_) => ErrorBody { message: Some(body.to_owned()), ..ErrorBody::default() },
    };
    let status = read.code.as_deref().and_then(|code| code.parse().ok());
    read.into_error(status.filter(|status| (400..=599).contains(status)).unwrap_or(500))
}

/// Returns the class of a failure. Codes decide first, then the status, then phrases in the message.
pub fn classify(status: u16, body: &ErrorBody) -> Kind {
    let message = body.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let codes = [body.reason.as_deref(), body.code.as_deref(), body.kind.as_deref()];
    for code in codes.into_iter().flatten() {
        match by_code(code) {
            // The message may be more specific than these two.
            Some(Kind::RateLimited | Kind::InvalidRequest) => {
                return by_message(&message).or(by_code(code)).unwrap_or(Kind::InvalidRequest);
            }
            Some(kind) => return kind,
            None => {}
        }
    }
    match status {
        400 | 413 | 422 => by_message(&message).unwrap_or(Kind::InvalidRequest),
        401 => Kind::Authentication,
        402 => Kind::QuotaExceeded,
        403 => by_message(&message).unwrap_or(Kind::Permission),
        300..=399 | 404 | 410 => Kind::NotFound,
        408 | 504 | 524 => Kind::Timeout,
        409 | 425 | 503 | 529 => Kind::Overloaded,
        429 => by_message(&message).unwrap_or(Kind::RateLimited),
        500..=599 => by_message(&message).unwrap_or(Kind::Server),
        400..=499 => Kind::InvalidRequest,
        _ => Kind::Other,
    }
}

/// Returns the class for a code, type or reason. `None` if the status has to decide.
fn by_code(code: &str) -> Option<Kind> {
    // Amazon puts a namespace before the name and a URL after it.
    let code = code.rsplit('#').next().unwrap_or(code);
    let code = code.split(':').next().unwrap_or(code);
    Some(match code {
        "invalid_api_key"
        | "authentication_error"
        | "API_KEY_INVALID"
        | "UNAUTHENTICATED"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "ExpiredTokenException" => Kind::Authentication,
        "permission_error" | "PERMISSION_DENIED" | "AccessDeniedException" => Kind::Permission,
        "model_not_found"
        | "not_found_error"
        | "DeploymentNotFound"
        | "NOT_FOUND"
        | "ResourceNotFoundException" => Kind::NotFound,
        "context_length_exceeded" | "exceed_context_size_error" | "string_above_max_length" => {
            Kind::ContextTooLong
        }
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "billing_error"
        | "billing_hard_limit_reached"
        | "enforced_spend_limit_reached"
        | "contract_spend_limit_reached"
        | "ServiceQuotaExceededException" => Kind::QuotaExceeded,
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "slow_down"
        | "RESOURCE_EXHAUSTED"
        | "RATE_LIMIT_EXCEEDED"
        | "ThrottlingException"
        | "throttlingException" => Kind::RateLimited,
        "server_is_overloaded"
        | "overloaded_error"
        | "UNAVAILABLE"
        | "unavailable_error"
        | "ServiceUnavailableException"
        | "serviceUnavailableException"
        | "ModelNotReadyException" => Kind::Overloaded,
        "timeout_error" | "DEADLINE_EXCEEDED" | "ModelTimeoutException" => Kind::Timeout,
        "content_filter" | "content_policy_violation" | "responsible_ai_policy_violation" => {
            Kind::ContentFiltered
        }
        "tool_use_failed" | "json_validate_failed" | "output_parse_failed" => Kind::RejectedAnswer,
        "api_error"
        | "server_error"
        | "INTERNAL"
        | "InternalServerException"
        | "internalServerException"
        | "ModelStreamErrorException"
        | "modelStreamErrorException"
        | "ModelErrorException" => Kind::Server,
        "invalid_request_error"
        | "invalid_request"
        | "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION"
        | "ValidationException"
        | "validationException" => Kind::InvalidRequest,
        _ => return None,
    })
}

/// Returns the class for a phrase in the message, in lower case. `None` if no phrase is known.
fn by_message(message: &str) -> Option<Kind> {
    let says = |phrase: &str| message.contains(phrase);
    let too_long = [
        "context length",
        "context size",
        "context window",
        "maximum context",
        "too many tokens",
        "input tokens exceed",
        // A request above the limit of tokens per minute never passes, however long one waits.
        "request too large",
        "prompt is too long",
        "prompt too long",
        "input is too long",
        "exceeds the maximum number of tokens",
    ];
    if too_long.iter().any(|phrase| says(phrase)) {
        return Some(Kind::ContextTooLong);
    }
    let key = says("api key") || says("api_key") || says("subscription key");
    if key && (says("invalid") || says("incorrect") || says("not valid") || says("missing")) {
        return Some(Kind::Authentication);
    }
    let spent = [
        "credit balance",
        "insufficient credits",
        "insufficient balance",
        "specified api usage limits",
        "exceeded your current quota",
        "spend limit",
    ];
    // Google uses the same phrase for quotas per minute, but then adds the time to wait.
    if spent.iter().any(|phrase| says(phrase)) && !says("retry in") {
        return Some(Kind::QuotaExceeded);
    }
    let filtered = ["content management policy", "content filter", "safety system"];
    if filtered.iter().any(|phrase| says(phrase)) {
        return Some(Kind::ContentFiltered);
    }
    let unknown_model = [
        "model identifier is invalid",
        "supported api model names",
        "model does not exist",
        "model not exist",
        "no such model",
        "model not found",
        "invalid model",
    ];
    if unknown_model.iter().any(|phrase| says(phrase)) {
        return Some(Kind::NotFound);
    }
    if says("overloaded") {
        return Some(Kind::Overloaded);
    }
    None
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
