//! Calls that stand in a text, in the envelopes of all families: which tools they call, and with
//! which arguments. Knows the names that were offered; reads no arguments.

mod ahead;
mod json;
mod marks;
mod tags;
mod unwrap;

pub(super) use ahead::{Ahead, answer_in_part, look_ahead, skip_mark, writes_tags};
pub(super) use unwrap::unwrapped;
pub(crate) use unwrap::{calls_for, names_in_words};

use super::thinking::{self, ValueEnd};
use crate::contract::shape::normal;
use marks::{CallMark, CallSyntax};

/// A call that was written as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenCall {
    /// The name of the tool, as it was offered; as it was written, where it was not.
    pub(crate) name: String,
    /// The arguments, as JSON or nearly.
    pub(crate) arguments: String,
    offered: bool,
    /// The keys of name and arguments, where it is JSON without any mark around it.
    bare: Option<(String, String)>,
}

/// The calls that a text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrittenCalls {
    /// There are none.
    None,
    /// Calls of what was offered, in their order.
    Calls(Vec<WrittenCall>),
    /// There are calls, and some are of tools that were not offered: of these.
    NotOffered(Vec<String>),
    /// The text ends inside a call, or a call in it cannot be read.
    Incomplete,
}

/// The most calls that are taken from one text.
const MOST: usize = 10_000;

/// A text of fewer bytes may be cut in an envelope before the arguments.
const SHORT: usize = 512;

/// Why an envelope gives no call.
enum Fault {
    /// It is none.
    NoCall,
    /// It ends in the middle, or cannot be read.
    Incomplete,
}

/// One envelope that was read.
struct Read {
    calls: Vec<(String, String)>,
    end: usize,
}

/// The calls of a text without thinking. Linear in the text.
pub(super) fn find_all(text: &str, offered: &[&str]) -> Result<Vec<WrittenCall>, ()> {
    let without;
    let (text, namespaced) =
        if memchr::memmem::find(text.as_bytes(), marks::NAMESPACE.as_bytes()).is_some() {
            without = text.replace(marks::NAMESPACE, "");
            (without.as_str(), true)
        } else {
            (text, false)
        };
    let mut search = Search {
        text,
        offered,
        namespaced,
        found: Vec::new(),
        has_json: json::may_hold(text),
        astray: false,
    };
    search.run()?;
    Ok(search.found)
}

struct Search<'t> {
    text: &'t str,
    offered: &'t [&'t str],
    namespaced: bool,
    found: Vec<WrittenCall>,
    /// A call may stand in a value that no mark stands around.
    has_json: bool,
    /// A bracket in prose was never closed: values are not told from each other any more.
    astray: bool,
}

impl Search<'_> {
    fn run(&mut self) -> Result<(), ()> {
        let text = self.text;
        // The end of the latest mark without a call behind it.
        let mut idle: Option<usize> = None;
        let mut at = self.functionary()?;
        while let Some(sign) = memchr::memchr3(b'<', b'[', b'{', &text.as_bytes()[at..]) {
            at += sign;
            let rest = &text[at..];
            if let Some(row) = marks::at(rest).filter(|row| !is_quoted(text, at, row.open)) {
                let inside = at + row.open.len();
                match self.after_mark(row, at) {
                    Ok(read) => {
                        idle = None;
                        at = read.end.max(inside);
                        self.take(read.calls, None);
                    }
                    Err(Fault::NoCall) => {
                        if matches!(row.form, CallSyntax::Json | CallSyntax::Pairs) {
                            idle = Some(inside);
                        }
                        at = inside;
                    }
                    Err(Fault::Incomplete) => return Err(()),
                }
            } else if marks::is_begun(rest) {
                return Err(());
            } else if rest.starts_with('<') {
                at += 1;
            } else {
                idle = None;
                at = self.without_mark(at)?;
            }
            if self.found.len() > MOST {
                return Err(());
            }
        }
        let tail = text.rfind("]<").map(|at| &text[at..]);
        if tail.is_some_and(|tail| marks::NAMESPACE.starts_with(tail)) {
            return Err(());
        }
        match idle {
            Some(_) if self.found.is_empty() => Err(()),
            _ => Ok(()),
        }
    }

    /// Functionary 3.2 begins with a name behind `>>>`; text for the user goes to `all`.
    fn functionary(&mut self) -> Result<usize, ()> {
        let Some(header) = self.text.strip_prefix(">>>") else { return Ok(0) };
        let name = header.lines().next().unwrap_or_default();
        if name == "all" || !is_name(name) || name.contains(char::is_whitespace) {
            return Ok(0);
        }
        match json::named(self.text, 3, &["\n"]) {
            Ok(read) => {
                self.take(read.calls, None);
                Ok(read.end)
            }
            Err(_) => Err(()),
        }
    }

    /// Reads what stands behind a mark.
    fn after_mark(&self, row: &CallMark, at: usize) -> Result<Read, Fault> {
        let text = self.text;
        let inside = at + row.open.len();
        let here = inside + (text[inside..].len() - text[inside..].trim_start().len());
        let rest = &text[here..];
        if rest.is_empty() {
            return Err(Fault::Incomplete);
        }
        let json = rest.starts_with(['{', '[']) && marks::at(rest).is_none();
        if json && matches!(row.form, CallSyntax::Json | CallSyntax::Pairs | CallSyntax::Named(_)) {
            return json::marked(text, here, self.offered);
        }
        match row.form {
            CallSyntax::Json => Err(Fault::NoCall),
            CallSyntax::Named(separators) => json::named(text, inside, separators),
            CallSyntax::Separated => json::separated(text, inside),
            CallSyntax::Header => json::header(text, at),
            CallSyntax::Pairs if rest.starts_with('<') => Err(Fault::NoCall),
            CallSyntax::Pairs => tags::pairs(text, here),
            CallSyntax::Parameters => tags::parameters(text, at, self.namespaced),
            CallSyntax::Braces => tags::braces(text, here),
        }
    }

    /// Reads a value that stands in no mark, and says where to go on.
    fn without_mark(&mut self, at: usize) -> Result<usize, ()> {
        let text = self.text;
        if self.astray {
            return Ok(at + 1);
        }
        let (end, whole) = match thinking::value_end(text, at) {
            ValueEnd::At(end) => (end, true),
            ValueEnd::Mark(end) => (end, false),
            ValueEnd::Never => (text.len(), false),
        };
        // Cut short, an envelope may not have come to its arguments.
        let begun = !whole && text.len() - at < SHORT;
        let read = if self.has_json || begun {
            json::bare(&text[..end], at, whole, self.offered)
        } else {
            Err(Fault::NoCall)
        };
        match read {
            Ok((read, keys)) => {
                self.take(read.calls, Some(&keys));
                Ok(read.end.max(at + 1))
            }
            Err(Fault::Incomplete) => Err(()),
            // The first value is data, also if it is cut.
            Err(Fault::NoCall) if whole || is_first(text, at) => Ok(end),
            Err(Fault::NoCall) => {
                self.astray = true;
                Ok(at + 1)
            }
        }
    }

    fn take(&mut self, calls: Vec<(String, String)>, bare: Option<&(String, String)>) {
        for (name, arguments) in calls {
            let offered = offered_name(&name, self.offered);
            self.found.push(WrittenCall {
                offered: offered.is_some(),
                name: offered.unwrap_or(plain_name(&name)).to_owned(),
                arguments,
                bare: bare.cloned(),
            });
        }
    }
}

/// The name among those offered that a written one means: exactly, without the prefix and the number
/// that some templates add, or by near spelling.
fn offered_name<'o>(written: &str, offered: &[&'o str]) -> Option<&'o str> {
    let written = plain_name(written);
    if let Some(same) = offered.iter().find(|name| **name == written) {
        return Some(same);
    }
    let near = normal(written);
    let mut like = offered.iter().filter(|name| !near.is_empty() && normal(name) == near);
    let first = like.next()?;
    like.all(|other| other == first).then_some(first)
}

/// A name without `functions.` before it and `:0` behind it.
fn plain_name(written: &str) -> &str {
    let mut name = written.trim().trim_matches(['"', '\'', '`']);
    for prefix in ["functions.", "function.", "default_api.", "tools."] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    match name.rsplit_once(':') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    }
}

/// Whether a text can be the name of a tool.
fn is_name(text: &str) -> bool {
    let text = plain_name(text);
    !text.is_empty()
        && text.len() <= 128
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | ':' | '/'))
}

fn is_quoted(text: &str, at: usize, mark: &str) -> bool {
    let before = text[..at].chars().next_back();
    let behind = text[at + mark.len()..].chars().next();
    matches!((before, behind), (Some('`'), Some('`')) | (Some('"'), Some('"')))
}

/// Whether nothing but a fence stands before this place.
fn is_first(text: &str, at: usize) -> bool {
    let before = text[..at].trim();
    before.is_empty() || before.starts_with("```") && before.len() < 32
}
