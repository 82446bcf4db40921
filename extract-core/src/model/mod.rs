//! Models: a request in, a reply or a stream of deltas out. Everything that answers requests implements
//! [`Model`]: a provider over HTTP, the embedded model, a script.
//!
//! ```
//! use extract_core::model::presets;
//!
//! assert!(presets().iter().any(|preset| preset.name == "openai"));
//! ```

mod api;
mod batching;
mod cassette;
mod config_error;
mod count;
mod delta_reader;
mod endpoint;
mod environment;
mod failure;
mod fake;
mod headers;
mod limits;
#[cfg(feature = "local")]
mod local;
mod model_spec;
mod options;
mod preset;
#[cfg_attr(not(feature = "prices"), path = "no_prices.rs")]
mod prices;
mod profile;
mod provider;
mod redaction;
mod reply_stream;
mod retry;
pub mod scripted;
#[cfg_attr(not(feature = "bedrock-sigv4"), path = "unsigned.rs")]
mod signing;
mod token_count;
mod wire_model;

pub use api::{DeltaStream, Model};
pub(crate) use batching::{not_yet, provider_of};
pub use cassette::{Cassette, RecordedRequest, RecordedResponse};
pub use config_error::ConfigError;
pub use delta_reader::DeltaReader;
pub use failure::read_failure;
pub use fake::{Fake, Flaw};
pub use limits::Limits;
#[cfg(feature = "local")]
pub use local::Local;
#[cfg(feature = "local")]
pub(crate) use model_spec::is_embedded;
pub(crate) use model_spec::same_provider;
pub use options::ProviderOptions;
pub use preset::{Auth, Facts, MediaSupport, ModelModes, Preset, Rule, presets};
pub use profile::{AskingForm, ForcedTools, Profile, SchemaPrompt};
pub use provider::{Provider, collect};
pub use redaction::redact;
pub use retry::RetryPolicy;
pub use scripted::Scripted;
pub use token_count::{CountSource, TokenCount};

pub use crate::conversation::{Assembly, Delta};
pub use crate::http::{forbid_all_calls, forbid_real_calls};
