//! [`Grounded`]: a value with the quotes that support it.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Quote;
use crate::contract::{Checker, Extract, TypeWalk};

/// A value with the quotes that support it, for a value that follows from the text but does not occur in
/// it. The model must supply at least one quote. Each quote is searched for in the same way as any
/// [`Quote`].
///
/// ```
/// use extract_llm::check::CheckContext;
/// use extract_llm::grounding::Grounded;
///
/// let review = CheckContext::new().source("The battery is empty by noon. I sent it back.");
/// let reply = r#"{"value": false, "quotes": ["I sent it back"]}"#;
/// let satisfied = review.parse::<Grounded<bool>>(reply)?.value;
/// assert!(!satisfied.value);
/// assert_eq!(satisfied.quotes[0].located().unwrap().bytes, 30..44);
///
/// let made_up = r#"{"value": true, "quotes": ["I love it"]}"#;
/// assert!(review.parse::<Grounded<bool>>(made_up).is_err());
/// # Ok::<(), extract_llm::extraction::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Grounded_{T}", description = "A value with what it rests on.")]
pub struct Grounded<T> {
    /// The value that follows from the text.
    #[schemars(description = "What the text comes to.")]
    pub value: T,
    /// The passages that support the value, each copied word for word.
    #[schemars(
        description = "The passages of the text that say so, each copied word for word.",
        length(min = 1)
    )]
    pub quotes: Vec<Quote>,
}

impl<T> Grounded<T> {
    /// Returns the value without its quotes.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Grounded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Extract> Extract for Grounded<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        checker.at("value", |checker| self.value.check(checker));
        checker.at("quotes", |checker| self.quotes.check(checker));
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("value", Checker::check_field_piece::<T>);
        checker.at("quotes", Checker::check_field_piece::<Vec<Quote>>);
    }

    fn walk_types(walk: &mut TypeWalk) {
        walk.enter::<Self>(T::walk_types);
    }
}
