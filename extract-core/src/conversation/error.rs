//! What went wrong between a request and its reply, in one vocabulary for all providers.

use std::time::Duration;

use super::{MediaKind, Mode};

/// What kind of failure a [`ProviderError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProviderErrorKind {
    /// The key is missing, wrong or revoked.
    Authentication,
    /// The key may not do this.
    Permission,
    /// No such model, deployment or path.
    NotFound,
    /// The provider does not accept the request as it is.
    InvalidRequest,
    /// The provider or the model does not take a part of the request: see
    /// [`ProviderError::unsupported`].
    Unsupported,
    /// The conversation is longer than the model can read.
    ContextTooLong,
    /// Too many requests or tokens for now.
    RateLimited,
    /// The account has no credit or quota left; waiting does not help.
    QuotaExceeded,
    /// The provider has no capacity for now.
    Overloaded,
    /// The provider failed.
    Server,
    /// The provider did not take its own model's answer, such as a tool call that breaks the schema:
    /// see [`ProviderError::generation`].
    RejectedAnswer,
    /// The provider's filter refused the prompt.
    ContentFiltered,
    /// No connection could be made.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection ended before the reply did.
    Interrupted,
    /// The reply is larger than the limit.
    TooLarge,
    /// The reply is not what the protocol says.
    Malformed,
    /// The request could not be built.
    Encode,
    /// The embedded model could not be started.
    Local,
    /// A class that has no name here.
    Other,
}

impl ProviderErrorKind {
    /// Whether the same request may well succeed later.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Overloaded
                | Self::Server
                | Self::RejectedAnswer
                | Self::Connect
                | Self::Timeout
                | Self::Interrupted
        )
    }

    /// Its name as a word, such as `rate_limited`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::InvalidRequest => "invalid_request",
            Self::Unsupported => "unsupported",
            Self::ContextTooLong => "context_too_long",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::RejectedAnswer => "rejected_answer",
            Self::ContentFiltered => "content_filtered",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Encode => "encode",
            Self::Local => "local",
            Self::Other => "other",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Authentication => "the key was not accepted",
            Self::Permission => "the key has no permission for this",
            Self::NotFound => "not found",
            Self::InvalidRequest => "the request was not accepted",
            Self::Unsupported => "the model does not take this",
            Self::ContextTooLong => "the conversation is too long for the model",
            Self::RateLimited => "rate limited",
            Self::QuotaExceeded => "the account's quota or credit is used up",
            Self::Overloaded => "the provider is overloaded",
            Self::Server => "the provider failed",
            Self::RejectedAnswer => "the provider rejected its model's answer",
            Self::ContentFiltered => "the prompt was refused by the content filter",
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the connection ended before the reply did",
            Self::TooLarge => "the reply is too large",
            Self::Malformed => "the reply is not what the protocol says",
            Self::Encode => "the request could not be built",
            Self::Local => "the embedded model is not available",
            Self::Other => "failed",
        }
    }
}

/// A request that brought no reply: what happened, and what the provider said of it.
///
/// ```
/// use extract_llm::conversation::{ProviderError, ProviderErrorKind};
///
/// let mut error = ProviderError::new(ProviderErrorKind::RateLimited, "Slow down.");
/// error.status = Some(429);
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "rate limited (HTTP 429): Slow down.");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", self.line())]
#[non_exhaustive]
pub struct ProviderError {
    /// The class.
    pub kind: ProviderErrorKind,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The provider's own code or type for it.
    pub code: Option<String>,
    /// The provider's words, or ours where it gave none. Bounded in length; never holds a key.
    pub message: String,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long the provider asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The provider's own word on whether to try again, where it gives one.
    pub should_retry: Option<bool>,
    /// What the provider or the model does not take, where the kind is
    /// [`Unsupported`](ProviderErrorKind::Unsupported).
    pub unsupported: Option<Feature>,
    /// The field of the request that the provider complains of, where it names one.
    pub param: Option<String>,
    /// How often the request was sent again before this.
    pub transport_retries: u32,
    /// The longest wait that the client was willing to make, where the provider asks for a longer
    /// one: why the request was not sent again.
    pub patience: Option<Duration>,
    /// What the model wrote, where the provider refused its own model's answer (Groq's
    /// `failed_generation`).
    pub generation: Option<String>,
}

/// A part of a request that a provider or a model may not take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The way the answer is asked for.
    Mode(Mode),
    /// The schema that was sent in this mode; another may be taken.
    Schema(Mode),
    /// A setting, by the name it has on the wire.
    Setting(String),
    /// A kind of media, or the way it is given.
    Media(MediaKind),
}

impl std::fmt::Display for Feature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mode(mode) => write!(f, "the mode {mode}"),
            Self::Schema(mode) => write!(f, "this schema in the mode {mode}"),
            Self::Setting(name) => write!(f, "`{name}`"),
            Self::Media(kind) => write!(f, "{kind}"),
        }
    }
}

impl ProviderError {
    /// An error of this class.
    pub fn new(kind: ProviderErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            should_retry: None,
            unsupported: None,
            param: None,
            transport_retries: 0,
            patience: None,
            generation: None,
        }
    }

    /// An error of the kind [`Unsupported`](ProviderErrorKind::Unsupported).
    pub fn unsupported(feature: Feature, message: impl Into<String>) -> Self {
        let mut error = Self::new(ProviderErrorKind::Unsupported, message);
        error.unsupported = Some(feature);
        error
    }

    /// Whether the same request may well succeed later.
    pub fn is_retryable(&self) -> bool {
        self.should_retry.unwrap_or(self.kind.is_retryable())
    }

    /// The class and the words, without the rest.
    pub(crate) fn message_with_code(&self) -> String {
        match self.message.as_str() {
            "" => self.kind.describe().to_owned(),
            message => format!("{}: {message}", self.kind.describe()),
        }
    }

    fn line(&self) -> String {
        let mut line = self.kind.describe().to_owned();
        match (self.status, &self.code) {
            (Some(status), Some(code)) => line += &format!(" (HTTP {status}, {code})"),
            (Some(status), None) => line += &format!(" (HTTP {status})"),
            (None, Some(code)) => line += &format!(" ({code})"),
            (None, None) => {}
        }
        if !self.message.is_empty() {
            line += ": ";
            line += &self.message;
        }
        match (self.retry_after, self.patience) {
            (Some(wait), Some(patience)) => {
                line += &format!(
                    " (it asks to wait {wait:?}, longer than the {patience:?} of patience)"
                );
            }
            (Some(wait), None) => line += &format!(" (it asks to wait {wait:?})"),
            (None, _) => {}
        }
        if self.transport_retries > 0 {
            line += &format!(" (sent {} times)", self.transport_retries.saturating_add(1));
        }
        if let Some(id) = &self.request_id {
            line += &format!(" [request {id}]");
        }
        line
    }
}
