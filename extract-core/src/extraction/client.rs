//! The client: a model, and the settings of its extractions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::error::Error;
use super::fallback::{Breaker, CircuitBreaker, FallbackOn};
use super::options::Options;
use super::refused::Refused;
use crate::http::TransportOptions;
use crate::model::{Cassette, ConfigError, Facts, Model, Provider, ProviderOptions, RetryPolicy};
use crate::wire::Protocol;

/// A model with the settings of its extractions. Create it once: a clone is cheap and shares everything.
///
/// ```no_run
/// # use extract_llm::{Client, Error};
/// # #[tokio::main] async fn main() -> Result<(), Error> {
/// let client = Client::new("openai/gpt-6-luna")?; // the key is in OPENAI_API_KEY
/// let n: u32 = client.extract("There were seven of them.").await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) model: Arc<dyn Model>,
    pub(super) defaults: Arc<Options>,
    pub(super) models: Vec<NextModel>,
    /// The modes that the server has rejected.
    pub(super) refused: Arc<Refused>,
    /// Whether its provider fails.
    pub(super) breaker: Arc<Breaker>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.model.profile();
        f.debug_struct("Client")
            .field("provider", &profile.provider)
            .field("model", &profile.model)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client for `provider/model`, with the API key from the environment. `local` alone is the
    /// embedded model (feature `local`). Case and white space in the provider's name do not matter.
    ///
    /// Fails with [`ErrorKind::Config`](crate::extraction::ErrorKind::Config) if the provider is unknown or its settings are incomplete.
    pub fn new(model: &str) -> Result<Self, Error> {
        Self::builder().model(model).build()
    }

    /// Creates a client from the environment. `EXTRACT_MODEL` is `provider/model`, `EXTRACT_BASE_URL` (if
    /// set) is the URL of the server, and the provider's variable holds the API key. If neither of the
    /// first two is set, the client has the embedded model (feature `local`),
    /// which reports this on stderr at its first use.
    ///
    /// Fails with [`ErrorKind::Config`](crate::extraction::ErrorKind::Config) if the variables do not define a model.
    pub fn from_env() -> Result<Self, Error> {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let base_url = read("EXTRACT_BASE_URL");
        match (read("EXTRACT_MODEL"), base_url) {
            (Some(model), None) => Self::new(model.trim()),
            (Some(model), Some(url)) => {
                Self::builder().model(model.trim()).base_url(url.trim()).build()
            }
            (None, Some(_)) => {
                let hint = String::from("EXTRACT_BASE_URL is set, and EXTRACT_MODEL is not");
                Err(ConfigError::NoModel { hint }.into())
            }
            (None, None) => Self::embedded(),
        }
    }

    #[cfg(feature = "local")]
    #[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
    fn embedded() -> Result<Self, Error> {
        Ok(Self::local())
    }

    #[cfg(not(feature = "local"))]
    fn embedded() -> Result<Self, Error> {
        let hint = String::from(
            "set EXTRACT_MODEL to `provider/model`, or turn on the feature `local` for the \
             embedded model",
        );
        Err(ConfigError::NoModel { hint }.into())
    }

    /// Creates a client with the embedded model: a small real model on a local server, which is set up at
    /// the first request. With `EXTRACT_LOCAL_URL` set, the server at that URL is used instead. No other
    /// server on this machine is looked for or sent the text, unless `EXTRACT_LOCAL=found` asks for it.
    #[cfg(feature = "local")]
    pub fn local() -> Self {
        Self::with_model(crate::model::Local::default())
    }

    /// Creates a client with any model, such as [`Scripted`](crate::model::Scripted).
    pub fn with_model(model: impl Model + 'static) -> Self {
        ClientBuilder::default().with_model(model)
    }

    /// Creates a builder with default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns the model, to be shared.
    pub(crate) fn shared_model(&self) -> Arc<dyn Model> {
        Arc::clone(&self.model)
    }

    /// Returns this client with a model that asks its own in batches. All else stays the same, but failures of
    /// rows in a batch say nothing about the provider.
    pub(crate) fn in_batches_of(&self, model: Arc<dyn Model>) -> Self {
        let breaker = Arc::new(Breaker::new(CircuitBreaker::off()));
        Self { model, breaker, ..self.clone() }
    }

    /// Returns the model of this client.
    pub fn model(&self) -> &dyn Model {
        &*self.model
    }
}

/// Builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use extract_llm::Client;
///
/// let client = Client::builder()
///     .base_url("http://127.0.0.1:8000/v1")
///     .model("my-model")
///     .timeout(Duration::from_secs(30))
///     .validation_retries(1)
///     .build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    pub(super) provider: ProviderOptions,
    pub(super) options: Options,
    pub(super) models: Vec<NextModel>,
    /// The other models of the list, and when they take over.
    pub(super) others: Vec<String>,
    pub(super) fallback_on: FallbackOn,
    pub(super) circuit_breaker: CircuitBreaker,
}

/// A model that may take over from the one before it.
#[derive(Debug, Clone)]
pub(super) struct NextModel {
    pub(super) client: Client,
    pub(super) on: FallbackOn,
}

/// # Provider and connection
impl ClientBuilder {
    /// Sets the model as `provider/model`. With a [`base_url`](Self::base_url) the provider is optional.
    /// It selects the kind of server: `vllm/Qwen/Qwen3-8B`, `anthropic/claude-opus-5`.
    ///
    /// With a base URL, a model name that begins with a provider's name needs the provider in front: of
    /// `mistral/model`, only `model` is sent. The names of OpenAI's and Google's open weights
    /// (`openai/gpt-oss-20b`) are sent whole.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.provider.model = model.into();
        self
    }

    /// Sets the URL of the server, including the version: `https://host/v1`. The default is that of the
    /// provider.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.provider.base_url = Some(url.into());
        self
    }

    /// Sets the API key, in place of the one in the environment. A blank key counts as none; the
    /// environment is not consulted then.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.provider.key = Some(SecretString::from(key.into()));
        self
    }

    /// Sets the organisation that is billed (OpenAI). The default is none.
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.provider.organization = Some(id.into());
        self
    }

    /// Sets the project that is billed (OpenAI). The default is none.
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.provider.project = Some(id.into());
        self
    }

    /// Adds a header to every request. Its value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.provider.headers.push((name.into(), SecretString::from(value.into())));
        self
    }

    /// Sets the protocol of the server. The default is that of the provider.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.provider.protocol = Some(protocol);
        self
    }

    /// Sets how often a request is sent again after a network failure or a temporary failure of the
    /// server. The default is 2. Re-asks are not counted.
    pub fn transport_retries(mut self, retries: u32) -> Self {
        self.provider.retry.retries = retries;
        self
    }

    /// Sets the policy of transport retries: their number and waits.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.provider.retry = policy;
        self
    }

    /// Sets the timeout of one exchange with the server. The default is 10 minutes.
    ///
    /// For a streamed reply it covers the response headers only, because the rest depends on the
    /// consumer; the [`idle_timeout`](Self::idle_timeout) limits gaps in it. A
    /// [deadline](crate::Extraction::deadline) limits the whole extraction.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.provider.transport.timeout = timeout;
        self
    }

    /// Sets the timeout of establishing a connection. The default is 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.provider.transport.connect_timeout = timeout;
        self
    }

    /// Sets the limit on the size of a reply, in bytes: of the response body, or of the content of a
    /// stream's events. The default is 32 MiB.
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.provider.transport.max_reply_bytes = bytes;
        self
    }

    /// Changes the HTTP client, such as its proxies and certificates: see
    /// [`TransportOptions::http_client`].
    ///
    /// ```
    /// use extract_llm::Client;
    ///
    /// let client = Client::builder()
    ///     .base_url("http://127.0.0.1:8000/v1")
    ///     .model("my-model")
    ///     .http_client(|client| client.pool_max_idle_per_host(64))
    ///     .build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn http_client(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.provider.transport = self.provider.transport.http_client(configure);
        self
    }

    /// Records the exchanges with the server, or answers requests from a recording: see [`Cassette`]. The
    /// embedded model cannot be recorded.
    ///
    /// ```no_run
    /// use extract_llm::Client;
    /// use extract_llm::model::Cassette;
    ///
    /// let client = Client::builder()
    ///     .model("openai/gpt-6-luna")
    ///     .cassette(Cassette::at("tests/cassettes/invoice.json"))
    ///     .build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn cassette(mut self, cassette: Cassette) -> Self {
        self.provider.transport = self.provider.transport.cassette(cassette);
        self
    }

    /// Sets all transport options at once.
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.provider.transport = transport;
        self
    }

    /// Sets the capabilities of the model, in place of those in the provider's row.
    #[doc(hidden)]
    pub fn facts(mut self, facts: Facts) -> Self {
        self.provider.facts = Some(facts);
        self
    }

    /// Creates the client. Sends no request. Fails with [`ErrorKind::Config`](crate::extraction::ErrorKind::Config) if the settings are incomplete
    /// or invalid.
    pub fn build(mut self) -> Result<Client, Error> {
        self.build_others()?;
        #[cfg(feature = "local")]
        if crate::model::is_embedded(&self.provider.model) && self.provider.base_url.is_none() {
            if self.provider.transport.tape.is_some() {
                let message = String::from("the embedded model cannot be recorded");
                return Err(ConfigError::Cassette { message }.into());
            }
            return Ok(self.with_model(crate::model::Local::default()));
        }
        let provider = Provider::new(self.provider.clone())?;
        Ok(self.with_model(provider))
    }

    /// Creates a client with any model, such as a user-defined one, and the settings for its extractions.
    /// Settings of the provider and the transport have no effect.
    ///
    /// ```
    /// use extract_llm::scripted::Scripted;
    /// use extract_llm::Client;
    ///
    /// let client = Client::builder().validation_retries(4).token_budget(20_000).with_model(Scripted::new([]));
    /// ```
    pub fn with_model(self, model: impl Model + 'static) -> Client {
        Client {
            model: Arc::new(model),
            defaults: Arc::new(self.options),
            models: self.models,
            refused: Arc::default(),
            breaker: Arc::new(Breaker::new(self.circuit_breaker)),
        }
    }
}
