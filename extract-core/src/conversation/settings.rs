//! What a caller may set on a request. Nothing here is sent unless it was set.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// How hard a reasoning model should think, in the words that providers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningEffort {
    /// No reasoning.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// All there is.
    Max,
}

impl ReasoningEffort {
    /// The word that goes on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// Settings of one request. Many models refuse sampling parameters, so none has a default. What a
/// protocol or a provider has no place for is not left out in silence: the request is an error of the
/// kind [`Unsupported`](super::ProviderErrorKind::Unsupported), with the setting's name in it, and is
/// not sent.
///
/// ```
/// use extract_llm::conversation::{ReasoningEffort, Settings};
///
/// let mut settings = Settings::default();
/// settings.max_tokens = Some(2_000);
/// settings.reasoning_effort = Some(ReasoningEffort::Low);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The most tokens that the reply may have, reasoning included.
    pub max_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Sampling seed.
    pub seed: Option<u64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// How hard to think.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Which of the provider's queues to stand in, in the provider's words (`flex`, `priority`).
    pub service_tier: Option<String>,
    /// Headers of this request, over those of the client. Their values are treated as secrets.
    pub headers: Headers,
    /// Fields laid over the encoded body as they are: the escape hatch for what has no setter.
    pub extra_body: Map<String, Value>,
}

/// Headers whose values are in no output.
///
/// ```
/// use extract_llm::conversation::Headers;
///
/// let mut headers = Headers::default();
/// headers.set("x-tenant", "blue-7f3a");
/// assert_eq!(format!("{headers:?}"), r#"{"x-tenant": "…"}"#);
/// ```
#[derive(Clone, Default)]
pub struct Headers(Vec<(String, SecretString)>);

impl Headers {
    /// Sets a header; one of the same name is replaced.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.0.push((name, SecretString::from(value.into())));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, _)| (name, "…"))).finish()
    }
}

impl Settings {
    /// The setting that is no number that JSON could say.
    pub(crate) fn not_finite(&self) -> Option<&'static str> {
        let numbers = [("temperature", self.temperature), ("top_p", self.top_p)];
        let is_not = |number: Option<f64>| number.is_some_and(|number| !number.is_finite());
        numbers.into_iter().find(|(_, number)| is_not(*number)).map(|(name, _)| name)
    }

    /// What means the same to every provider, and is no secret.
    pub(crate) fn portable(&self) -> Self {
        Self {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed,
            stop: self.stop.clone(),
            reasoning_effort: self.reasoning_effort,
            ..Self::default()
        }
    }

    /// These settings, and where one is not set, the other's.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.max_tokens = self.max_tokens.or(other.max_tokens);
        self.temperature = self.temperature.or(other.temperature);
        self.top_p = self.top_p.or(other.top_p);
        self.seed = self.seed.or(other.seed);
        self.reasoning_effort = self.reasoning_effort.or(other.reasoning_effort);
        self.service_tier = self.service_tier.or(other.service_tier);
        if self.stop.is_empty() {
            self.stop = other.stop;
        }
        if self.headers.0.is_empty() {
            self.headers = other.headers;
        }
        for (field, value) in other.extra_body {
            self.extra_body.entry(field).or_insert(value);
        }
        self
    }
}
