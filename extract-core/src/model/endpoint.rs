//! The base URL of a provider and the URLs of its requests.

use reqwest::Url;

use super::config_error::ConfigError;
use super::environment::variable;
use super::options::ProviderOptions;
use super::preset::Preset;
use super::signing;
use crate::conversation::redacted_url;
use crate::wire::{Delivery, Protocol};

/// Returns the base URL of the options, or else of the environment, or else of the provider's row.
///
/// # Errors
/// The URL is not valid, or a variable in the row's URL is not set.
pub(super) fn base_url(preset: &Preset, options: &ProviderOptions) -> Result<Url, ConfigError> {
    if let Some(base) = &options.base_url {
        return parse_base(base);
    }
    if let Some(mut address) = preset.base_variables.iter().find_map(|name| variable(name)) {
        if !address.contains("://") {
            address.insert_str(0, "http://");
        }
        let address = address.trim_end_matches('/');
        let first = preset.base_suffix.split('/').next().unwrap_or_default();
        if preset.base_suffix.is_empty() || address.contains(&format!("/{first}")) {
            return parse_base(address);
        }
        return parse_base(&format!("{address}/{}", preset.base_suffix));
    }
    let mut filled = preset.base_url.to_owned();
    while let Some((before, rest)) = filled.split_once('{') {
        let Some((name, after)) = rest.split_once('}') else { break };
        let Some(value) = signing::region_variable(options, name).or_else(|| variable(name)) else {
            return Err(ConfigError::MissingPlace {
                provider: preset.name,
                variable: name.to_owned(),
            });
        };
        filled = format!("{before}{value}{after}");
    }
    parse_base(&filled)
}

/// Parses a base URL.
///
/// # Errors
/// It is not an HTTP URL, or it holds a user name or a password.
fn parse_base(base: &str) -> Result<Url, ConfigError> {
    let refuse =
        |reason: &str| ConfigError::BaseUrl { url: redacted_url(base), reason: reason.to_owned() };
    let url = Url::parse(base.trim()).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("the scheme is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user name or a password"));
    }
    Ok(url)
}

/// Returns the URL of a request.
pub(super) fn endpoint(base: &Url, protocol: Protocol, model: &str, delivery: Delivery) -> Url {
    let mut url = base.clone();
    let path = protocol.path(model, delivery);
    // Users often paste the whole endpoint instead of the base URL.
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
