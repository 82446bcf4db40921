//! The replacement for `signing.rs` without the feature `bedrock-sigv4`: no request is signed.

use reqwest::Url;
use secrecy::SecretString;

use super::config_error::ConfigError;
use super::options::ProviderOptions;
use super::preset::Preset;
use crate::conversation::ProviderError;
use crate::http::HttpRequest;

/// No environment variables hold credentials.
pub(super) const CREDENTIAL_VARIABLES: [&str; 0] = [];

/// A signer, of which no value exists.
pub(super) enum Signer {}

impl Signer {
    /// Returns `None`: no request is signed.
    #[expect(clippy::unnecessary_wraps, reason = "with the feature it fails")]
    pub(super) fn of(
        _: &Preset,
        _: &ProviderOptions,
        _: &Url,
    ) -> Result<Option<Self>, ConfigError> {
        Ok(None)
    }

    /// Never called, because there is no signer.
    #[expect(clippy::unused_async, reason = "with the feature it waits for the credentials")]
    pub(super) async fn identity(&self) -> Option<String> {
        match *self {}
    }

    /// Never called, because there is no signer.
    #[expect(clippy::unused_async, reason = "with the feature it waits for the credentials")]
    pub(super) async fn sign(
        &self,
        _: &mut HttpRequest,
    ) -> Result<Option<SecretString>, ProviderError> {
        match *self {}
    }
}

/// Returns `None`: the region is not known without the feature.
pub(super) fn region_variable(_: &ProviderOptions, _: &str) -> Option<String> {
    None
}
