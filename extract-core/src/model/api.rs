//! The interface of models.

use std::any::Any;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::profile::Profile;
use super::token_count::TokenCount;
use crate::cache::CacheKey;
use crate::conversation::{Delta, ProviderError, Reply, Request, Settings, Usage, Usd};

/// The deltas of a reply as they arrive. After an error, the stream ends.
pub type DeltaStream<'a> = BoxStream<'a, Result<Delta, ProviderError>>;

/// A language model that answers requests.
///
/// Dropping the future or the stream cancels the request; nothing keeps running. Until then, the model
/// records its progress in [`Request::progress`](crate::conversation::Request::progress).
///
/// ```
/// use extract_llm::conversation::{Block, ProviderError, Reply, Request, StopReason};
/// use extract_llm::model::{Model, Profile};
/// use extract_llm::Client;
/// use futures_util::future::BoxFuture;
///
/// struct Oracle;
///
/// impl Model for Oracle {
///     fn profile(&self) -> Profile {
///         Profile::new("mine", "oracle")
///     }
///
///     fn respond<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
///         let answer = Block::Text(r#"{"value": 42}"#.into());
///         Box::pin(async { Ok(Reply::new(vec![answer], StopReason::Stop)) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let n: u8 = Client::with_model(Oracle).extract("The question?").await?;
/// assert_eq!(n, 42);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
pub trait Model: Send + Sync {
    /// Returns the facts about this model. Called once per extraction, so it should be cheap.
    fn profile(&self) -> Profile;

    /// Returns the name of this model in the keys of a [`Journal`](crate::pipeline::Journal). Models that answer
    /// differently need different names, and the name of a model must stay the same from run to run. The default
    /// is the provider and the model of the [`profile`](Self::profile).
    fn journal_name(&self) -> String {
        let Profile { provider, model, .. } = self.profile();
        format!("{provider}/{model}")
    }

    /// Changes settings so that this model does not refuse them: it replaces each that it would refuse by
    /// the nearest that it accepts, or removes it. Returns a note for each change. Called only with
    /// [`lenient_settings`](crate::extraction::Extraction::lenient_settings). By default, it changes
    /// nothing.
    fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        let _ = settings;
        Vec::new()
    }

    /// Returns the cost of a reply that used these tokens at standard prices, or `None` if it is not known.
    /// `model` is the model that answered, if the reply names it. By default, no cost is known.
    fn cost(&self, model: Option<&str>, usage: &Usage) -> Option<Usd> {
        let _ = (model, usage);
        None
    }

    /// Returns the key of a request in a [`Cache`](crate::cache::Cache): a hash of everything that can change
    /// the reply, credentials included. `None` if the reply must not be cached; that is the default. Called
    /// only if there is a cache.
    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        let _ = request;
        Box::pin(async { None })
    }

    /// Returns this model, if it is one of this crate that can do more than the interface says, such as run
    /// batches.
    #[doc(hidden)]
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Returns the tokens that fit into the model's context window, input and reply together. `None` if it is
    /// not known; that is the default.
    fn context_window(&self) -> Option<u64> {
        None
    }

    /// Counts the tokens of a request, without an answer of the model. By default, it counts
    /// [approximately](crate::conversation::approximate_tokens).
    ///
    /// # Errors
    /// The server that counts cannot be asked, or does not give the number.
    fn count_tokens<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<TokenCount, ProviderError>> {
        Box::pin(async move { Ok(TokenCount::approximate(request)) })
    }

    /// Answers a request with a whole reply.
    ///
    /// # Errors
    /// The request cannot be sent, or the provider reports a failure.
    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>>;

    /// Answers a request with a stream of deltas. By default, it calls [`respond`](Self::respond) and
    /// streams the deltas of the whole reply.
    ///
    /// # Errors
    /// The request fails before the first delta. Later failures are items of the stream.
    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move {
            let reply = self.respond(request).await?;
            Ok(stream::iter(reply.into_deltas().into_iter().map(Ok)).boxed())
        })
    }
}
