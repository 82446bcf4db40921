//! Checks a JSON value and converts it to its type: the schema, serde, and the type's validators, in one
//! pass. Describes what failed in a text that a model can act on.
//!
//! ```
//! use extract_core::check::violations;
//! use extract_llm::contract::Contract;
//! use serde_json::json;
//!
//! let contract = Contract::of::<(u8, bool)>()?;
//! assert_eq!(violations(&contract, &json!([300, true])).len(), 1);
//! # Ok::<(), extract_llm::contract::ContractError>(())
//! ```

mod deep_explain;
mod elements;
mod feedback;
mod pieces;
mod rules;
mod schema;
mod typed;
mod union_branch;
mod violation_report;

pub(crate) use elements::check_elements;
pub(crate) use feedback::FeedbackFn;
pub use feedback::{Feedback, FoldedProblem, RestOfList, annotate, fold};
pub(crate) use pieces::check_pieces;
pub use rules::Check;
pub(crate) use rules::Rules;
pub use schema::violations;
pub(crate) use typed::{check, check_at_once, retype};
