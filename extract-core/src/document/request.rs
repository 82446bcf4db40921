//! [`DocumentRequest`]: the extraction from a document, before it is started.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::chunking::{Chunk, Chunking};
use super::engine::{Engine, Finished, Piece, Plan};
use super::prompt::ChunkPrompt;
use super::report::{ChunkAnswer, DocumentReport, Pass};
use super::rules::Merge;
use super::text::Document;
use crate::contract::Extract;
use crate::extraction::{Base, Client, Error, Extraction, InputError};
use crate::grounding::Source;

/// The default number of concurrent calls.
const CONCURRENCY: usize = 4;

/// # Long documents
impl Client {
    /// Starts an extraction from a document that is too long for one call: see [`document`](crate::document).
    /// Nothing is sent until it is awaited.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::document::{Chunking, Document};
    /// use extract_llm::Extract;
    ///
    /// #[derive(Debug, Extract)]
    /// struct Minutes {
    ///     /// The date of the meeting.
    ///     date: String,
    ///     /// What was decided.
    ///     decisions: Vec<String>,
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"date": "3 May", "decisions": ["Paint the hall."]})),
    /// #     reply::tool(json!({"date": null, "decisions": ["Buy chairs."]})),
    /// # ]));
    /// let text = "Meeting of 3 May. The hall is to be painted.\n\nChairs are to be bought.";
    /// let done = client
    ///     .extract_document::<Minutes>(text)
    ///     .chunking(Chunking::paragraphs().max_tokens(15))
    ///     .concurrency(1)
    ///     .await?;
    ///
    /// assert_eq!(done.value.date, "3 May");
    /// assert_eq!(done.value.decisions, ["Paint the hall.", "Buy chairs."]);
    /// assert_eq!(done.chunks.len(), 2);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn extract_document<T: Extract>(
        &self,
        document: impl Into<Document>,
    ) -> DocumentRequest<T> {
        let document = document.into();
        let extraction = self.extract(document.shared_text());
        let plan = Plan {
            merge: Merge::new(),
            passes: 1,
            concurrency: CONCURRENCY,
            allowed_failures: 0,
            most_fields: None,
            prompt: None,
        };
        DocumentRequest { extraction, document, chunking: Chunking::default(), plan }
    }
}

/// An extraction from a document that has not been started. Await it for the [`DocumentReport`]. Dropping the
/// future cancels the current requests.
///
/// It fails with the kinds of a plain extraction, and with
/// [`ErrorKind::FailedChunks`](crate::extraction::ErrorKind::FailedChunks).
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct DocumentRequest<T> {
    extraction: Extraction<T>,
    document: Document,
    chunking: Chunking,
    plan: Plan,
}

impl<T> DocumentRequest<T> {
    /// Sets how the document is cut. Default: [`Chunking::paragraphs`], of 2,000 tokens.
    pub fn chunking(mut self, chunking: Chunking) -> Self {
        self.chunking = chunking;
        self
    }

    /// Sets how the answers become one value. Default: [`Merge::new`].
    pub fn merge(mut self, merge: Merge) -> Self {
        self.plan.merge = merge;
        self
    }

    /// Sets how often each chunk is asked about. Default: 1; 0 counts as 1. A later pass shows the model what it
    /// found, and asks for what is missing. It costs as much as the first one. Passes end early after one that
    /// finds nothing new.
    pub fn passes(mut self, passes: usize) -> Self {
        self.plan.passes = passes.max(1);
        self
    }

    /// Sets the number of concurrent calls. Default: 4; 0 counts as 1. The limits of the client hold as well.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.plan.concurrency = concurrency.max(1);
        self
    }

    /// Sets how many chunks may fail. Default: 0, so one failed chunk is
    /// [`ErrorKind::FailedChunks`](crate::extraction::ErrorKind::FailedChunks) after the other chunks were asked about. Failed
    /// chunks that are allowed are in [`DocumentReport::failed`].
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::document::Chunking;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": [1]})), reply::refusal("I will not."),
    /// # ]));
    /// let done = client
    ///     .extract_document::<Vec<u8>>("First one.\n\nThen two.")
    ///     .chunking(Chunking::paragraphs().max_tokens(4))
    ///     .concurrency(1)
    ///     .allow_failed_chunks(1)
    ///     .await?;
    ///
    /// assert_eq!(done.value, [1]);
    /// assert_eq!(done.failed[0].bytes, 12..21);
    /// println!("left out: {}", done.failed[0]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn allow_failed_chunks(mut self, chunks: usize) -> Self {
        self.plan.allowed_failures = chunks;
        self
    }

    /// Asks for at most `most` fields of the type in one call, so that each chunk takes several calls: see
    /// [`Extraction::split_fields`].
    pub fn split_fields(mut self, most: usize) -> Self {
        self.plan.most_fields = Some(most.max(1));
        self
    }

    /// Replaces the texts that tell the model that it sees a part of a document, and what it is asked about it.
    /// [`ChunkPrompt::default_text`] is the default.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// use extract_llm::document::Purpose;
    ///
    /// # let client = Client::with_model(Scripted::new([]));
    /// let request = client.extract_document::<Vec<String>>("…").prompt(|prompt| match prompt.purpose {
    ///     Purpose::First => format!("Teil {} von {} eines Vertrags.", prompt.chunk.number, prompt.count),
    ///     _ => prompt.default_text(),
    /// });
    /// ```
    pub fn prompt(
        mut self,
        write: impl Fn(&ChunkPrompt<'_>) -> String + Send + Sync + 'static,
    ) -> Self {
        self.plan.prompt = Some(Arc::new(write));
        self
    }

    /// Changes the settings of the extraction that asks about each chunk: system prompt, examples, re-asks,
    /// limits, checks. Checks of the call, and the deadline and the budgets, are those of the whole document.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// # let client = Client::with_model(Scripted::new([]));
    /// let request = client
    ///     .extract_document::<Vec<String>>("…")
    ///     .each(|extraction| extraction.system("Names as they are written.").validation_retries(1));
    /// ```
    pub fn each(mut self, set: impl FnOnce(Extraction<T>) -> Extraction<T>) -> Self {
        self.extraction = set(self.extraction);
        self
    }
}

impl<T: Extract> IntoFuture for DocumentRequest<T> {
    type Output = Result<DocumentReport<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

/// Cuts the document, and runs the extraction.
async fn run<T: Extract>(request: DocumentRequest<T>) -> Result<DocumentReport<T>, Error> {
    let DocumentRequest { extraction, document, chunking, plan } = request;
    let base = Base::of(extraction)?;
    let name = base.contract().name();
    let is_valid = document.check_pages().and_then(|()| plan.merge.check(base.contract()));
    let is_valid = if base.is_blank() { Err(InputError::Empty) } else { is_valid };
    is_valid.map_err(|error| Error::from(error).of_type(name))?;
    let pieces = pieces(&document, chunking.split(&document));
    let source = Source::from(document.shared_text());
    let Finished { value, merged, new, answers, failed, ledger, pieces } =
        Engine::new(base, plan, pieces, Some(source)).run().await?;
    let passes = new.iter().enumerate().map(|(index, new)| Pass {
        number: index + 1,
        new_elements: new.elements,
        new_fields: new.fields,
    });
    let answers = answers.into_iter().map(|answer| ChunkAnswer {
        chunk: answer.chunk + 1,
        pass: answer.pass,
        json: answer.value,
    });
    Ok(DocumentReport {
        value,
        json: merged.value,
        conflicts: merged.conflicts,
        duplicates: merged.duplicates,
        failed,
        chunks: pieces.into_iter().map(|piece| piece.chunk).collect(),
        answers: answers.collect(),
        passes: passes.collect(),
        ledger,
        document,
    })
}

/// Returns the chunks with their texts.
fn pieces(document: &Document, chunks: Vec<Chunk>) -> Vec<Piece> {
    let text = document.text();
    let mut at = 0;
    let mut chars = 0;
    let mut pieces = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        // A chunk starts behind the start of the one before it.
        chars += text.get(at..chunk.bytes.start).map_or(0, |text| text.chars().count());
        at = chunk.bytes.start;
        let inside: Arc<str> = text.get(chunk.bytes.clone()).unwrap_or_default().into();
        pieces.push(Piece {
            input: Arc::clone(&inside).into(),
            source: Some(Source::from(inside)),
            before: (at, chars),
            chunk,
        });
    }
    pieces
}
