//! The loop: request, read, check, and re-ask with the problems, until the value is valid or a limit is
//! reached. It is also the entry point of the public interface.
//!
//! ```
//! use extract_llm::scripted::{Scripted, reply};
//! use extract_llm::Client;
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]}))]));
//! let numbers: Vec<u8> = client.extract("one and two").await?;
//! assert_eq!(numbers, [1, 2]);
//! # Ok::<(), extract_llm::Error>(()) }).unwrap();
//! ```

// The order of the documentation of `Extraction` and `ClientBuilder`.
mod builder;

mod client;
mod client_limits;

mod settings;

mod confidence;

mod client_models;

mod checks;
mod llm_check;

mod stream;

mod step;

mod tools;

mod count;

mod trace;

mod events;

mod lists;

mod agree;

mod ask;
#[cfg(feature = "bedrock-sigv4")]
mod aws;
mod bad_items;
mod budget;
mod cache_plan;
mod calls;
mod channel;
mod client_source;
mod digest;
mod driver;
mod error;
mod fallback;
mod initial_request;
mod judgements;
mod kept_reply;
mod layout;
mod ledger;
mod limit;
mod options;
mod parse;
mod policy;
mod prepared;
mod pricing;
mod refused;
mod request_tools;
mod several;
mod source_marks;
mod task;
mod withdrawn;

pub use agree::{Agreement, AgreementRequest, Basis, FieldAgreement, Sample};
pub use bad_items::{BadItem, BadItems};
pub use budget::{Budget, OverBudget, Shortage, Spending};
pub use builder::{Extraction, extract};
pub use calls::{ArgumentsError, Call, Calls};
pub use client::{Client, ClientBuilder};
pub use confidence::{Confidence, ConfidenceSource, Confidences, Doubt};
pub(crate) use digest::Digest;
pub(crate) use driver::Accepted;
pub use driver::DEFAULT_DEADLINE;
pub use error::{
    BestPartial, Error, ErrorKind, FailedChunk, FieldStatus, InputError, Rejected, ReviewedField,
};
pub use events::{Event, Listener, NextRequest};
pub use fallback::{CircuitBreaker, FallbackOn};
pub(crate) use kept_reply::KeptReply;
pub use layout::Layout;
pub use ledger::{
    Attempt, CacheHit, Ledger, Outcome, PassedOver, PassedOverReason, Report, ToolOutcome, ToolRun,
};
pub use limit::Limit;
pub use lists::{CountedBy, Expected, ListCount};
pub use llm_check::{LlmCheck, llm_check};
pub use parse::{ParseError, Parsed, parse, parse_partial};
pub use policy::{Reask, RetryContext};
pub(crate) use prepared::Prepared;
pub(crate) use several::{AnswerRule, Answered, Base, Question};
pub use step::{Step, StepRequest};
pub use stream::{Deltas, ExtractionStream, Items, Partials, Update, View};
pub use tools::{MAX_TOOL_RESULT, ToolError, ToolFailure, ToolFn};
pub use trace::TraceContent;
#[cfg(feature = "metrics")]
pub use trace::{MetricNames, SECONDS_BUCKETS, TOKEN_BUCKETS, describe_metrics};
pub use withdrawn::Withdrawn;
