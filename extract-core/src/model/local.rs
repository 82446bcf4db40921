//! The embedded model: a provider whose server is found, or set up and started, at the first
//! request. Which server that is, `extract-local` decides; here it is one more base URL.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::api::{DeltaStream, Model};
use super::options::ProviderOptions;
use super::preset;
use super::profile::{Profile, SchemaPrompt};
use super::provider::Provider;
use crate::conversation::{ProviderError, ProviderErrorKind, Reply, Request};

/// The provider that the server is of.
const SERVER: &str = "llamacpp";

/// How long one exchange may take: a small machine may share its cores with a build.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The most tokens of a reply unless the caller says otherwise: a model this small does not always
/// find the end of a list.
const MAX_TOKENS: u32 = 512;

/// The embedded model. A real language model, and a very small one: it is there for first steps
/// and for tests, not for work.
///
/// It is set up at the first request; see the crate `extract-local` for what that does, where it
/// looks for a server that runs already, and which environment variables it heeds. The setting up
/// goes on when the request that began it is dropped, so that the next one finds it done.
#[derive(Default)]
pub struct Local {
    /// What the environment says, where nothing else is given.
    options: Option<extract_local::Options>,
    ready: OnceCell<StartedServer>,
}

struct StartedServer {
    provider: Provider,
    /// Keeps the server alive as long as this model lives.
    server: extract_local::Server,
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.ready.get().map(|ready| ready.server.base_url());
        f.debug_struct("Local").field("base_url", &url).finish_non_exhaustive()
    }
}

impl Local {
    /// An embedded model with these options.
    pub fn new(options: extract_local::Options) -> Self {
        Self { options: Some(options), ready: OnceCell::new() }
    }

    async fn provider(&self) -> Result<&Provider, ProviderError> {
        let ready = self.ready.get_or_try_init(|| self.start()).await?;
        Ok(&ready.provider)
    }

    async fn start(&self) -> Result<StartedServer, ProviderError> {
        let options = self.options.clone();
        let failed = |message: String| ProviderError::new(ProviderErrorKind::Local, message);
        let connect = move || match options {
            Some(options) => extract_local::connect(&options),
            None => extract_local::connect(&extract_local::Options::from_env()?),
        };
        let server = tokio::task::spawn_blocking(connect)
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        let mut options = ProviderOptions {
            model: format!("{SERVER}/{}", server.model()),
            base_url: Some(server.base_url().to_owned()),
            ..ProviderOptions::default()
        };
        options.transport.timeout = TIMEOUT;
        let provider = Provider::new(options).map_err(|error| failed(error.to_string()))?;
        Ok(StartedServer { provider, server })
    }
}

impl Model for Local {
    fn profile(&self) -> Profile {
        let model = self.ready.get().map_or("embedded", |ready| ready.server.model());
        let mut profile = Profile::new("local", model);
        // What its server takes stands in the row of that server.
        if let Some(row) = preset::find(SERVER) {
            profile.modes = row.facts.modes.to_vec();
            profile.dialect = row.facts.schema_dialect;
            profile.tool_dialect = row.facts.tool_dialect;
        }
        profile.schema_prompt = SchemaPrompt::Always;
        profile.parallel_tools = false;
        profile.settings.temperature = Some(0.0);
        profile.settings.max_tokens = Some(MAX_TOKENS);
        profile
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(async move { self.provider().await?.respond(request).await })
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move { self.provider().await?.stream(request).await })
    }
}
