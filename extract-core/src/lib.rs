//! The engine of `extract-llm`. Use that crate; this one is its inside.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod check;
pub mod contract;
pub mod conversation;
pub mod extraction;
pub mod grounding;
pub mod http;
pub mod model;
pub mod partial;
pub mod reading;
pub(crate) mod schema;
pub mod wire;

pub use contract::Extract;
pub use extraction::{Client, Error, Extraction, Report, extract, llm_check, parse, parse_partial};

/// What the code that `#[derive(Extract)]` writes reaches for. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::contract::rules;
    pub use {schemars, serde};

    pub use crate::partial::value as partial;

    /// The compiler names this path where a type derives one of them a second time by itself.
    pub mod extract_derives_this_too {
        pub use schemars::JsonSchema;
        pub use serde::Deserialize;
    }
}

/// What AWS credentials are given by: see
/// [`ClientBuilder::aws_credentials`](extraction::ClientBuilder::aws_credentials).
#[cfg(feature = "bedrock-sigv4")]
pub use aws_credential_types;

// The crates whose types can be extracted, and whose rules can be checked, in the version that is meant.
#[cfg(feature = "chrono")]
pub use chrono;
#[cfg(feature = "either")]
pub use either;
#[cfg(feature = "garde")]
pub use garde;
#[cfg(feature = "indexmap")]
pub use indexmap;
#[cfg(feature = "jiff")]
pub use jiff;
#[cfg(feature = "rust_decimal")]
pub use rust_decimal;
#[cfg(feature = "url")]
pub use url;
#[cfg(feature = "uuid")]
pub use uuid;
#[cfg(feature = "validator")]
pub use validator;
