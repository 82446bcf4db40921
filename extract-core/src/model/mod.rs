//! The one seam: a request in, a reply or a stream of deltas out. Everything that can answer a
//! request stands behind [`Model`]: a provider over HTTP, the embedded model, a script.
//!
//! ```
//! use extract_llm::model::presets;
//!
//! assert!(presets().iter().any(|preset| preset.name == "openai"));
//! ```

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::contract::dialect::Dialect;
use crate::conversation::{Mode, ProviderError, Reply, Request, Settings};

mod config;
mod delta_reader;
mod failure;
#[cfg(feature = "local")]
mod local;
mod preset;
mod provider;
mod reply_stream;
mod retry;
pub mod scripted;
#[cfg_attr(not(feature = "bedrock-sigv4"), path = "unsigned.rs")]
mod signing;

#[cfg(feature = "local")]
pub(crate) use config::is_embedded;
pub use config::{ConfigError, ProviderOptions};
pub use delta_reader::DeltaReader;
pub use failure::read_failure;
#[cfg(feature = "local")]
pub use local::Local;
pub use preset::{Auth, Facts, MediaSupport, ModelModes, Preset, Rule, presets};
pub use provider::{Provider, collect};
pub use retry::RetryPolicy;
pub use scripted::Scripted;

pub use crate::conversation::{Assembly, Delta};

/// A reply as it arrives.
pub type DeltaStream<'a> = BoxStream<'a, Result<Delta, ProviderError>>;

/// How a schema is told to the model in words, beside or instead of the place that the provider
/// has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaPrompt {
    /// Only where the mode has no other place for it.
    WhereNeeded,
    /// Wherever it is not sent as a tool: for servers that hold the model to a schema and do not
    /// show it to it. Of 41 texts a small model got 22 right with these words and 15 without.
    UnlessTool,
    /// Always: for small models, which follow words better than a grammar alone.
    Always,
}

impl SchemaPrompt {
    /// Whether a schema that is sent in this mode is told in words as well.
    pub(crate) fn tells(self, mode: Mode) -> bool {
        match self {
            Self::WhereNeeded => false,
            Self::UnlessTool => mode != Mode::Tools,
            Self::Always => true,
        }
    }
}

/// What is known of a model before it is asked.
///
/// ```
/// use extract_llm::conversation::Mode;
/// use extract_llm::model::Profile;
///
/// let profile = Profile::new("mine", "model-1").modes([Mode::JsonObject, Mode::Text]);
/// assert_eq!(profile.modes[0], Mode::JsonObject);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Profile {
    /// The provider's name, as in `provider/model`.
    pub provider: Cow<'static, str>,
    /// The model's name.
    pub model: String,
    /// The modes it takes, best first. Never empty; never holds [`Mode::Auto`].
    pub modes: Vec<Mode>,
    /// The dialect of JSON Schema that it takes for native output.
    pub dialect: &'static Dialect,
    /// Whether it can be asked to enforce native output while it writes.
    pub strict: bool,
    /// The dialect of JSON Schema that it takes for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether it can be asked to enforce the arguments of tools while it writes.
    pub tool_strict: bool,
    /// Whether one reply may well hold several calls of its tools.
    pub parallel_tools: bool,
    /// Whether the schema is also told in words.
    pub schema_prompt: SchemaPrompt,
    /// Settings that hold where the caller sets none.
    pub settings: Settings,
}

impl Profile {
    /// A model that takes all modes, with full JSON Schema.
    pub fn new(provider: impl Into<Cow<'static, str>>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            modes: vec![Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text],
            dialect: &Dialect::JSON_SCHEMA,
            strict: false,
            tool_dialect: &Dialect::JSON_SCHEMA,
            tool_strict: false,
            parallel_tools: true,
            schema_prompt: SchemaPrompt::WhereNeeded,
            settings: Settings::default(),
        }
    }

    /// The dialect of the schema that is sent in this mode.
    pub fn dialect_for(&self, mode: Mode) -> &'static Dialect {
        if mode == Mode::Tools { self.tool_dialect } else { self.dialect }
    }

    /// Whether the schema that is sent in this mode can be enforced.
    pub fn strict_for(&self, mode: Mode) -> bool {
        if mode == Mode::Tools { self.tool_strict } else { self.strict }
    }

    /// Sets the modes, best first.
    pub fn modes(mut self, modes: impl Into<Vec<Mode>>) -> Self {
        self.modes = modes.into();
        self
    }
}

/// Something that answers requests.
///
/// Dropping the future (or the stream) cancels the request: nothing is left running. What had become
/// of it by then is known as far as the model notes it in
/// [`Request::progress`](crate::conversation::Request::progress).
///
/// ```
/// use extract_llm::conversation::{Block, ProviderError, Reply, Request, StopReason};
/// use extract_llm::model::{Model, Profile};
/// use extract_llm::Client;
/// use futures_util::future::BoxFuture;
///
/// struct Oracle;
///
/// impl Model for Oracle {
///     fn profile(&self) -> Profile {
///         Profile::new("mine", "oracle")
///     }
///
///     fn respond<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
///         let answer = Block::Text(r#"{"value": 42}"#.into());
///         Box::pin(async { Ok(Reply::new(vec![answer], StopReason::Stop)) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let n: u8 = Client::with_model(Oracle).extract("The question?").await?;
/// assert_eq!(n, 42);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
pub trait Model: Send + Sync {
    /// What is known of this model. Asked once an extraction; should cost nothing.
    fn profile(&self) -> Profile;

    /// Answers a request.
    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>>;

    /// Answers a request piece by piece. A model that cannot gives its whole reply at once.
    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move {
            let reply = self.respond(request).await?;
            Ok(stream::iter(reply.into_deltas().into_iter().map(Ok)).boxed())
        })
    }
}
