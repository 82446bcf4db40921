//! The options of a provider.

use std::fmt;

use secrecy::SecretString;

use super::preset::Facts;
use super::retry::RetryPolicy;
use crate::conversation::redacted_url;
use crate::http::TransportOptions;
use crate::wire::Protocol;

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
