//! [`BatchModel`]: a model whose requests wait for a batch.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::cache::CacheKey;
use crate::conversation::{ProviderError, Reply, Request, Settings, Usage, Usd};
use crate::extraction::Digest;
use crate::model::{Model, Profile, Provider, TokenCount, not_yet, provider_of};
use crate::wire::Outcome;

/// The share of the standard price that a request of a batch costs. It is the same at OpenAI, Anthropic, Google,
/// Mistral and Groq.
const PRICE: f64 = 0.5;

/// The answer to a request.
pub(super) type Answer = Result<Outcome, ProviderError>;

/// What the keeper of the batches is told.
pub(super) enum Message {
    /// A request for a batch.
    Ask {
        key: Digest,
        body: Bytes,
        /// The time before which a batch is too old for the answer.
        after: Option<SystemTime>,
        answer: oneshot::Sender<Answer>,
    },
    /// Nothing more comes: send what there is, and say when it is with the provider.
    Flush(oneshot::Sender<()>),
    /// Cancel all batches, and say when the provider was told.
    Cancel(oneshot::Sender<()>),
}

/// A model whose requests wait for a batch.
pub(super) struct BatchModel {
    pub(super) inner: Arc<dyn Model>,
    pub(super) keeper: mpsc::Sender<Message>,
}

impl BatchModel {
    async fn ask(&self, request: &Request) -> Result<Reply, ProviderError> {
        let Some(provider) = provider_of(&*self.inner) else { return Err(stopped()) };
        let body = provider.batch_body(request)?;
        let key = key(provider, &body);
        let after = request.progress.answers_after();
        let (answer, answered) = oneshot::channel();
        // A wait that does not count as time of the model.
        request.progress.queue();
        let sent = self.keeper.send(Message::Ask { key, body, after, answer }).await;
        let answer = match sent {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(stopped())),
            Err(_) => Err(stopped()),
        };
        request.progress.admit();
        let reply = provider.read_outcome(answer?, request.output.mode())?;
        request.progress.answer(reply.request_id.clone());
        Ok(reply)
    }
}

/// Returns the hash of a request: everything that can change the reply.
fn key(provider: &Provider, body: &[u8]) -> Digest {
    let mut hash = Digest::start(b"extract-llm batch 1");
    hash.add(provider.url());
    hash.add(body);
    hash.finish()
}

fn stopped() -> ProviderError {
    not_yet("the run over batches has ended")
}

impl Model for BatchModel {
    fn profile(&self) -> Profile {
        let mut profile = self.inner.profile();
        profile.is_batched = true;
        profile
    }

    fn journal_name(&self) -> String {
        self.inner.journal_name()
    }

    fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        self.inner.fit_settings(settings)
    }

    fn cost(&self, model: Option<&str>, usage: &Usage) -> Option<Usd> {
        self.inner.cost(model, usage).map(|Usd(cost)| Usd(cost * PRICE))
    }

    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        self.inner.cache_key(request)
    }

    fn context_window(&self) -> Option<u64> {
        self.inner.context_window()
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<TokenCount, ProviderError>> {
        self.inner.count_tokens(request)
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(self.ask(request))
    }
}

#[cfg(all(test, feature = "prices"))]
mod tests {
    use super::*;
    use crate::extraction::Client;

    #[test]
    fn a_batch_costs_half() {
        for model in ["openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "google/gemini-3.8-flash"]
        {
            let client = Client::builder().model(model).api_key("sk-test-1234567").build().unwrap();
            let inner = client.shared_model();
            let (keeper, _messages) = mpsc::channel(1);
            let batched = BatchModel { inner: Arc::clone(&inner), keeper };
            let usage = Usage::new(1_000, 1_000);
            let (whole, half) = (inner.cost(None, &usage), batched.cost(None, &usage));
            let (Usd(whole), Usd(half)) = (whole.unwrap(), half.unwrap());
            assert!(
                whole > 0.0 && (half * 2.0 - whole).abs() < 1e-12,
                "{model}: {half} of {whole}"
            );
            // Rows of a run without batches are the same rows.
            assert_eq!(batched.journal_name(), inner.journal_name());
        }
    }
}
