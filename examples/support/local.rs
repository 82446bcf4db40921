//! The embedded model's server behind one of the protocols that it speaks, for examples that are
//! run without a key.

use extract_llm::conversation::{Mode, Settings};
use extract_llm::wire::Protocol;
use extract_llm::{Client, Error};

/// A client of the embedded model over this protocol, and the server, which lives as long as it is
/// held.
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
