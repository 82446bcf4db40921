//! Reads calls whose arguments are JSON: after a mark, after a name, or in one object with the
//! name.

use super::super::candidates;
use super::super::report::CutEnding;
use super::super::scan::Limits;
use super::super::tree::{Kind, NONE, NodeId, Tree};
use super::marks::{self, MESSAGE, SEPARATOR};
use super::{Fault, ReadEnvelope, is_name, offered_name};

/// The keys of a tool's name.
pub(super) const NAMES: [&str; 5] = ["name", "function", "tool", "tool_name", "recipient_name"];

/// The keys of a tool's arguments.
pub(super) const ARGUMENTS: [&str; 5] = ["arguments", "parameters", "input", "args", "tool_input"];

/// The keys of a call inside another object.
pub(super) const INSIDE: [&str; 6] =
    ["function", "tool_calls", "tool_call", "function_call", "function_calls", "tool_uses"];

/// The keys that a call may have besides these.
const BESIDE: [&str; 8] =
    ["id", "type", "index", "call_id", "tool_call_id", "role", "content", "status"];

/// The deepest nesting of calls in lists and objects.
const DEEPEST: u32 = 4;

/// Returns whether a text can hold a call as JSON: it has a key of arguments.
pub(super) fn may_hold(text: &str) -> bool {
    ARGUMENTS.iter().any(|key| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

/// A call that was found in a value.
struct FoundCall {
    name: String,
    arguments: String,
    /// The offset after the arguments.
    end: usize,
    /// The keys of the name and of the arguments.
    keys: (String, String),
}

/// The result of looking for calls in a value.
enum CallContent {
    /// The value holds these calls.
    Calls(Vec<FoundCall>),
    /// The value holds no call.
    Nothing,
    /// The text ends inside a call.
    Cut,
}

/// A value that was scanned in a text.
struct Value<'t> {
    text: &'t str,
    tree: Tree,
    root: NodeId,
    ending: CutEnding,
    end: usize,
    offered: &'t [&'t str],
}

impl<'t> Value<'t> {
    /// Scans the value at an offset. Returns `None` if there is none.
    fn scan(text: &'t str, at: usize, offered: &'t [&'t str]) -> Option<Self> {
        let (tree, found) = candidates::scan_at(text, at, Tree::new(), Limits::default(), false);
        let found = found.ok().filter(|found| found.root != NONE)?;
        Some(Self { text, tree, root: found.root, ending: found.ending, end: found.end, offered })
    }

    /// Returns the calls in a node. If it is `marked`, a mark precedes the value, and any name
    /// counts as a tool's.
    fn calls(&self, id: NodeId, marked: bool, depth: u32) -> CallContent {
        let node = self.tree.node(id);
        if depth > DEEPEST {
            return CallContent::Nothing;
        }
        match node.kind {
            Kind::List => {
                let mut all = Vec::new();
                for child in self.tree.children(id) {
                    match self.calls(child, marked, depth + 1) {
                        CallContent::Calls(calls) => all.extend(calls),
                        other => return other,
                    }
                }
                match (all.is_empty(), node.cut) {
                    (true, _) => CallContent::Nothing,
                    // More elements could follow.
                    (false, true) => CallContent::Cut,
                    (false, false) => CallContent::Calls(all),
                }
            }
            Kind::Object => self.call(id, marked, depth),
            _ => CallContent::Nothing,
        }
    }

    /// Returns the call that an object is, or the calls in its member.
    fn call(&self, id: NodeId, marked: bool, depth: u32) -> CallContent {
        let key_in = |keys: &[&str], child: NodeId| keys.contains(&self.tree.key(child));
        let mut name = None;
        let mut arguments = None;
        let mut inside = None;
        let mut others = false;
        for child in self.tree.children(id) {
            let node = self.tree.node(child);
            let is_text = matches!(node.kind, Kind::Text | Kind::Bare);
            if is_text && !node.cut && key_in(&NAMES, child) && name.is_none() {
                name = Some(child);
            } else if key_in(&ARGUMENTS, child) && arguments.is_none() {
                arguments = Some(child);
            } else if matches!(node.kind, Kind::Object | Kind::List) && key_in(&INSIDE, child) {
                inside = Some(child);
            } else {
                others |= !key_in(&BESIDE, child);
            }
        }
        if let (Some(inside), None) = (inside, arguments) {
            return if others {
                CallContent::Nothing
            } else {
                self.calls(inside, marked, depth + 1)
            };
        }
        let Some(name) = name else {
            return if marked && self.tree.node(id).cut {
                CallContent::Cut
            } else {
                CallContent::Nothing
            };
        };
        let written = self.tree.text(name);
        let offered = offered_name(written, self.offered).is_some();
        if !(offered || is_name(written) && (marked || !others)) {
            return CallContent::Nothing;
        }
        let Some(arguments) = arguments else {
            let cut = self.tree.node(id).cut && (marked || offered);
            return if cut { CallContent::Cut } else { CallContent::Nothing };
        };
        let node = self.tree.node(arguments);
        let text = match node.kind {
            Kind::Object | Kind::List if !node.cut => {
                self.text.get(node.start as usize..node.end as usize).map(str::to_owned)
            }
            Kind::Object | Kind::List => return CallContent::Cut,
            Kind::Text if node.cut => return CallContent::Cut,
            Kind::Text => {
                let text = self.tree.text(arguments).trim();
                let json = text.starts_with('{');
                match text {
                    "" if offered || marked => Some("{}".to_owned()),
                    _ => (json || offered || marked).then(|| text.to_owned()),
                }
            }
            Kind::Null if node.last => return CallContent::Cut,
            Kind::Null => (offered || marked).then(|| "{}".to_owned()),
            Kind::Missing if marked || offered => return CallContent::Cut,
            _ => None,
        };
        let Some(text) = text else { return CallContent::Nothing };
        let keys = (self.tree.key(name).to_owned(), self.tree.key(arguments).to_owned());
        let found =
            FoundCall { name: written.to_owned(), arguments: text, end: node.end as usize, keys };
        CallContent::Calls(vec![found])
    }

    /// Returns the offset at which the search goes on: after the value, or after the arguments if
    /// the value ran on over other marks.
    fn end(&self, calls: &[FoundCall]) -> usize {
        let last = calls.iter().map(|call| call.end).max().unwrap_or(self.end);
        let over = self.text.get(last..self.end).is_some_and(|text| text.contains('<'));
        if over { last } else { self.end }
    }
}

/// Reads the calls in the value after a mark.
pub(super) fn marked(text: &str, at: usize, offered: &[&str]) -> Result<ReadEnvelope, Fault> {
    let Some(value) = Value::scan(text, at, offered) else { return Err(Fault::Incomplete) };
    match value.calls(value.root, true, 0) {
        CallContent::Calls(found) => {
            let end = value.end(&found);
            let calls = found.into_iter().map(|call| (call.name, call.arguments)).collect();
            Ok(ReadEnvelope { calls, end })
        }
        CallContent::Nothing if value.ending == CutEnding::Whole => Err(Fault::NoCall),
        CallContent::Nothing | CallContent::Cut => Err(Fault::Incomplete),
    }
}

/// Reads the calls in a value without a mark. Also returns the keys of the name and of the
/// arguments.
pub(super) fn bare(
    text: &str,
    at: usize,
    whole: bool,
    offered: &[&str],
) -> Result<(ReadEnvelope, (String, String)), Fault> {
    let Some(value) = Value::scan(text, at, offered) else { return Err(Fault::NoCall) };
    match value.calls(value.root, false, 0) {
        CallContent::Calls(found) => {
            let Some(keys) = found.first().map(|call| call.keys.clone()) else {
                return Err(Fault::NoCall);
            };
            let end = value.end(&found);
            let calls = found.into_iter().map(|call| (call.name, call.arguments)).collect();
            Ok((ReadEnvelope { calls, end }, keys))
        }
        CallContent::Cut if !whole => Err(Fault::Incomplete),
        _ => Err(Fault::NoCall),
    }
}

/// Reads a name up to a separator, and the arguments after the last separator.
pub(super) fn named(text: &str, at: usize, separators: &[&str]) -> Result<ReadEnvelope, Fault> {
    let mut name = None;
    let mut here = at;
    for separator in separators {
        let rest = &text[here..];
        let window = &rest[..super::thinking::floor(rest, 256)];
        if let Some(found) = window.find(separator) {
            name.get_or_insert(&text[here..here + found]);
            // The brace belongs to the arguments.
            here += found + if *separator == "{" { 0 } else { separator.len() };
        }
    }
    let Some(name) = name.map(str::trim) else {
        return Err(if text.len() - at < 256 { Fault::Incomplete } else { Fault::NoCall });
    };
    if !is_name(name) {
        return Err(Fault::NoCall);
    }
    arguments(text, here, name)
}

/// Reads DeepSeek's form: `function`, the separator, the name and a block; or the name, the
/// separator and JSON.
pub(super) fn separated(text: &str, at: usize) -> Result<ReadEnvelope, Fault> {
    let rest = &text[at..];
    let window = &rest[..super::thinking::floor(rest, 256)];
    let Some(found) = window.find(SEPARATOR) else { return Err(Fault::Incomplete) };
    let (word, here) = (window[..found].trim(), at + found + SEPARATOR.len());
    if text[here..].trim_start().starts_with('{') {
        return arguments(text, here, word);
    }
    let line = text[here..].find(['\n', '{', '`']).ok_or(Fault::Incomplete)?;
    let name = text[here..here + line].trim();
    if is_name(name) { arguments(text, here + line, name) } else { Err(Fault::NoCall) }
}

/// Reads harmony's form: the header names the recipient.
pub(super) fn header(text: &str, at: usize) -> Result<ReadEnvelope, Fault> {
    let rest = &text[at..];
    let window = &rest[..super::thinking::floor(rest, 256)];
    let Some(message) = window.find(MESSAGE) else { return Err(Fault::Incomplete) };
    // The recipient may precede the channel.
    let before = text[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
    let name = [&window[..message], before].into_iter().find_map(|header| {
        let (_, behind) = header.split_once("to=")?;
        Some(
            behind.split(|char: char| char.is_whitespace() || char == '<').next().unwrap_or(behind),
        )
    });
    match name {
        Some(name) if is_name(name) => arguments(text, at + message + MESSAGE.len(), name),
        _ => Err(Fault::NoCall),
    }
}

/// Reads the arguments of a call after its name, in a fence or not.
pub(super) fn arguments(text: &str, at: usize, name: &str) -> Result<ReadEnvelope, Fault> {
    let mut here = at + (text[at..].len() - text[at..].trim_start().len());
    if let Some(fenced) = text[here..].strip_prefix("```") {
        let tag = fenced.find(|char: char| !char.is_alphanumeric()).unwrap_or(fenced.len());
        let body = &fenced[tag..];
        here = text.len() - body.trim_start().len();
    }
    if !text[here..].starts_with(['{', '[']) || marks::at(&text[here..]).is_some() {
        return Err(Fault::Incomplete);
    }
    let value = Value::scan(text, here, &[]).ok_or(Fault::Incomplete)?;
    let node = value.tree.node(value.root);
    if node.cut || value.ending != CutEnding::Whole {
        return Err(Fault::Incomplete);
    }
    let arguments = text.get(here..value.end).unwrap_or_default().to_owned();
    Ok(ReadEnvelope { calls: vec![(name.to_owned(), arguments)], end: value.end })
}
