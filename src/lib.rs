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
//! | [`extraction`] | the client, the builder of a call, errors, ledger, streams, `parse` |
//! | [`contract`] | [`Extract`], the contract of a type, its dialects, problems, [`Maybe`], [`Answer`], [`UserTool`] |
//! | [`conversation`] | messages, parts, settings, replies, provider errors |
//! | [`check`] | schema violations, feedback messages |
//! | [`grounding`] | quotes and the source text |
//! | [`partial`] | typed values that are still arriving |
//! | [`reading`] | the lenient reader and its reports |
//! | [`model`] | the trait [`Model`](model::Model), providers, presets, [`Scripted`](model::Scripted) |
//! | [`wire`] | the protocols: encoding of requests, decoding of replies |
//! | [`http`] | the transport and its options |

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use extract_core::contract::{Answer, Maybe, UserTool};
pub use extract_core::conversation::{Conversation, Message, Mode, Part, Usd};
pub use extract_core::extraction::{ErrorKind, Step};
#[doc(inline)]
pub use extract_core::{
    Client, Error, Extract, Extraction, Report, assert_fits, check, contract, conversation,
    extract, extraction, grounding, http, llm_check, model, parse, parse_partial, partial, reading,
    wire,
};

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
