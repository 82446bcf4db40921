//! Reads one part of an answer that is still arriving. Collects the scanner's events until the part
//! is whole, then converts it to its subschema.

use serde_json::{Number, Value};

use super::fit::Fitter;
use super::report::Level;
use super::scan::{Limits, Sink, Token};
use super::tree::{NONE, Tree, number};
use crate::contract::shape::{Shape, ShapeId};

/// Holds the tree of one part of an answer. It receives the events of this part only.
#[derive(Debug)]
pub(crate) struct PartReader(Tree);

impl PartReader {
    /// Creates a reader that has received no events.
    pub(crate) fn new() -> Self {
        Self(Tree::new())
    }

    /// Returns the sink that receives the events.
    pub(crate) fn sink(&mut self) -> &mut impl Sink {
        &mut self.0
    }

    /// Returns the value, converted to the shape `id`, or `None` if it does not fit. `source` is
    /// the text that the offsets of the events refer to.
    pub(crate) fn fit(mut self, source: &str, shape: &Shape, id: ShapeId) -> Option<Value> {
        self.0.sort_notes();
        let root = self.0.root;
        if root == NONE {
            return None;
        }
        Fitter::new(source, self.0, shape, Level::default(), Limits::default()).build_for(root, id)
    }
}

/// Returns the number of a [`Token::Number`], or `None` for another token or a number out of range.
pub(crate) fn json_number(token: Token, text: &str) -> Option<Number> {
    if token == Token::Number { number(text) } else { None }
}
