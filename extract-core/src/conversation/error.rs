//! The errors of a request that got no reply, with the same kinds for all providers.

use std::time::Duration;

use super::{MediaKind, Mode};

/// The kind of a [`ProviderError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProviderErrorKind {
    /// The API key is missing, wrong or revoked, or a proxy requires credentials (status 407).
    Authentication,
    /// The API key lacks a permission.
    Permission,
    /// There is no such model, deployment or path.
    NotFound,
    /// The provider rejected the request as invalid.
    InvalidRequest,
    /// The provider or the model does not support a part of the request: see
    /// [`ProviderError::unsupported`].
    Unsupported,
    /// The conversation exceeds the model's context length.
    ContextTooLong,
    /// The rate limit on requests or tokens was exceeded.
    RateLimited,
    /// The account has no credit or quota left. A later retry does not help.
    QuotaExceeded,
    /// The provider has no capacity at the moment.
    Overloaded,
    /// The provider reported an internal error.
    Server,
    /// The provider rejected the answer of its model, for example a tool call that breaks the schema: see
    /// [`ProviderError::generation`].
    RejectedAnswer,
    /// The provider's content filter rejected the prompt.
    ContentFiltered,
    /// The connection could not be established.
    Connect,
    /// There was no reply within the timeout.
    Timeout,
    /// The reply is not complete: the connection ended, or the reason to stop is no natural end.
    Interrupted,
    /// The reply exceeds the size limit.
    TooLarge,
    /// The reply does not follow the protocol.
    Malformed,
    /// The request could not be built.
    Encode,
    /// The embedded model could not be started.
    Local,
    /// There is no tokio runtime, or the current one has no timers or no I/O. Nothing was sent, unless the
    /// reply moved to another runtime.
    Runtime,
    /// The [limits](crate::model::Limits) need a wait that ends after the deadline of the extraction:
    /// [`ProviderError::retry_after`] is that wait. The request was not sent, or not sent again.
    Deadline,
    /// The request is not answered yet: it waits in a batch of the provider, or its batch was cancelled.
    Pending,
    /// The program or the environment forbids real calls: see
    /// [`forbid_real_calls`](crate::model::forbid_real_calls). Nothing was sent.
    CallForbidden,
    /// The replayed [`Cassette`](crate::model::Cassette) has no exchange for this request. Nothing was sent.
    NotRecorded,
    /// Any other failure.
    Other,
}

impl ProviderErrorKind {
    /// Whether the same request may succeed later.
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
                | Self::Deadline
        )
    }

    /// Returns the name of the kind in snake case, such as `rate_limited`.
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
            Self::Runtime => "runtime",
            Self::Deadline => "deadline",
            Self::Pending => "pending",
            Self::CallForbidden => "call_forbidden",
            Self::NotRecorded => "not_recorded",
            Self::Other => "other",
        }
    }

    /// Returns the English description in the error's text.
    fn describe(self) -> &'static str {
        match self {
            Self::Authentication => "the API key was not accepted",
            Self::Permission => "the API key has no permission for this",
            Self::NotFound => "not found",
            Self::InvalidRequest => "the request was not accepted",
            Self::Unsupported => "not supported by the provider or the model",
            Self::ContextTooLong => "the conversation exceeds the model's context length",
            Self::RateLimited => "rate limited",
            Self::QuotaExceeded => "the account's quota or credit is used up",
            Self::Overloaded => "the provider is overloaded",
            Self::Server => "the provider failed",
            Self::RejectedAnswer => "the provider rejected its model's answer",
            Self::ContentFiltered => "the content filter rejected the prompt",
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the reply is not complete",
            Self::TooLarge => "the reply is too large",
            Self::Malformed => "the reply does not follow the protocol",
            Self::Encode => "the request could not be built",
            Self::Local => "the embedded model is not available",
            Self::Runtime => "no suitable tokio runtime",
            Self::Deadline => "the deadline is too short",
            Self::Pending => "not answered yet",
            Self::CallForbidden => "real calls are forbidden",
            Self::NotRecorded => "the request is not recorded",
            Self::Other => "failed",
        }
    }
}

/// The error of a request that got no reply: its kind, and the details that the provider reported.
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
#[error("{}", self.sentence())]
#[non_exhaustive]
pub struct ProviderError {
    /// The kind of the error.
    pub kind: ProviderErrorKind,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The provider's error code or error type, if it reports one.
    pub code: Option<String>,
    /// The provider's message, or this crate's if there is none. Bounded in length; never contains an API
    /// key.
    pub message: String,
    /// The provider's id of the request, if it reports one.
    pub request_id: Option<String>,
    /// The wait that the provider asks for before the next try, if it does.
    pub retry_after: Option<Duration>,
    /// Whether to retry the request, if the provider says so. Overrides the default of the kind. `false` as
    /// well for a connection that fails in the same way every time, such as one with a bad certificate.
    pub should_retry: Option<bool>,
    /// The unsupported part of the request, if the kind is
    /// [`Unsupported`](ProviderErrorKind::Unsupported) and the part could be identified.
    pub unsupported: Option<Feature>,
    /// The field of the request that the provider complains about, if it names one.
    pub param: Option<String>,
    /// The number of transport retries before this error. The default is 0.
    pub transport_retries: u32,
    /// The client's limit on the wait before a retry, if the provider asks for a longer one. The request
    /// was not retried for this reason.
    pub max_retry_after: Option<Duration>,
    /// The tokens of a request that was not sent. Boxed, because it is rare.
    pub(crate) overflow: Option<Box<ContextOverflow>>,
    /// The model's answer, if the provider rejected the answer of its model (Groq's `failed_generation`).
    pub generation: Option<String>,
}

/// The tokens of a request that exceeds the context window: it was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextOverflow {
    /// The tokens that its texts have at least. The exact number is greater.
    pub needed: u64,
    /// The tokens of the context window.
    pub window: u64,
}

/// A part of a request that a provider or a model may not support.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The mode of the request.
    Mode(Mode),
    /// The schema that was sent in this mode. Another schema may be supported.
    Schema(Mode),
    /// A setting, by its name in the protocol.
    Setting(String),
    /// A kind of media, or the form in which it was sent.
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
    /// Creates the error of a reply whose reason to stop is no natural end: the reply may have ended
    /// anywhere. The server would give the same reason again.
    pub(crate) fn unnatural_end(reason: &str) -> Self {
        let reason: String = reason.chars().take(100).collect();
        let message =
            format!("the reply ended with the reason {reason:?}, which is no natural end");
        let mut error = Self::new(ProviderErrorKind::Interrupted, message);
        error.should_retry = Some(false);
        error
    }

    /// Returns the error of a request that cannot be answered in time, because this setting is zero.
    pub(crate) fn without_time(setting: &str) -> Self {
        let message = format!("`{setting}` is zero, so nothing was sent");
        let mut error = Self::new(ProviderErrorKind::Timeout, message);
        error.should_retry = Some(false);
        error
    }

    /// Returns the error of a reply that was cut off by the model's context window.
    pub(crate) fn full_context() -> Self {
        let message = "the conversation and the reply fill the model's context window: shorten the \
                       input";
        Self::new(ProviderErrorKind::ContextTooLong, message)
    }

    /// Returns the error of a request that cannot fit into the model's context window.
    pub(crate) fn over_window(needed: u64, window: u64) -> Self {
        let message = format!(
            "the input has at least {needed} tokens, the context window {window}: shorten the input, or \
             correct the window with `context_window`; nothing was sent"
        );
        let mut error = Self::new(ProviderErrorKind::ContextTooLong, message);
        error.overflow = Some(Box::new(ContextOverflow { needed, window }));
        error
    }

    /// Returns the tokens of the request, if they exceed the model's context window and nothing was sent.
    pub fn overflow(&self) -> Option<ContextOverflow> {
        self.overflow.as_deref().copied()
    }

    /// Creates an error of this kind, with a message and no other details.
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
            max_retry_after: None,
            overflow: None,
            generation: None,
        }
    }

    /// Creates an error of the kind [`Unsupported`](ProviderErrorKind::Unsupported).
    pub fn unsupported(feature: Feature, message: impl Into<String>) -> Self {
        let mut error = Self::new(ProviderErrorKind::Unsupported, message);
        error.unsupported = Some(feature);
        error
    }

    /// Whether the same request may succeed later: the provider's statement if there is one, else the
    /// default of the kind.
    pub fn is_retryable(&self) -> bool {
        self.should_retry.unwrap_or(self.kind.is_retryable())
    }

    /// Returns the description of the kind.
    fn describe(&self) -> &'static str {
        match (self.kind, self.status) {
            (ProviderErrorKind::Authentication, Some(407)) => "the proxy accepted no credentials",
            (kind, _) => kind.describe(),
        }
    }

    /// Returns the kind's description and the message, without the other details.
    pub(crate) fn message_with_code(&self) -> String {
        match self.message.as_str() {
            "" => self.describe().to_owned(),
            message => format!("{}: {message}", self.describe()),
        }
    }

    /// Returns the text of the error with the request id.
    fn sentence(&self) -> String {
        match &self.request_id {
            Some(id) => format!("{} [request {id}]", self.reason()),
            None => self.reason(),
        }
    }

    /// Returns the text of the error: description, status, code, message, waits and retries.
    pub(crate) fn reason(&self) -> String {
        let mut line = self.describe().to_owned();
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
        match (self.retry_after, self.max_retry_after) {
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
        line
    }
}
