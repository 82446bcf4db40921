//! Finds tool calls that are written in a text, in the envelopes of all model families. Returns
//! their names and arguments as text. It knows the names of the offered tools, and does not parse
//! arguments.

mod ahead;
mod json;
mod marks;
mod tags;
mod unwrap;

pub(super) use ahead::{Ahead, answer_in_part, look_ahead, skip_mark, writes_tags};
pub(super) use unwrap::unwrapped;
pub(crate) use unwrap::{calls_for, format_names};

use super::thinking::{self, ValueEnd};
use crate::contract::shape::normal_name;
use marks::{CallMark, CallSyntax};

/// A tool call that was written as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenCall {
    /// The name of the offered tool, or the name as written if no offered tool matches.
    pub(crate) name: String,
    /// The arguments, as JSON or malformed JSON.
    pub(crate) arguments: String,
    /// Whether the name is that of an offered tool.
    offered: bool,
    /// The keys of the name and of the arguments, if the call is JSON without a mark around it.
    bare: Option<(String, String)>,
}

/// The tool calls in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrittenCalls {
    /// The text holds no calls.
    None,
    /// The text holds calls of offered tools only, in this order.
    Calls(Vec<WrittenCall>),
    /// The text holds calls of tools that were not offered, with these names.
    NotOffered(Vec<String>),
    /// The text ends inside a call, or holds a call that cannot be read.
    Incomplete,
}

/// The largest number of calls in one text.
const MOST: usize = 10_000;

/// The size in bytes below which a cut value may be an envelope without its arguments yet.
const SHORT: usize = 512;

/// The reason why an envelope yields no call.
enum Fault {
    /// The text is not an envelope of a call.
    NoCall,
    /// The envelope is cut, or cannot be read.
    Incomplete,
}

/// The calls of one envelope, with the offset after it.
struct ReadEnvelope {
    /// The names and arguments.
    calls: Vec<(String, String)>,
    end: usize,
}

/// Finds the calls in a text without thinking. Fails if a call is cut or cannot be read. It takes
/// linear time.
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

/// A search for the calls in a text.
struct Search<'t> {
    text: &'t str,
    offered: &'t [&'t str],
    /// Marks of a namespace were removed from the text.
    namespaced: bool,
    found: Vec<WrittenCall>,
    /// A call may be a value without a mark.
    has_json: bool,
    /// An unclosed bracket in prose was found, so values can no longer be told apart.
    astray: bool,
}

impl Search<'_> {
    /// Finds all calls. Fails if one is cut or cannot be read.
    fn run(&mut self) -> Result<(), ()> {
        let text = self.text;
        // The end of the latest mark that no call follows.
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

    /// Reads a call of Functionary 3.2, which begins with `>>>` and a name. Text for the user goes
    /// to the name `all`. Returns the offset after the call, or 0.
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

    /// Reads the call after a mark.
    fn after_mark(&self, row: &CallMark, at: usize) -> Result<ReadEnvelope, Fault> {
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

    /// Reads a call from a value without a mark. Returns the offset at which the search goes on.
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
        // A cut envelope may end before its arguments.
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
            // The first value is data, even if it is cut.
            Err(Fault::NoCall) if whole || is_first(text, at) => Ok(end),
            Err(Fault::NoCall) => {
                self.astray = true;
                Ok(at + 1)
            }
        }
    }

    /// Adds calls to the result. `bare` are the keys of a call without a mark.
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

/// Returns the offered name that a written name means: equal after removing template prefixes and
/// numbers, or equal in normal form. Returns `None` if none or several match.
fn offered_name<'o>(written: &str, offered: &[&'o str]) -> Option<&'o str> {
    let written = plain_name(written);
    if let Some(same) = offered.iter().find(|name| **name == written) {
        return Some(same);
    }
    let near = normal_name(written);
    let mut like = offered.iter().filter(|name| !near.is_empty() && normal_name(name) == near);
    let first = like.next()?;
    like.all(|other| other == first).then_some(first)
}

/// Returns a name without a prefix such as `functions.`, and without a suffix such as `:0`.
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

/// Returns whether a text can be the name of a tool.
fn is_name(text: &str) -> bool {
    let text = plain_name(text);
    !text.is_empty()
        && text.len() <= 128
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | ':' | '/'))
}

/// Returns whether backticks or quotation marks directly enclose a mark.
fn is_quoted(text: &str, at: usize, mark: &str) -> bool {
    let before = text[..at].chars().next_back();
    let behind = text[at + mark.len()..].chars().next();
    matches!((before, behind), (Some('`'), Some('`')) | (Some('"'), Some('"')))
}

/// Returns whether only a fence precedes this offset.
fn is_first(text: &str, at: usize) -> bool {
    let before = text[..at].trim();
    before.is_empty() || before.starts_with("```") && before.len() < 32
}
