//! The limits of a client: see [`Limits`].

use std::time::Duration;

use super::client::ClientBuilder;
use crate::model::Limits;

/// # Limits on requests
impl ClientBuilder {
    /// Sets the limits, which clients can share: see [`Limits`]. It replaces all limits that were set
    /// before. The default is limits of this client alone, with default settings. [`Limits::off`] turns
    /// them off.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::model::Limits;
    ///
    /// let limits = Limits::default().requests_per_minute(500);
    /// let builder = || Client::builder().base_url("http://127.0.0.1:8000/v1").model("my-model");
    /// let one = builder().limits(limits.clone()).build()?;
    /// let other = builder().limits(limits.clone()).build()?;
    /// let free = builder().limits(Limits::off()).build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.provider.limits = limits;
        self
    }

    /// Changes the limits. The changed limits are shared with nobody.
    fn change_limits(mut self, change: impl FnOnce(Limits) -> Limits) -> Self {
        self.provider.limits = change(self.provider.limits);
        self
    }

    /// Sets the most requests at the same time: see [`Limits::concurrency`]. The default is 256.
    ///
    /// ```
    /// use extract_llm::Client;
    ///
    /// let client = Client::builder()
    ///     .base_url("http://127.0.0.1:8000/v1")
    ///     .model("my-model")
    ///     .concurrency(64)
    ///     .requests_per_minute(500)
    ///     .tokens_per_minute(200_000)
    ///     .build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn concurrency(self, requests: u32) -> Self {
        self.change_limits(|limits| limits.concurrency(requests))
    }

    /// Sets the most requests in any minute: see [`Limits::requests_per_minute`]. The default is the limit
    /// that the server states in its headers, or else none.
    pub fn requests_per_minute(self, requests: u32) -> Self {
        self.change_limits(|limits| limits.requests_per_minute(requests))
    }

    /// Sets the most tokens in any minute: see [`Limits::tokens_per_minute`]. The default is the limit that
    /// the server states in its headers, or else none.
    pub fn tokens_per_minute(self, tokens: u64) -> Self {
        self.change_limits(|limits| limits.tokens_per_minute(tokens))
    }

    /// Sets how long a request waits while the server refuses it, or refuses all requests: see
    /// [`Limits::max_wait`]. The default is 5 minutes.
    pub fn max_limit_wait(self, wait: Duration) -> Self {
        self.change_limits(|limits| limits.max_wait(wait))
    }
}
