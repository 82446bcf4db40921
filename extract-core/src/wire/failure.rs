//! Which class of failure an answer with an error status is. The status alone does not say: an
//! empty account and a busy minute are both a 429, and a bad key is a 400 at some providers.

use serde_json::Value;

use crate::conversation::{ProviderError, ProviderErrorKind as Kind};

/// The longest message of a provider that an error repeats, in bytes.
const MOST_WORDS: usize = 2000;

/// What an error body says, in whatever shape the provider puts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The provider's words.
    pub message: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// Its type, which some providers have beside the code.
    pub kind: Option<String>,
}

impl ErrorBody {
    /// Reads the shapes that servers of this protocol family send: `{"error": {…}}`,
    /// `{"error": "…"}`, a flat `{"message", "code"}`, `{"detail": …}`, and a list of one of these.
    pub fn read(body: &Value) -> Self {
        match body {
            Value::Array(items) => items.first().map(Self::read).unwrap_or_default(),
            Value::Object(object) => match object.get("error") {
                Some(inner @ Value::Object(_)) => Self::flat(inner),
                Some(Value::String(message)) => {
                    Self { message: Some(message.clone()), ..Self::flat(body) }
                }
                _ => Self::flat(body),
            },
            _ => Self::default(),
        }
    }

    fn flat(object: &Value) -> Self {
        let text = |key: &str| match object.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(other @ (Value::Array(_) | Value::Object(_))) => Some(other.to_string()),
            _ => None,
        };
        Self {
            message: text("message").or_else(|| text("detail")),
            code: text("code"),
            kind: text("type"),
        }
    }

    /// The error that this body is with such a status.
    pub(super) fn into_error(self, status: u16) -> ProviderError {
        let kind = classify(status, &self);
        let code = self.best_code().map(str::to_owned);
        let mut message = self.message.unwrap_or_default();
        if message.len() > MOST_WORDS {
            let end = (0..=MOST_WORDS).rev().find(|&at| message.is_char_boundary(at)).unwrap_or(0);
            message.truncate(end);
            message.push('…');
        }
        let mut error = ProviderError::new(kind, message);
        error.code = code;
        error
    }

    /// The code that says most: the code proper, or the type where there is none or it only
    /// repeats the status.
    pub fn best_code(&self) -> Option<&str> {
        let telling = |code: &&String| code.parse::<u16>().is_err();
        self.code
            .as_ref()
            .filter(telling)
            .or(self.kind.as_ref())
            .or(self.code.as_ref())
            .map(String::as_str)
    }
}

/// The error that an answer with an error status is. What stands in the headers is not in it yet.
pub fn decode_failure(status: u16, body: &[u8]) -> ProviderError {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let read = parsed.as_ref().map(ErrorBody::read).unwrap_or_default();
    let mut error = read.into_error(status);
    if error.message.is_empty() {
        error.message = match body {
            [] => String::from("the body is empty"),
            _ => format!("the body begins {}", beginning(body)),
        };
    }
    error.status = Some(status);
    error
}

/// The first characters of a body that is not what it should be.
pub(super) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    format!("{:?}", text.trim())
}

/// The class of a failure.
pub fn classify(status: u16, body: &ErrorBody) -> Kind {
    let mut codes = [body.code.as_deref(), body.kind.as_deref()].into_iter().flatten();
    if let Some(kind) = codes.find_map(by_code) {
        return kind;
    }
    let message = body.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    match status {
        400 | 413 | 422 => by_message(&message).unwrap_or(Kind::InvalidRequest),
        401 => Kind::Authentication,
        402 => Kind::QuotaExceeded,
        403 => Kind::Permission,
        404 => Kind::NotFound,
        408 | 504 | 524 => Kind::Timeout,
        409 | 425 | 503 | 529 => Kind::Overloaded,
        429 => Kind::RateLimited,
        500..=599 => Kind::Server,
        405..=499 => Kind::InvalidRequest,
        _ => Kind::Other,
    }
}

/// Codes and types that say what happened, whatever the status.
fn by_code(code: &str) -> Option<Kind> {
    Some(match code {
        "invalid_api_key" | "authentication_error" => Kind::Authentication,
        "permission_error" => Kind::Permission,
        "model_not_found" | "not_found_error" | "DeploymentNotFound" => Kind::NotFound,
        "context_length_exceeded" | "exceed_context_size_error" => Kind::ContextTooLong,
        "insufficient_quota" | "credit_balance_exhausted" | "billing_error" => Kind::QuotaExceeded,
        "rate_limit_exceeded" | "rate_limit_error" | "slow_down" => Kind::RateLimited,
        "server_is_overloaded" | "overloaded_error" => Kind::Overloaded,
        "content_filter" | "content_policy_violation" => Kind::ContentFiltered,
        _ => return None,
    })
}

/// Words that tell apart what a bare 400 leaves open.
fn by_message(message: &str) -> Option<Kind> {
    let says = |words: &str| message.contains(words);
    if says("context length")
        || says("context size")
        || says("maximum context")
        || says("too many tokens")
    {
        Some(Kind::ContextTooLong)
    } else if says("api key") && (says("invalid") || says("incorrect") || says("not valid")) {
        Some(Kind::Authentication)
    } else {
        None
    }
}
