//! [`SplitRequest`]: an extraction that asks for the fields of a type in several calls.

use std::future::IntoFuture;

use futures_util::future::BoxFuture;

use super::chunking::Chunk;
use super::engine::{Engine, Finished, Piece, Plan};
use super::rules::Merge;
use crate::contract::Extract;
use crate::conversation::Message;
use crate::extraction::{Base, Error, ErrorKind, Extraction, InputError, Report};

/// The default number of concurrent calls.
const CONCURRENCY: usize = 4;

/// # Wide types
impl<T> Extraction<T> {
    /// Asks for at most `most` fields of the type in one call; 0 counts as 1. Use it for a type with more fields
    /// than a dialect allows, or than a model fills with care.
    ///
    /// The members of the type are divided, in their order, into calls of almost the same number of members. Each
    /// call sees the whole input. The answers become one value, which is checked as a whole; problems are fed back
    /// by calls for the parts that have them, at most [`validation_retries`](Extraction::validation_retries) times.
    /// A type with fewer members, or that is no object, is asked for in one call.
    ///
    /// If a call fails, its error is that of the extraction. The other calls are in its ledger.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error, Extract};
    /// # use serde_json::json;
    /// #[derive(Debug, Extract)]
    /// struct Car {
    ///     make: String,
    ///     model: String,
    ///     year: u16,
    ///     doors: u8,
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"make": "Fiat", "model": "Panda"})),
    /// #     reply::tool(json!({"year": 1984, "doors": 3})),
    /// # ]));
    /// let car: Car = client
    ///     .extract("A Fiat Panda of 1984, three doors.")
    ///     .split_fields(2)
    ///     .concurrency(1)
    ///     .await?;
    /// assert_eq!((car.model.as_str(), car.year), ("Panda", 1984));
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn split_fields(self, most: usize) -> SplitRequest<T> {
        SplitRequest { extraction: self, most: most.max(1), concurrency: CONCURRENCY }
    }
}

/// An extraction that asks for the fields of a type in several calls: see [`Extraction::split_fields`]. Await it for
/// the value, or call [`report`](Self::report) for the value with the ledger of all calls.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct SplitRequest<T> {
    extraction: Extraction<T>,
    most: usize,
    concurrency: usize,
}

impl<T> SplitRequest<T> {
    /// Sets the number of concurrent calls. Default: 4; 0 counts as 1.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

impl<T: Extract> SplitRequest<T> {
    /// Runs the extraction, and returns the value with the ledger of all calls. The conversation of the report
    /// holds the input and the value.
    pub async fn report(self) -> Result<Report<T>, Error> {
        Box::pin(run(self)).await
    }
}

impl<T: Extract> IntoFuture for SplitRequest<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.report().await?.value) })
    }
}

/// Runs the extraction.
async fn run<T: Extract>(request: SplitRequest<T>) -> Result<Report<T>, Error> {
    let base = Base::of(request.extraction)?;
    if base.is_blank() {
        return Err(Error::from(InputError::Empty).of_type(base.contract().name()));
    }
    let (input, source) = (base.input(), base.source());
    let chunk = Chunk::whole(source.as_ref().map_or(0, |source| source.len()));
    let piece = Piece { chunk, input: input.clone(), source: source.clone(), before: (0, 0) };
    let plan = Plan {
        merge: Merge::new(),
        passes: 1,
        concurrency: request.concurrency,
        allowed_failures: 0,
        most_fields: Some(request.most),
        prompt: None,
    };
    let ended = Engine::new(base, plan, vec![piece], source).run().await;
    let Finished { value, merged, ledger, .. } = ended.map_err(of_call)?;
    let conversation = input.message(Message::assistant(merged.value.to_string()));
    Ok(Report { value, ledger, conversation })
}

/// Returns the error of the first call that failed, in place of the error about chunks.
fn of_call(error: Error) -> Error {
    error.map_kind(|kind| match kind {
        ErrorKind::FailedChunks { mut failed, .. } if !failed.is_empty() => {
            failed.swap_remove(0).error.into_kind()
        }
        kind => kind,
    })
}
