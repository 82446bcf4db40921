//! Values from documents that are too long for one call, and of types that are too wide for one: several calls, one
//! checked value. Uses extractions; nothing in this crate uses it.
//!
//! A document is cut into chunks ([`Chunking`]), each chunk is asked about, and the answers are merged ([`Merge`])
//! into a value that is checked as a whole.
//!
//! - In the answer about a chunk, fields may be null, and lists and maps may be empty, whatever the type requires.
//!   So no chunk makes a model invent what the chunk does not say. Elements of lists keep their rules, and their
//!   quotes must stand in the chunk.
//! - The merged value has to pass the type, its rules, and the checks of the call. What has problems is asked for
//!   again, about the chunks that it came from, or about all chunks if it is missing.
//! - A chunk that fails is reported, and makes the extraction fail unless
//!   [`allow_failed_chunks`](DocumentRequest::allow_failed_chunks) allows it.
//! - Quotes have their locations in the document, in the chunk that they came from, and on its pages.
//!
//! ```
//! # use extract_llm::scripted::{Scripted, reply};
//! # use extract_llm::Error;
//! # use serde_json::json;
//! use extract_llm::document::{Chunking, Document, Merge};
//! use extract_llm::{Client, Extract, Quote};
//!
//! #[derive(Debug, Extract)]
//! struct Lease {
//!     /// The rent of a month, in euros.
//!     rent: u32,
//!     parties: Vec<Party>,
//! }
//!
//! #[derive(Debug, Extract)]
//! struct Party {
//!     name: String,
//!     /// The words that name the party.
//!     evidence: Quote,
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let client = Client::with_model(Scripted::new([
//! #     reply::tool(json!({"rent": null, "parties": [{"name": "Ada", "evidence": "lets Ada have"}]})),
//! #     reply::tool(json!({"rent": 900, "parties": [{"name": "Ada", "evidence": "Ada pays"}]})),
//! # ]));
//! let text = "The owner lets Ada have the flat.\u{c}Ada pays 900 euros a month.";
//! let done = client
//!     .extract_document::<Lease>(Document::new(text).pages_at_form_feeds())
//!     .chunking(Chunking::each_page())
//!     .merge(Merge::new().key("/parties", "/name"))
//!     .each(|extraction| extraction.system("Amounts are in euros."))
//!     .concurrency(1)
//!     .await?;
//!
//! assert_eq!(done.value.rent, 900);
//! assert_eq!(done.value.parties.len(), 1);
//! assert_eq!(done.page_of(&done.value.parties[0].evidence), Some(1));
//! assert_eq!(done.duplicates[0].chunks, [1, 2]); // the party was found on both pages
//! # Ok::<(), Error>(()) }).unwrap();
//! ```

mod answer;
mod boundaries;
mod chunking;
mod correction;
mod engine;
mod merge;
mod prompt;
mod report;
mod request;
mod rules;
mod same;
mod split;
mod text;

pub use crate::extraction::FailedChunk;
pub use chunking::{Chunk, Chunking};
pub use prompt::{ChunkPrompt, Purpose};
pub use report::{ChunkAnswer, Conflict, ConflictingValue, DocumentReport, Duplicate, Pass};
pub use request::DocumentRequest;
pub use rules::Merge;
pub use split::SplitRequest;
pub use text::{Document, PagePlace};
