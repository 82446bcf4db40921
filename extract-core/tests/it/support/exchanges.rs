//! Providers of every protocol over a loopback server, and the reply "Hello" in each protocol.

use std::time::Duration;

use extract_core::conversation::{Message, ProviderError, Reply, Request};
use extract_core::model::{Model, Provider, ProviderOptions, RetryPolicy, collect};
use extract_core::wire::Protocol;

pub(crate) use super::replies::amazon_event;
use super::replies::{Saying, saying};
use super::server::Server;

/// The key of every provider.
pub(crate) const KEY: &str = "sk-0123456789abcdef";

pub(crate) fn options(server: &Server, model: &str) -> ProviderOptions {
    let mut options = ProviderOptions::default();
    options.model = model.into();
    options.base_url = Some(server.url());
    options.key = Some(KEY.to_owned().into());
    options.retry = RetryPolicy::times(2);
    options.retry.first_wait = Duration::from_millis(5);
    options.transport.timeout = Duration::from_secs(10);
    options
}

pub(crate) fn provider(server: &Server, model: &str) -> Provider {
    Provider::new(options(server, model)).unwrap()
}

pub(crate) fn request() -> Request {
    Request::new(vec![Message::user("Say hello.")])
}

pub(crate) async fn respond(provider: &Provider) -> Result<Reply, ProviderError> {
    provider.respond(&request()).await
}

pub(crate) async fn stream(provider: &Provider) -> Result<Reply, ProviderError> {
    collect(provider.stream(&request()).await?).await
}

/// Returns the reply "Hello" in a protocol: the whole body, the stream's media type, and the
/// stream's bytes.
pub(crate) fn hello(protocol: Protocol) -> (String, &'static str, Vec<u8>) {
    let Saying { body, media_type, events, .. } = saying(protocol, &["Hel", "lo"]);
    (body, media_type, events.concat())
}

/// The protocols whose events are text, with a model of a provider that speaks them.
pub(crate) const OVER: [(Protocol, &str); 7] = [
    (Protocol::Chat, "openai/m"),
    (Protocol::Responses, "openai-responses/m"),
    (Protocol::Anthropic, "anthropic/m"),
    (Protocol::Gemini, "google/m"),
    (Protocol::Interactions, "google-interactions/m"),
    (Protocol::Cohere, "cohere/m"),
    (Protocol::Ollama, "ollama-native/m"),
];
