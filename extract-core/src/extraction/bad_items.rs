//! What becomes of the elements of a list that do not pass, when the others do.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::contract::{Problem, Problems};

/// What is done about an element of a list that does not pass.
///
/// ```
/// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
/// # use serde_json::json;
/// use extract_llm::extraction::BadItems;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 300, 2]}))]));
/// let done =
///     client.extract::<Vec<u8>>("1, 300, 2").bad_items(BadItems::LeaveOut).report().await?;
/// assert_eq!(done.value, [1, 2]);
/// assert_eq!(done.left_out[0].index, 1);
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BadItems {
    /// The model is asked for it again.
    #[default]
    AskAgain,
    /// It is left out of the list, and reported.
    LeaveOut,
    /// The extraction ends with an error, as soon as the element has arrived where it streams. The
    /// model is not asked again for anything, whatever [`validation_retries`](crate::Extraction::validation_retries) says.
    Stop,
}

/// An element that was left out of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BadItem {
    /// Where it stood in the list, from 0.
    pub index: usize,
    /// What it was.
    pub value: Value,
    /// What is wrong with it; the pointers begin at the whole value.
    pub problems: Vec<Problem>,
}

/// A list without its bad elements, which are found a few at a time: with some of them gone, the rest can
/// be read, and rules speak that did not before.
pub(super) struct RemainingItems {
    /// The value without them.
    pub(super) value: Value,
    /// Those that are out, in the order of the list.
    pub(super) bad: Vec<BadItem>,
    /// The original indices of the elements that are left.
    places: Vec<usize>,
}

impl RemainingItems {
    /// All elements of the list at this pointer. None where there is no list.
    pub(super) fn all(value: &Value, list: &str) -> Option<Self> {
        let count = value.pointer(list)?.as_array()?.len();
        Some(Self { value: value.clone(), bad: Vec::new(), places: (0..count).collect() })
    }

    /// Takes out the elements that have problems. None where something else has, too.
    pub(super) fn leave_out(mut self, list: &str, problems: &Problems) -> Option<Self> {
        let items = self.value.pointer_mut(list)?.as_array_mut()?;
        let mut found: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
        for problem in problems {
            let inside = problem.pointer.strip_prefix(list)?.strip_prefix('/')?;
            let (index, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
            let index: usize = index.parse().ok()?;
            let place = self.places.get(index)?;
            let at = format!("{list}/{place}{rest}");
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
