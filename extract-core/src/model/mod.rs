//! The one seam: a request in, a reply or a stream of deltas out. Everything that can answer a
//! request stands behind [`Model`]: a provider over HTTP, the embedded model, a script.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::contract::dialect::Dialect;
use crate::conversation::{Mode, ProviderError, Reply, Request, Settings};

mod failure;
#[cfg(feature = "local")]
mod local;
mod preset;
mod provider;
mod reader;
pub mod scripted;

pub use failure::read_failure;
#[cfg(feature = "local")]
pub use local::Local;
pub use preset::{Preset, presets};
pub use provider::{ConfigError, Provider, ProviderOptions};
pub use reader::DeltaReader;
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
    /// Always: for small models, which follow words better than a grammar alone.
    Always,
}

/// What is known of a model before it is asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Profile {
    /// The provider's name, as in `provider/model`.
    pub provider: Cow<'static, str>,
    /// The model's name.
    pub model: String,
    /// The modes it takes, best first. Never empty; never holds [`Mode::Auto`].
    pub modes: Vec<Mode>,
    /// The dialect of JSON Schema that it takes.
    pub dialect: &'static Dialect,
    /// The dialects of modes that take another one.
    pub mode_dialects: Vec<(Mode, &'static Dialect)>,
    /// Whether it can be asked to enforce a schema while it writes.
    pub strict: bool,
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
            mode_dialects: Vec::new(),
            strict: false,
            schema_prompt: SchemaPrompt::WhereNeeded,
            settings: Settings::default(),
        }
    }

    /// Sets the modes, best first.
    pub fn modes(mut self, modes: impl Into<Vec<Mode>>) -> Self {
        self.modes = modes.into();
        self
    }

    /// The dialect that schemas are sent in, in this mode.
    pub fn dialect_of(&self, mode: Mode) -> &'static Dialect {
        let other = self.mode_dialects.iter().find(|(known, _)| *known == mode);
        other.map_or(self.dialect, |(_, dialect)| dialect)
    }
}

/// Something that answers requests.
///
/// Dropping the future (or the stream) cancels the request: nothing is left running.
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
