//! What a provider is built from, and the steps from that to an address, headers and a key. What is
//! wrong is said here, before anything is sent.

use std::fmt;
use std::net::IpAddr;

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::preset::{self, Auth, Facts, Preset};
use super::retry::RetryPolicy;
use super::signing;
use crate::conversation::redacted_url;
use crate::http::TransportOptions;
use crate::wire::{Delivery, Protocol};

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
         `Client::builder().api_key(…)`"
    )
}

/// What a [`Provider`](super::Provider) is built from.
///
/// ```
/// use extract_llm::model::{Provider, ProviderOptions};
///
/// let mut options = ProviderOptions::default();
/// options.model = "ollama/qwen3".into();
/// let provider = Provider::new(options)?;
/// assert!(provider.url().ends_with("/v1/chat/completions"));
/// # Ok::<(), extract_llm::model::ConfigError>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// `provider/model`, or the model's name alone where `base_url` is given. A provider's name is
    /// known in any case; behind a `base_url` only in lower case, because there a slash and capitals
    /// may be parts of the model's name. The names of OpenAI's and Google's open weights
    /// (`openai/gpt-oss-20b`) are then whole.
    pub model: String,
    /// Where the server is, if not where the provider's row says.
    pub base_url: Option<String>,
    /// The key, if it is not to be taken from the environment.
    pub key: Option<SecretString>,
    /// AWS credentials that requests are signed with, instead of a key.
    #[cfg(feature = "bedrock-sigv4")]
    pub aws_credentials: Option<aws_credential_types::provider::SharedCredentialsProvider>,
    /// The AWS region, if it is not to be taken from the base URL or the environment.
    #[cfg(feature = "bedrock-sigv4")]
    pub aws_region: Option<String>,
    /// OpenAI's `OpenAI-Organization`.
    pub organization: Option<String>,
    /// OpenAI's `OpenAI-Project`.
    pub project: Option<String>,
    /// Headers to send with every request.
    pub headers: Vec<(String, SecretString)>,
    /// The protocol that the server speaks, if not the one of the provider's row.
    pub protocol: Option<Protocol>,
    /// What the model takes, if not what the provider's row says.
    pub facts: Option<Facts>,
    /// When a request that failed is sent again.
    pub retry: RetryPolicy,
    /// Timeouts and bounds.
    pub transport: TransportOptions,
}

impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderOptions")
            .field("model", &self.model)
            .field("base_url", &self.base_url.as_deref().map(redacted_url))
            .field("key", &self.key.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// The row and the model that `provider/model` names.
pub(super) fn split_model(
    spec: &str,
    options: &ProviderOptions,
) -> Result<(&'static Preset, String), ConfigError> {
    let spec = spec.trim();
    let no_model = |hint: String| Err(ConfigError::NoModel { hint });
    if spec.is_empty() {
        return no_model(String::from("give one as `provider/model`"));
    }
    let (name, model) = match spec.split_once('/') {
        Some((name, model)) => (name.trim(), Some(model.trim())),
        None => (spec, None),
    };
    let own_server = options.base_url.is_some();
    let preset = match own_server {
        true if preset::is_published(spec) => None,
        true => preset::find(name),
        false => preset::find(&name.to_ascii_lowercase()),
    };
    match (preset, model) {
        (Some(preset), Some(model)) if !model.is_empty() => Ok((preset, model.to_owned())),
        // A slash may be part of the model's name.
        (None, _) | (_, None) if own_server => {
            Ok((preset::custom(options.protocol.unwrap_or(Protocol::Chat)), spec.to_owned()))
        }
        (Some(Preset { name, .. }), _) => no_model(format!(
            "`{name}` is a provider, and the model stands behind it: `{name}/model-name`"
        )),
        (None, _) if name.eq_ignore_ascii_case(EMBEDDED) => no_model(format!(
            "`{EMBEDDED}` is the embedded model: `Client::new(\"{EMBEDDED}\")`, with the feature \
             `local`"
        )),
        (None, Some(_)) if !name.is_empty() => {
            Err(ConfigError::UnknownProvider { name: name.to_owned(), known: known() })
        }
        (None, model) => {
            let model = model.unwrap_or(name).to_owned();
            let likely = preset::likely(&model).map(|preset| preset.name);
            Err(ConfigError::NoProvider { model, likely, known: known() })
        }
    }
}

/// What the embedded model is called, alone.
const EMBEDDED: &str = "local";

/// Whether this is the name of the embedded model.
#[cfg(feature = "local")]
pub(crate) fn is_embedded(spec: &str) -> bool {
    spec.trim().eq_ignore_ascii_case(EMBEDDED)
}

/// The names of all that a client can be made of by name.
fn known() -> Vec<&'static str> {
    let embedded = cfg!(feature = "local").then_some(EMBEDDED);
    preset::presets().iter().map(|preset| preset.name).chain(embedded).collect()
}

/// The base URL: the one that was given, or the environment's, or the row's.
pub(super) fn base_url(preset: &Preset, options: &ProviderOptions) -> Result<Url, ConfigError> {
    if let Some(given) = &options.base_url {
        return parse_base(given);
    }
    if let Some(mut place) = preset.base_variables.iter().find_map(|name| variable(name)) {
        if !place.contains("://") {
            place.insert_str(0, "http://");
        }
        let place = place.trim_end_matches('/');
        let first = preset.base_suffix.split('/').next().unwrap_or_default();
        if preset.base_suffix.is_empty() || place.contains(&format!("/{first}")) {
            return parse_base(place);
        }
        return parse_base(&format!("{place}/{}", preset.base_suffix));
    }
    let mut place = preset.base_url.to_owned();
    while let Some((before, rest)) = place.split_once('{') {
        let Some((name, after)) = rest.split_once('}') else { break };
        let Some(value) = signing::place(options, name).or_else(|| variable(name)) else {
            return Err(ConfigError::MissingPlace {
                provider: preset.name,
                variable: name.to_owned(),
            });
        };
        place = format!("{before}{value}{after}");
    }
    parse_base(&place)
}

fn parse_base(base: &str) -> Result<Url, ConfigError> {
    let refuse =
        |reason: &str| ConfigError::BaseUrl { url: redacted_url(base), reason: reason.to_owned() };
    let url = Url::parse(base.trim()).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user or a password"));
    }
    Ok(url)
}

/// Where requests of this delivery go.
pub(super) fn endpoint(base: &Url, protocol: Protocol, model: &str, delivery: Delivery) -> Url {
    let mut url = base.clone();
    let path = protocol.path(model, delivery);
    // People paste the whole endpoint as often as the base.
    let pasted = url.path().trim_end_matches('/').ends_with(&format!("/{}", path.join("/")));
    if !pasted {
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
    }
    if let Some((name, value)) = protocol.query(delivery) {
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

/// The headers of every request, and all that must never be seen in an error.
pub(super) fn headers(
    preset: &Preset,
    options: &ProviderOptions,
    signed: bool,
) -> Result<(HeaderMap, Vec<SecretString>), ConfigError> {
    let key = if signed { None } else { key(preset, options) };
    let needed = !signed && !preset.key_variables.is_empty() && options.base_url.is_none();
    if key.is_none() && needed {
        let mut variables = Vec::new();
        if options.key.is_none() {
            variables.extend(preset.key_variables);
            variables.extend(preset.signed_for.iter().flat_map(|_| signing::VARIABLES));
        }
        return Err(ConfigError::MissingKey { provider: preset.name, variables });
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Nothing here unpacks bodies.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in preset.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let mut secrets = secrets_of(options.base_url.as_deref().unwrap_or_default());
    if let Some(key) = key {
        let (name, value) = match preset.auth {
            Auth::Bearer => {
                ("authorization", SecretString::from(format!("Bearer {}", key.expose_secret())))
            }
            Auth::Header(name) => (name, key.clone()),
        };
        headers.insert(header_name(name)?, header_value(name, value.expose_secret())?);
        secrets.push(key);
    }
    let named =
        [("OpenAI-Organization", &options.organization), ("OpenAI-Project", &options.project)];
    for (name, value) in named {
        if let Some(value) = value {
            headers.insert(header_name(name)?, header_value(name, value)?);
        }
    }
    for (name, value) in &options.headers {
        headers.insert(header_name(name)?, header_value(name, value.expose_secret())?);
        secrets.push(value.clone());
    }
    Ok((headers, secrets))
}

/// What a base URL asks for in its query, which servers repeat when they find nothing there: keys,
/// as far as anybody knows.
fn secrets_of(base: &str) -> Vec<SecretString> {
    let query = base.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    // The version is no secret, and what Azure's errors are about.
    let may_be_secret = pairs.filter(|(name, _)| *name != "api-version");
    may_be_secret.map(|(_, value)| SecretString::from(value)).collect()
}

/// The key: the one that was given, or the environment's. A blank one that was given is none, and is
/// not replaced by the environment's, which may be somebody else's.
pub(super) fn key(preset: &Preset, options: &ProviderOptions) -> Option<SecretString> {
    let Some(given) = &options.key else {
        let of_the_environment = preset.key_variables.iter().find_map(|name| variable(name));
        return of_the_environment.map(SecretString::from);
    };
    let is_blank = given.expose_secret().trim().is_empty();
    (!is_blank).then(|| given.clone())
}

pub(super) fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ConfigError::Header { name: name.to_owned() })
}

pub(super) fn header_value(name: &str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| ConfigError::Header { name: name.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether this is an address of the own machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_put_together() {
        let url = |base: &str, protocol: Protocol, model: &str, delivery: Delivery| {
            endpoint(&parse_base(base).unwrap(), protocol, model, delivery).to_string()
        };
        let (whole, streamed) = (Delivery::Whole, Delivery::Streamed);
        for (base, protocol, model, delivery, expected) in [
            ("https://h/v1", Protocol::Chat, "m", whole, "https://h/v1/chat/completions"),
            ("https://h/v1/", Protocol::Chat, "m", whole, "https://h/v1/chat/completions"),
            ("https://h", Protocol::Chat, "m", whole, "https://h/chat/completions"),
            (
                "https://h/v1/chat/completions",
                Protocol::Chat,
                "m",
                whole,
                "https://h/v1/chat/completions",
            ),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                Protocol::Chat,
                "m",
                whole,
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
            (
                "https://g/v1beta",
                Protocol::Gemini,
                "models/gemini-3-flash",
                streamed,
                "https://g/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse",
            ),
            (
                "https://b",
                Protocol::Bedrock,
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0",
                streamed,
                "https://b/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fus.x-v1:0/converse-stream",
            ),
        ] {
            assert_eq!(url(base, protocol, model, delivery), expected);
        }
    }
}
