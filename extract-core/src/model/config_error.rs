//! Errors in the configuration of a client. They occur before anything is sent.

use crate::cache::CacheError;
use crate::schema::did_you_mean;

/// An error in the configuration of a client.
///
/// ```
/// use extract_llm::model::ConfigError;
/// use extract_llm::{Client, ErrorKind};
///
/// let error = Client::new("nosuch/model").unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::UnknownProvider { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The cache cannot be opened.
    #[error(transparent)]
    Cache(CacheError),
    /// The model's name is missing.
    #[error("no model is named: {hint}")]
    NoModel {
        /// The correction.
        hint: String,
    },
    /// The name of a model has no provider in front.
    #[error(
        "no provider is named before `{model}`: write `{}/{model}`. Known providers: {}. {OTHER_SERVER}",
        likely.unwrap_or("provider"),
        known.join(", ")
    )]
    NoProvider {
        /// The name without a provider.
        model: String,
        /// A provider whose models have similar names.
        likely: Option<&'static str>,
        /// The names of all providers.
        known: Vec<&'static str>,
    },
    /// The provider is not in the table.
    #[error(
        "unknown provider `{name}`{} Known providers: {}. {OTHER_SERVER}",
        Some(did_you_mean(name, known.iter().copied())).filter(|text| !text.is_empty()).unwrap_or(".".into()),
        known.join(", ")
    )]
    UnknownProvider {
        /// The unknown name.
        name: String,
        /// The names of all providers.
        known: Vec<&'static str>,
    },
    /// The provider requires a key, and there is none or a blank one.
    #[error("{}", no_key(provider, variables))]
    MissingKey {
        /// The provider.
        provider: &'static str,
        /// The environment variables that may hold the key. Empty if a blank key was set.
        variables: Vec<&'static str>,
    },
    /// The base URL is not valid.
    #[error("`{url}` cannot be the base URL: {reason}; it should look like `https://host/v1`")]
    BaseUrl {
        /// The URL without user information, query and fragment, which may be secrets.
        url: String,
        /// The reason.
        reason: String,
    },
    /// AWS credentials are set for a provider that takes none.
    #[error("requests to `{provider}` are not signed: it takes a key, not AWS credentials")]
    Unsigned {
        /// The provider.
        provider: &'static str,
    },
    /// The base URL depends on an environment variable that is not set.
    #[error("`{provider}` has no base URL: set {variable}, or give a base URL")]
    MissingPlace {
        /// The provider.
        provider: &'static str,
        /// The variable that is not set.
        variable: String,
    },
    /// A key or header holds characters that no header may hold.
    #[error(
        "the value of the header `{name}` is not valid: line breaks and control characters are not allowed"
    )]
    Header {
        /// The header's name.
        name: String,
    },
    /// A key would go to another machine over HTTP without encryption.
    #[error(
        "a key would go to `{host}` over HTTP without encryption: use https, or allow it with \
         `TransportOptions::allow_plain_http`"
    )]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// No batch service of the provider is known for this protocol.
    #[error(
        "no batch service of `{provider}` is known for this protocol: `openai`, `openai-responses`, \
         `anthropic`, `google`, `mistral` and `groq` have one; with a base URL, name the provider in the model"
    )]
    NoBatchService {
        /// The provider.
        provider: String,
    },
    /// The file of a [`Cassette`](crate::model::Cassette) cannot be read or written.
    #[error("the cassette cannot be used: {message}")]
    Cassette {
        /// The path and the reason.
        message: String,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {message}")]
    Transport {
        /// The error message of the HTTP client.
        message: String,
    },
}

/// The advice for servers that are not in the table.
const OTHER_SERVER: &str = "For any other server give a base URL: \
                            `Client::builder().base_url(\"…\").model(\"…\")`";

/// Returns the message for a missing or blank key.
fn no_key(provider: &str, variables: &[&str]) -> String {
    if variables.is_empty() {
        return format!("the key that was given for `{provider}` is blank");
    }
    let variables = variables.join(" or ");
    format!(
        "no key for `{provider}`: set {variables} in the environment, or give one with \
         `Client::builder().api_key(…)`"
    )
}
