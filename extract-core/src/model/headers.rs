//! The headers of every request, and the secrets in them.

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::config_error::ConfigError;
use super::environment::key;
use super::options::ProviderOptions;
use super::preset::{Auth, Preset};
use super::signing;

/// Returns the headers of every request, and the secrets that must never appear in an error.
///
/// # Errors
/// The provider requires a key and there is none, or a header is not valid.
pub(super) fn headers(
    preset: &Preset,
    options: &ProviderOptions,
    signed: bool,
    is_offline: bool,
) -> Result<(HeaderMap, Vec<SecretString>), ConfigError> {
    let key = if signed { None } else { key(preset, options) };
    let takes_key = !preset.key_variables.is_empty() && options.base_url.is_none();
    let needed = takes_key && !signed && !is_offline;
    if key.is_none() && needed {
        let mut variables = Vec::new();
        if options.key.is_none() {
            variables.extend(preset.key_variables);
            variables.extend(preset.signed_for.iter().flat_map(|_| signing::CREDENTIAL_VARIABLES));
        }
        return Err(ConfigError::MissingKey { provider: preset.name, variables });
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // No code here decompresses bodies.
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

/// Returns the values in the query of a base URL. They may be keys, and some servers repeat the URL in
/// their errors.
fn secrets_of(base: &str) -> Vec<SecretString> {
    let query = base.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    // The version is no secret, and Azure's errors name it.
    let may_be_secret = pairs.filter(|(name, _)| *name != "api-version");
    may_be_secret.map(|(_, value)| SecretString::from(value)).collect()
}

/// Parses the name of a header.
///
/// # Errors
/// It is not valid.
pub(super) fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ConfigError::Header { name: name.to_owned() })
}

/// Parses the value of a header and marks it as sensitive.
///
/// # Errors
/// It is not valid.
pub(super) fn header_value(name: &str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| ConfigError::Header { name: name.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}
