//! The beginning of an envelope in a text that is still arriving: where the arguments begin, so that
//! what is shown of the value is never what the envelope holds.

use super::super::error::ReadError;
use super::super::{Reader, thinking};
use super::json::{ARGUMENTS, INSIDE, NAMES};
use super::marks;
use crate::contract::shape::normal;

/// Returns the begin of the answer in a text that is cut off, and the text without the end of a turn. In an
/// envelope of what was offered it begins with the arguments.
///
/// # Errors
///
/// If there is no answer yet.
pub(in crate::reading) fn answer_in_part<'t>(
    text: &'t str,
    reader: &Reader<'_>,
) -> Result<(usize, &'t str), ReadError> {
    let answer = thinking::answer(text)?;
    let text = &text[..answer.end];
    let rest = &text[answer.start..];
    let offered: Vec<String> = reader.offered.iter().map(|name| (*name).to_owned()).collect();
    if !offered.is_empty() {
        let bracket = rest.find(['{', '[']).unwrap_or(rest.len());
        if writes_tags(&rest[..bracket]) {
            return Err(ReadError::CutCall);
        }
        match look_ahead(&rest[bracket..], &offered) {
            Ahead::Arguments(inside) => return Ok((answer.start + bracket + inside, text)),
            Ahead::Silent => return Err(ReadError::CutCall),
            Ahead::Data | Ahead::Undecided => {}
        }
    }
    Ok((answer.start, text))
}

/// The kind of value that begins at a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Ahead {
    /// A value.
    Data,
    /// That cannot be told yet.
    Undecided,
    /// An envelope, whose arguments begin so far behind the bracket.
    Arguments(usize),
    /// An envelope whose arguments are not told as they come.
    Silent,
}

/// How much of a text is looked at to tell an envelope.
const WINDOW: usize = 512;

/// Tells whether an envelope of one of the offered names begins here. It reads no further than a
/// few hundred bytes.
pub(in crate::reading) fn look_ahead(rest: &str, offered: &[String]) -> Ahead {
    if offered.is_empty() {
        return Ahead::Data;
    }
    let window = &rest[..thinking::floor(rest, WINDOW)];
    let mut look = LookAhead { text: window, at: 0, offered, sure: false };
    match look.value() {
        Err(Ahead::Undecided) if window.len() >= WINDOW - 4 => Ahead::Data,
        Err(other) => other,
        Ok(()) => Ahead::Arguments(look.at),
    }
}

struct LookAhead<'t> {
    text: &'t str,
    at: usize,
    offered: &'t [String],
    /// The text so far is that of a call.
    sure: bool,
}

impl LookAhead<'_> {
    /// Goes to the arguments of the first call in a value.
    fn value(&mut self) -> Result<(), Ahead> {
        match self.next()? {
            '[' => self.value(),
            '{' => self.members(),
            _ => Err(Ahead::Data),
        }
    }

    fn members(&mut self) -> Result<(), Ahead> {
        loop {
            let key = self.string(|_| true)?;
            if self.next()? != ':' {
                return Err(Ahead::Data);
            }
            if INSIDE.contains(&key.as_str()) {
                if let '{' | '[' = self.peek()? {
                    self.sure = true;
                    return self.value();
                }
            }
            if NAMES.contains(&key.as_str()) {
                let offered: Vec<String> = self.offered.iter().map(|name| normal(name)).collect();
                let can_be = |written: &str| {
                    let written = normal(super::plain_name(written));
                    offered.iter().any(|name| name.starts_with(&written))
                };
                let name = normal(super::plain_name(&self.string(can_be)?));
                if !offered.contains(&name) {
                    return Err(Ahead::Data);
                }
                return self.arguments();
            }
            let is_id = key == "tool_call_id" || key == "id" && self.sure;
            if !is_id && key != "type" {
                return Err(Ahead::Data);
            }
            let kinds = ["function", "tool_use", "tool_call", "function_call"];
            let can_be =
                |written: &str| key != "type" || kinds.iter().any(|kind| kind.starts_with(written));
            self.string(can_be)?;
            self.sure = true;
            if self.next()? != ',' {
                return Err(Ahead::Data);
            }
        }
    }

    /// Behind the name.
    fn arguments(&mut self) -> Result<(), Ahead> {
        if self.next()? != ',' {
            return Err(Ahead::Data);
        }
        let key = self.string(|written| ARGUMENTS.iter().any(|key| key.starts_with(written)))?;
        if !ARGUMENTS.contains(&key.as_str()) || self.next()? != ':' {
            return Err(Ahead::Data);
        }
        match self.peek()? {
            '{' | '[' => Ok(()),
            _ => Err(Ahead::Silent),
        }
    }

    /// The next character that is no space.
    fn next(&mut self) -> Result<char, Ahead> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Ok(next)
    }

    fn peek(&mut self) -> Result<char, Ahead> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next().ok_or(Ahead::Undecided)
    }

    /// A string without escapes; data as soon as it can be none that is wanted.
    fn string(&mut self, can_be: impl Fn(&str) -> bool) -> Result<String, Ahead> {
        let mark = self.next()?;
        if !matches!(mark, '"' | '\'') {
            return Err(Ahead::Data);
        }
        let rest = &self.text[self.at..];
        let end = rest.find(mark);
        let written = &rest[..end.unwrap_or(rest.len())];
        if written.contains('\\') || !can_be(written) {
            return Err(Ahead::Data);
        }
        let end = end.ok_or(Ahead::Undecided)?;
        self.at += end + 1;
        Ok(written.to_owned())
    }
}

/// How long a mark is that stands at a bracket and is no value: `[TOOL_CALLS]`. `None` while that
/// cannot be told.
pub(in crate::reading) fn skip_mark(rest: &str) -> Option<usize> {
    let mut undecided = false;
    for mark in ["[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"] {
        if rest.starts_with(mark) {
            return Some(mark.len());
        }
        undecided |= mark.starts_with(rest);
    }
    if undecided { None } else { Some(0) }
}

/// Whether calls are written in this text whose arguments are tags, or in braces of their own.
pub(in crate::reading) fn writes_tags(before: &str) -> bool {
    ["invoke name=", "<parameter", "<arg_key>", "call:", marks::NAMESPACE]
        .iter()
        .any(|mark| memchr::memmem::find(before.as_bytes(), mark.as_bytes()).is_some())
}
