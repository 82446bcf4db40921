//! [`Live`]: a value that a reply fills while it arrives.

use std::sync::Arc;

use serde_json::Value;

use super::builder::PartialBuilder;
use super::cursor::SchemaCursor;
use crate::contract::shape::ShapeKind as ShapeForm;
use crate::contract::{Contract, Extract, LoweredContract};
use crate::partial::Partial;
use crate::partial::value::PartialNode;
use crate::reading::{AnswerStart, Scanner};

/// A value that a reply fills in place while it arrives: it takes fragments of text, and provides a
/// [`Partial`]. The cost of a fragment is proportional to its length, however long the text before it is.
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::partial::Live;
/// use std::collections::BTreeMap;
///
/// type Prices = BTreeMap<String, f64>;
/// let mut live = Live::<Prices>::new(Contract::of::<Prices>()?);
/// live.feed("Here you are: {\"value\": {\"tea\": 2.5, \"milk\": 1");
/// assert!(live.take_changed());
/// // A number is shown when it is whole: more digits could follow.
/// assert_eq!(live.partial().json(), serde_json::json!({"tea": 2.5}));
/// live.feed(".5}");
/// assert_eq!(live.partial().whole().unwrap()["milk"], 1.5);
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
#[derive(Debug)]
pub struct Live<T> {
    partial: Partial<T>,
    filling: Filling,
}

/// The part of the state that does not depend on the type.
#[derive(Debug)]
struct Filling {
    /// The text so far, while the answer has not begun.
    before: String,
    /// The search for the start of the answer.
    answer_start: AnswerStart,
    scanner: Scanner<PartialBuilder>,
    /// Whether the answer has begun.
    begun: bool,
    /// Whether something visible has changed since the flag was taken.
    changed: bool,
}

impl<T: Extract> Live<T> {
    /// Creates a pending value of a contract.
    pub fn new(contract: Arc<Contract>) -> Self {
        Self::with_form(contract, None)
    }

    /// Creates a pending value. `form` is the contract in the dialect of the schema that was sent; `None`
    /// if no schema was sent and the prompt describes it.
    #[doc(hidden)]
    pub fn with_form(contract: Arc<Contract>, form: Option<Arc<LoweredContract>>) -> Self {
        let builder = PartialBuilder::new(SchemaCursor::new(contract, form), T::seed());
        Self { partial: Partial::new(), filling: Filling::new(builder) }
    }

    /// Adds the next fragment of the reply's text, or of the arguments of a tool call. Skips reasoning,
    /// prose and a code fence before the answer.
    pub fn feed(&mut self, fragment: &str) {
        if self.filling.flow(self.partial.node_mut(), fragment) {
            return;
        }
        self.lend();
        self.filling.feed(fragment);
        self.lend();
    }

    /// Ends the reply: interprets text that waited for more text. Incomplete values stay as they are.
    pub fn end(&mut self) {
        self.lend();
        self.filling.end();
        self.lend();
    }

    /// Returns the value so far.
    pub fn partial(&self) -> &Partial<T> {
        &self.partial
    }

    /// Returns whether something visible has changed since the last call of this function.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.filling.changed)
    }

    /// Clears the value. The next fragment is the first of another reply to the same request.
    pub fn start_over(&mut self) {
        let guide = self.filling.scanner.sink().cursor.clone();
        self.restart(guide);
    }

    /// [`start_over`](Self::start_over), for a reply to another request with this form of the contract.
    #[doc(hidden)]
    pub fn begin(&mut self, form: Option<Arc<LoweredContract>>) {
        let contract = Arc::clone(self.filling.scanner.sink().cursor.contract());
        self.restart(SchemaCursor::new(contract, form));
    }

    fn restart(&mut self, guide: SchemaCursor) {
        let shown = self.partial != Partial::new();
        self.partial = Partial::new();
        self.filling = Filling::new(PartialBuilder::new(guide, T::seed()));
        self.filling.changed = shown;
    }

    /// Replaces the value so far by the final value, from its JSON in the type's shape.
    pub fn settle(&mut self, value: &Value) {
        let last = Partial::of(value);
        self.filling.changed |= last != self.partial;
        self.partial = last;
    }

    /// Moves the value from the [`Partial`] to the builder, or back.
    fn lend(&mut self) {
        self.filling.exchange(self.partial.node_mut());
    }
}

/// Creates a scanner that sends its events to the builder and knows the member names of its schema.
fn scanner(builder: PartialBuilder) -> Scanner<PartialBuilder> {
    let names = builder.cursor.shape().member_names();
    Scanner::new(builder).member_names(names)
}

impl Filling {
    fn new(builder: PartialBuilder) -> Self {
        let name = builder.cursor.contract().name().to_owned();
        Self {
            before: String::new(),
            answer_start: AnswerStart::offering([name]),
            scanner: scanner(builder),
            begun: false,
            changed: false,
        }
    }

    #[inline]
    /// Swaps a node with the root of the builder.
    fn exchange(&mut self, node: &mut PartialNode) {
        std::mem::swap(&mut self.scanner.sink_mut().root, node);
    }

    /// Adds a fragment that only continues a visible string. Returns `false` for any other fragment.
    #[inline]
    fn flow(&mut self, root: &mut PartialNode, fragment: &str) -> bool {
        let flows =
            self.begun && self.scanner.take_plain(fragment, |builder| builder.flow(root, fragment));
        if flows {
            let builder = self.scanner.sink_mut();
            builder.source.push_str(fragment);
            self.changed |= std::mem::take(&mut builder.changed);
        }
        flows
    }

    /// Adds a fragment: searches for the start of the answer, and scans the text from there on.
    fn feed(&mut self, fragment: &str) {
        if self.begun {
            self.scan(fragment);
            return;
        }
        self.before.push_str(fragment);
        let shape = self.scanner.sink().cursor.shape();
        let lists = !matches!(shape.kind(shape.root()), ShapeForm::Object(_));
        if let Some(start) = self.answer_start.find(&self.before, lists) {
            if self.scanner.is_done() {
                let builder = self.scanner.sink();
                self.scanner = scanner(PartialBuilder::new(builder.cursor.clone(), builder.seed));
            }
            self.begun = true;
            let before = std::mem::take(&mut self.before);
            self.scan(&before[start..]);
        }
    }

    fn scan(&mut self, text: &str) {
        if self.scanner.is_done() {
            return;
        }
        self.scanner.sink_mut().source.push_str(text);
        self.scanner.feed_eagerly(text);
        self.after();
    }

    fn end(&mut self) {
        if self.begun {
            self.scanner.end();
            self.after();
        }
    }

    #[inline]
    fn after(&mut self) {
        self.changed |= std::mem::take(&mut self.scanner.sink_mut().changed);
        if self.scanner.is_done() && self.begun {
            self.find_next_answer();
        }
    }

    /// If the answer shows nothing, for example `{so}` in prose, looks for another one behind it.
    fn find_next_answer(&mut self) {
        if self.scanner.sink_mut().is_empty() {
            let end = self.scanner.offset();
            let rest = self.scanner.sink().source.get(end..).unwrap_or_default().to_owned();
            (self.begun, self.answer_start) = (false, AnswerStart::next_value());
            self.feed(&rest);
        }
    }
}
