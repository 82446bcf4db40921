//! A provider over HTTP: the wire protocol and the transport put together, with the key and the
//! row of the provider's facts.

use std::fmt;
use std::net::IpAddr;

use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::failure::{read_failure, request_id};
use super::preset::{self, Preset};
use super::{Model, Profile};
use crate::conversation::{ProviderError, Reply, Request};
use crate::http::{HttpRequest, Transport, TransportOptions};
use crate::wire::{Delivery, chat};

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No model was named.
    #[error("no model is named: {hint}")]
    NoModel {
        /// What to do.
        hint: String,
    },
    /// There is no such provider.
    #[error(
        "unknown provider `{name}`; known are {}. For any other server give a base URL: \
         `Client::builder().base_url(\"…\").model(\"…\")`",
        known.join(", ")
    )]
    UnknownProvider {
        /// The name that was given.
        name: String,
        /// The names that would do.
        known: Vec<&'static str>,
    },
    /// The provider asks for a key and none was given.
    #[error(
        "no key for `{provider}`: set {} in the environment, or give one with \
         `Client::builder().key(…)`",
        variables.join(" or ")
    )]
    MissingKey {
        /// The provider.
        provider: &'static str,
        /// The variables that were looked at.
        variables: Vec<&'static str>,
    },
    /// The base URL cannot be used.
    #[error("`{url}` cannot be the base URL: {reason}; it should look like `https://host/v1`")]
    BaseUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
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

/// What a [`Provider`] is built from.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// `provider/model`, or the model's name alone where `base_url` is given.
    pub model: String,
    /// Where the server is, if not where the provider's row says.
    pub base_url: Option<String>,
    /// The key, if it is not to be taken from the environment.
    pub key: Option<SecretString>,
    /// OpenAI's `OpenAI-Organization`.
    pub organization: Option<String>,
    /// OpenAI's `OpenAI-Project`.
    pub project: Option<String>,
    /// Headers to send with every request.
    pub headers: Vec<(String, SecretString)>,
    /// Timeouts and bounds.
    pub transport: TransportOptions,
}

impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderOptions")
            .field("model", &self.model)
            .field("base_url", &self.base_url)
            .field("key", &self.key.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// A model behind an HTTP API.
pub struct Provider {
    preset: &'static Preset,
    model: String,
    url: Url,
    headers: HeaderMap,
    /// What must never be seen in an error: keys, and the values of the user's own headers.
    secrets: Vec<SecretString>,
    transport: Transport,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("provider", &self.preset.name)
            .field("model", &self.model)
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Connects the parts. No request is made.
    pub fn new(options: ProviderOptions) -> Result<Self, ConfigError> {
        let (preset, model) = split_model(&options.model, options.base_url.is_some())?;
        let url = endpoint(options.base_url.as_deref().unwrap_or(preset.base_url))?;
        let key = match options.key {
            Some(key) => Some(key),
            None => key_from_environment(preset),
        };
        if key.is_none() && !preset.key_variables.is_empty() && options.base_url.is_none() {
            return Err(ConfigError::MissingKey {
                provider: preset.name,
                variables: preset.key_variables.to_vec(),
            });
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut secrets = Vec::new();
        if let Some(key) = key {
            let value = format!("Bearer {}", key.expose_secret());
            headers.insert(AUTHORIZATION, header_value("authorization", &value)?);
            secrets.push(key);
        }
        let named =
            [("OpenAI-Organization", &options.organization), ("OpenAI-Project", &options.project)];
        for (name, value) in named {
            if let Some(value) = value {
                headers.insert(header_name(name)?, header_value(name, value)?);
            }
        }
        for (name, value) in options.headers {
            headers.insert(header_name(&name)?, header_value(&name, value.expose_secret())?);
            secrets.push(value);
        }
        let mut transport = options.transport;
        // A proxy cannot reach what only this machine can.
        transport.proxy &= !is_loopback(&url);
        let transport = Transport::new(transport)
            .map_err(|error| ConfigError::Transport { message: error.to_string() })?;
        Ok(Self { preset, model, url, headers, secrets, transport })
    }

    /// Where requests go.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    async fn exchange(&self, request: &Request) -> Result<Reply, ProviderError> {
        let mut body = chat::encode(request, &self.model, &self.preset.quirks, Delivery::Whole)?;
        body.shrink_to_fit();
        let request = HttpRequest::post(self.url.clone(), self.headers.clone(), body);
        let response = self.transport.send(request).await?;
        let request_id = request_id(&response.headers);
        if !response.status.is_success() {
            return Err(read_failure(response.status.as_u16(), &response.headers, &response.body));
        }
        let mut reply = chat::decode(&response.body).map_err(|mut error| {
            error.status = Some(response.status.as_u16());
            error.request_id.clone_from(&request_id);
            error
        })?;
        reply.request_id = request_id;
        Ok(reply)
    }

    /// Takes every secret out of what a server (or a proxy in between) wrote.
    fn redact(&self, mut error: ProviderError) -> ProviderError {
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            // A secret of a few characters would be found in ordinary words.
            if secret.len() < 8 {
                continue;
            }
            for text in [Some(&mut error.message), error.code.as_mut(), error.request_id.as_mut()] {
                if let Some(text) = text.filter(|text| text.contains(secret)) {
                    *text = text.replace(secret, "[secret]");
                }
            }
        }
        error
    }
}

impl Model for Provider {
    fn profile(&self) -> Profile {
        let mut profile = Profile::new(self.preset.name, &self.model).modes(self.preset.modes);
        profile.dialect = self.preset.dialect;
        profile.strict = self.preset.strict;
        profile
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(async move { self.exchange(request).await.map_err(|error| self.redact(error)) })
    }
}

fn split_model(spec: &str, has_base_url: bool) -> Result<(&'static Preset, String), ConfigError> {
    if spec.trim().is_empty() {
        let hint = String::from("give one as `provider/model`");
        return Err(ConfigError::NoModel { hint });
    }
    let known = spec.split_once('/').and_then(|(name, model)| Some((preset::find(name)?, model)));
    match known {
        Some((preset, "")) => {
            let hint = format!("`{}/` is followed by no model", preset.name);
            Err(ConfigError::NoModel { hint })
        }
        Some((preset, model)) => Ok((preset, model.to_owned())),
        // On a server of the user's own, a slash is part of the model's name.
        None if has_base_url => Ok((&preset::CUSTOM, spec.to_owned())),
        None => Err(ConfigError::UnknownProvider {
            name: spec.split('/').next().unwrap_or(spec).to_owned(),
            known: preset::presets().iter().map(|preset| preset.name).collect(),
        }),
    }
}

fn endpoint(base: &str) -> Result<Url, ConfigError> {
    let refuse =
        |reason: &str| ConfigError::BaseUrl { url: base.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(base.trim()).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The URL appears in errors, so it must not carry a password, and is not repeated here.
        let url = String::from("…");
        return Err(ConfigError::BaseUrl {
            url,
            reason: String::from("it holds a user or a password"),
        });
    }
    let path = url.path().trim_end_matches('/').to_owned();
    // People paste the whole endpoint as often as the base.
    if !path.ends_with("/chat/completions") {
        url.set_path(&format!("{path}/chat/completions"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn key_from_environment(preset: &Preset) -> Option<SecretString> {
    let read = |name: &&str| std::env::var(name).ok().filter(|key| !key.trim().is_empty());
    preset.key_variables.iter().find_map(read).map(|key| SecretString::from(key.trim().to_owned()))
}

fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ConfigError::Header { name: name.to_owned() })
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| ConfigError::Header { name: name.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}
