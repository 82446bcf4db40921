//! Choosing: the smallest parts of a value that hold all of its problems and can stand alone.

use serde_json::Value;

use super::locate::{PathNode, path};
use crate::contract::{Contract, Problem};

/// An element of a list or a map that is no larger, in bytes of JSON, is asked for as a whole: what
/// is in it belongs together. Of a larger one only the member that is wrong is asked for.
const ELEMENT: usize = 1024;

/// The most parts that are asked for at once.
const MOST: usize = 100;

/// The parts, in the order of their first problems; `None` where the value itself is one.
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

/// The last place on the way that is an element of moderate size, or else the last place.
fn smallest(mut stops: Vec<PathNode<'_>>) -> Option<PathNode<'_>> {
    let is_moderate =
        |stop: &PathNode<'_>| stop.value.is_none_or(|value| value.to_string().len() <= ELEMENT);
    let element = stops.iter().rposition(|stop| stop.is_element);
    match element.filter(|index| stops.get(*index).is_some_and(is_moderate)) {
        Some(index) => Some(stops.swap_remove(index)),
        None => stops.pop(),
    }
}

/// Whether one place is another, or around it.
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
