//! Finds the elements of one list in a reply that is arriving.

use std::collections::VecDeque;
use std::ops::Range;

use crate::reading::{Container, Sink, Token, TokenRole};

/// Receives the scanner's events and records the byte range of each element of one list, once it is
/// complete. A string or a token without quotation marks is complete when something follows it, because a
/// string may turn out to be a key.
#[derive(Debug, Default)]
pub(super) struct ElementSpans {
    /// The keys and indices that lead to the list.
    path: Vec<String>,
    /// The number of open containers.
    depth: usize,
    /// The open containers on the path, from the root.
    way: Vec<PathStep>,
    /// The last key.
    key: String,
    /// Whether the string that is being read is a key.
    in_key: bool,
    /// The progress of the list.
    list: List,
    /// The byte offset of the element that is being read.
    begun: Option<usize>,
    /// A string or a token that is an element, unless it turns out to be a key.
    held: Option<Range<usize>>,
    /// The complete elements that have not been taken.
    closed: VecDeque<Range<usize>>,
}

/// An open container on the path.
#[derive(Debug, Clone, Copy)]
enum PathStep {
    Members,
    /// An array, with the number of its elements that have begun.
    Elements(usize),
}

/// The progress of the list.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum List {
    #[default]
    Before,
    /// Inside the list. Holds the depth of its elements.
    Open(usize),
    After,
}

impl ElementSpans {
    /// Creates a sink for the list at the path.
    pub(super) fn of(path: Vec<String>) -> Self {
        Self { path, ..Self::default() }
    }

    /// Takes the next complete element.
    pub(super) fn take(&mut self) -> Option<Range<usize>> {
        self.closed.pop_front()
    }

    /// Whether the value that begins or ends now is an element.
    fn is_element(&self) -> bool {
        self.list == List::Open(self.depth)
    }

    /// Completes the element that was held back.
    fn settle(&mut self) {
        self.closed.extend(self.held.take());
    }

    /// Whether the container that opens now is the list.
    fn is_the_list(&self, container: Container) -> bool {
        if self.list != List::Before || container != Container::Array {
            return false;
        }
        // A model may leave out the object around a list.
        let bare = self.depth == 0 && self.path.len() <= 1;
        bare || self.depth > 0 && self.depth == self.path.len() && self.leads()
    }

    /// Whether the value that begins now is on the path.
    fn leads(&self) -> bool {
        let Some(before) = self.depth.checked_sub(1) else { return true };
        let name = self.path.get(before).filter(|_| self.way.len() == self.depth);
        name.zip(self.way.last()).is_some_and(|(name, way)| match way {
            PathStep::Members => *name == self.key,
            PathStep::Elements(begun) => *name == (begun - 1).to_string(),
        })
    }

    /// Counts a value that begins, if it is in an array on the path.
    fn count(&mut self) {
        if self.way.len() == self.depth {
            if let Some(PathStep::Elements(begun)) = self.way.last_mut() {
                *begun += 1;
            }
        }
    }
}

impl Sink for ElementSpans {
    fn open(&mut self, container: Container, at: usize) {
        self.count();
        if self.is_element() {
            self.settle();
            self.begun = Some(at);
        } else if self.is_the_list(container) {
            self.list = List::Open(self.depth + 1);
        } else if self.list == List::Before && self.depth < self.path.len() && self.leads() {
            self.way.push(match container {
                Container::Object => PathStep::Members,
                Container::Array => PathStep::Elements(0),
            });
        }
        self.depth += 1;
    }

    fn close(&mut self, at: usize, whole: bool) {
        if let List::Open(depth) = self.list {
            if depth == self.depth {
                self.settle();
                self.list = List::After;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        self.way.truncate(self.depth);
        if self.is_element() {
            if let (Some(begun), true) = (self.begun.take(), whole) {
                self.closed.push_back(begun..at);
            }
        }
    }

    fn string_begin(&mut self, role: TokenRole, at: usize) {
        self.in_key = role == TokenRole::Key;
        if self.in_key {
            self.key.clear();
            return;
        }
        self.count();
        if self.is_element() {
            self.settle();
            self.begun = Some(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_key {
            self.key.push_str(text);
        }
    }

    fn retract(&mut self, bytes: usize) {
        if self.in_key {
            self.key.truncate(self.key.len().saturating_sub(bytes));
        }
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        if !std::mem::take(&mut self.in_key) && self.is_element() {
            if let (Some(begun), true) = (self.begun.take(), whole) {
                self.held = Some(begun..at);
            }
        }
    }

    fn string_became_key(&mut self) {
        // The string was the first key of an element whose brace is missing.
        if self.is_element() {
            self.begun = self.held.take().map(|held| held.start);
        }
        self.depth += 1;
    }

    fn scalar(&mut self, token: Token, _: &str, span: (usize, usize), whole: bool) {
        self.count();
        if self.is_element() {
            self.settle();
            if whole && token != Token::Missing {
                self.held = Some(span.0..span.1);
            }
        }
    }
}
