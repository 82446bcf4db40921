//! Examines the beginning of an envelope in an incoming text, and finds where the arguments begin.
//! A partial value then never shows the envelope itself.

use super::super::error::ReadError;
use super::super::{Reader, thinking};
use super::json::{ARGUMENTS, INSIDE, NAMES};
use super::marks;
use crate::contract::shape::normal_name;

/// Returns the start of the answer in a text that is cut off, and the text without the tokens that
/// end a turn. In an envelope of an offered tool the answer starts with the arguments.
///
/// # Errors
///
/// Returns an error if there is no answer yet.
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
    /// A value that is not an envelope.
    Data,
    /// More text is needed to decide.
    Undecided,
    /// An envelope, with the offset of its arguments from the bracket.
    Arguments(usize),
    /// An envelope whose arguments cannot be streamed.
    Silent,
}

/// The number of bytes that are examined to recognise an envelope.
const WINDOW: usize = 512;

/// Returns whether an envelope of an offered tool begins here. It examines at most [`WINDOW`]
/// bytes; without a decision the value is data.
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

/// A position in the beginning of a value.
struct LookAhead<'t> {
    text: &'t str,
    at: usize,
    offered: &'t [String],
    /// The text so far can only be a call.
    sure: bool,
}

impl LookAhead<'_> {
    /// Moves to the arguments of the first call in a value.
    fn value(&mut self) -> Result<(), Ahead> {
        match self.next()? {
            '[' => self.value(),
            '{' => self.members(),
            _ => Err(Ahead::Data),
        }
    }

    /// Moves to the arguments of the call in an object.
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
                let offered: Vec<String> =
                    self.offered.iter().map(|name| normal_name(name)).collect();
                let can_be = |written: &str| {
                    let written = normal_name(super::plain_name(written));
                    offered.iter().any(|name| name.starts_with(&written))
                };
                let name = normal_name(super::plain_name(&self.string(can_be)?));
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

    /// Moves to the arguments, after the name.
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

    /// Returns the next character that is not white space, and moves past it.
    fn next(&mut self) -> Result<char, Ahead> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Ok(next)
    }

    /// Returns the next character that is not white space, and moves to it.
    fn peek(&mut self) -> Result<char, Ahead> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next().ok_or(Ahead::Undecided)
    }

    /// Reads a string without escapes. Returns [`Ahead::Data`] as an error as soon as `can_be`
    /// rejects it.
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

/// Returns the length of a mark in square brackets, such as `[TOOL_CALLS]`, at the start of the
/// text; 0 if there is none. Returns `None` if more text is needed to decide.
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

/// Returns whether the text holds a call whose arguments are tags, or are in Gemma's braces.
pub(in crate::reading) fn writes_tags(before: &str) -> bool {
    ["invoke name=", "<parameter", "<arg_key>", "call:", marks::NAMESPACE]
        .iter()
        .any(|mark| memchr::memmem::find(before.as_bytes(), mark.as_bytes()).is_some())
}
