//! Extraction as a function of SQL, for [Apache DataFusion](https://datafusion.apache.org) in one process and
//! [Apache Ballista](https://datafusion.apache.org/ballista) on several machines.
//!
//! [`register`] makes a function of a type. It takes a text and returns a struct:
//!
//! | field | Arrow type | meaning |
//! |---|---|---|
//! | `value` | that of the Rust type: see [`extract_arrow`] | the checked value; null if the extraction failed |
//! | `error` | `Struct<kind: Utf8, message: Utf8>` | the error; null if there is a value |
//! | `usage` | `Struct<input_tokens: Int64, output_tokens: Int64, attempts: Int64, cost_usd: Float64, origin: Utf8>` | the requests of the text; `cost_usd` is null if the price is not known |
//!
//! ```no_run
//! use datafusion::prelude::{ParquetReadOptions, SessionContext};
//! use extract_llm::{Client, Extract};
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
//! let ctx = SessionContext::new();
//! let client = Client::new("openai/gpt-6-luna")?;
//! extract_datafusion::register::<Ticket>(&ctx, "extract_ticket", client)?;
//!
//! ctx.register_parquet("mails", "mails/", ParquetReadOptions::default()).await?;
//! let urgent = ctx.sql(
//!     "select id, x['value']['product'] as product, x['error']['message'] as error
//!      from (select id, extract_ticket(body) as x from mails where year = 2026)
//!      where x['value']['is_urgent'] or x['error'] is not null",
//! );
//! urgent.await?.show().await?;
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - **No text is asked for twice.** The function remembers the answers to its last 100,000 texts
//!   ([`memo_rows`](ExtractFunction::memo_rows)), and calls of the same text at the same time wait for one
//!   request. So a query may use the function in several places, and no query makes more calls than its rows
//!   have distinct texts.
//! - **Filters stay filters.** DataFusion moves field access such as `x['value']` below filters, and with it the
//!   function. [`register`] prevents this for the fields of its results, so that a filter in a sub-select saves
//!   calls.
//! - **Failures are data.** A text whose extraction fails has an `error`, and the query goes on. An error that
//!   all texts would meet, such as a wrong key, a used-up budget or a journal that cannot be written, fails the
//!   query after the calls in flight have ended. It is a [`DataFusionError::External`] that holds a
//!   [`RunError`](extract_llm::pipeline::RunError); [`run_error`] finds it.
//! - **A null gives null**, without a call.
//!
//! # Settings
//!
//! Limits, retries, budgets and the journal are those of a [`Worker`], which can be registered in place of a
//! client:
//!
//! ```
//! # use datafusion::prelude::SessionContext;
//! # use extract_llm::scripted::Scripted;
//! use extract_llm::pipeline::Journal;
//! use extract_llm::{Client, Usd};
//!
//! # let (ctx, client) = (SessionContext::new(), Client::with_model(Scripted::new([])));
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("journal");
//! let worker = client
//!     .worker::<bool>()
//!     .each(|row| row.system("Is the text a complaint?").max_tokens(100))
//!     .concurrency(64)
//!     .budget(Usd(5.0))
//!     .journal(Journal::shared(&path));
//! extract_datafusion::register(&ctx, "is_complaint", worker)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With a journal, a query that is run again makes no call for rows that are done, in another process too. The
//! places for calls in flight hold for all queries and partitions of a process together. On a cluster, each
//! executor has its own: divide the limits and budgets by their number.
//!
//! # Places in a query
//!
//! In `SELECT`, in `WHERE` and in the arguments of aggregates. DataFusion refuses it as a key of `ORDER BY`, in
//! join conditions, and inside another asynchronous function: put it into a sub-select. A condition that is
//! cheap belongs into a sub-select too, because DataFusion may run the function before it:
//!
//! ```text
//! select … from (select extract_ticket(body) as x from (select body from mails where year = 2026)) …
//! ```
//!
//! # Clusters
//!
//! Ballista sends functions by their names: client, scheduler and executors are programs of yours that register
//! the same function, with [`register_in`] on their states. The folder
//! [`cluster`](https://github.com/extract-llm/extract-llm/tree/main/extract-datafusion/cluster) has such a program.
//! A journal that all executors can reach ([`Journal::shared`]) keeps the rows of an executor that is lost.
//!
//! [`Worker`]: extract_llm::pipeline::Worker
//! [`Journal::shared`]: extract_llm::pipeline::Journal::shared
//! [`DataFusionError::External`]: datafusion_common::DataFusionError::External

// No value of a model and no query may cause a panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod answer;
mod error;
mod field_access;
mod function;
mod memo;
mod register;
mod task;

#[cfg(doctest)]
#[doc = include_str!("../../docs/beyond-one-machine.md")]
struct BeyondOneMachine;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use error::run_error;
pub use function::ExtractFunction;
pub use register::{register, register_in};
