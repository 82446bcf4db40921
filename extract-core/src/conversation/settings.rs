//! The settings of a request. A setting is sent only if it is set.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::PromptCache;
use super::thinking::Thinking;

/// The settings of one request. Many models reject sampling parameters, so none has a default.
///
/// A setting that a protocol or a provider does not support is an error of the kind
/// [`Unsupported`](super::ProviderErrorKind::Unsupported) that names the setting; the request is not
/// sent.
///
/// ```
/// use extract_llm::conversation::{Effort, Settings};
///
/// let settings = Settings::default().max_tokens(2_000).thinking(Effort::Low);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Limit on the tokens of the reply, including reasoning.
    pub max_tokens: Option<u32>,
    /// Sampling temperature. Must be finite.
    pub temperature: Option<f64>,
    /// Nucleus sampling: the probability mass to sample from. Must be finite.
    pub top_p: Option<f64>,
    /// Sampling seed.
    pub seed: Option<u64>,
    /// Stop sequences: texts that end the reply.
    pub stop: Vec<String>,
    /// How much the model thinks before it answers.
    pub thinking: Option<Thinking>,
    /// The provider's service tier, by its name there (`flex`, `priority`).
    pub service_tier: Option<String>,
    /// The use of the provider's prompt cache.
    pub prompt_cache: Option<PromptCache>,
    /// The key that leads requests with the same start to the same cache.
    pub prompt_cache_key: Option<String>,
    /// Whether the server is asked for the log-probabilities of the reply's tokens.
    /// [`confidence`](crate::Extraction::confidence) sets it for models that give them.
    pub logprobs: bool,
    /// Headers of this request. They override those of the client. Their values are treated as secrets.
    pub(crate) headers: Headers,
    /// Fields that are merged into the encoded body unchanged, for options without a setter.
    pub extra_body: Map<String, Value>,
}

/// HTTP headers whose values are hidden in debug output.
#[derive(Clone, Default)]
pub(crate) struct Headers(Vec<(String, SecretString)>);

impl Headers {
    /// Sets a header. Replaces a header of the same name.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.0.push((name, SecretString::from(value.into())));
    }

    /// Returns names and values.
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
    /// Returns the settings without those that do not change a whole answer: the limit of its length, the tier
    /// and the prompt cache.
    pub(crate) fn without_limits(self) -> Self {
        Self {
            max_tokens: None,
            service_tier: None,
            prompt_cache: None,
            prompt_cache_key: None,
            ..self
        }
    }

    /// Sets the limit on the tokens of the reply, including reasoning.
    pub fn max_tokens(self, tokens: u32) -> Self {
        Self { max_tokens: Some(tokens), ..self }
    }

    /// Sets the sampling temperature. It must be finite.
    pub fn temperature(self, temperature: f64) -> Self {
        Self { temperature: Some(temperature), ..self }
    }

    /// Sets the probability mass to sample from. It must be finite.
    pub fn top_p(self, top_p: f64) -> Self {
        Self { top_p: Some(top_p), ..self }
    }

    /// Sets the sampling seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Adds a text that ends the reply.
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stop.push(text.into());
        self
    }

    /// Sets how much the model thinks before it answers: a [`Thinking`] or an
    /// [`Effort`](super::Effort).
    pub fn thinking(self, thinking: impl Into<Thinking>) -> Self {
        Self { thinking: Some(thinking.into()), ..self }
    }

    /// Sets the provider's service tier, by its name there (`flex`, `priority`).
    pub fn service_tier(self, tier: impl Into<String>) -> Self {
        Self { service_tier: Some(tier.into()), ..self }
    }

    /// Sets the use of the provider's prompt cache.
    pub fn prompt_cache(self, cache: PromptCache) -> Self {
        Self { prompt_cache: Some(cache), ..self }
    }

    /// Sets the key that leads requests with the same start to the same cache.
    pub fn prompt_cache_key(self, key: impl Into<String>) -> Self {
        Self { prompt_cache_key: Some(key.into()), ..self }
    }

    /// Asks for the log-probabilities of the reply's tokens: [`Reply::logprobs`](super::Reply::logprobs).
    pub fn logprobs(self, logprobs: bool) -> Self {
        Self { logprobs, ..self }
    }

    /// Sets a header of this request. It overrides that of the client. Its value is treated as a secret.
    ///
    /// ```
    /// use extract_llm::conversation::Settings;
    ///
    /// let settings = Settings::default().header("x-tenant", "blue-7f3a");
    /// assert!(format!("{settings:?}").contains(r#"{"x-tenant": "…"}"#));
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }

    /// Sets a field of the encoded body, for options without a setter.
    pub fn extra_body(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra_body.insert(name.into(), value.into());
        self
    }

    /// Returns the name of a setting that is not finite, if there is one: JSON cannot represent it.
    pub(crate) fn not_finite(&self) -> Option<&'static str> {
        let numbers = [("temperature", self.temperature), ("top_p", self.top_p)];
        let is_not = |number: Option<f64>| number.is_some_and(|number| !number.is_finite());
        numbers.into_iter().find(|(_, number)| is_not(*number)).map(|(name, _)| name)
    }

    /// Removes a setting by its name. Returns whether it was set. A limit of tokens stays: without it, a
    /// reply may cost any amount.
    pub(crate) fn unset(&mut self, name: &str) -> bool {
        match name {
            "temperature" => self.temperature.take().is_some(),
            "top_p" => self.top_p.take().is_some(),
            "seed" => self.seed.take().is_some(),
            "stop" => !std::mem::take(&mut self.stop).is_empty(),
            "thinking" => self.thinking.take().is_some(),
            "service_tier" => self.service_tier.take().is_some(),
            "prompt_cache" => self.prompt_cache.take().is_some(),
            "prompt_cache_key" => self.prompt_cache_key.take().is_some(),
            "logprobs" => std::mem::take(&mut self.logprobs),
            _ => false,
        }
    }

    /// Whether the start of the prompt shall be cached.
    pub(crate) fn caches_prompt(&self) -> bool {
        self.prompt_cache.is_some_and(PromptCache::is_on)
    }

    /// Returns the settings that mean the same for every provider and are no secrets.
    pub(crate) fn portable(&self) -> Self {
        Self {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed,
            stop: self.stop.clone(),
            thinking: self.thinking,
            prompt_cache: self.prompt_cache,
            ..Self::default()
        }
    }

    /// Returns these settings, completed by those of `other`. The lists of stop sequences and headers are
    /// taken whole.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.max_tokens = self.max_tokens.or(other.max_tokens);
        self.temperature = self.temperature.or(other.temperature);
        self.top_p = self.top_p.or(other.top_p);
        self.seed = self.seed.or(other.seed);
        self.thinking = self.thinking.or(other.thinking);
        self.service_tier = self.service_tier.or(other.service_tier);
        self.prompt_cache = self.prompt_cache.or(other.prompt_cache);
        self.prompt_cache_key = self.prompt_cache_key.or(other.prompt_cache_key);
        self.logprobs |= other.logprobs;
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
