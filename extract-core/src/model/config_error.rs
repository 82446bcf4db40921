//! The errors of a configuration. They occur before anything is sent.

/// Why a client cannot be made.
///
/// ```
/// use extract_llm::model::ConfigError;
/// use extract_llm::{Client, Error};
///
/// let error = Client::new("nosuch/model").unwrap_err();
/// assert!(matches!(error, Error::Config(ConfigError::UnknownProvider { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No model was named.
    #[error("no model is named: {hint}")]
    NoModel {
        /// What to do.
        hint: String,
    },
    /// A model was named, and no provider.
    #[error(
        "no provider is named before `{model}`: write `{}/{model}`; known are {}. {OTHER_SERVER}",
        likely.unwrap_or("provider"),
        known.join(", ")
    )]
    NoProvider {
        /// What was given.
        model: String,
        /// The provider whose models have such names.
        likely: Option<&'static str>,
        /// The names that would do.
        known: Vec<&'static str>,
    },
    /// There is no such provider.
    #[error("unknown provider `{name}`; known are {}. {OTHER_SERVER}", known.join(", "))]
    UnknownProvider {
        /// The name that was given.
        name: String,
        /// The names that would do.
        known: Vec<&'static str>,
    },
    /// The provider asks for a key, and there is none or a blank one.
    #[error("{}", no_key(provider, variables))]
    MissingKey {
        /// The provider.
        provider: &'static str,
        /// The variables that were looked at; none where a blank key was given.
        variables: Vec<&'static str>,
    },
    /// The base URL cannot be used.
    #[error("`{url}` cannot be the base URL: {reason}; it should look like `https://host/v1`")]
    BaseUrl {
        /// What was given, without what stands before an `@`, the query and the fragment: they may be
        /// secrets.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// AWS credentials were given for a provider that takes none.
    #[error("requests to `{provider}` are not signed: it takes a key, not AWS credentials")]
    Unsigned {
        /// The provider.
        provider: &'static str,
    },
    /// A part of the base URL is left to the environment, which does not say it.
    #[error("`{provider}` needs to know where it is: set {variable}, or give a base URL")]
    MissingPlace {
        /// The provider.
        provider: &'static str,
        /// The variable that is not set.
        variable: String,
    },
    /// A key or header holds what no header may hold.
    #[error(
        "the value of the header `{name}` is not valid (line breaks and control characters are not)"
    )]
    Header {
        /// The header's name.
        name: String,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {message}")]
    Transport {
        /// What it said.
        message: String,
    },
}

/// The way to a server that has no name here.
const OTHER_SERVER: &str = "For any other server give a base URL: \
                            `Client::builder().base_url(\"…\").model(\"…\")`";

fn no_key(provider: &str, variables: &[&str]) -> String {
    if variables.is_empty() {
        return format!("the key that was given for `{provider}` is blank");
    }
    let variables = variables.join(" or ");
    format!(
        "no key for `{provider}`: set {variables} in the environment, or give one with \
         `Client::builder().key(…)`"
    )
}
