//! The policy for list elements that fail their checks while the others pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Problem, Problems};

/// The policy for list elements that fail their checks.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::{Client, Error};
/// # use serde_json::json;
/// use extract_llm::extraction::BadItems;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 300, 2]}))]));
/// let done =
///     client.extract::<Vec<u8>>("1, 300, 2").bad_items(BadItems::LeaveOut).report().await?;
/// assert_eq!(done.value, [1, 2]);
/// assert_eq!(done.ledger.left_out[0].index, 1);
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BadItems {
    /// The model is asked for the element again. The default.
    #[default]
    AskAgain,
    /// The element is removed from the list, and reported.
    LeaveOut,
    /// The extraction ends with an error; in a stream, as soon as the element has arrived. There are no
    /// re-asks at all, whatever [`validation_retries`](crate::Extraction::validation_retries) says.
    Stop,
}

/// An element that was removed from a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BadItem {
    /// The original index of the element in the list, from 0.
    pub index: usize,
    /// The value of the element.
    pub value: Value,
    /// The problems of the element. Their pointers are relative to the whole value.
    pub problems: Vec<Problem>,
}

/// A list without its bad elements. These are found in several rounds: once some are removed, the value
/// can be deserialized, and more rules can be checked.
pub(super) struct RemainingItems {
    /// The value without the bad elements.
    pub(super) value: Value,
    /// The bad elements, in the order of the list.
    pub(super) bad: Vec<BadItem>,
    /// The original indices of the remaining elements.
    places: Vec<usize>,
}

impl RemainingItems {
    /// Starts with all elements of the list at the pointer `list`. Returns `None` if there is no list.
    pub(super) fn all(value: &Value, list: &str) -> Option<Self> {
        let count = value.pointer(list)?.as_array()?.len();
        Some(Self { value: value.clone(), bad: Vec::new(), places: (0..count).collect() })
    }

    /// Removes the elements with problems. Returns `None` if anything else has a problem.
    pub(super) fn leave_out(mut self, list: &str, problems: &Problems) -> Option<Self> {
        let items = self.value.pointer_mut(list)?.as_array_mut()?;
        let mut found: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
        for problem in problems {
            let inside = problem.pointer.strip_prefix(list)?.strip_prefix('/')?;
            let (index, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
            let index: usize = index.parse().ok()?;
            let pointer = self.places.get(index)?;
            let at = format!("{list}/{pointer}{rest}");
            found.entry(index).or_default().push(problem.clone().at(at));
        }
        let (kept, bad): (Vec<_>, Vec<_>) = std::mem::take(items)
            .into_iter()
            .zip(std::mem::take(&mut self.places))
            .enumerate()
            .partition(|(index, _)| !found.contains_key(index));
        for (_, (item, place)) in kept {
            items.push(item);
            self.places.push(place);
        }
        self.bad.extend(bad.into_iter().filter_map(|(index, (value, place))| {
            Some(BadItem { index: place, value, problems: found.remove(&index)? })
        }));
        self.bad.sort_by_key(|item| item.index);
        Some(self)
    }
}
