//! [`Expected`]: the number of elements that a list must have, and [`ListCount`]: the number it has.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::grounding::Source;

type CountFn = Arc<dyn Fn(&Source) -> Option<usize> + Send + Sync>;

/// The number of elements that a list must have: the argument of
/// [`expect_items`](crate::Extraction::expect_items).
///
/// ```
/// use extract_llm::extraction::Expected;
///
/// let stated = Expected::stated();
/// let counted = Expected::counted(|source| Some(source.text().lines().count()));
/// let known = Expected::number(1_200);
/// ```
#[derive(Clone)]
pub struct Expected(pub(super) Basis);

/// Where the number comes from.
#[derive(Clone)]
pub(super) enum Basis {
    Stated,
    Counted(CountFn),
    Number(usize),
}

impl Expected {
    /// Returns the expectation that the model states the number before it writes the elements.
    ///
    /// The sent schema gets a member in front of all others: `rows_count` for the list `rows`, `value_count`
    /// for a value that is a list. The value does not have it. Without a usable number (left out, negative,
    /// text), nothing is expected, and the ledger notes it.
    pub fn stated() -> Self {
        Self(Basis::Stated)
    }

    /// Returns the expectation of the number that a closure counts in the source. It is called once, before
    /// the first request. If it returns `None`, nothing is expected, and the ledger notes it.
    ///
    /// If the input has no text, or the closure panics, the extraction fails with
    /// [`ErrorKind::Check`](crate::extraction::ErrorKind::Check).
    pub fn counted(count: impl Fn(&Source) -> Option<usize> + Send + Sync + 'static) -> Self {
        Self(Basis::Counted(Arc::new(count)))
    }

    /// Returns the expectation of a number that is known.
    pub fn number(items: usize) -> Self {
        Self(Basis::Number(items))
    }

    /// Whether the model states the number.
    pub(in crate::extraction) fn is_stated(&self) -> bool {
        matches!(self.0, Basis::Stated)
    }
}

impl From<usize> for Expected {
    fn from(items: usize) -> Self {
        Self::number(items)
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Basis::Stated => f.write_str("Expected::stated()"),
            Basis::Counted(_) => f.write_str("Expected::counted(..)"),
            Basis::Number(items) => write!(f, "Expected::number({items})"),
        }
    }
}

/// An expectation of a call.
#[derive(Debug, Clone)]
pub(in crate::extraction) struct ExpectedItems {
    /// The JSON pointer of the list; `None` if a closure named a list without a pointer.
    pub(in crate::extraction) pointer: Option<String>,
    pub(in crate::extraction) expected: Expected,
}

/// The origin of an expected number.
///
/// ```
/// use extract_llm::extraction::CountedBy;
///
/// assert_eq!(serde_json::to_string(&CountedBy::Model)?, r#""model""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountedBy {
    /// The model stated it: [`Expected::stated`].
    Model,
    /// A closure counted it in the source: [`Expected::counted`].
    Source,
    /// The call set it: [`Expected::number`].
    Call,
}

/// The elements of one list: how many were expected and given. [`Ledger::lists`](crate::extraction::Ledger::lists) has
/// one for each list with an expected number, and for each list that was continued.
///
/// ```
/// use extract_llm::extraction::Expected;
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::Client;
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = Client::with_model(Scripted::new([
///     reply::tool(json!({"value": [1, 2]})),
///     reply::tool(json!({"value": [2, 3]})),
/// ]));
/// let call = client.extract::<Vec<u8>>("1, 2, 3").expect_items(Expected::number(3));
/// let done = call.report().await?;
/// assert_eq!(done.value, [1, 2, 3]);
/// let list = &done.ledger.lists[0];
/// assert_eq!((list.expected, list.given, list.continued, list.doubles), (Some(3), 3, 1, 1));
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListCount {
    /// The JSON pointer of the list; empty if the value is the list.
    pub pointer: String,
    /// The expected number of elements; `None` if none is known.
    pub expected: Option<usize>,
    /// The origin of the expected number; `None` if none is known.
    pub counted_by: Option<CountedBy>,
    /// The number of elements that the model gave, without doubles.
    pub given: usize,
    /// The number of requests for more elements.
    pub continued: u32,
    /// The number of elements that were given a second time and left out.
    pub doubles: usize,
}
