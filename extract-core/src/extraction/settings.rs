//! The settings of one extraction's requests, over those of its client. Nothing is sent that was not
//! set, and what a provider has no place for is an error
//! ([`Unsupported`](crate::conversation::ProviderErrorKind::Unsupported)), never left out in silence.

use serde_json::Value;

use super::Extraction;
use crate::conversation::ReasoningEffort;

impl<T> Extraction<T> {
    /// The most tokens of a reply, reasoning included.
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.options.settings.max_tokens = Some(tokens);
        self
    }

    /// Sampling temperature. Many models refuse it; none is sent unless it is set. What is no finite
    /// number is [`InputError::NotFinite`](super::InputError::NotFinite), before anything is sent.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.options.settings.temperature = Some(temperature);
        self
    }

    /// Nucleus sampling: the share of likelihood that is sampled from. A finite number, as the
    /// [`temperature`](Self::temperature).
    pub fn top_p(mut self, top_p: f64) -> Self {
        self.options.settings.top_p = Some(top_p);
        self
    }

    /// Sampling seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.settings.seed = Some(seed);
        self
    }

    /// A text that ends the reply where the model writes it; each call adds one.
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.options.settings.stop.push(text.into());
        self
    }

    /// How hard a reasoning model thinks.
    pub fn reasoning_effort(mut self, effort: ReasoningEffort) -> Self {
        self.options.settings.reasoning_effort = Some(effort);
        self
    }

    /// Which of the provider's queues to stand in, in the provider's own words: `flex` is slower and
    /// cheaper with some, `priority` faster and dearer.
    ///
    /// ```
    /// # use extract_llm::{Client, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let n: u8 = client.extract("There were seven.").service_tier("flex").await?;
    /// # assert_eq!(n, 7);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn service_tier(mut self, tier: impl Into<String>) -> Self {
        self.options.settings.service_tier = Some(tier.into());
        self
    }

    /// A header of this extraction's requests, over the client's. Its value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.settings.headers.set(name, value);
        self
    }

    /// A field laid over the request's body as it is, for what has no setter here.
    pub fn extra_body(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.settings.extra_body.insert(field.into(), value.into());
        self
    }
}
