//! Typed, checked Rust values from text, extracted with a language model.
//!
//! Derive [`Extract`] on a struct and await [`extract`]. The call returns a value that fits the type,
//! its JSON Schema and your validators, or a typed [`Error`].
//!
//! ```no_run
//! use extract_llm::{Extract, extract};
//!
//! /// A person that the text mentions.
//! #[derive(Debug, Extract)]
//! struct Person {
//!     /// First and last name.
//!     name: String,
//!     #[extract(range(min = 0, max = 150))]
//!     age: u8,
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), extract_llm::Error> {
//! let person: Person = extract("Maria Lopez is 34 and lives in Madrid.").await?;
//! println!("{} is {}", person.name, person.age);
//! # Ok(()) }
//! ```
//!
//! # The derive
//!
//! `#[derive(Extract)]` also implements serde's `Deserialize` and schemars' `JsonSchema`. You need no
//! other import and no entry in Cargo.toml. The derive honours the attributes of both crates.
//!
//! **"conflicting implementations of trait `Deserialize`" (E0119)?** The type also derives
//! `Deserialize` (or `JsonSchema`). Remove it from the list, or keep it and add `skip`:
//!
//! ```
//! use extract_llm::Extract;
//! # use extract_llm::__private::serde;
//!
//! #[derive(serde::Deserialize, Extract)]
//! # #[serde(crate = "extract_llm::__private::serde")]
//! #[extract(skip(Deserialize))]
//! struct Point {
//!     x: f64,
//!     y: f64,
//! }
//! ```
//!
//! A type that implements both traits already needs no derive: `impl Extract for Existing {}`.
//!
//! # Types of other crates
//!
//! A field needs no `Extract`: the traits of serde and schemars are enough, and attributes replace a
//! missing trait. At the root, and as the element of a list at the root, wrap the type in a newtype.
//! A newtype has the JSON of the type that it holds:
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use extract_llm::Extract;
//!
//! /// An address with its port, as `127.0.0.1:8080`.
//! #[derive(Extract)]
//! struct Address(#[schemars(with = "String")] SocketAddr); // implements Deserialize, not JsonSchema
//!
//! let all = extract_llm::parse::<Vec<Address>>(r#"["127.0.0.1:8080"]"#)?.value;
//! assert_eq!(all[0].0.port(), 8080);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A client
//!
//! [`extract`] reads the model from the environment: `EXTRACT_MODEL=provider/model`, and the key from
//! the provider's variable. A [`Client`] names its model; build it once, and clone it cheaply:
//!
//! ```no_run
//! # use extract_llm::{Client, Error, Extract};
//! # use std::time::Duration;
//! # #[derive(Extract)] struct Person { name: String }
//! # #[tokio::main] async fn main() -> Result<(), Error> {
//! let client = Client::new("openai/gpt-6-luna")?;
//! let people: Vec<Person> = client
//!     .extract("Maria and Tom met Aisha.")
//!     .system("Only people whose names are in the text.")
//!     .max_tokens(2_000)
//!     .validation_retries(2)
//!     .deadline(Duration::from_secs(60))
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! # The ledger
//!
//! [`Extraction::report`] returns the value with its ledger: each attempt with its reply, repairs,
//! problems, tokens, cost, latency and request id. An [`Error`] that follows a request carries the
//! same ledger.
//!
//! ```
//! use extract_llm::scripted::{Scripted, reply};
//! use extract_llm::{Client, Extract};
//! use serde_json::json;
//!
//! #[derive(Debug, Extract)]
//! struct Person {
//!     name: String,
//!     #[extract(range(min = 18))]
//!     age: u8,
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! // A scripted model answers from a queue, through the decoder of real replies.
//! let model = Scripted::new([
//!     reply::tool(json!({"name": "Maria", "age": 3})),
//!     reply::tool(json!({"name": "Maria", "age": 34})),
//! ]);
//! let done = Client::with_model(model).extract::<Person>("Maria is 34.").report().await?;
//!
//! assert_eq!(done.value.age, 34);
//! assert_eq!(done.ledger.attempts.len(), 2);
//! assert_eq!(done.ledger.attempts[0].problems[0].to_string(), "/age: expected at least 18, found 3");
//! # Ok::<(), extract_llm::Error>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`extraction`] | the builder of a client, ledgers and errors in detail, streams, agents, agreement |
//! | [`cache`] | replies that are kept, in memory, in a file or in a store of your own |
//! | [`check`] | checks of your own, their context, and the feedback to the model |
//! | [`contract`] | the schema and tool of a type, and types that are schemas at run time |
//! | [`dialect`] | the JSON Schema dialects of the providers |
//! | [`conversation`] | messages, media, settings, usage, provider errors |
//! | [`document`] | long documents and wide types: several calls for one value |
//! | [`evaluation`] | golden rows: precision and recall by field, and the differences of two runs |
//! | [`grounding`] | quotes, and the source in which they are found |
//! | [`partial`] | typed values that are still arriving |
//! | [`reading`] | repairs, and values read from cut-off texts |
//! | [`model`] | the trait of a model, protocols, retries and connections |
//! | [`scripted`] | a model for tests that answers from a script |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use extract_core::contract::{Answer, Maybe, Problem, Problems, UserTool};
#[doc(inline)]
pub use extract_core::conversation::{Conversation, Message, Mode, Part, Usd};
#[doc(inline)]
pub use extract_core::extraction::{ErrorKind, Ledger, Step, ToolError};
#[doc(inline)]
pub use extract_core::grounding::Quote;
#[doc(inline)]
pub use extract_core::reading::Level;
#[doc(inline)]
pub use extract_core::{
    Client, Error, Extract, Extraction, Report, assert_fits, extract, llm_check, parse,
    parse_partial,
};

/// Waiting for extractions without `async`: `.wait()` in place of `.await`, and `.wait_each()` for the items
/// of a stream. All calls of this crate can be waited for.
///
/// A whole script, which needs no other crate than this one:
///
/// ```no_run
/// use extract_llm::blocking::Wait;
/// use extract_llm::{Error, extract};
///
/// fn main() -> Result<(), Error> {
///     let n: u32 = extract("There were seven of them.").wait()?;
///     println!("{n}");
///     Ok(())
/// }
/// ```
///
/// | with `async` | without |
/// |---|---|
/// | `extract(text).await?` | `extract(text).wait()?` |
/// | `client.extract(text).report().await?` | `client.extract(text).report().wait()?` |
/// | `client.extract_value(&schema, text).await?` | `client.extract_value(&schema, text).wait()?` |
/// | `client.extract(text).agree(3).await?` | `client.extract(text).agree(3).wait()?` |
/// | `client.extract(messages).tools(tools).step().await?` | `client.extract(messages).tools(tools).step().wait()?` |
/// | `while let Some(partial) = stream.next().await` | `while let Some(partial) = stream.next().wait()` |
/// | `while let Some(item) = items.next().await` | `for item in items.wait_each()` |
/// | `stream.finish().await?` | `stream.finish().wait()?` |
///
/// # Where it works
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::Client;
/// use extract_llm::blocking::Wait;
///
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
/// let n: u8 = client.extract("There were seven.").wait()?;
/// assert_eq!(n, 7);
/// # Ok::<(), extract_llm::Error>(())
/// ```
///
/// Everywhere: outside of a runtime, inside a task of any runtime, in `spawn_blocking`, and on many threads at
/// once. The first call starts a thread that serves the sockets and timers of all calls; it runs until the
/// process ends, and calls share its connections. If it cannot be started, an extraction fails with
/// [`ProviderErrorKind::Runtime`](crate::conversation::ProviderErrorKind::Runtime).
///
/// The calling thread blocks. Inside a runtime, other tasks of its thread stand still meanwhile, so prefer
/// `.await`, or `spawn_blocking`, there. What waits for such a task waits for ever, unless the extraction has
/// a [deadline](crate::Extraction::deadline): a check of yours, or a server in the same runtime.
///
/// Read a stream in one way, with `.wait()` or with `.await`: its connection belongs to one runtime.
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking {
    #[doc(inline)]
    pub use extract_core::blocking::{Wait, WaitEach};
}

/// A cache of replies: a request that was answered before is not sent again. It is off by default.
///
/// ```
/// use extract_llm::Client;
/// use extract_llm::cache::Cache;
///
/// let client = Client::builder()
///     .model("openai/gpt-6-luna")
///     .api_key("sk-…")
///     .cache(Cache::off()) // or `Cache::file(".cache/extract")?`
///     .build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
pub mod cache {
    #[cfg(feature = "file-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "file-cache")))]
    #[doc(inline)]
    pub use extract_core::cache::FileCache;
    #[cfg(feature = "memory-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "memory-cache")))]
    #[doc(inline)]
    pub use extract_core::cache::MemoryCache;
    #[doc(inline)]
    pub use extract_core::cache::{Cache, CacheError, CacheKey, CacheStore};
}

/// Many inputs: runs with a journal, progress, plans and reports. [`Client::extract_many`] makes a
/// [`Run`](pipeline::Run). For programs that have their own loop over the rows, [`Client::worker`] makes a
/// [`Worker`](pipeline::Worker).
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::Client;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
/// let texts = [("a", "There were seven."), ("b", "")];
/// let mut run = client.extract_many::<u8, _>(texts).in_order();
/// while let Some(row) = run.next().await {
///     let row = row?;
///     match row.result {
///         Ok(done) => println!("{}: {}", row.id, done.value),
///         Err(error) => println!("{}: {error}", row.id), // b: the input is empty
///     }
/// }
/// # assert_eq!((run.summary().done, run.summary().failed), (1, 1));
/// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
/// ```
pub mod pipeline {
    #[doc(inline)]
    pub use extract_core::pipeline::{
        BatchCanceller, BatchRun, BatchState, BatchStatus, Batches, DeadLetter, Distribution,
        FailedRows, FromIterator, FromStream, IntoRows, Journal, JournalError, KeptRow, Origin,
        Plan, ProblemCount, Progress, QuotedSpan, ReportError, Row, RowError, RowKind, RowValue,
        Rows, Run, RunError, Stopper, Summary, Worker,
    };
}

/// Checks of your own: validators of a type, checks of one call, their context, and the feedback on a
/// rejected answer.
///
/// The derive names validators with `#[extract(validate = …)]`. A call adds checks with
/// [`Extraction::check`](crate::Extraction::check).
///
/// ```
/// use extract_llm::Extract;
/// use extract_llm::check::{CheckError, Context};
///
/// #[derive(Debug, Extract)]
/// struct Order {
///     #[extract(validate_with = known)]
///     sku: String,
/// }
///
/// /// The codes of this shop, which the caller puts into the context.
/// struct Codes(Vec<String>);
///
/// fn known(sku: &String, context: Context<'_>) -> Result<(), CheckError> {
///     let codes = context.get::<Codes>()?;
///     if codes.0.contains(sku) { Ok(()) } else { Err("a code of this shop".into()) }
/// }
/// ```
pub mod check {
    #[doc(inline)]
    pub use extract_core::check::{Check, Feedback, FoldedProblem, RestOfList};
    #[doc(inline)]
    pub use extract_core::contract::{
        CheckContext, CheckError, CheckFailure, Checker, Context, ReaskPart, ReaskParts,
    };
    #[doc(inline)]
    pub use extract_core::extraction::LlmCheck;
}

/// The contract of a type: its JSON Schema, its tool and its checks. Most programs need it only for schemas
/// that are known at run time.
///
/// ```
/// use extract_llm::contract::Contract;
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
/// let contract = Contract::from_schema(schema)?; // for `Client::extract_value`
/// assert!(contract.schema().get("properties").is_some());
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub mod contract {
    #[doc(inline)]
    pub use extract_core::contract::{
        Base64, Column, ColumnKind, Contract, ContractError, ProblemKind, SchemaError, SchemaLimit,
        SchemaSource, TypeFault,
    };
}

/// The JSON Schema dialects of the providers, and what becomes of a type in each.
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::dialect::Dialect;
///
/// let report = Contract::of::<Vec<u8>>()?.report(&Dialect::OPENAI_STRICT);
/// println!("{report}");
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub mod dialect {
    #[doc(inline)]
    pub use extract_core::contract::dialect::{Dialect, DialectError, Limit, LimitUse, NoteKind};
    #[doc(inline)]
    pub use extract_core::contract::{Change, DialectReport};
}

/// Messages, media and settings that are sent, and replies, usage and errors that come back.
///
/// ```
/// use extract_llm::{Message, Part};
///
/// let receipt = Part::image_url("https://example.org/receipt.jpg");
/// let message = Message::user(["Read this receipt.".into(), receipt]);
/// assert_eq!(message.parts.len(), 2);
/// ```
pub mod conversation {
    #[cfg(feature = "tokenizer")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokenizer")))]
    #[doc(inline)]
    pub use extract_core::conversation::openai_tokens;
    #[doc(inline)]
    pub use extract_core::conversation::{
        Block, CacheSupport, Content, ContextOverflow, Delta, DoesNotFit, Effort, Feature, Fitted,
        Inline, Media, MediaError, MediaKind, MediaSource, Output, Prices, PromptCache,
        ProviderError, ProviderErrorKind, ProviderState, Reply, Request, RequestState, Role,
        Settings, StopReason, StreamEnd, Thinking, TokenAlternative, TokenLogprob, Tool, ToolCall,
        ToolChoice, ToolResult, Tools, Usage, approximate_tokens,
    };
}

/// Values from documents that are too long for one call: chunks, merged and checked as a whole. See also
/// [`Extraction::split_fields`](crate::Extraction::split_fields) for types that are too wide for one call.
///
/// ```no_run
/// use extract_llm::document::{Chunking, Document, Merge};
/// # use extract_llm::{Client, Error, Extract};
/// # #[derive(Debug, Extract)] struct Party { name: String }
/// # #[derive(Debug, Extract)] struct Contract { title: String, parties: Vec<Party> }
///
/// # async fn run(client: Client, text: String) -> Result<(), Error> {
/// let done = client
///     .extract_document::<Contract>(Document::new(text).pages_at_form_feeds())
///     .chunking(Chunking::paragraphs().max_tokens(2_000).overlap(100))
///     .merge(Merge::new().key("/parties", "/name"))
///     .await?;
/// println!("{:?}, with {} conflicts", done.value, done.conflicts.len());
/// # Ok(()) }
/// ```
pub mod document {
    #[doc(inline)]
    pub use extract_core::document::{
        Chunk, ChunkAnswer, ChunkPrompt, Chunking, Conflict, ConflictingValue, Document,
        DocumentReport, DocumentRequest, Duplicate, FailedChunk, Merge, PagePlace, Pass, Purpose,
        SplitRequest,
    };
}

/// Golden rows against a model, a prompt and a type: precision and recall by field. See
/// [`Client::evaluate`](crate::Client::evaluate).
///
/// ```no_run
/// # use extract_llm::{Client, Extract};
/// # #[derive(Debug, Extract)] struct Receipt { vendor: String, total: f64 }
/// use extract_llm::evaluation::{Compare, Golden};
///
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let evaluation = client
///     .evaluate::<Receipt>(Golden::read("golden.jsonl")?)
///     .compare(Compare::new().tolerance("/total", 0.01))
///     .journal("golden.journal.jsonl")
///     .run()
///     .await?;
/// evaluation.html("evaluation.html")?;
/// evaluation.require(0.95)?;
/// # Ok(()) }
/// ```
pub mod evaluation {
    #[doc(inline)]
    pub use extract_core::evaluation::{
        BelowThreshold, Compare, Confusion, Evaluate, Evaluation, EvaluationDiff, EvaluationError,
        FieldChange, FieldScore, Golden, GoldenError, Mismatch, RowChange, RowScore, Score,
        ScoreChange,
    };
}

/// The parts of an extraction: the builder of a client, errors and ledgers in detail, streams, steps of an
/// agent, and agreement.
///
/// ```no_run
/// # use extract_llm::{Client, Error, Extract};
/// # #[derive(Debug, Extract)] struct Person { name: String }
/// use extract_llm::extraction::Outcome;
///
/// # async fn run(client: Client) -> Result<(), Error> {
/// let done = client.extract::<Person>("Maria is 34.").report().await?;
/// let rejected = done.ledger.attempts.iter().filter(|it| it.outcome == Outcome::Rejected);
/// println!("{:?} after {} rejected answers", done.value, rejected.count());
/// # Ok(()) }
/// ```
pub mod extraction {
    #[doc(inline)]
    pub use extract_core::extraction::{
        Agreement, AgreementRequest, ArgumentsError, Attempt, BadItem, BadItems, Basis,
        BestPartial, Budget, CacheHit, Call, Calls, CircuitBreaker, ClientBuilder, Confidence,
        ConfidenceSource, Confidences, CountedBy, DEFAULT_DEADLINE, Deltas, Doubt, Event, Expected,
        ExtractionStream, FallbackOn, FieldAgreement, FieldStatus, InputError, Items, Layout,
        Limit, ListCount, Listener, MAX_TOOL_RESULT, NextRequest, Outcome, OverBudget, ParseError,
        Parsed, Partials, PassedOver, PassedOverReason, Reask, Rejected, RetryContext,
        ReviewedField, Sample, Shortage, Spending, StepRequest, ToolFailure, ToolFn, ToolOutcome,
        ToolRun, TraceContent, Update, View, Withdrawn,
    };
    #[cfg(feature = "metrics")]
    #[doc(inline)]
    pub use extract_core::extraction::{
        MetricNames, SECONDS_BUCKETS, TOKEN_BUCKETS, describe_metrics,
    };
}

/// Quotes that must stand in the source, and where they stand.
///
/// ```
/// use extract_llm::{Extract, Quote};
///
/// #[derive(Debug, Extract)]
/// struct Claim {
///     /// The sentence that says so.
///     evidence: Quote,
/// }
/// ```
pub mod grounding {
    #[doc(inline)]
    pub use extract_core::grounding::{Grounded, Located, Match, Source, SourcePart};
}

/// The trait of a model, for providers of your own, and the options of connections.
///
/// ```
/// use std::time::Duration;
///
/// use extract_llm::Client;
/// use extract_llm::model::RetryPolicy;
///
/// let client = Client::builder()
///     .model("openai/gpt-6-luna")
///     .api_key("sk-…")
///     .retry_policy(RetryPolicy::times(4).longest_wait(Duration::from_secs(20)))
///     .build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
pub mod model {
    #[doc(inline)]
    pub use extract_core::http::TransportOptions;
    #[doc(inline)]
    pub use extract_core::model::{
        AskingForm, Cassette, ConfigError, CountSource, DeltaStream, ForcedTools, Limits, Model,
        Profile, RecordedRequest, RecordedResponse, RetryPolicy, SchemaPrompt, TokenCount,
        forbid_all_calls, forbid_real_calls, read_failure,
    };
    #[doc(inline)]
    pub use extract_core::wire::Protocol;
}

/// Typed values that are still arriving: see [`Extraction::stream`](crate::Extraction::stream).
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::partial::Live;
///
/// let mut live = Live::<Vec<String>>::new(Contract::of::<Vec<String>>()?);
/// live.feed("{\"value\": [\"Ada\", \"Gra"); // a root that is no object is sent in one
/// assert_eq!(*live.partial()[1], "Gra");
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub mod partial {
    #[doc(inline)]
    pub use extract_core::partial::{
        AnswerPartial, Entries, ListType, Live, MaybePartial, Partial, State, Streamed,
    };
}

/// Repairs of a reply, and values that are read from a text that is cut off.
///
/// ```
/// use extract_llm::reading::RepairKind;
///
/// let parsed = extract_llm::parse::<Vec<u32>>("[1, 2, '3']")?;
/// assert_eq!(parsed.value, [1, 2, 3]);
/// assert!(parsed.repairs.iter().any(|repair| repair.kind == RepairKind::StringToNumber));
/// # Ok::<(), extract_llm::extraction::ParseError>(())
/// ```
pub mod reading {
    #[doc(inline)]
    pub use extract_core::reading::{ReadError, Repair, RepairKind, ScanError};
}

/// Models for tests: [`Scripted`](scripted::Scripted) answers from a script, and [`Fake`](scripted::Fake) with
/// made-up data for any type. Their replies go through the decoder of real replies. A
/// [`Cassette`](model::Cassette) replays recorded exchanges of a provider.
///
/// ```
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::{Client, Extract};
/// use serde_json::json;
///
/// #[derive(Debug, Extract)]
/// struct Person {
///     name: String,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let model = Scripted::new([reply::tool(json!({"name": "Maria"}))]);
/// let client = Client::with_model(model.clone());
/// let person: Person = client.extract("Maria is 34.").await?;
///
/// assert_eq!(person.name, "Maria");
/// assert_eq!(model.seen().len(), 1);
/// # Ok::<(), extract_llm::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod scripted {
    #[doc(inline)]
    pub use extract_core::model::scripted::{
        Scripted, ScriptedReply, SeenRequest, WireForm, reply,
    };
    #[doc(inline)]
    pub use extract_core::model::{Fake, Flaw};
}

#[cfg(feature = "derive")]
pub use extract_derive::Extract;

/// The crate `aws-credential-types`, whose credentials
/// [`ClientBuilder::aws_credentials`](extraction::ClientBuilder::aws_credentials) takes.
#[cfg(feature = "bedrock-sigv4")]
pub use extract_core::aws_credential_types;

/// The crate `chrono`. Its dates and times implement `Extract`.
#[cfg(feature = "chrono")]
pub use extract_core::chrono;

/// The crate `either`. Its `Either` implements `Extract`.
#[cfg(feature = "either")]
pub use extract_core::either;

/// The crate `garde`. A type with `#[extract(garde)]` is checked by its rules.
#[cfg(feature = "garde")]
pub use extract_core::garde;

/// The crate `indexmap`. Its maps and sets implement `Extract`.
#[cfg(feature = "indexmap")]
pub use extract_core::indexmap;

/// The crate `jiff`. Its dates, times and spans implement `Extract`.
#[cfg(feature = "jiff")]
pub use extract_core::jiff;

/// The crate `reqwest`, in the version whose client [`ClientBuilder::http_client`] takes.
///
/// [`ClientBuilder::http_client`]: extraction::ClientBuilder::http_client
pub use extract_core::http::reqwest;

/// The crate `rust_decimal`. Its `Decimal` implements `Extract`.
#[cfg(feature = "rust_decimal")]
pub use extract_core::rust_decimal;

/// The crate `url`. Its `Url` implements `Extract`.
#[cfg(feature = "url")]
pub use extract_core::url;

/// The crate `uuid`. Its `Uuid` implements `Extract`.
#[cfg(feature = "uuid")]
pub use extract_core::uuid;

/// The crate `validator`. A type with `#[extract(validator)]` is checked by its rules.
#[cfg(feature = "validator")]
pub use extract_core::validator;

#[doc(hidden)]
pub mod __private {
    pub use extract_core::__private::*;
    #[cfg(feature = "derive")]
    pub use extract_derive::discard;
}
