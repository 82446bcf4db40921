//! The models of a client: a list in which each takes over from the one before it.

use super::client::{Client, ClientBuilder, NextModel};
use super::error::Error;
use super::fallback::{CircuitBreaker, FallbackOn};
use crate::model::{ConfigError, ProviderOptions, same_provider};

/// # Fallback
impl ClientBuilder {
    /// Sets the model and those that take over from it, in this order, each as `provider/model`. It replaces
    /// [`model`](Self::model). What lets the next one take over is [`fallback_on`](Self::fallback_on), by
    /// default a failure of the provider.
    ///
    /// Each provider's key comes from its variable in the environment. A key, headers, an organisation, a
    /// project and a protocol that are set here are sent only to models of the first one's provider, and
    /// prices that are set hold only for the first. With a [`base_url`](Self::base_url), all models are on
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
        options.prices = None;
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
