//! Other models: a list in which each takes over from the one before it, and requests to two at once.

use std::time::Duration;

use super::builder::Extraction;
use super::client::{Client, ClientBuilder, NextModel};
use super::error::Error;
use super::fallback::{CircuitBreaker, FallbackOn};
use super::settings::settings;
use crate::model::{ConfigError, ProviderOptions, same_provider};

settings! {
    "# Other models\n\nWhich model is asked if the first one does not give the value.";

    /// Adds a model that takes over from the one before it: see [`FallbackOn`] for when. Several can be
    /// added; the first whose choice fits is asked. [`validation_retries`](Self::validation_retries), the
    /// deadline and all budgets count over all models.
    ///
    /// The model gets a new conversation, in a mode and dialect of its own: the input, and the last failed
    /// answer with its problems, if there is one, as plain messages. State that only the first provider can
    /// read (signed thinking, ids of calls), headers and extra body fields are not sent to it. The settings
    /// of its own client hold; limits, sampling and thinking that it leaves open are taken from the
    /// extraction. The ledger says [who answered](super::Ledger::answered_by) and
    /// [why the others did not](super::Ledger::passed_over). If no model answers, the error is that of the
    /// last one.
    ///
    /// A model that is rate limited keeps the request waiting for up to
    /// [`max_limit_wait`](ClientBuilder::max_limit_wait) before the next one is asked.
    /// [`models`](ClientBuilder::models) is the short form for a list of names.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::extraction::FallbackOn;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let first = Client::with_model(Scripted::new([reply::status(503)]));
    /// # let second = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let seven = first.extract::<u8>("There were seven.");
    /// let done = seven.fallback_to(&second, FallbackOn::default()).report().await?;
    /// assert_eq!(done.value, 7);
    /// println!("{:?} answered", done.ledger.answered_by());
    /// for passed_over in &done.ledger.passed_over {
    ///     println!("{passed_over}");
    /// }
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn fallback_to(client: &Client, on: FallbackOn) |it| {
        it.models.push(NextModel { client: client.clone(), on });
    };

    /// Adds a model that is asked after `after` failed answers (at least 1):
    /// [`fallback_to`](Self::fallback_to) with [`FallbackOn::failed_checks`] alone.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let small = Client::with_model(Scripted::new([reply::tool(json!({"value": "many"}))]));
    /// # let large = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let done = small.extract::<u8>("How many?").escalate_to(&large, 1).report().await?;
    /// assert_eq!(done.value, 7);
    /// println!("{} answered", done.ledger.attempts[1].address);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn escalate_to(client: &Client, after: u32) |it| {
        let on = FallbackOn::nothing().failed_checks(after);
        it.models.push(NextModel { client: client.clone(), on });
    };

    /// Sets the time after which the next model is asked as well, if the first one has not answered: that of
    /// the first [`fallback_to`](Self::fallback_to) for failures, or else the same model once more. Default:
    /// never.
    ///
    /// The first of the two that answers goes on; a streamed reply answers with its first piece. The other
    /// request is cancelled, and stands in the ledger as [`Outcome::Cancelled`](super::Outcome::Cancelled).
    /// The provider may bill it. Its cost is counted if it was reported by then; otherwise the ledger's cost
    /// is unknown (`None`). Only the first request of an extraction is hedged.
    ///
    /// ```
    /// use std::time::Duration;
    /// use extract_llm::Client;
    ///
    /// let client = Client::builder()
    ///     .base_url("http://127.0.0.1:8000/v1")
    ///     .models(["small-model", "large-model"])
    ///     .hedge_after(Duration::from_secs(2))
    ///     .build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    fn hedge_after(delay: Duration) |it| it.options.hedge_after = Some(delay);
}

/// # List of models
impl ClientBuilder {
    /// Sets the model and those that take over from it, in this order, each as `provider/model`. It replaces
    /// [`model`](Self::model). What lets the next one take over is [`fallback_on`](Self::fallback_on), by
    /// default a failure of the provider.
    ///
    /// Each provider's key comes from its variable in the environment. A key, headers, an organisation, a
    /// project and a protocol that are set here are sent only to models of the first one's provider. Prices
    /// and a context window that are set hold only for the first. With a [`base_url`](Self::base_url), all models are on
    /// that server. Timeouts, retries and the settings of extractions hold for all. For a model with settings
    /// of its own, build a client and use [`fallback_to`](Self::fallback_to).
    ///
    /// [`build`](Self::build) fails if the list is empty, or if a model of it cannot be used.
    ///
    /// ```no_run
    /// # use extract_llm::{Client, Error};
    /// # #[tokio::main] async fn main() -> Result<(), Error> {
    /// let client = Client::builder()
    ///     .models(["anthropic/claude-sonnet-5-5", "openai/gpt-6-luna", "google/gemini-3.8-flash"])
    ///     .build()?;
    /// let done = client.extract::<u32>("There were seven of them.").report().await?;
    /// println!("{} from {:?}", done.value, done.ledger.answered_by());
    /// # Ok(()) }
    /// ```
    pub fn models<M: Into<String>>(mut self, models: impl IntoIterator<Item = M>) -> Self {
        let mut models = models.into_iter().map(Into::into);
        self.provider.model = models.next().unwrap_or_default();
        self.others = models.collect();
        self
    }

    /// Sets what lets the next model of [`models`](Self::models) take over. The default is
    /// [`FallbackOn::default`], a failure of the provider.
    pub fn fallback_on(mut self, on: FallbackOn) -> Self {
        self.fallback_on = on;
        self
    }

    /// Sets when a model whose provider fails is passed over, if there is another one. The default is after
    /// 5 failures in a row, for 30 seconds at first.
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.circuit_breaker = breaker;
        self
    }

    /// Builds the clients of the other models of the list.
    pub(super) fn build_others(&mut self) -> Result<(), Error> {
        for model in std::mem::take(&mut self.others) {
            let client = self.builder_of(model)?.build()?;
            self.models.push(NextModel { client, on: self.fallback_on });
        }
        Ok(())
    }

    /// Returns the builder of another model of the list.
    fn builder_of(&self, model: String) -> Result<Self, ConfigError> {
        let own = &self.provider;
        let mut provider = ProviderOptions { model, facts: None, ..own.clone() };
        if own.base_url.is_none() && !same_provider(own, &provider)? {
            let (model, transport) = (provider.model, own.transport.clone());
            provider = ProviderOptions::default();
            (provider.model, provider.transport) = (model, transport);
            (provider.retry, provider.limits) = (own.retry, own.limits.clone());
        }
        let mut options = self.options.clone();
        options.settings = options.settings.portable();
        (options.prices, options.context_window) = (None, None);
        let circuit_breaker = self.circuit_breaker;
        Ok(Self { provider, options, circuit_breaker, ..Self::default() })
    }
}

impl Client {
    /// Returns the addresses (`provider/model`) of this client's model and of those that may take over, in
    /// their order.
    ///
    /// ```
    /// use extract_llm::Client;
    ///
    /// let server = Client::builder().base_url("http://127.0.0.1:8000/v1");
    /// let client = server.models(["small", "large"]).build()?;
    /// assert_eq!(client.model_addresses(), ["custom/small", "custom/large"]);
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn model_addresses(&self) -> Vec<String> {
        let others = self.models.iter().map(|next| &next.client);
        std::iter::once(self).chain(others).map(super::driver::address_of).collect()
    }
}
