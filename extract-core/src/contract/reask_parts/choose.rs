//! Chooses the smallest parts of a value that hold all of its problems and can be asked for alone.

use serde_json::Value;

use super::locate::{PathNode, path};
use crate::contract::{Contract, Problem};

/// The largest element, in bytes of JSON, that is asked for as a whole, since its members belong together.
/// Of a larger element only the wrong member is asked for. The same holds for entries of maps.
const ELEMENT: usize = 1024;

/// The most parts of one request.
const MOST: usize = 100;

/// Returns the parts in the order of their first problems. `None` if a problem belongs to no part, if there
/// is no problem, or if there are too many parts.
pub(super) fn choose<'a>(
    whole: &Contract,
    value: &'a Value,
    problems: impl IntoIterator<Item = &'a Problem>,
) -> Option<Vec<PathNode<'a>>> {
    let mut parts: Vec<PathNode<'a>> = Vec::new();
    for problem in problems {
        if parts.iter().any(|part| holds(&part.pointer, &problem.pointer)) {
            continue;
        }
        let part = smallest(path(whole.tree(), whole.node(), value, &problem.pointer))?;
        parts.retain(|other| !holds(&part.pointer, &other.pointer));
        parts.push(part);
        if parts.len() > MOST {
            return None;
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Returns the innermost element of a list or a map if it is small enough, otherwise the last node of the
/// path. `None` if the path is empty.
fn smallest(mut stops: Vec<PathNode<'_>>) -> Option<PathNode<'_>> {
    let is_moderate =
        |stop: &PathNode<'_>| stop.value.is_none_or(|value| value.to_string().len() <= ELEMENT);
    let element = stops.iter().rposition(|stop| stop.is_element);
    match element.filter(|index| stops.get(*index).is_some_and(is_moderate)) {
        Some(index) => Some(stops.swap_remove(index)),
        None => stops.pop(),
    }
}

/// Returns whether `inner` points at the value at `outer`, or into it.
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
