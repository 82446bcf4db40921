//! The options of a provider.

use std::fmt;

use secrecy::SecretString;

use super::limits::Limits;
use super::preset::Facts;
use super::retry::RetryPolicy;
use crate::conversation::redacted_url;
use crate::http::TransportOptions;
use crate::wire::Protocol;

/// The options of a [`Provider`](super::Provider).
///
/// ```
/// use extract_core::model::{Provider, ProviderOptions};
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
    /// `provider/model`, or the model's name alone if `base_url` is set. The case of a provider's name
    /// does not matter; with a `base_url`, only lower case is recognised, because slashes and capitals
    /// may then be parts of the model's name. With a `base_url`, the names of OpenAI's and Google's open
    /// weights (`openai/gpt-oss-20b`) are names of models, not of a provider and a model.
    pub model: String,
    /// The base URL. Default: that of the environment or of the provider's row.
    pub base_url: Option<String>,
    /// The API key. Default: the environment variable that the provider's row names.
    pub key: Option<SecretString>,
    /// AWS credentials that sign requests instead of a key. Default: those of the environment, if there
    /// is no key.
    #[cfg(feature = "bedrock-sigv4")]
    pub aws_credentials: Option<aws_credential_types::provider::SharedCredentialsProvider>,
    /// The AWS region. Default: the region in the base URL, or that of the environment.
    #[cfg(feature = "bedrock-sigv4")]
    pub aws_region: Option<String>,
    /// The header `OpenAI-Organization`. Default: none.
    pub organization: Option<String>,
    /// The header `OpenAI-Project`. Default: none.
    pub project: Option<String>,
    /// Headers of every request, by name and value. Default: none.
    pub headers: Vec<(String, SecretString)>,
    /// The protocol of the server. Default: that of the provider's row.
    pub protocol: Option<Protocol>,
    /// The facts about the model. Default: those of the provider's row.
    pub facts: Option<Facts>,
    /// The policy for sending failed requests again.
    pub retry: RetryPolicy,
    /// The limits on requests and tokens. Providers with clones of one value share them.
    pub limits: Limits,
    /// Timeouts and limits.
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
