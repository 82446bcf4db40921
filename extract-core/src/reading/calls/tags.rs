//! Reads calls whose arguments are tags, with one tag or a pair of tags for each argument. Also
//! reads Gemma's braces.

use std::borrow::Cow;

use super::super::thinking::floor;
use super::marks::TEXT_MARKS;
use super::{Fault, ReadEnvelope, is_name, json};

/// The deepest nesting of members.
const DEEPEST: u32 = 32;

/// A tag in the text.
struct Tag<'t> {
    /// The name of the tag, without a namespace prefix.
    name: &'t str,
    /// The name that the tag assigns, as in `<function=n>` or `<invoke name="n">`.
    of: Option<&'t str>,
    /// The content is a string and not JSON: `string="true"`.
    text: bool,
    closing: bool,
    /// The offset after the tag.
    end: usize,
}

/// Parses the tag at an offset. Returns `None` if no tag of at most 256 bytes is there.
fn tag(text: &str, at: usize) -> Option<Tag<'_>> {
    let inside = text.get(at..)?.strip_prefix('<')?;
    let window = &inside[..floor(inside, 256)];
    let close = window.find('>')?;
    let whole = &window[..close];
    let closing = whole.starts_with('/');
    let mut body = whole.trim_start_matches('/');
    for prefix in ["｜DSML｜", "antml:", "minimax:", "steptml:", "seed:"] {
        body = body.strip_prefix(prefix).unwrap_or(body);
    }
    let name_len = body
        .find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-' | '.')))
        .unwrap_or(body.len());
    let (name, rest) = body.split_at(name_len);
    let of = match rest.strip_prefix('=') {
        Some(of) => Some(of.trim().trim_matches(['"', '\''])),
        None => attribute(rest, "name="),
    };
    let text = attribute(rest, "string=") == Some("true");
    (!name.is_empty()).then_some(Tag { name, of, text, closing, end: at + 1 + close + 1 })
}

/// Returns the value of an attribute, without its quotation marks.
fn attribute<'t>(rest: &'t str, key: &str) -> Option<&'t str> {
    let behind = &rest[rest.find(key)? + key.len()..];
    match behind.chars().next()? {
        mark @ ('"' | '\'') => behind[1..].split(mark).next(),
        _ => behind.split_whitespace().next(),
    }
}

/// Reads `<invoke name="n"><parameter name="p">v</parameter></invoke>` and similar forms.
pub(super) fn parameters(text: &str, at: usize, namespaced: bool) -> Result<ReadEnvelope, Fault> {
    let Some(open) = tag(text, at) else {
        return Err(if text.len() - at < 256 { Fault::Incomplete } else { Fault::NoCall });
    };
    let Some(name) = open.of.filter(|name| is_name(name)) else { return Err(Fault::NoCall) };
    let mut members = Members::default();
    let mut here = skip_space(text, open.end);
    if text[here..].starts_with('{') {
        return json::arguments(text, here, name);
    }
    loop {
        let Some(next) = tag(text, here) else { return Err(Fault::Incomplete) };
        if next.closing {
            if next.name != open.name {
                return Err(Fault::Incomplete);
            }
            let calls = vec![(name.to_owned(), members.finish())];
            return Ok(ReadEnvelope { calls, end: next.end });
        }
        let parameter = matches!(next.name, "parameter" | "param") && next.of.is_some();
        here = match next.of {
            Some(of) if parameter => {
                let ends = [next.name, open.name];
                let (value, end) = value_of(text, next.end, next.name, &ends)?;
                members.push(of, &json_of(value, next.text));
                end
            }
            _ if namespaced => {
                let (value, end) = member(text, &next, DEEPEST)?;
                members.push(next.name, &value);
                end
            }
            _ => return Err(Fault::Incomplete),
        };
        here = skip_space(text, here);
    }
}

/// Returns the text up to the closing tag `name`, and the offset after that tag. The closing tag
/// counts only if a tag of `follow` comes next; otherwise it is a part of the text.
fn value_of<'t>(
    text: &'t str,
    from: usize,
    name: &str,
    follow: &[&str],
) -> Result<(&'t str, usize), Fault> {
    let mut at = from;
    while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
        let here = at + found;
        at = here + 1;
        let Some(close) = tag(text, here).filter(|tag| tag.closing && tag.name == name) else {
            continue;
        };
        let behind = tag(text, skip_space(text, close.end));
        if behind.is_some_and(|tag| follow.contains(&tag.name)) {
            return Ok((&text[from..here], close.end));
        }
    }
    Err(Fault::Incomplete)
}

/// Reads GLM's form: a name, then tags for keys and values.
pub(super) fn pairs(text: &str, at: usize) -> Result<ReadEnvelope, Fault> {
    let rest = &text[at..];
    let window = &rest[..floor(rest, 256)];
    let Some(end) = window.find(['\n', '<']) else {
        return Err(if rest.len() < 256 { Fault::Incomplete } else { Fault::NoCall });
    };
    let name = window[..end].trim();
    if !is_name(name) {
        return Err(Fault::NoCall);
    }
    let mut members = Members::default();
    let mut here = skip_space(text, at + end);
    loop {
        let Some(next) = tag(text, here) else {
            if text[here..].starts_with('{') {
                return json::arguments(text, here, name);
            }
            return Err(Fault::Incomplete);
        };
        if next.closing {
            let calls = vec![(name.to_owned(), members.finish())];
            return Ok(ReadEnvelope { calls, end: next.end });
        }
        if !next.name.ends_with("arg_key") {
            return Err(Fault::Incomplete);
        }
        let (key, end) = value_of(text, next.end, next.name, &["arg_value", "longcat_arg_value"])?;
        let open = tag(text, skip_space(text, end)).ok_or(Fault::Incomplete)?;
        let follow = [next.name, "tool_call", "longcat_tool_call"];
        let (value, end) = value_of(text, open.end, open.name, &follow)?;
        members.push(key.trim(), &json_of(value, false));
        here = skip_space(text, end);
    }
}

/// Reads a member that is an element. Returns its value as JSON, and the offset after it.
fn member(text: &str, open: &Tag<'_>, deepest: u32) -> Result<(String, usize), Fault> {
    let deepest = deepest.checked_sub(1).ok_or(Fault::Incomplete)?;
    let first = skip_space(text, open.end);
    let nested = tag(text, first).is_some_and(|tag| !tag.closing);
    if !nested {
        let close = text[open.end..].find("</").ok_or(Fault::Incomplete)? + open.end;
        let end = tag(text, close).filter(|tag| tag.name == open.name).ok_or(Fault::Incomplete)?;
        return Ok((json_of(&text[open.end..close], false), end.end));
    }
    let mut members = Members::default();
    let mut items = Vec::new();
    let mut here = first;
    loop {
        let next = tag(text, here).ok_or(Fault::Incomplete)?;
        if next.closing {
            if next.name != open.name || !items.is_empty() && !members.is_empty() {
                return Err(Fault::Incomplete);
            }
            let list = !items.is_empty();
            let value = if list { format!("[{}]", items.join(",")) } else { members.finish() };
            return Ok((value, next.end));
        }
        let (value, end) = member(text, &next, deepest)?;
        if next.name == "item" {
            items.push(value);
        } else {
            members.push(next.name, &value);
        }
        here = skip_space(text, end);
    }
}

/// Reads Gemma's form: `call:n{key:<escape>text<escape>,other:1}`.
pub(super) fn braces(text: &str, at: usize) -> Result<ReadEnvelope, Fault> {
    let rest = &text[at..];
    let Some(called) = rest.strip_prefix("call:") else {
        let begun = "call:".starts_with(rest) || rest.len() < 5;
        return Err(if begun { Fault::Incomplete } else { Fault::NoCall });
    };
    let window = &called[..floor(called, 256)];
    let Some(brace) = window.find('{') else { return Err(Fault::Incomplete) };
    let name = window[..brace].trim();
    if !is_name(name) {
        return Err(Fault::NoCall);
    }
    let mut here = at + 5 + brace;
    let mut arguments = String::new();
    let mut depth = 0_usize;
    loop {
        let rest = &text[here..];
        let Some(char) = rest.chars().next() else { return Err(Fault::Incomplete) };
        if let Some(mark) = TEXT_MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            let inside = &rest[mark.len()..];
            let len = inside.find(mark).ok_or(Fault::Incomplete)?;
            arguments.push_str(&quoted(&inside[..len]));
            here += mark.len() + len + mark.len();
            continue;
        }
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        arguments.push(char);
        here += char.len_utf8();
        if depth == 0 {
            return Ok(ReadEnvelope { calls: vec![(name.to_owned(), arguments)], end: here });
        }
    }
}

/// A JSON object that is written member by member.
#[derive(Default)]
struct Members(String);

impl Members {
    /// Appends a member. `value` is JSON.
    fn push(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(value);
    }

    /// Returns whether the object has no members.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the object as JSON.
    fn finish(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" }
    }
}

/// Returns the text of a parameter as JSON. Objects and lists stay as they are; any other text
/// becomes a string, which the reader converts to the schema. `text` says that it is always a
/// string.
fn json_of(value: &str, text: bool) -> String {
    let inner = value.strip_prefix("\r\n").or_else(|| value.strip_prefix('\n')).unwrap_or(value);
    let inner = inner.strip_suffix('\n').unwrap_or(inner);
    let inner = inner.strip_suffix('\r').unwrap_or(inner);
    let trimmed = inner.trim();
    let opens = trimmed.starts_with(['{', '[']);
    if !text && opens && serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok() {
        return trimmed.to_owned();
    }
    quoted(inner)
}

/// Returns a text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(Cow::from(text)).to_string()
}

/// Returns the offset of the next character that is not white space.
fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    text.len() - rest.trim_start().len()
}
