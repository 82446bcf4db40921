//! Values that the source text must support: quotes that must occur in it, and values with supporting
//! quotes. The search needs no model.
//!
//! ```
//! use extract_llm::check::CheckContext;
//! use extract_llm::grounding::Match;
//! use extract_llm::Quote;
//!
//! let letter = CheckContext::new().source("We cannot   deliver\nbefore March. Sorry!");
//! let quote = letter.parse::<Quote>("\"we cannot deliver before March\"")?.value;
//! let place = quote.located().unwrap();
//! assert_eq!(place.quality, Match::Normalised);
//! assert_eq!(place.bytes, 0..32);
//!
//! let error = letter.parse::<Quote>("\"we cannot deliver before May\"").unwrap_err();
//! assert!(error.to_string().contains("nearest is \"We cannot   deliver\\nbefore Mar"));
//! # Ok::<(), extract_llm::extraction::ParseError>(())
//! ```

mod field;
mod grounded;
mod places;
mod quote;
mod source;

pub use field::Ground;
pub use grounded::Grounded;
pub(crate) use places::{FoundQuote, QuoteLog, QuotePlaces};
pub use quote::Quote;
#[doc(hidden)]
pub use source::SearchCost;
pub use source::{Located, Match, Source, SourcePart};
