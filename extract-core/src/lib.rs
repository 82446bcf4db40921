//! The engine of `extract-llm`. Use that crate; this one is its inside.

pub mod contract;
pub mod conversation;
pub mod reading;

pub use contract::Extract;

/// What the code that `#[derive(Extract)]` writes reaches for. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use {schemars, serde};

    /// The compiler names this path where a type derives one of them a second time by itself.
    pub mod extract_derives_this_too {
        pub use schemars::JsonSchema;
        pub use serde::Deserialize;
    }
}
