//! AWS credentials in place of an API key.

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::client::ClientBuilder;

impl ClientBuilder {
    /// Signs every request with AWS credentials (Signature Version 4) in place of an API key, for
    /// Bedrock. The credentials are requested before each request. A provider that renews them therefore
    /// works too, such as that of the crate `aws-config` with its profiles and roles.
    ///
    /// Without this setting and without `AWS_BEARER_TOKEN_BEDROCK`, the default is `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and (if set) `AWS_SESSION_TOKEN`.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::aws_credential_types::Credentials;
    ///
    /// let (id, secret) = ("AKIDEXAMPLE", "a secret from a vault");
    /// let client = Client::builder()
    ///     .model("bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0")
    ///     .aws_region("eu-central-1")
    ///     .aws_credentials(Credentials::new(id, secret, None, None, "vault"))
    ///     .build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    pub fn aws_credentials(mut self, credentials: impl ProvideCredentials + 'static) -> Self {
        self.provider.aws_credentials = Some(SharedCredentialsProvider::new(credentials));
        self
    }

    /// Sets the AWS region. The default is the region in the base URL, or else `AWS_REGION` or
    /// `AWS_DEFAULT_REGION`.
    pub fn aws_region(mut self, region: impl Into<String>) -> Self {
        self.provider.aws_region = Some(region.into());
        self
    }
}
