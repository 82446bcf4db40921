//! The loop: ask, read, check, feed the problems back and ask again, until the value is right or a
//! budget ends. Everything that a user calls starts here.

mod builder;
mod client;
mod error;
mod journey;
mod ledger;
mod opening;
mod options;
mod parse;

pub use builder::{Extraction, Reported, extract};
pub use client::{Client, ClientBuilder};
pub use error::{Error, InputError};
pub use ledger::{Attempt, Ledger, Outcome, Report};
pub use parse::{ParseError, Parsed, parse, parse_partial, parse_with};
