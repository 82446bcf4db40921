//! AWS credentials in place of a key.

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::client::ClientBuilder;

impl ClientBuilder {
    /// Signs every request with these AWS credentials (Signature Version 4), in place of a key: for
    /// Bedrock. They are asked for before each request, so a provider of credentials that renews
    /// them, such as the one of the crate `aws-config` with its profiles and roles, does as well as
    /// fixed ones.
    ///
    /// Where none are given and there is no `AWS_BEARER_TOKEN_BEDROCK`, those in
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and (if set) `AWS_SESSION_TOKEN` are taken.
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

    /// The AWS region. Unless it is given, the one that stands in the base URL is taken, or that of
    /// `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub fn aws_region(mut self, region: impl Into<String>) -> Self {
        self.provider.aws_region = Some(region.into());
        self
    }
}
