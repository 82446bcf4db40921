//! A part of an answer that is still arriving: gathered from the scanner's events until it is whole,
//! then converted for its own place of the schema.

use serde_json::{Number, Value};

use super::fit::Fitter;
use super::report::Level;
use super::scan::{Limits, Sink, Token};
use super::tree::{NONE, Tree, number};
use crate::contract::shape::{Shape, ShapeId};

/// A part of an answer. It is told the events of this part only.
#[derive(Debug)]
pub(crate) struct PartReader(Tree);

impl PartReader {
    pub(crate) fn new() -> Self {
        Self(Tree::new())
    }

    /// Takes the events.
    pub(crate) fn sink(&mut self) -> &mut impl Sink {
        &mut self.0
    }

    /// The value, if it fits. `source` is the text whose offsets the events had.
    pub(crate) fn fit(mut self, source: &str, shape: &Shape, id: ShapeId) -> Option<Value> {
        self.0.settle();
        let root = self.0.root;
        if root == NONE {
            return None;
        }
        Fitter::new(source, self.0, shape, Level::default(), Limits::default()).build_for(root, id)
    }
}

/// A number as JSON writes it.
pub(crate) fn json_number(token: Token, text: &str) -> Option<Number> {
    if token == Token::Number { number(text) } else { None }
}
