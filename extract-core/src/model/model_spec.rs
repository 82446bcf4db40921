//! Splits `provider/model` into the provider's row and the model's name.

use super::config_error::ConfigError;
use super::options::ProviderOptions;
use super::preset::{self, Preset};
use crate::wire::Protocol;

/// Returns the provider's row and the model's name for `provider/model`.
///
/// # Errors
/// The provider or the model is missing or unknown.
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

/// Whether the models of two providers' options are of the same provider. The embedded model has none.
///
/// # Errors
/// One of the models cannot be used.
pub(crate) fn same_provider(
    one: &ProviderOptions,
    other: &ProviderOptions,
) -> Result<bool, ConfigError> {
    let is_embedded = |options: &ProviderOptions| {
        cfg!(feature = "local") && options.model.trim().eq_ignore_ascii_case(EMBEDDED)
    };
    if is_embedded(one) || is_embedded(other) {
        return Ok(false);
    }
    let (one, _) = split_model(&one.model, one)?;
    let (other, _) = split_model(&other.model, other)?;
    Ok(one.name == other.name)
}

/// The name of the embedded model. It has no provider in front.
const EMBEDDED: &str = "local";

/// Whether this is the name of the embedded model.
#[cfg(feature = "local")]
pub(crate) fn is_embedded(spec: &str) -> bool {
    spec.trim().eq_ignore_ascii_case(EMBEDDED)
}

/// Returns the names of all providers, and of the embedded model if it is available.
fn known() -> Vec<&'static str> {
    let embedded = cfg!(feature = "local").then_some(EMBEDDED);
    preset::presets().iter().map(|preset| preset.name).chain(embedded).collect()
}
