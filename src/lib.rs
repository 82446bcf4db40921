//! Text in, checked Rust values out.
//!
//! Write a struct, derive [`Extract`], await [`extract`]: a language model reads the text, and you
//! get a value that fits the type, its JSON Schema and your own rules, or a typed [`Error`] that
//! says what happened.
//!
//! ```no_run
//! use extract_llm::{Extract, extract};
//!
//! /// A person that a text speaks of.
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
//! # One derive
//!
//! `#[derive(Extract)]` implements serde's `Deserialize` and schemars' `JsonSchema` as well; nothing
//! else has to be imported or added to Cargo.toml. Attributes of both are honoured.
//!
//! **"conflicting implementations of trait `Deserialize`" (E0119)?** The type derives `Deserialize`
//! (or `JsonSchema`) too. Drop it from the list, or keep it and say so:
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
//! A type that has both already, perhaps in another module of yours, joins without the macro:
//! `impl Extract for Existing {}`.
//!
//! # Types of other crates
//!
//! A field needs no `Extract`: serde's and schemars' traits are enough, and where the type has none,
//! attributes say how it is read and described. At the root, and in a list there, hold the type in one of
//! your own. A newtype is written as what it holds:
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use extract_llm::Extract;
//!
//! /// An address with its port, as `127.0.0.1:8080`.
//! #[derive(Extract)]
//! struct Address(#[schemars(with = "String")] SocketAddr); // serde reads it, schemars does not know it
//!
//! let all = extract_llm::parse::<Vec<Address>>(r#"["127.0.0.1:8080"]"#)?.value;
//! assert_eq!(all[0].0.port(), 8080);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A client
//!
//! [`extract`] takes the model from the environment (`EXTRACT_MODEL=provider/model`, and the
//! provider's own variable for the key). A [`Client`] is made once, says which model it is, and is
//! cheap to clone:
//!
//! ```no_run
//! # use extract_llm::{Client, Error, Extract};
//! # use std::time::Duration;
//! # #[derive(Extract)] struct Person { name: String }
//! # #[tokio::main] async fn main() -> Result<(), Error> {
//! let client = Client::new("openai/gpt-6-mini")?;
//! let people: Vec<Person> = client
//!     .extract("Maria and Tom met Aisha.")
//!     .system("Only people who are named.")
//!     .max_tokens(2_000)
//!     .validation_retries(2)
//!     .deadline(Duration::from_secs(60))
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! # Everything that happened
//!
//! [`Extraction::report`] gives the value with its ledger: every attempt, what came back, what was
//! repaired, what was wrong with it, tokens, cost, latency and request ids. An [`Error`] carries the
//! same ledger.
//!
//! ```
//! use extract_llm::model::{Scripted, scripted::reply};
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
//! // A scripted model answers from a queue; everything else is the real thing.
//! let model = Scripted::new([
//!     reply::tool(json!({"name": "Maria", "age": 3})),
//!     reply::tool(json!({"name": "Maria", "age": 34})),
//! ]);
//! let done = Client::with_model(model).extract::<Person>("Maria is 34.").report().await?;
//!
//! assert_eq!(done.value.age, 34);
//! assert_eq!(done.attempts.len(), 2);
//! assert_eq!(done.attempts[0].problems[0].to_string(), "/age: expected at least 18, found 3");
//! # Ok::<(), extract_llm::Error>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use extract_core::contract::{Answer, Maybe, UserTool};
pub use extract_core::conversation::{Message, Mode, Part, Usd};
pub use extract_core::extraction::Step;
#[doc(inline)]
pub use extract_core::{
    Client, Error, Extract, Extraction, Report, assert_fits, check, contract, conversation,
    extract, extraction, grounding, http, llm_check, model, parse, parse_partial, partial, reading,
    wire,
};

#[cfg(feature = "derive")]
pub use extract_derive::Extract;

/// The crate `aws-credential-types`, by which AWS credentials are given: see
/// [`ClientBuilder::aws_credentials`](extraction::ClientBuilder::aws_credentials).
#[cfg(feature = "bedrock-sigv4")]
pub use extract_core::aws_credential_types;

/// The crate `chrono`, whose dates and times can be extracted.
#[cfg(feature = "chrono")]
pub use extract_core::chrono;

/// The crate `either`, whose `Either` can be extracted.
#[cfg(feature = "either")]
pub use extract_core::either;

/// The crate `garde`, whose rules are checked where a type says `#[extract(garde)]`.
#[cfg(feature = "garde")]
pub use extract_core::garde;

/// The crate `indexmap`, whose maps and sets can be extracted.
#[cfg(feature = "indexmap")]
pub use extract_core::indexmap;

/// The crate `jiff`, whose dates, times and spans can be extracted.
#[cfg(feature = "jiff")]
pub use extract_core::jiff;

/// The crate `rust_decimal`, whose `Decimal` can be extracted.
#[cfg(feature = "rust_decimal")]
pub use extract_core::rust_decimal;

/// The crate `url`, whose `Url` can be extracted.
#[cfg(feature = "url")]
pub use extract_core::url;

/// The crate `uuid`, whose `Uuid` can be extracted.
#[cfg(feature = "uuid")]
pub use extract_core::uuid;

/// The crate `validator`, whose rules are checked where a type says `#[extract(validator)]`.
#[cfg(feature = "validator")]
pub use extract_core::validator;

#[doc(hidden)]
pub mod __private {
    pub use extract_core::__private::*;
    #[cfg(feature = "derive")]
    pub use extract_derive::discard;
}

/// The programs of the README compile.
#[cfg(all(doctest, feature = "derive"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The programs of the page on feedback run.
#[cfg(all(doctest, feature = "derive"))]
#[doc = include_str!("../docs/feedback.md")]
struct FeedbackPage;

/// The programs of the page on values that are still arriving run.
#[cfg(all(doctest, feature = "derive"))]
#[doc = include_str!("../docs/streaming.md")]
struct Streaming;

/// The programs of the page on types of other crates run.
#[cfg(all(doctest, feature = "derive"))]
#[doc = include_str!("../docs/other-crates.md")]
struct OtherCrates;
