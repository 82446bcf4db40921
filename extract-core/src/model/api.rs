//! The interface of models.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::profile::Profile;
use crate::conversation::{Delta, ProviderError, Reply, Request};

/// A reply as it arrives.
pub type DeltaStream<'a> = BoxStream<'a, Result<Delta, ProviderError>>;

/// Something that answers requests.
///
/// Dropping the future (or the stream) cancels the request: nothing is left running. What had become
/// of it by then is known as far as the model notes it in
/// [`Request::progress`](crate::conversation::Request::progress).
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
    /// What is known of this model. Asked once an extraction; should cost nothing.
    fn profile(&self) -> Profile;

    /// Answers a request.
    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>>;

    /// Answers a request piece by piece. A model that cannot gives its whole reply at once.
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
