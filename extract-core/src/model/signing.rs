//! Signs requests with AWS credentials (Signature Version 4), for providers that accept them instead of
//! a key. The provider's row names the AWS service.
//!
//! The credentials are requested before every request, so that their provider can renew them before
//! they expire.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::SecretString;

use super::config_error::ConfigError;
use super::environment::{self, variable};
use super::options::ProviderOptions;
use super::preset::Preset;
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::http::HttpRequest;

/// The environment variables that may hold credentials.
pub(super) const CREDENTIAL_VARIABLES: [&str; 1] = ["AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY"];

/// The environment variables that may hold the region.
const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Signs requests.
pub(super) struct Signer {
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
}

impl Signer {
    /// Returns the signer of a provider's requests. `None` if a key is used instead. Credentials in the
    /// options take precedence over a key; a key takes precedence over credentials in the environment.
    ///
    /// # Errors
    /// The provider takes no AWS credentials, or the region is unknown.
    pub(super) fn of(
        preset: &Preset,
        options: &ProviderOptions,
        base: &Url,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(service) = preset.signed_for else {
            return match options.aws_credentials {
                Some(_) => Err(ConfigError::Unsigned { provider: preset.name }),
                None => Ok(None),
            };
        };
        let of_the_environment = || {
            // A key in the options counts even if it is blank.
            let keyed = options.key.is_some() || environment::key(preset, options).is_some();
            if keyed { None } else { environment_credentials().map(SharedCredentialsProvider::new) }
        };
        let credentials = options.aws_credentials.clone().or_else(of_the_environment);
        let Some(credentials) = credentials else { return Ok(None) };
        let region = options
            .aws_region
            .clone()
            .or_else(|| region_of(base))
            .or_else(|| REGION.iter().find_map(|name| variable(name)))
            .ok_or_else(|| ConfigError::MissingPlace {
                provider: preset.name,
                variable: REGION[0].to_owned(),
            })?;
        Ok(Some(Self { credentials, region, service }))
    }

    /// Returns the name of those who sign, for the key of a cache. `None` without credentials.
    pub(super) async fn identity(&self) -> Option<String> {
        let credentials = self.credentials.provide_credentials().await.ok()?;
        Some(format!("{} {} {}", credentials.access_key_id(), self.region, self.service))
    }

    /// Signs a request with the current time. Returns the session token, which must never appear in an
    /// error: servers that reject a signature repeat the token in their response.
    ///
    /// # Errors
    /// There are no credentials, or the request cannot be signed.
    pub(super) async fn sign(
        &self,
        request: &mut HttpRequest,
    ) -> Result<Option<SecretString>, ProviderError> {
        let credentials =
            self.credentials.provide_credentials().await.map_err(|error| no_credentials(&error))?;
        let token = credentials.session_token().map(SecretString::from);
        let scope =
            SigningScope { region: &self.region, service: self.service, time: SystemTime::now() };
        scope.sign(request, credentials)?;
        Ok(token)
    }
}

/// The scope of a signature.
struct SigningScope<'a> {
    region: &'a str,
    service: &'a str,
    time: SystemTime,
}

impl SigningScope<'_> {
    /// Adds the headers of the signature to a request.
    ///
    /// # Errors
    /// The request cannot be signed.
    fn sign(
        &self,
        request: &mut HttpRequest,
        credentials: Credentials,
    ) -> Result<(), ProviderError> {
        // The signature covers the sent path, escaped once more. Colons are sent escaped, as Amazon's
        // clients do.
        let path = request.url.path().replace(':', "%3A");
        request.url.set_path(&path);
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        let identity = credentials.into();
        let failed = |message: String| ProviderError::new(ProviderErrorKind::Encode, message);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .map_err(|error| failed(format!("the request could not be signed: {error}")))?
            .into();
        // Headers that a proxy may change are not signed.
        let signed =
            |name: &HeaderName| *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .filter(|(name, _)| signed(name))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let body = SignableBody::Bytes(&request.body);
        let signable =
            SignableRequest::new("POST", request.url.as_str(), headers.into_iter(), body);
        let (instructions, _) = signable
            .and_then(|signable| sign(signable, &params))
            .map_err(|error| failed(format!("the request could not be signed: {error}")))?
            .into_parts();
        let mut signed = HeaderMap::new();
        for (name, value) in instructions.headers() {
            let (Ok(name), Ok(mut value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            else {
                return Err(failed(format!(
                    "the credentials are not valid in the header `{name}`"
                )));
            };
            value.set_sensitive(true);
            signed.insert(name, value);
        }
        request.headers.remove(AUTHORIZATION);
        request.headers.extend(signed);
        Ok(())
    }
}

/// Returns the region in a host such as `bedrock-runtime.eu-central-1.amazonaws.com`.
fn region_of(base: &Url) -> Option<String> {
    let mut labels = base.host_str()?.split('.').skip_while(|label| !label.starts_with("bedrock-"));
    labels.next()?;
    labels.next().map(str::to_owned)
}

/// Returns the credentials in the environment. `None` if they are incomplete.
fn environment_credentials() -> Option<Credentials> {
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
}

/// Returns the region for the variable of this name in a base URL: that of the options, or of the
/// environment under either of its names. `None` for other variables.
pub(super) fn region_variable(options: &ProviderOptions, name: &str) -> Option<String> {
    if name != REGION[0] {
        return None;
    }
    options.aws_region.clone().or_else(|| REGION.iter().find_map(|name| variable(name)))
}

/// Returns the error for credentials that cannot be loaded.
fn no_credentials(error: &CredentialsError) -> ProviderError {
    let kind = match error {
        CredentialsError::ProviderTimedOut(_) => ProviderErrorKind::Timeout,
        _ => ProviderErrorKind::Authentication,
    };
    let mut causes = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    ProviderError::new(kind, format!("no AWS credentials: {}", causes.join(": ")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ID: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signed(url: &str, token: Option<&str>) -> HttpRequest {
        let url = Url::parse(url).unwrap();
        let mut request = HttpRequest::post(url, HeaderMap::new(), "");
        // 2015-08-30, 12:36 UTC.
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let scope = SigningScope { region: "us-east-1", service: "service", time };
        let credentials = Credentials::new(ID, SECRET, token.map(str::to_owned), None, "test");
        scope.sign(&mut request, credentials).unwrap();
        request
    }

    /// `post-vanilla` of Amazon's test suite for the signature.
    #[test]
    fn the_known_request_has_the_known_signature() {
        let request = signed("https://example.amazonaws.com/", None);
        assert_eq!(request.headers["x-amz-date"], "20150830T123600Z");
        assert_eq!(
            request.headers[AUTHORIZATION],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }

    #[test]
    fn nothing_secret_is_shown() {
        let request = signed("https://example.amazonaws.com/m/a:b", Some("the-session-token"));
        assert_eq!(request.url.path(), "/m/a%3Ab");
        assert_eq!(request.headers["x-amz-security-token"], "the-session-token");
        let shown = format!("{request:?}");
        assert!(!shown.contains("the-session-token") && !shown.contains("Signature="), "{shown}");
    }

    #[test]
    fn the_region_is_read_from_the_host() {
        for (host, region) in [
            ("https://bedrock-runtime.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("http://127.0.0.1:9000", None),
        ] {
            assert_eq!(region_of(&Url::parse(host).unwrap()).as_deref(), region, "{host}");
        }
    }
}
