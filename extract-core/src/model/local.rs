//! The embedded model: a provider whose server is installed and started at the first request.
//! The crate `extract-local` manages the server.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::api::{DeltaStream, Model};
use super::options::ProviderOptions;
use super::preset;
use super::profile::{Profile, SchemaPrompt};
use super::provider::Provider;
use super::token_count::TokenCount;
use crate::cache::CacheKey;
use crate::conversation::{ProviderError, ProviderErrorKind, Reply, Request, Settings};
use crate::http::timer;

/// The provider whose row describes the server.
const SERVER: &str = "llamacpp";

/// The timeout of one exchange. A small machine may share its cores with a build.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The default limit of tokens in a reply. A model this small does not always end a list.
const MAX_TOKENS: u32 = 512;

/// The alternative to the embedded model, in the errors of its setup.
const ALTERNATIVE: &str = "set EXTRACT_MODEL=openai/gpt-6-luna and OPENAI_API_KEY";

/// The embedded model: a very small language model for first steps and for tests, not for production.
///
/// The first request sets it up: it installs and starts a server of its own, or uses the server at
/// `EXTRACT_LOCAL_URL`. A server that happens to run on this machine, such as Ollama, is used only with
/// `EXTRACT_LOCAL=found`. The crate `extract-local` documents all variables. If the first request is dropped, the setup continues, so that
/// the next request finds it done.
#[derive(Default)]
pub struct Local {
    /// The options of the server. `None` for those of the environment.
    options: Option<extract_local::Options>,
    ready: OnceCell<StartedServer>,
}

/// A running server and the provider that uses it.
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
    /// Creates an embedded model with these options.
    pub fn new(options: extract_local::Options) -> Self {
        Self { options: Some(options), ready: OnceCell::new() }
    }

    /// Returns the provider. The first call starts the server.
    async fn provider(&self) -> Result<&Provider, ProviderError> {
        let ready = self.ready.get_or_try_init(|| self.start()).await?;
        Ok(&ready.provider)
    }

    /// Starts the server, or connects to the one of the options.
    async fn start(&self) -> Result<StartedServer, ProviderError> {
        // The exchange needs timers. Without them, nothing is installed and started.
        drop(timer(|| tokio::time::sleep(Duration::ZERO))?);
        let options = self.options.clone();
        let failed = |message: String| ProviderError::new(ProviderErrorKind::Local, message);
        let connect = move || match options {
            Some(options) => extract_local::connect(&options),
            None => extract_local::connect(&extract_local::Options::from_env()?),
        };
        let server = tokio::task::spawn_blocking(connect)
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(with_alternative(&error.to_string())))?;
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

/// Appends the alternative to the embedded model to an error of its setup.
fn with_alternative(error: &str) -> String {
    // The error may end with the lines of a log.
    let joint = if error.contains('\n') { "\nOr" } else { ", or" };
    format!("{}{joint} {ALTERNATIVE}", error.trim_end_matches('.'))
}

impl Model for Local {
    fn profile(&self) -> Profile {
        let model = self.ready.get().map_or("embedded", |ready| ready.server.model());
        let mut profile = Profile::new("local", model);
        // The row of its server describes its modes and dialects.
        if let Some(row) = preset::find(SERVER) {
            profile.modes = row.facts.modes.to_vec();
            profile.dialect = row.facts.schema_dialect;
            profile.tool_dialect = row.facts.tool_dialect;
            profile.asking = row.facts.asking;
            profile.cache = row.facts.quirks.cache.support();
        }
        profile.schema_prompt = SchemaPrompt::Always;
        profile.parallel_tools = false;
        profile.settings.temperature = Some(0.0);
        profile.settings.max_tokens = Some(MAX_TOKENS);
        profile
    }

    /// The name of the server's model is known only once it runs, so the name is that of the options.
    fn journal_name(&self) -> String {
        let options = self.options.clone().or_else(|| extract_local::Options::from_env().ok());
        let target = options.map(|options| options.target()).unwrap_or_default();
        format!("local/{target}")
    }

    fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        let Some(row) = preset::find(SERVER) else { return Vec::new() };
        row.protocol.fit("the embedded model", settings, &row.facts.quirks)
    }

    /// The managed server has another port in each process, so its key has none.
    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        Box::pin(async move {
            let provider = self.provider().await.ok()?;
            let server = &self.ready.get()?.server;
            match server.source() {
                extract_local::Source::Managed { .. } => {
                    provider.key_at(&format!("embedded {}", server.model()), request).await
                }
                _ => provider.cache_key(request).await,
            }
        })
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<TokenCount, ProviderError>> {
        Box::pin(async move { self.provider().await?.count_tokens(request).await })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alternative_ends_the_sentence_or_follows_the_log() {
        let told = with_alternative("no room. Make room");
        assert_eq!(told, format!("no room. Make room, or {ALTERNATIVE}"));
        let told = with_alternative("pip said:\nfirst\nlast.");
        assert_eq!(told, format!("pip said:\nfirst\nlast\nOr {ALTERNATIVE}"));
    }
}
