//! Strings that are shown as they grow: what is sure to belong to them is added in place, what may
//! not is held back.

use super::frame::{Inside, Role, Spot};
use super::hand::Hand;
use crate::contract::partial::{Place, State, Store};
use crate::contract::shape::Form;
use crate::reading::Container;

/// What becomes of the string that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    Passed,
    Key,
    /// It is shown as it grows. Its place begins this deep in the path.
    Grows(usize),
    /// It is converted when it is whole.
    Held(Spot),
}

impl Hand {
    /// A string that is shown as it grows, where it is one; says how deep its place begins.
    pub(super) fn grows(&mut self, spot: Spot) -> Option<usize> {
        let textual =
            matches!(self.guide.form(self.guide.peel(spot.shape)), Form::Text(_) | Form::Any);
        if spot.role != Role::Part || spot.whole || !textual || !self.guide.is_same(spot.step) {
            return None;
        }
        let base = self.path.len();
        self.descend(spot.seed);
        let grows = matches!(self.here(), Some(Place { store: Store::Text(_), .. }));
        if !grows {
            self.path.truncate(base);
        }
        grows.then_some(base)
    }

    /// Adds to the string that grows, but for what may turn out not to be part of it: white space
    /// at its end, and a comma before that.
    pub(super) fn push(&mut self, base: usize, text: &str) {
        let ends = text.as_bytes().last();
        if self.held.is_empty() && !matches!(ends, Some(b' ' | b'\t' | b'\r' | b'\n' | b',')) {
            self.append(base, "", text);
            return;
        }
        let space = |char| matches!(char, ' ' | '\t' | '\r' | '\n');
        let solid = text.trim_end_matches(space);
        let loose = solid.len() - usize::from(solid.ends_with(','));
        if loose == 0 && solid.is_empty() {
            self.held.push_str(text);
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.append(base, &held, &text[..loose]);
        self.held = held;
        self.held.clear();
        self.held.push_str(&text[loose..]);
    }

    fn append(&mut self, base: usize, held: &str, more: &str) {
        /// What the allocator gives to the shortest strings as well.
        const SHORT: usize = 24;
        if held.is_empty() && more.is_empty() {
            return;
        }
        let Some(Place { store: Store::Text(text), shown, .. }) = self.here() else { return };
        let fresh = !*shown;
        if text.is_empty() {
            text.reserve(SHORT.max(more.len()));
        }
        text.push_str(held);
        text.push_str(more);
        if fresh {
            self.reveal(base, State::Incomplete);
            self.hidden = self.is_hidden();
        }
        self.changed |= !self.hidden;
    }

    pub(super) fn string_whole(&mut self, base: usize) {
        let held = std::mem::take(&mut self.held);
        let alone = self.path.len() == base;
        if let Some(Place { store: Store::Text(text), shown, state }) = self.here() {
            text.push_str(&held);
            (*shown, *state) = (true, State::Complete);
        }
        self.held = held;
        self.held.clear();
        if alone {
            self.tell(self.frames.len());
        } else {
            self.reveal(base, State::Complete);
        }
        self.touch();
    }

    /// The string that ended last, an element of a list, is the key of an object's first member.
    pub(super) fn reopen(&mut self) {
        let Some(frame) = self.frames.last() else { return };
        let (depth, pairs) = (frame.depth, frame.inside == Inside::Pairs);
        let mut key = std::mem::take(&mut self.held);
        if let Some(Place { store: Store::Text(text), .. }) = self.here() {
            key.clone_from(text);
        }
        self.path.truncate(depth);
        // Of a pair there is nothing yet.
        if let Some(parts) = self.here().and_then(Place::parts_mut).filter(|_| !pairs) {
            parts.withdraw();
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.expected = frame.expected.saturating_sub(1);
        }
        let spot = self.next_spot();
        self.enter(spot, Container::Object, self.string_at);
        if self.part.is_some() {
            self.say_key(&key);
        } else if self.passed == 0 {
            self.key = key;
            self.member();
        }
    }
}
