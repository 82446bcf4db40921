//! Extracted values as [Apache Arrow](https://arrow.apache.org) arrays. The Arrow type comes from the JSON Schema
//! of the Rust type, so all types that can be extracted have one:
//!
//! | values | Arrow type |
//! |---|---|
//! | `bool` | `Boolean` |
//! | integers | `Int64`, `UInt64` for `u64` and `usize`, JSON text for 128 bits |
//! | `f32`, `f64` | `Float64` |
//! | texts, unit enums, times | `Utf8` |
//! | dates | `Date32` |
//! | lists and sets | `List` |
//! | structs | `Struct`, with the names of the JSON members |
//! | maps | `Map` from `Utf8` |
//! | enums with a tag inside their variants | `Struct` with the members of all variants |
//! | other enums with data, tuples, recursive types, `serde_json::Value` | `Utf8`, which holds JSON text |
//!
//! A value is written as it is, or refused with a [`Misfit`]: an integer above 64 bits is not rounded. Reading an
//! array gives the Rust values back, and parses the JSON texts.
//!
//! ```
//! use arrow_schema::DataType;
//! use extract_llm::Extract;
//!
//! #[derive(Debug, PartialEq, Extract)]
//! struct Ticket {
//!     product: String,
//!     rating: Option<u8>,
//!     tags: Vec<String>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let column = extract_arrow::column::<Ticket>()?;
//! let DataType::Struct(fields) = extract_arrow::data_type(&column) else { panic!("no struct") };
//! assert_eq!(fields[1].data_type(), &DataType::Int64);
//!
//! let value = serde_json::json!({"product": "lamp", "rating": 4, "tags": ["late"]});
//! let array = extract_arrow::to_array(&column, &[Some(value), None])?;
//! let tickets = extract_arrow::from_array::<Ticket>(&column, &array)?;
//! assert_eq!(tickets[0].as_ref().map(|ticket| ticket.rating), Some(Some(4)));
//! assert_eq!(tickets[1], None);
//! # Ok(()) }
//! ```

// No value of a model may cause a panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod fit;
mod read;
mod types;
mod write;

pub use fit::{Misfit, fit};
pub use read::{ReadError, from_array};
pub use types::{column, data_type, field};
pub use write::{WriteError, to_array};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
