//! Policies: how long an extraction is asked again, whom, and with how much of what was said. Each
//! can be set for one extraction or, for all that a client makes, on its builder.

use super::builder::Extraction;
use super::client::{Client, ClientBuilder};
use crate::conversation::Usd;

/// How much of the failed attempts a re-ask shows the model again.
///
/// ```
/// # use extract_llm::{Client, model::Scripted};
/// use extract_llm::extraction::RetryContext;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let extraction = client.extract::<Vec<u8>>("one, two").validation_retries(5).retry_context(RetryContext::Last);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RetryContext {
    /// All of them, appended one after the other: what was sent before stays a stable prefix, which
    /// prompt caches keep. The input grows with each attempt.
    #[default]
    Append,
    /// Only the latest failed answer and what is wrong with it, after the opening: the input stays
    /// as large as it is at the second attempt. Turns are left out as a whole, with the provider's
    /// state in them, so every protocol allows it.
    Last,
}

/// What is asked for again when an answer does not pass.
///
/// ```
/// # use extract_llm::{Client, model::Scripted};
/// use extract_llm::extraction::Reask;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let extraction = client.extract::<Vec<u8>>("one, two").reask(Reask::Whole);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Reask {
    /// The parts that are wrong, where that pays: where the value takes 1 KiB of JSON at least and
    /// they take no more than a third of it. Otherwise, and where parts came back with the same
    /// problems, the whole.
    #[default]
    Auto,
    /// Always the whole value.
    Whole,
    /// The parts that are wrong, wherever they can be told: elements of lists, entries of maps,
    /// members of objects. What is wrong with the value as a whole asks for the whole.
    Parts,
}

/// Who is asked after so many failed attempts.
#[derive(Clone)]
pub(super) struct Escalation {
    pub(super) after: u32,
    pub(super) client: Client,
}

/// How long an extraction is asked again, whom, and with how much of what was said.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) tokens: Option<u64>,
    pub(super) cost: Option<Usd>,
    /// After how many returns of the same problems to stop.
    pub(super) unchanged: Option<u32>,
    /// The limit of tokens for one more try after a reply that was cut off.
    pub(super) truncated: Option<u32>,
    pub(super) retry_context: RetryContext,
    pub(super) reask: Reask,
    /// In the order in which they come due.
    pub(super) escalations: Vec<Escalation>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tokens: None,
            cost: None,
            unchanged: Some(2),
            truncated: None,
            retry_context: RetryContext::default(),
            reask: Reask::default(),
            escalations: Vec::new(),
        }
    }
}

impl Policy {
    fn escalate(&mut self, client: Client, after: u32) {
        self.escalations.push(Escalation { after: after.max(1), client });
        self.escalations.sort_by_key(|escalation| escalation.after);
    }
}

impl<T> Extraction<T> {
    /// The most tokens, input and output of all attempts together, after which the model is not
    /// asked again. It is looked at before each re-ask: none is made where the tokens used and the
    /// input of the first request, which each request sends again, come to the budget. The first
    /// request is always made, and [`max_tokens`](Self::max_tokens) bounds a single reply.
    ///
    /// Where a provider does not say what a reply cost, nothing is guessed: the usage is not known,
    /// and no re-ask is made. [`Limit::Tokens`](super::Limit::Tokens) says so.
    ///
    /// ```
    /// # use extract_llm::model::{Scripted, scripted::reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::extraction::Limit;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let many = || reply::tool(json!({"value": "many"})).usage(400, 50);
    /// let client = Client::with_model(Scripted::new([many(), many(), many()]));
    ///
    /// let error = client.extract::<u8>("How many?").token_budget(1_000).await.unwrap_err();
    ///
    /// let Error::Invalid { limit, ledger, .. } = &error else { panic!("{error}") };
    /// assert_eq!(*limit, Limit::Tokens { limit: 1_000, used: Some(900) });
    /// assert_eq!(ledger.attempts.len(), 2);
    /// # });
    /// ```
    pub fn token_budget(mut self, tokens: u64) -> Self {
        self.options.policy.tokens = Some(tokens);
        self
    }

    /// The most money, over all attempts, after which the model is not asked again. It is looked at
    /// before each re-ask; the first request is always made. Where the cost of a reply is not known
    /// (the provider does not state it, and the client was given no
    /// [`prices`](ClientBuilder::prices)), no re-ask is made, and
    /// [`Limit::Cost`](super::Limit::Cost) says so.
    pub fn cost_budget(mut self, most: Usd) -> Self {
        self.options.policy.cost = Some(most);
        self
    }

    /// After how many returns of exactly the same problems (the same places, expected and found) the
    /// model is not asked again: 2 unless set, so that the third answer with the same problems is
    /// the last. `None` never stops for that. Where a model to
    /// [escalate to](Self::escalate_to) is left, it is asked instead.
    ///
    /// ```
    /// # use extract_llm::model::{Scripted, scripted::reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::extraction::Limit;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let stubborn = (0..9).map(|_| reply::tool(json!({"value": "many"})));
    /// let client = Client::with_model(Scripted::new(stubborn));
    ///
    /// let error = client.extract::<u8>("How many?").validation_retries(8).stop_unchanged(1).await.unwrap_err();
    ///
    /// let Error::Invalid { limit, ledger, .. } = &error else { panic!("{error}") };
    /// assert_eq!(*limit, Limit::Unchanged { times: 1 });
    /// assert_eq!(ledger.attempts.len(), 2);
    /// # });
    /// ```
    pub fn stop_unchanged(mut self, times: impl Into<Option<u32>>) -> Self {
        self.options.policy.unchanged = times.into();
        self
    }

    /// Asks once more, with this limit of tokens, when a reply was cut off at a lower one. The same
    /// request is sent again, and what was cut off is thrown away; the limit then holds for the rest
    /// of the extraction. Without it, a reply that was cut off is
    /// [`Error::Truncated`](crate::Error::Truncated) at once.
    ///
    /// ```
    /// # use extract_llm::model::{Scripted, scripted::reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::truncated("{\"value\": [1, 2,"), reply::tool(json!({"value": [1, 2, 3]})),
    /// # ]));
    /// let numbers: Vec<u8> =
    ///     client.extract("1 to 3").max_tokens(8).retry_truncated(64).await?;
    /// assert_eq!(numbers, [1, 2, 3]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn retry_truncated(mut self, max_tokens: u32) -> Self {
        self.options.policy.truncated = Some(max_tokens);
        self
    }

    /// How much of the failed attempts a re-ask shows the model again: all of them unless set.
    pub fn retry_context(mut self, history: RetryContext) -> Self {
        self.options.policy.retry_context = history;
        self
    }

    /// What is asked for again when an answer does not pass: the parts that are wrong, or the whole.
    ///
    /// Parts are asked for against their own part of the schema, in the mode of the whole; they are
    /// put into their places in the value, and the whole is checked again. A model that gives the
    /// whole all the same is taken at its word.
    ///
    /// ```
    /// # use extract_llm::model::{Scripted, scripted::reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::extraction::Reask;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let client = Client::with_model(Scripted::new([
    ///     reply::tool(json!({"value": [1, 2, 300]})),
    ///     reply::tool(json!({"value_2": 30})),
    /// ]));
    /// let done = client.extract::<Vec<u8>>("1, 2, 30").reask(Reask::Parts).report().await?;
    /// assert_eq!(done.value, [1, 2, 30]);
    /// assert_eq!(done.attempts[1].parts, ["/2"]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn reask(mut self, reask: Reask) -> Self {
        self.options.policy.reask = reask;
        self
    }

    /// Asks another model once `after` answers did not pass (1 at least). Several can be set, each
    /// with a higher number; [`validation_retries`](Self::validation_retries) and all budgets count over all of them.
    ///
    /// The other model is asked anew: in a mode and a dialect of its own, with the input, the answer
    /// that did not pass and what is wrong with it, as plain turns. What only the first provider can
    /// read (signed thinking, ids of calls) is not sent to the second, nor are headers and extra
    /// fields of the body, which may hold secrets. What the other client sets itself holds; its
    /// limit of tokens, its sampling and its effort are those of the extraction where it does not.
    ///
    /// ```
    /// # use extract_llm::model::{Scripted, scripted::reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let small = Client::with_model(Scripted::new([reply::tool(json!({"value": "many"}))]));
    /// # let large = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let done = small.extract::<u8>("How many?").escalate_to(&large, 1).report().await?;
    /// assert_eq!(done.value, 7);
    /// println!("{} answered", done.attempts[1].address);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn escalate_to(mut self, client: &Client, after: u32) -> Self {
        self.options.policy.escalate(client.clone(), after);
        self
    }
}

/// Policies of all extractions of a client, where they do not say otherwise.
impl ClientBuilder {
    /// The budget of tokens of each extraction: see [`Extraction::token_budget`].
    pub fn token_budget(mut self, tokens: u64) -> Self {
        self.defaults.policy.tokens = Some(tokens);
        self
    }

    /// The budget of money of each extraction: see [`Extraction::cost_budget`].
    pub fn cost_budget(mut self, most: Usd) -> Self {
        self.defaults.policy.cost = Some(most);
        self
    }

    /// After how many returns of the same problems to stop: see [`Extraction::stop_unchanged`].
    pub fn stop_unchanged(mut self, times: impl Into<Option<u32>>) -> Self {
        self.defaults.policy.unchanged = times.into();
        self
    }

    /// One more try after a reply that was cut off: see [`Extraction::retry_truncated`].
    pub fn retry_truncated(mut self, max_tokens: u32) -> Self {
        self.defaults.policy.truncated = Some(max_tokens);
        self
    }

    /// How much of the failed attempts a re-ask shows: see [`Extraction::retry_context`].
    pub fn retry_context(mut self, history: RetryContext) -> Self {
        self.defaults.policy.retry_context = history;
        self
    }

    /// What is asked for again: see [`Extraction::reask`].
    pub fn reask(mut self, reask: Reask) -> Self {
        self.defaults.policy.reask = reask;
        self
    }

    /// Another model after so many failed attempts: see [`Extraction::escalate_to`].
    pub fn escalate_to(mut self, client: &Client, after: u32) -> Self {
        self.defaults.policy.escalate(client.clone(), after);
        self
    }
}
