//! A reply that the limit of tokens cut off, up to its last complete element: the rest is dropped and the open
//! brackets are closed, so that it is read as any other reply.

use std::sync::Arc;

use crate::contract::shape::MemberNames;
use crate::conversation::{Block, Reply, StopReason, ToolCall};
use crate::reading::{AnswerScan, Container, Sink, Token, TokenRole};

/// A reply up to its last complete element.
pub(in crate::extraction) struct CutReply {
    pub(in crate::extraction) reply: Reply,
    pub(in crate::extraction) place: CutPlace,
}

/// The place at which a reply was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::extraction) enum CutPlace {
    /// In a list, behind its last complete element. Holds the JSON pointer of the outermost open list, in the
    /// sent shape.
    List(String),
    /// In an object, behind its last complete member, with no list open. Holds the JSON pointer of the object,
    /// in the sent shape.
    Members(String),
}

/// Drops the end of a reply that was cut off, from behind its last complete element. Of several calls, the last
/// one is cut off. `names` are the tools that were offered, and `members` the names of members.
///
/// `None` if no element and no member is complete, or if the value itself is complete.
pub(in crate::extraction) fn cut_back(
    reply: &Reply,
    names: &[&str],
    members: Option<&Arc<MemberNames>>,
) -> Option<CutReply> {
    let close = |text: &str| {
        let scan = AnswerScan::new(OpenPath::default()).member_names(members.cloned());
        let mut scan = scan.offering(names.iter().map(|name| (*name).to_owned()));
        scan.feed_str(text);
        scan.sink().closed(text)
    };
    let mut blocks = reply.blocks.clone();
    let is_call = |block: &Block| matches!(block, Block::ToolCall(_));
    let place = match blocks.iter().rposition(is_call).and_then(|at| blocks.get_mut(at)) {
        Some(Block::ToolCall(call)) => {
            let (text, place) = close(&call.arguments)?;
            *call = ToolCall::new(call.id.clone(), call.name.clone(), text);
            place
        }
        _ => {
            let (text, place) = close(&reply.text())?;
            blocks.retain(|block| !matches!(block, Block::Text(_)));
            blocks.push(Block::Text(text));
            place
        }
    };
    let reply = Reply { blocks, stop: StopReason::Stop, state: None, ..reply.clone() };
    Some(CutReply { reply, place })
}

/// The open containers of a text that is arriving, from the root.
#[derive(Debug, Default)]
struct OpenPath {
    open: Vec<OpenContainer>,
    /// Whether the string that is being read is a key.
    in_key: bool,
    /// The text cannot be cut and closed: a brace is missing in it.
    is_odd: bool,
}

#[derive(Debug)]
struct OpenContainer {
    container: Container,
    /// The last key.
    key: String,
    /// The end of the last complete element or member.
    end: Option<usize>,
    /// The end of a string or a token, which is complete when something follows it.
    held: Option<usize>,
}

impl OpenPath {
    /// Returns the text up to the last complete element of the outermost open list; without an open list, up
    /// to the last complete member of the innermost object that has one.
    fn closed(&self, text: &str) -> Option<(String, CutPlace)> {
        let is_list = |open: &OpenContainer| open.container == Container::Array;
        let list = self.open.iter().position(is_list);
        let depth = match list {
            Some(list) => list,
            None => self.open.iter().rposition(|open| open.end.is_some())?,
        };
        let end = self.open.get(depth)?.end.filter(|_| !self.is_odd)?;
        let mut closed = text.get(..end)?.to_owned();
        let mut path = String::new();
        for open in self.open.get(..=depth)?.iter().rev() {
            closed.push(if is_list(open) { ']' } else { '}' });
        }
        for open in self.open.get(..depth)? {
            crate::schema::push_segment(&mut path, &open.key);
        }
        let place = if list.is_some() { CutPlace::List(path) } else { CutPlace::Members(path) };
        Some((closed, place))
    }

    /// Completes the string or the token before the one that begins now.
    fn settle(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.end = open.held.take().or(open.end);
        }
    }

    fn hold(&mut self, at: usize, whole: bool) {
        if let Some(open) = self.open.last_mut().filter(|_| whole) {
            open.held = Some(at);
        }
    }
}

impl Sink for OpenPath {
    fn open(&mut self, container: Container, _: usize) {
        self.settle();
        self.open.push(OpenContainer { container, key: String::new(), end: None, held: None });
    }

    fn close(&mut self, at: usize, whole: bool) {
        self.open.pop();
        if let Some(open) = self.open.last_mut().filter(|_| whole) {
            open.end = Some(at);
        }
    }

    fn string_begin(&mut self, role: TokenRole, _: usize) {
        self.settle();
        self.in_key = role == TokenRole::Key;
        if let Some(open) = self.open.last_mut().filter(|_| self.in_key) {
            open.key.clear();
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut().filter(|_| self.in_key) {
            open.key.push_str(text);
        }
    }

    fn retract(&mut self, bytes: usize) {
        if let Some(open) = self.open.last_mut().filter(|_| self.in_key) {
            open.key.truncate(open.key.len().saturating_sub(bytes));
        }
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        if !std::mem::take(&mut self.in_key) {
            self.hold(at, whole);
        }
    }

    fn string_became_key(&mut self) {
        self.is_odd = true;
    }

    fn scalar(&mut self, token: Token, _: &str, span: (usize, usize), whole: bool) {
        self.settle();
        match (token, self.open.last_mut()) {
            // Any other token may turn out to be a key.
            (Token::Null | Token::True | Token::False | Token::Number, Some(open)) if whole => {
                open.end = Some(span.1);
            }
            _ => self.hold(span.1, whole && token != Token::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Option<(String, CutPlace)> {
        let reply = Reply::new(vec![Block::Text(text.to_owned())], StopReason::Length);
        cut_back(&reply, &["answer"], None).map(|cut| (cut.reply.text(), cut.place))
    }

    #[test]
    fn the_last_complete_element_of_the_outermost_list_is_kept() {
        let list = |path: &str| CutPlace::List(path.to_owned());
        for (text, closed, place) in [
            (r#"{"value": [1, 2, 30"#, r#"{"value": [1, 2]}"#, list("/value")),
            (r"[[1], [2], [3", "[[1], [2]]", list("")),
            (
                r#"Here: {"a": "x", "rows": [{"n": 1}, {"n": 2}, {"n"#,
                r#"Here: {"a": "x", "rows": [{"n": 1}, {"n": 2}]}"#,
                list("/rows"),
            ),
            (
                r#"{"a": {"rows": [{"n": [1]}, {"n": [1, 2"#,
                r#"{"a": {"rows": [{"n": [1]}]}}"#,
                list("/a/rows"),
            ),
            (r#"{"rows": ["a]", "b\"", "c"#, r#"{"rows": ["a]", "b\""]}"#, list("/rows")),
            (
                r#"{"rows": [1, 2], "total": 12, "note": "ab"#,
                r#"{"rows": [1, 2], "total": 12}"#,
                CutPlace::Members(String::new()),
            ),
            (
                r#"{"rows": [1, 2], "note": {"a": "#,
                r#"{"rows": [1, 2]}"#,
                CutPlace::Members(String::new()),
            ),
            (
                r#"{"a": {"rows": [1, 2], "b": 1, "c": "#,
                r#"{"a": {"rows": [1, 2], "b": 1}}"#,
                CutPlace::Members("/a".to_owned()),
            ),
        ] {
            assert_eq!(cut(text), Some((closed.to_owned(), place)), "{text}");
        }
        for text in
            ["", "Well", "{", r#"{"rows": ["#, r#"{"rows": [{"n": 1"#, r#"{"rows": [1]} and"#]
        {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
