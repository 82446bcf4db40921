//! A client: a model, and what every extraction with it has in common.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::error::Error;
use super::options::Options;
use super::refused_modes::RefusedModes;
use crate::http::TransportOptions;
use crate::model::{ConfigError, Facts, Model, Provider, ProviderOptions, RetryPolicy};
use crate::wire::Protocol;

/// A model to extract with. Made once; a clone is cheap and shares everything.
///
/// ```no_run
/// # use extract_llm::{Client, Error};
/// # #[tokio::main] async fn main() -> Result<(), Error> {
/// let client = Client::new("openai/gpt-6-mini")?; // the key stands in OPENAI_API_KEY
/// let n: u32 = client.extract("There were seven of them.").await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) model: Arc<dyn Model>,
    pub(super) defaults: Arc<Options>,
    pub(super) escalations: Vec<Escalation>,
    /// The modes that the server was found not to take.
    pub(super) refused: Arc<RefusedModes>,
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
    /// A client of `provider/model`, with the key from the environment; `local` alone is the embedded
    /// model (feature `local`). The provider's name is known in any case, and white space around it
    /// does not matter.
    pub fn new(model: &str) -> Result<Self, Error> {
        Self::builder().model(model).build()
    }

    /// The client that the environment asks for: `EXTRACT_MODEL` holds `provider/model`,
    /// `EXTRACT_BASE_URL` (if set) where the server is, and the provider's own variable the key.
    /// Where `EXTRACT_MODEL` is not set it is the embedded model (feature `local`), which says so
    /// on stderr when it is first used.
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

    /// The embedded model: small and real, on a server of this machine. It is found or set up when
    /// it is first asked, not here.
    #[cfg(feature = "local")]
    pub fn local() -> Self {
        Self::with_model(crate::model::Local::default())
    }

    /// A client of any model, such as [`Scripted`](crate::model::Scripted).
    pub fn with_model(model: impl Model + 'static) -> Self {
        ClientBuilder::default().with_model(model)
    }

    pub(super) fn escalation(&self, after: u32) -> Escalation {
        Escalation { after: after.max(1), client: self.clone() }
    }

    /// Everything that can be set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The model behind this client.
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
    pub(super) escalations: Vec<Escalation>,
}

/// A model to ask after failed answers.
#[derive(Clone)]
pub(super) struct Escalation {
    /// Number of failed answers after which the model is asked; at least 1.
    pub(super) after: u32,
    pub(super) client: Client,
}

impl fmt::Debug for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Escalation")
            .field("after", &self.after)
            .field("client", &self.client)
            .finish()
    }
}

impl ClientBuilder {
    /// `provider/model`; with a [`base_url`](Self::base_url) the model's name alone, or behind the
    /// provider whose kind the server is of: `vllm/Qwen/Qwen3-8B`, `anthropic/claude-opus-5`. A name
    /// that begins like a provider's needs that: of `mistral/model`, only `model` is sent. Those of
    /// OpenAI's and Google's open weights (`openai/gpt-oss-20b`) are whole as they are.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.provider.model = model.into();
        self
    }

    /// Where the server is, up to and including the version: `https://host/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.provider.base_url = Some(url.into());
        self
    }

    /// The key, instead of the one in the environment. A blank one is none, and the one in the
    /// environment does not stand in for it.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.provider.key = Some(SecretString::from(key.into()));
        self
    }

    /// The organisation that is billed (OpenAI).
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.provider.organization = Some(id.into());
        self
    }

    /// The project that is billed (OpenAI).
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.provider.project = Some(id.into());
        self
    }

    /// A header to send with every request. Its value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.provider.headers.push((name.into(), SecretString::from(value.into())));
        self
    }

    /// The protocol that the server speaks, where it is not the provider's own.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.provider.protocol = Some(protocol);
        self
    }

    /// How often a request that failed on its way, or at a server that was busy, is sent again (2
    /// unless set). Re-asks do not count here.
    pub fn transport_retries(mut self, retries: u32) -> Self {
        self.provider.retry.retries = retries;
        self
    }

    /// When a request that failed on its way is sent again, and after which waits.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.provider.retry = policy;
        self
    }

    /// For one exchange with the server (10 minutes unless set); of one that is streamed, for the time
    /// to the head of the answer: how long the rest takes depends on who reads it, and
    /// [`idle_timeout`](Self::idle_timeout) bounds its silence. A
    /// [deadline](crate::Extraction::deadline) bounds everything.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.provider.transport.timeout = timeout;
        self
    }

    /// For one connection.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.provider.transport.connect_timeout = timeout;
        self
    }

    /// The largest reply that is taken, in bytes: of a body, or, where the reply is streamed, of what
    /// its events say. It is 32 MiB unless set.
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.provider.transport.max_reply_bytes = bytes;
        self
    }

    /// An HTTP client of your own, with its proxies, certificates and pools.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.provider.transport.client = Some(client);
        self
    }

    /// All that concerns the transport at once.
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.provider.transport = transport;
        self
    }

    /// What the model takes, if not what the provider's row says.
    pub fn facts(mut self, facts: Facts) -> Self {
        self.provider.facts = Some(facts);
        self
    }

    /// Makes the client. No request is sent.
    pub fn build(self) -> Result<Client, Error> {
        #[cfg(feature = "local")]
        if crate::model::is_embedded(&self.provider.model) && self.provider.base_url.is_none() {
            return Ok(self.with_model(crate::model::Local::default()));
        }
        let provider = Provider::new(self.provider.clone())?;
        Ok(self.with_model(provider))
    }

    /// Makes a client of any model, such as one of your own, with what was set for its extractions;
    /// what was set for the way to a provider has no meaning there.
    ///
    /// ```
    /// use extract_llm::{Client, model::Scripted};
    ///
    /// let client = Client::builder().validation_retries(4).token_budget(20_000).with_model(Scripted::new([]));
    /// ```
    pub fn with_model(self, model: impl Model + 'static) -> Client {
        Client {
            model: Arc::new(model),
            defaults: Arc::new(self.options),
            escalations: self.escalations,
            refused: Arc::default(),
        }
    }
}
