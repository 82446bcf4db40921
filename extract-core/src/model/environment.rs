//! Environment variables, and the API key, which may be in one of them.

use secrecy::{ExposeSecret, SecretString};

use super::options::ProviderOptions;
use super::preset::Preset;

/// Returns the API key of the options, or else of the environment. A blank key in the options means no
/// key: the key in the environment may belong to somebody else.
pub(super) fn key(preset: &Preset, options: &ProviderOptions) -> Option<SecretString> {
    let Some(key) = &options.key else {
        let of_the_environment = preset.key_variables.iter().find_map(|name| variable(name));
        return of_the_environment.map(SecretString::from);
    };
    // A key that was read from a file often ends with a line break.
    let key = key.expose_secret().trim();
    (!key.is_empty()).then(|| SecretString::from(key))
}

/// Returns an environment variable. `None` if it is not set or blank.
pub(super) fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}
