//! What becomes of the elements of a list that do not pass, when the others do.

use serde::Serialize;
use serde_json::Value;

use super::{Extraction, InputError};
use crate::contract::{Contract, Extract, Problem, Problems, reach};

/// What is done about an element of a list that does not pass.
///
/// ```
/// # use extract_core::{Client, Error, model::{Scripted, scripted::reply}};
/// # use serde_json::json;
/// use extract_core::extraction::BadItems;
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
    /// model is not asked again for anything, whatever [`retries`](crate::Extraction::retries) says.
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

impl<T: Extract> Extraction<T> {
    /// What is done about elements of the list that do not pass: of the value itself, or of the list
    /// that [`items_of`](Self::items_of) or [`items_at`](Self::items_at) names. Where there is no list,
    /// to leave elements out or to stop at one is [`InputError::NoList`], and nothing is asked.
    pub fn bad_items(mut self, policy: BadItems) -> Self {
        self.options.bad_items = policy;
        self
    }
}

/// The list whose bad elements are spoken of. One has to be there where the policy needs it.
pub(super) fn list_of(
    contract: &Contract,
    list: Option<String>,
    policy: BadItems,
) -> Result<String, InputError> {
    match list {
        _ if policy == BadItems::AskAgain => Ok(list.unwrap_or_default()),
        Some(list) if reach::is_list(contract, &list) => Ok(list),
        pointer => Err(InputError::NoList { pointer }),
    }
}

/// Takes the elements out of a list that have problems. `None` where something else has.
pub(super) fn leave_out(
    value: &Value,
    list: &str,
    problems: &Problems,
) -> Option<(Value, Vec<BadItem>)> {
    let mut kept = value.clone();
    let items = kept.pointer_mut(list)?.as_array_mut()?;
    let mut bad: Vec<BadItem> = Vec::new();
    for problem in problems {
        let inside = problem.pointer.strip_prefix(list)?.strip_prefix('/')?;
        let index: usize = inside.split('/').next()?.parse().ok()?;
        match bad.iter_mut().find(|item| item.index == index) {
            Some(item) => item.problems.push(problem.clone()),
            None => {
                let value = items.get(index)?.clone();
                bad.push(BadItem { index, value, problems: vec![problem.clone()] });
            }
        }
    }
    bad.sort_by_key(|item| item.index);
    let mut index = 0;
    items.retain(|_| {
        index += 1;
        bad.binary_search_by_key(&(index - 1), |item| item.index).is_err()
    });
    Some((kept, bad))
}
