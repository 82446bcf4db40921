//! Classifies failures. The status decides first, then the code, then the words of the message.
//!
//! A status such as 404 or 503 settles the class. Others are ambiguous, and the code or the message
//! settles it: an empty account and a rate limit are both a 429, and some providers answer a bad key with
//! a 400.

use super::ErrorBody;
use crate::conversation::ProviderErrorKind as Kind;

/// Returns the class of a failure with an error status.
///
/// ```
/// use extract_core::conversation::ProviderErrorKind;
/// use extract_core::wire::{ErrorBody, classify};
/// use serde_json::json;
///
/// // The status says that this passes, whatever the type says.
/// let body = ErrorBody::read(&json!({"error": {"type": "invalid_request_error", "message": "Busy."}}));
/// assert_eq!(classify(503, &body), ProviderErrorKind::Overloaded);
/// assert_eq!(classify(400, &body), ProviderErrorKind::InvalidRequest);
/// ```
pub fn classify(status: u16, body: &ErrorBody) -> Kind {
    let code = specific_code(body);
    let words = Words::of(body);
    let only = |kinds: &[Kind]| code.filter(|kind| kinds.contains(kind));
    match status {
        300..=399 | 404 | 405 | 410 => Kind::NotFound,
        401 | 407 => Kind::Authentication,
        402 => Kind::QuotaExceeded,
        403 => code.or_else(|| words.of_client()).unwrap_or(Kind::Permission),
        408 | 504 | 524 => Kind::Timeout,
        409 | 425 | 503 | 529 => Kind::Overloaded,
        413 => only(&[Kind::ContextTooLong])
            .or_else(|| words.of_client())
            .unwrap_or(Kind::InvalidRequest),
        429 => only(&[Kind::QuotaExceeded, Kind::ContextTooLong, Kind::Overloaded])
            .or_else(|| words.of_rate_limit())
            .unwrap_or(Kind::RateLimited),
        501 => Kind::Unsupported,
        424 | 500..=599 => only(&[
            Kind::RateLimited,
            Kind::Overloaded,
            Kind::Timeout,
            Kind::ContextTooLong,
            Kind::QuotaExceeded,
            Kind::ContentFiltered,
            Kind::RejectedAnswer,
        ])
        .or_else(|| words.of_server())
        .unwrap_or(Kind::Server),
        400..=499 => by_code_or_words(code, &words).unwrap_or(Kind::InvalidRequest),
        _ => Kind::Other,
    }
}

/// Returns the class of a failure that was reported without a status, for example inside of a stream.
pub(super) fn classify_reported(body: &ErrorBody) -> Kind {
    let named = by_code_or_words(specific_code(body), &Words::of(body));
    named.or_else(|| codes(body).find_map(by_code)).unwrap_or(Kind::Server)
}

/// Returns the class of a code, or else of the message. A message is more specific than the code of a
/// rate limit.
fn by_code_or_words(code: Option<Kind>, words: &Words) -> Option<Kind> {
    let settled = code.filter(|kind| *kind != Kind::RateLimited);
    settled.or_else(|| words.of_client()).or(code)
}

/// Returns the codes of an error, the most specific first.
fn codes(body: &ErrorBody) -> impl Iterator<Item = &str> {
    [&body.reason, &body.code, &body.kind].into_iter().filter_map(|code| code.as_deref())
}

/// Returns the class of the first code that says more than "invalid request" or "internal error".
fn specific_code(body: &ErrorBody) -> Option<Kind> {
    let mut kinds = codes(body).filter_map(by_code);
    kinds.find(|kind| !matches!(kind, Kind::InvalidRequest | Kind::Server))
}

/// Returns the class for a code, type or reason. `None` if it is unknown.
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
        "permission_error"
        | "PERMISSION_DENIED"
        | "AccessDeniedException"
        | "unsupported_country_region_territory" => Kind::Permission,
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
        | "engine_overloaded_error"
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

/// The message of an error in lower case, and the classes that its words name.
struct Words(String);

impl Words {
    fn of(body: &ErrorBody) -> Self {
        Self(body.message.as_deref().unwrap_or_default().to_ascii_lowercase())
    }

    fn has_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.0.contains(phrase))
    }

    /// Returns the class that the words of a rejected request name.
    fn of_client(&self) -> Option<Kind> {
        const FILTERED: [&str; 3] =
            ["content management policy", "content filter", "safety system"];
        const UNKNOWN_MODEL: [&str; 7] = [
            "model identifier is invalid",
            "supported api model names",
            "model does not exist",
            "model not exist",
            "no such model",
            "model not found",
            "invalid model",
        ];
        if self.is_too_long() {
            Some(Kind::ContextTooLong)
        } else if self.is_about_a_bad_key() {
            Some(Kind::Authentication)
        } else if self.is_spent() {
            Some(Kind::QuotaExceeded)
        } else if self.has_any(&FILTERED) {
            Some(Kind::ContentFiltered)
        } else if self.has_any(&UNKNOWN_MODEL) {
            Some(Kind::NotFound)
        } else {
            self.is_overloaded().then_some(Kind::Overloaded)
        }
    }

    /// Returns the class that the words of a 429 name. `None` for a plain rate limit.
    fn of_rate_limit(&self) -> Option<Kind> {
        if self.is_above_the_limit() {
            Some(Kind::ContextTooLong)
        } else if self.is_spent() {
            Some(Kind::QuotaExceeded)
        } else {
            self.is_overloaded().then_some(Kind::Overloaded)
        }
    }

    /// Returns the class that the words of an internal error name. A server that fails may mention
    /// anything, such as its own key for another server.
    fn of_server(&self) -> Option<Kind> {
        if self.is_too_long() {
            Some(Kind::ContextTooLong)
        } else {
            self.is_overloaded().then_some(Kind::Overloaded)
        }
    }

    fn is_too_long(&self) -> bool {
        self.is_above_the_limit()
            || self.has_any(&[
                "context length",
                "context size",
                "context window",
                "maximum context",
                "too many tokens",
                "input tokens exceed",
                "prompt is too long",
                "prompt too long",
                "input is too long",
                "exceeds the maximum number of tokens",
            ])
    }

    /// Whether the request is above the limit of tokens per minute. It never passes, however long one
    /// waits. "Too many tokens, please wait" is a plain rate limit.
    fn is_above_the_limit(&self) -> bool {
        self.has_any(&["request too large"])
    }

    /// Whether a word such as "invalid" stands beside the key. A schema may hold a field `api_key`.
    fn is_about_a_bad_key(&self) -> bool {
        const KEYS: [&str; 4] = ["api key", "api-key", "api_key", "subscription key"];
        const BEFORE: [&str; 6] = ["invalid", "incorrect", "missing", "wrong", "expired", "no"];
        const AFTER: [&str; 8] = [
            "invalid",
            "incorrect",
            "not valid",
            "missing",
            "expired",
            "required",
            "not found",
            "not provided",
        ];
        KEYS.iter().flat_map(|key| self.0.match_indices(key)).any(|(at, key)| {
            let before = self.0[..at].trim_end_matches("x-").trim_end();
            let after = self.0[at + key.len()..].trim_start();
            let after = after.strip_prefix("provided").unwrap_or(after).trim_start();
            let after = ["is ", "was ", "has "].iter().find_map(|verb| after.strip_prefix(verb));
            let after = after.unwrap_or(&self.0[at + key.len()..]).trim_start();
            let last_word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
            BEFORE.contains(&last_word.unwrap_or_default())
                || AFTER.iter().any(|word| after.starts_with(word))
        })
    }

    /// Whether the account is used up.
    fn is_spent(&self) -> bool {
        let spent = self.has_any(&[
            "credit balance",
            "insufficient credits",
            "insufficient balance",
            "specified api usage limits",
            "exceeded your current quota",
            "spend limit",
        ]);
        // Google uses the same phrase for quotas per minute, but then adds the time to wait.
        spent && !self.has_any(&["retry in"])
    }

    fn is_overloaded(&self) -> bool {
        self.has_any(&["overloaded"])
    }
}
