//! Whether calls in a text are to be unwrapped for a schema, and the reading of their arguments.

use super::super::error::ReadError;
use super::super::report::{Level, Reading, Repair, RepairKind};
use super::super::strict;
use super::super::{Reader, thinking};
use super::{SHORT, WrittenCall, WrittenCalls, find_all, json, marks};
use crate::contract::shape::{Shape, ShapeId, ShapeKind};
use crate::contract::wrapper;

/// How deep in a schema an object is looked for that has the members of an envelope.
const DEEPEST: u32 = 6;

/// The calls that a text holds, of tools with these names, where one of these schemas is asked for. A
/// text that fits as it stands a schema that has the envelope's members itself holds no call.
pub(crate) fn calls_for(text: &str, offered: &[&str], shapes: &[&Shape]) -> WrittenCalls {
    if offered.is_empty() || !may_hold(text) {
        return WrittenCalls::None;
    }
    let Ok(answer) = thinking::answer(text) else { return WrittenCalls::None };
    let answer = answer.of(text);
    // A text that is asked for may speak of calls.
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

/// Whether a text can hold a call at all.
fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() < 2 * SHORT
        || memchr::memchr(b'<', bytes).is_some()
        || json::may_hold(text)
        || memchr::memmem::find(bytes, b"[TOOL_CALLS").is_some()
        || text.starts_with(">>>")
        || text.trim_start().starts_with('[') && marks::is_begun(text.trim_start())
}

/// Whether a text is asked for, by itself or wrapped.
fn is_text(shape: &Shape) -> bool {
    match shape.form(shape.root()) {
        ShapeKind::Text(_) => true,
        ShapeKind::Object(object) => match object.fields.as_slice() {
            [only] => {
                only.name == wrapper::KEY && matches!(shape.form(only.shape), ShapeKind::Text(_))
            }
            _ => false,
        },
        _ => false,
    }
}

fn begins(answer: &str) -> bool {
    let answer = answer.trim_start();
    answer.starts_with(['{', '[']) || answer.starts_with("```") || marks::at(answer).is_some()
}

/// Whether envelopes are the value itself: its type has the members of an envelope.
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

/// Whether a type has members of these names; with `open`, also where it takes any.
fn owns(shape: &Shape, id: ShapeId, keys: &(String, String), open: bool, deepest: u32) -> bool {
    let Some(deepest) = deepest.checked_sub(1) else { return false };
    let inside = |id| owns(shape, id, keys, open, deepest);
    match shape.form(id) {
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

/// Reads the arguments of the calls in a text, where there are such.
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
            let offered = names_in_words(reader.offered.iter().copied());
            let found = names_in_words(found.iter().map(String::as_str));
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

/// Names as they stand in a message.
pub(crate) fn names_in_words<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !all.contains(&name) && all.len() < 20 {
            all.push(name);
        }
    }
    all.join(", ")
}
