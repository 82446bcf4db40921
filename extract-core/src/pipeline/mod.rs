//! Many inputs: a run over an iterator or a stream, with limits, budgets, a journal, progress and a report, and
//! a worker for programs that hand over single rows. It uses the extraction of one input and is used by nothing else here.
//!
//! ```no_run
//! use extract_llm::{Client, Extract, Usd};
//!
//! /// A support ticket.
//! #[derive(Debug, Extract)]
//! struct Ticket {
//!     /// The product that it is about.
//!     product: String,
//!     is_urgent: bool,
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("openai/gpt-6-luna")?;
//! let texts = std::fs::read_to_string("tickets.txt")?;
//! let lines: Vec<String> = texts.lines().map(str::to_owned).collect();
//! let mut run = client
//!     .extract_many::<Ticket, _>(lines.into_iter().enumerate())
//!     .concurrency(64)
//!     .budget(Usd(5.0))
//!     .journal("tickets.journal.jsonl"); // a second run skips the rows that are done
//! while let Some(row) = run.next().await {
//!     let row = row?; // an error of the run itself
//!     match row.result {
//!         Ok(done) => println!("{}: {:?}", row.id, done.value),
//!         Err(error) => eprintln!("{}: {error}", row.id),
//!     }
//! }
//! println!("{}", run.summary());
//! # Ok(()) }
//! ```

#[cfg(feature = "progress")]
mod bar;
mod batch;
mod builder;
mod distribution;
mod error;
mod job;
mod journal;
mod kept;
mod plan;
mod progress;
mod queue;
mod report;
mod row;
mod rows;
mod run;
mod settings;
mod shared;
mod spawned;
mod stop;
mod summary;
mod tally;
mod update;
mod worker;

pub use batch::{BatchCanceller, BatchRun, BatchState, BatchStatus, Batches};
pub use distribution::Distribution;
pub use error::RunError;
pub use journal::{DeadLetter, Journal, JournalError};
pub use kept::{KeptRow, QuotedSpan};
pub use plan::Plan;
pub use progress::Progress;
pub use report::ReportError;
pub(crate) use report::{html, save};
pub use row::{FailedRows, Origin, Row, RowError, RowValue};
pub use rows::{FromIterator, FromStream, IntoRows, RowKind, Rows};
pub use run::Run;
pub use stop::Stopper;
pub use summary::{ProblemCount, Summary};
pub use worker::Worker;
