//! Decides whether the calls in a text are unwrapped for a schema, and reads their arguments.

use super::super::error::ReadError;
use super::super::report::{Level, Reading, Repair, RepairKind};
use super::super::{Reader, strict, thinking};
use super::{SHORT, WrittenCall, WrittenCalls, find_all, json, marks};
use crate::contract::shape::{Shape, ShapeId, ShapeKind};
use crate::contract::wrapper;

/// The deepest level of a schema at which members with the names of an envelope are searched for.
const DEEPEST: u32 = 6;

/// Finds the calls in a text, and whether all of them are of offered tools. `shapes` are the schemas
/// of the expected values. If one of them has an envelope's members itself, a text that fits it as
/// written holds no call.
pub(crate) fn calls_for(text: &str, offered: &[&str], shapes: &[&Shape]) -> WrittenCalls {
    if offered.is_empty() || !may_hold(text) {
        return WrittenCalls::None;
    }
    let Ok(answer) = thinking::answer(text) else { return WrittenCalls::None };
    let answer = answer.of(text);
    // If a string is expected, its text may mention calls.
    if shapes.iter().all(|shape| is_text(shape)) && !begins(answer) {
        return WrittenCalls::None;
    }
    let Ok(calls) = find_all(answer, offered) else { return WrittenCalls::Incomplete };
    if calls.is_empty() || shapes.iter().any(|shape| is_data(answer, &calls, shape)) {
        return WrittenCalls::None;
    }
    if calls.iter().all(|call| call.offered) {
        return WrittenCalls::Calls(calls);
    }
    let others = calls.into_iter().filter(|call| !call.offered);
    WrittenCalls::NotOffered(others.map(|call| call.name).collect())
}

/// Returns whether a text can hold a call at all.
fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() < 2 * SHORT
        || memchr::memchr(b'<', bytes).is_some()
        || json::may_hold(text)
        || memchr::memmem::find(bytes, b"[TOOL_CALLS").is_some()
        || text.starts_with(">>>")
        || text.trim_start().starts_with('[') && marks::is_begun(text.trim_start())
}

/// Returns whether the schema expects a string, bare or in the wrapper object.
fn is_text(shape: &Shape) -> bool {
    match shape.kind(shape.root()) {
        ShapeKind::Text(_) => true,
        ShapeKind::Object(object) => match object.fields.as_slice() {
            [only] => {
                only.name == wrapper::KEY && matches!(shape.kind(only.shape), ShapeKind::Text(_))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Returns whether a text begins with a value, a fence or the mark of a call.
fn begins(answer: &str) -> bool {
    let answer = answer.trim_start();
    answer.starts_with(['{', '[']) || answer.starts_with("```") || marks::at(answer).is_some()
}

/// Returns whether the envelopes are the value itself, because its type has their members.
fn is_data(answer: &str, calls: &[WrittenCall], shape: &Shape) -> bool {
    let owns = |open: bool| {
        calls.iter().all(|call| {
            call.bare.as_ref().is_some_and(|keys| owns(shape, shape.root(), keys, open, DEEPEST))
        })
    };
    if calls.iter().all(|call| call.offered) {
        let fits = || {
            let parsed = strict::parse(answer);
            parsed.is_ok_and(|parsed| parsed.is_plain && strict::fits(&parsed.value, shape))
        };
        return owns(false) && fits();
    }
    owns(true)
}

/// Returns whether a type has members with both names. With `open`, types that take any member
/// count too.
fn owns(shape: &Shape, id: ShapeId, keys: &(String, String), open: bool, deepest: u32) -> bool {
    let Some(deepest) = deepest.checked_sub(1) else { return false };
    let inside = |id| owns(shape, id, keys, open, deepest);
    match shape.kind(id) {
        ShapeKind::Any => open,
        ShapeKind::List(list) => list.items.is_some_and(inside),
        ShapeKind::Union(union) => union.options.iter().any(|&option| inside(option)),
        ShapeKind::Object(object) => {
            let has = |key: &str| object.fields.iter().any(|field| field.name == key);
            let both = has(&keys.0) && has(&keys.1);
            let only = match object.fields.as_slice() {
                [only] => inside(only.shape),
                _ => false,
            };
            both || only || open && object.has_others()
        }
        _ => false,
    }
}

/// Reads the arguments of the calls in a text. Returns `None` if the text holds no call.
pub(in crate::reading) fn unwrapped(
    reader: &Reader<'_>,
    text: &str,
) -> Option<Result<Reading, ReadError>> {
    if reader.offered.is_empty()
        || reader.level == Level::Strict
        || text.len() > reader.limits.bytes
    {
        return None;
    }
    let calls = match calls_for(text, reader.offered, &[reader.shape]) {
        WrittenCalls::None => return None,
        WrittenCalls::Calls(calls) => calls,
        WrittenCalls::Incomplete => return Some(Err(ReadError::CutCall)),
        WrittenCalls::NotOffered(found) => {
            let offered = format_names(reader.offered.iter().copied());
            let found = format_names(found.iter().map(String::as_str));
            return Some(Err(ReadError::OtherCall { offered, found }));
        }
    };
    let inner = Reader { offered: &[], ..*reader };
    let arguments: Vec<&str> = calls.iter().map(|call| call.arguments.as_str()).collect();
    let joined = arguments.join("\n");
    let read = match arguments.as_slice() {
        [_] => inner.read_arguments(&joined),
        _ => inner.read(&joined),
    };
    Some(read.map(|mut reading| {
        reading.repairs.insert(0, Repair::of_whole(RepairKind::Envelope, text, &joined));
        reading
    }))
}

/// Formats names as a list for a message.
pub(crate) fn format_names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !all.contains(&name) && all.len() < 20 {
            all.push(name);
        }
    }
    all.join(", ")
}
