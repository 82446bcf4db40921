//! Settings that stand on a client and on a single extraction. Each is defined once, in a table
//! below, and becomes a method of [`ClientBuilder`] and of [`Extraction`].
//!
//! A setting that was not made is not sent. A setting that a provider has no field for is an error
//! ([`Unsupported`](crate::conversation::ProviderErrorKind::Unsupported)); it is never dropped.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::bad_items::BadItems;
use super::budget::Budget;
use super::builder::Extraction;
use super::client::ClientBuilder;
use super::layout::Layout;
use super::policy::{Reask, RetryContext};
use crate::cache::Cache;
use crate::check::Feedback;
use crate::contract::Contract;
use crate::conversation::{Mode, Prices, PromptCache, Settings, Thinking, Usd};
use crate::reading::Level;

macro_rules! settings {
    ($title:literal; $(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty),*) |$target:ident| $set:expr;
    )*) => {
        #[doc = $title]
        impl<T> Extraction<T> {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $($argument: $type),*) -> Self {
                    let $target = &mut self;
                    $set;
                    self
                }
            )*
        }

        #[doc = $title]
        impl ClientBuilder {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $($argument: $type),*) -> Self {
                    let $target = &mut self;
                    $set;
                    self
                }
            )*
        }
    };
}

pub(super) use settings;

settings! {
    "# Request\n\nWhat the model is told, and in which form it answers.";

    /// Adds instructions in front of the conversation. Several are sent in the order in which they
    /// were added.
    fn system(text: impl Into<Arc<str>>) |it| it.options.system.push(text.into());

    /// Replaces the text that tells the model the schema, in modes that have no other field for it, or
    /// that asks for a call of the tool, where a call cannot be forced. It is sent as a system message.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Mode};
    /// # use serde_json::json;
    /// # let client = Client::with_model(Scripted::new([]));
    /// let extraction = client
    ///     .extract::<Vec<u8>>("one, two")
    ///     .mode(Mode::Text)
    ///     .instructions(|contract| format!("Répondez en JSON : {}", contract.prompt_schema()));
    /// ```
    fn instructions(write: impl Fn(&Contract) -> String + Send + Sync + 'static) |it| {
        it.options.instructions = Some(Arc::new(write));
    };

    /// Sets whether a source text is sent between `<text>` and `</text>`, so that the model takes it as
    /// data, whatever instructions it holds. Default: true.
    ///
    /// Only an input that is made from a text has a source. [Messages](crate::conversation::Message) are
    /// sent as they are. A text that holds a closing mark gets other marks: `<text-2>`, `<text-3>`, …
    /// Small models on own servers get `[text]` and `[/text]`. Quotes, spans and the report's conversation
    /// refer to the text without marks.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// // The text is the task itself.
    /// let n: u8 = client.extract("How many days has a week?").source_marks(false).await?;
    /// # assert_eq!(n, 7);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn source_marks(marks: bool) |it| it.options.source_marks = marks;

    /// Sets how the answer is asked for: tools, JSON Schema, JSON mode or text. Default:
    /// [`Mode::Auto`], the first mode of the model that can express the type.
    fn mode(mode: Mode) |it| it.options.mode = mode;

    /// Sets whether the type is one tool, or one tool for each variant and one call for each element.
    /// Default: [`Layout::Auto`].
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::extraction::Layout;
    /// # use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [[1, 2], [3, 4]]}))]));
    /// let points: Vec<(u8, u8)> = client
    ///     .extract("(1, 2) and (3, 4)")
    ///     .layout(Layout::Whole) // all of them in one call
    ///     .await?;
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn layout(layout: Layout) |it| it.options.layout = layout;

    /// Sets how far reading may depart from strict JSON. Default: [`Level::Lenient`].
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::Level;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool_text(r#"{"value": "7"}"#)]));
    /// let strict =
    ///     client.extract::<u8>("There were seven.").reading(Level::Strict).validation_retries(0);
    /// assert!(strict.await.is_err()); // the reply holds the string "7"
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn reading(level: Level) |it| it.options.reading = level;
}

settings! {
    "# Re-asks\n\nWhat happens after an answer that failed its checks.";

    /// Sets how often the model is asked again after an answer that failed its checks. Default: 2.
    /// Network and provider failures count as
    /// [transport retries](ClientBuilder::transport_retries) instead.
    fn validation_retries(retries: u32) |it| it.options.validation_retries = retries;

    /// Sets how many replies may call [tools](Extraction::tool) before the value comes. Default: 10. One more
    /// ends the extraction with [`ErrorKind::TooManySteps`](crate::extraction::ErrorKind::TooManySteps), and
    /// its calls are not made. A reply may have several calls.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, ErrorKind};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let again = || reply::call("double", json!({"value": 1}));
    /// # let client = Client::with_model(Scripted::new([again(), again()]));
    /// let doubled = client.extract::<u32>("Twice 1?").tool("double", async |n: u32| Ok(n * 2));
    /// let error = doubled.max_steps(1).await.unwrap_err(); // the model calls the tool again and again
    /// assert!(matches!(error.kind(), ErrorKind::TooManySteps { steps: 1 }));
    /// assert_eq!(error.ledger().tool_runs.len(), 1);
    /// # });
    /// ```
    fn max_steps(steps: u32) |it| it.options.max_steps = steps;

    /// Replaces the text that tells the model the problems of its answer.
    fn feedback(write: impl Fn(&Feedback<'_>) -> String + Send + Sync + 'static) |it| {
        it.options.feedback = Some(Arc::new(write));
    };

    /// Sets whether a re-ask asks for the invalid parts or for the whole value. Default:
    /// [`Reask::Auto`].
    ///
    /// Parts are asked for by their own part of the schema, in the mode of the whole. They replace
    /// their place in the value, and the whole value is checked again. If the model answers with a
    /// whole value, that value is checked instead.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
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
    /// assert_eq!(done.ledger.attempts[1].parts, ["/2"]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn reask(reask: Reask) |it| it.options.policy.reask = reask;

    /// Sets how many of the failed attempts a re-ask repeats. Default: [`RetryContext::Append`], all.
    fn retry_context(context: RetryContext) |it| it.options.policy.retry_context = context;

    /// Sets how often the same problems may come back before the model is not asked again. Default: 2,
    /// so the third answer with the same problems is the last. `None` turns it off. Problems are the
    /// same if pointer, expected and found are.
    ///
    /// If a model to [escalate to](Self::escalate_to) is left, that model is asked instead.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, ErrorKind};
    /// # use serde_json::json;
    /// use extract_llm::extraction::Limit;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let stubborn = (0..9).map(|_| reply::tool(json!({"value": "many"})));
    /// let client = Client::with_model(Scripted::new(stubborn));
    ///
    /// let asked = client.extract::<u8>("How many?").validation_retries(8).stop_unchanged(1);
    /// let error = asked.await.unwrap_err();
    ///
    /// let ErrorKind::Invalid { limit, .. } = error.kind() else { panic!("{error}") };
    /// assert_eq!(*limit, Limit::Unchanged { times: 1 });
    /// assert_eq!(error.ledger().attempts.len(), 2);
    /// # });
    /// ```
    fn stop_unchanged(times: impl Into<Option<u32>>) |it| it.options.policy.unchanged = times.into();

    /// Asks once more, with this limit of output tokens, after a reply that was cut off at a lower
    /// limit. The limit then holds for the rest of the extraction. Default: a reply that was cut off
    /// fails with [`ErrorKind::Truncated`](crate::extraction::ErrorKind::Truncated).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
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
    fn retry_truncated(max_tokens: u32) |it| it.options.policy.truncated = Some(max_tokens);
}

settings! {
    "# Limits\n\nThe most that an extraction may take.";

    /// Limits the time of an extraction: all attempts, waits, checks and tools. When it passes, the extraction
    /// fails with [`ErrorKind::Deadline`](crate::extraction::ErrorKind::Deadline). [`Duration::MAX`] is no
    /// limit. With zero, the extraction fails at once and nothing is sent.
    ///
    /// Default: 30 minutes, in which only the time of waiting for models counts. Time in the
    /// [limits](crate::model::Limits), in checks, in tools, and in which nobody polls a stream is
    /// left out.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, ErrorKind};
    /// # use serde_json::json;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let error = client.extract::<u8>("Seven.").deadline(Duration::ZERO).await.unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Deadline { .. }));
    /// assert!(error.ledger().attempts.is_empty()); // nothing was sent
    /// # });
    /// ```
    fn deadline(deadline: Duration) |it| it.options.deadline = Some(deadline);

    /// Limits the tokens of one extraction: input and output of all its requests, with those of
    /// [`llm_check`](crate::llm_check). Default: no limit.
    ///
    /// Before each request, the first one included, the most that it may use is reserved, as
    /// [`Budget`] describes. A request that does not fit is not sent:
    /// [`ErrorKind::Budget`](crate::extraction::ErrorKind::Budget), or after a rejected answer
    /// [`Limit::Budget`](super::Limit::Budget). Set [`max_tokens`](Self::max_tokens), so that the limit of
    /// the reply is reserved, and not 4,096 tokens.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, ErrorKind};
    /// # use serde_json::json;
    /// use extract_llm::extraction::Limit;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let many = || reply::tool(json!({"value": "many"})).usage(400, 50);
    /// let client = Client::with_model(Scripted::new([many(), many(), many()]));
    ///
    /// let call = client.extract::<u8>("How many?").max_tokens(100).token_budget(1_000);
    /// let error = call.await.unwrap_err();
    ///
    /// let ErrorKind::Invalid { limit: Limit::Budget(over), .. } = error.kind() else { panic!("{error}") };
    /// assert_eq!(over.budget, "token_budget");
    /// assert_eq!(error.ledger().usage().total_tokens(), 900); // a third request may use more than 100
    /// # });
    /// ```
    fn token_budget(tokens: u64) |it| it.options.policy.tokens = Some(tokens);

    /// Limits the cost of one extraction over all its requests, in the same way as
    /// [`token_budget`](Self::token_budget). Default: no limit.
    ///
    /// If the price of the model is not known, nothing is sent:
    /// [`Shortage::UnknownPrice`](super::Shortage::UnknownPrice). [`prices`](Self::prices) sets it.
    fn cost_budget(limit: Usd) |it| it.options.policy.cost = Some(limit);

    /// Adds a [`Budget`] that calls share: on a client for all its calls and those of its clones, on a call
    /// for instance that of a tenant. Default: none. Several can be added, and each request has to fit into
    /// all of them. [`token_budget`](Self::token_budget) and [`cost_budget`](Self::cost_budget) limit each
    /// call for itself.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Error;
    /// # use serde_json::json;
    /// use extract_llm::extraction::Budget;
    /// use extract_llm::{Client, Usd};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let model = Scripted::new([reply::tool(json!({"value": 7})).usage(100, 20)]);
    /// let client = Client::builder().budget(Budget::new().tokens(1_000_000)).with_model(model);
    /// let tenant = Budget::new().tokens(50_000).per_day().named("blue");
    ///
    /// let n: u8 = client.extract("There were seven.").budget(&tenant).await?;
    /// # assert_eq!(n, 7);
    /// println!("{:?} tokens are left for today", tenant.left_tokens());
    /// # assert_eq!(tenant.left_tokens(), Some(49_880));
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn budget(budget: impl Into<Budget>) |it| it.options.budgets.push(budget.into());

    /// Sets the prices of the model, for a provider that does not report a cost. Default: the published
    /// prices of the provider (feature `prices`, on by default), by the date, the length and the cached
    /// tokens of each request. The cost is unknown behind a gateway, for a model without published prices,
    /// in another service tier than the standard one, and for writes to a long prompt cache at a provider
    /// that publishes no price for them.
    fn prices(prices: Prices) |it| it.options.prices = Some(prices);

    /// Sets the tokens of the model's context window. Default: the published one of the provider's model
    /// (feature `prices`), or unknown.
    ///
    /// A request whose texts certainly have more tokens is not sent. It fails with
    /// [`ContextTooLong`](crate::conversation::ProviderErrorKind::ContextTooLong), and
    /// [`overflow`](crate::conversation::ProviderError::overflow) has the numbers. As the number of tokens is
    /// [approximate](crate::conversation::approximate_tokens), three fifths of it count. A request that is
    /// less too long is refused by the server.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([]));
    /// let long = "There were seven of them. ".repeat(1_000);
    /// let error = client.extract::<u8>(long).context_window(2_000).await.unwrap_err();
    /// let overflow = error.provider_error().and_then(|error| error.overflow()).unwrap();
    /// assert!(overflow.needed > overflow.window);
    /// assert!(error.ledger().attempts.is_empty());
    /// # });
    /// ```
    fn context_window(tokens: u64) |it| it.options.context_window = Some(tokens);

    /// Sets the cache of replies, which clients can share by clones: see [`Cache`]. Default:
    /// [`Cache::off`]. A request that was answered before is not sent: its reply is read and checked again.
    /// [`Attempt::cached`](super::Attempt::cached) says so, and the tokens and the cost of the attempt are 0.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::cache::Cache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let seven = || reply::tool(json!({"value": 7}));
    /// # let client = Client::with_model(Scripted::new([seven(), seven(), seven()]));
    /// let cache = Cache::memory(10_000_000);
    /// let sent: u8 = client.extract("There were seven.").cache(cache.clone()).await?;
    /// let kept: u8 = client.extract("There were seven.").cache(cache.clone()).await?;
    /// let anew: u8 = client.extract("There were seven.").cache(cache.refresh()).await?;
    /// let last: u8 = client.extract("There were seven.").cache(Cache::off()).await?;
    /// # assert_eq!((sent, kept, anew, last), (7, 7, 7, 7));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn cache(cache: Cache) |it| it.options.cache = cache;

    /// Sends nothing: an answer must come from the [cache](Self::cache), or from the
    /// [journal](crate::pipeline::Run::journal) of a run. A request fails with
    /// [`CallForbidden`](crate::conversation::ProviderErrorKind::CallForbidden) before it is sent, and a run over
    /// many inputs stops there. The default is to send requests.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::cache::Cache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let cache = Cache::memory(10_000_000);
    /// let sent: u8 = client.extract("There were seven.").cache(cache.clone()).await?;
    /// let kept: u8 = client.extract("There were seven.").cache(cache.clone()).offline().await?;
    /// assert!(client.extract::<u8>("There were eight.").cache(cache).offline().await.is_err());
    /// # assert_eq!((sent, kept), (7, 7));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn offline() |it| it.options.offline = true;

    /// Limits the time to the first delta of a streamed reply, transport retries included. Default: no
    /// limit of its own. Only streams use it. It pauses while the caller does not poll the stream. Events
    /// without content, such as pings, are no deltas. [`Duration::MAX`] is no limit; with zero, the stream
    /// fails and nothing is sent.
    fn first_token_timeout(limit: Duration) |it| it.options.first_token = Some(limit);

    /// Limits the silence between two deltas of a streamed reply. Default: no limit of its own; the
    /// [`read_timeout`](crate::http::TransportOptions::read_timeout) of 5 minutes holds. Only streams use
    /// it. It pauses while the caller does not poll the stream. Events without content, such as pings, are
    /// no deltas. [`Duration::MAX`] is no limit; with zero, the stream fails and nothing is sent.
    fn idle_timeout(limit: Duration) |it| it.options.idle = Some(limit);
}

settings! {
    "# Model settings\n\nFields of the request. A setting that was not made is not sent; one that a provider has no field for is an error ([`Unsupported`](crate::conversation::ProviderErrorKind::Unsupported)).";

    /// Limits the output tokens of one reply, reasoning included. Default: the provider's, or the
    /// model's limit where the protocol requires one.
    fn max_tokens(tokens: u32) |it| it.options.settings.max_tokens = Some(tokens);

    /// Sets the sampling temperature. Default: not sent. Many models refuse it. A value that is not
    /// finite fails with [`InputError::NotFinite`](super::InputError::NotFinite).
    fn temperature(temperature: f64) |it| it.options.settings.temperature = Some(temperature);

    /// Sets the probability mass of nucleus sampling. Default: not sent. A value that is not finite
    /// fails with [`InputError::NotFinite`](super::InputError::NotFinite).
    fn top_p(top_p: f64) |it| it.options.settings.top_p = Some(top_p);

    /// Sets the sampling seed. Default: not sent.
    fn seed(seed: u64) |it| it.options.settings.seed = Some(seed);

    /// Adds a stop sequence: the reply ends before it. Default: none.
    fn stop(text: impl Into<String>) |it| it.options.settings.stop.push(text.into());

    /// Sets how much the model thinks before it answers: a [`Thinking`], or an
    /// [`Effort`](crate::conversation::Effort). Default: not sent. What the model cannot be told is an
    /// error that says what it accepts.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::conversation::{Effort, Thinking};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let seven = || reply::tool(json!({"value": 7}));
    /// # let client = Client::with_model(Scripted::new([seven(), seven()]));
    /// let quick: u8 = client.extract("There were seven.").thinking(Thinking::Off).await?;
    /// let careful: u8 = client.extract("There were seven.").thinking(Effort::High).await?;
    /// # assert_eq!(quick, careful);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn thinking(thinking: impl Into<Thinking>) |it| {
        it.options.settings.thinking = Some(thinking.into());
    };

    /// Sets the provider's service tier by its own name, such as `flex` or `priority`. Default: not
    /// sent.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let n: u8 = client.extract("There were seven.").service_tier("flex").await?;
    /// # assert_eq!(n, 7);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn service_tier(tier: impl Into<String>) |it| {
        it.options.settings.service_tier = Some(tier.into());
    };

    /// Caches the start of the prompt at the provider: tools and schema, system prompt, examples. Default:
    /// nothing is marked and no key is sent, because a write to the cache costs more than plain input (at
    /// Anthropic 1.25 times, and twice for [`Long`](PromptCache::Long)).
    ///
    /// It pays if the start has at least 1,024 tokens (at some models 512, 2,048 or 4,096) and is sent
    /// again in time. A shorter start is not cached, without an error. The input stays behind it, as the
    /// last message. Re-asks are appended; [`Reask::Auto`] asks for the whole value in modes that send a
    /// schema, because another schema would change the start. [`Usage`](crate::conversation::Usage) has
    /// the tokens that were read and written.
    ///
    /// A provider takes at most four cache points. The ledger notes dropped ones, and that no prompt
    /// cache of the provider is known. Providers that cache by themselves are sent no cache points.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::conversation::PromptCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// # let rules = "Count the persons.";
    /// let done = client
    ///     .extract::<u8>("There were seven.")
    ///     .system(rules) // a long text
    ///     .prompt_cache(PromptCache::Short)
    ///     .report()
    ///     .await?;
    /// println!("{} tokens from the cache", done.ledger.usage().cached_input_tokens);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn prompt_cache(cache: PromptCache) |it| it.options.settings.prompt_cache = Some(cache);

    /// Sets the key that leads requests with the same start to the same cache, at providers with such a
    /// key: OpenAI, Azure, Mistral and xAI. Default: none; with [`prompt_cache`](Self::prompt_cache), a
    /// checksum of the system prompt and the schema. The key is no secret.
    fn prompt_cache_key(key: impl Into<String>) |it| {
        it.options.settings.prompt_cache_key = Some(key.into());
    };

    /// Sets a field of the request body that has no setting here. It replaces a field of the same name.
    fn extra_body(field: impl Into<String>, value: impl Into<Value>) |it| {
        it.options.settings.extra_body.insert(field.into(), value.into());
    };

    /// Leaves out settings that the model refuses, with a note in the ledger, so that one program runs on
    /// many models. Default: such a setting is an error. A form of [`thinking`](Self::thinking) that the
    /// model does not take becomes the nearest level that it takes. A limit of tokens is never left out.
    ///
    /// ```no_run
    /// # use extract_llm::{Client, Error};
    /// # async fn run() -> Result<(), Error> {
    /// let client = Client::new("openai/gpt-6-luna")?;
    /// let done = client.extract::<u8>("Seven.").temperature(0.0).lenient_settings().report().await?;
    /// println!("{:?}", done.ledger.notes); // `temperature` is left out: …
    /// # Ok(()) }
    /// ```
    fn lenient_settings() |it| it.options.lenient_settings = true;

    /// Sets several sampling and length settings at once. Fields that are `None` keep their value.
    fn settings(settings: Settings) |it| {
        let before = std::mem::take(&mut it.options.settings);
        it.options.settings = settings.or(before);
    };
}

/// # Elements and headers
impl<T> Extraction<T> {
    /// Sets what happens to invalid elements of a list: the value itself, or the list that
    /// `items_of` or `items_at` selects. Default: [`BadItems::AskAgain`].
    ///
    /// Without a list, [`BadItems::LeaveOut`] and [`BadItems::Stop`] fail with
    /// [`InputError::NoList`](super::InputError::NoList) before a request is sent.
    pub fn bad_items(mut self, policy: BadItems) -> Self {
        self.options.bad_items = policy;
        self
    }

    /// Sets a header of this extraction's requests. It replaces the client's header of that name. Its
    /// value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.settings.headers.set(name, value);
        self
    }
}
