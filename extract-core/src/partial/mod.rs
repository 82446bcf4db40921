//! Values that are still arriving: the text of a reply, or the arguments of a tool call, fills a
//! [`Partial`] in place. Knows the contract and the scanner's events; no provider and no loop.
//!
//! ```
//! use extract_llm::contract::Contract;
//! use extract_llm::partial::Live;
//!
//! let mut live = Live::<Vec<String>>::new(Contract::of::<Vec<String>>()?);
//! live.feed("```json\n{\"value\": [\"Ada\", \"Gra");
//! assert_eq!(live.partial().len(), 2);
//! assert_eq!(*live.partial()[1], "Gra");
//! # Ok::<(), extract_llm::contract::ContractError>(())
//! ```

mod filling;
#[doc(hidden)]
pub mod value;

pub use filling::Live;
pub use value::{AnswerPartial, Entries, ListType, MaybePartial, Partial, State, Streamed};
