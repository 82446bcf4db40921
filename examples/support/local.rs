//! Runs the embedded model's server with a chosen protocol, for examples that run without a key.

use extract_llm::conversation::Settings;
use extract_llm::model::Protocol;
use extract_llm::{Client, Error, Mode};

/// Starts the embedded model's server and returns a client for it with this protocol and mode. The
/// server runs as long as the returned handle is held. Fails if the model cannot be installed or
/// started.
pub(crate) async fn client(
    protocol: Protocol,
    mode: Mode,
) -> Result<(Client, extract_local::Server), Box<dyn std::error::Error>> {
    let connect = || extract_local::connect(&extract_local::Options::from_env()?);
    let server = tokio::task::spawn_blocking(connect).await??;
    let mut settings = Settings::default();
    settings.temperature = Some(0.0);
    let client: Result<Client, Error> = Client::builder()
        .settings(settings)
        .base_url(server.base_url())
        .protocol(protocol)
        .model(server.model())
        .mode(mode)
        .max_tokens(256)
        .build();
    Ok((client?, server))
}
