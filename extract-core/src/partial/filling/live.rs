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

/// A value that a reply fills while it arrives: fragments of its text in, a [`Partial`] out, in
/// place. A fragment costs what it is long, however much came before it.
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::partial::Live;
/// use std::collections::BTreeMap;
///
/// type Prices = BTreeMap<String, f64>;
/// let mut live = Live::<Prices>::new(Contract::of::<Prices>()?, None);
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

/// What is the same for all types.
#[derive(Debug)]
struct Filling {
    /// The text before the answer.
    before: String,
    beginning: AnswerStart,
    scanner: Scanner<PartialBuilder>,
    begun: bool,
    changed: bool,
}

impl<T: Extract> Live<T> {
    /// A value of which nothing has come. `form` is the schema that was sent, where it was; `None`
    /// where it was told in words.
    pub fn new(contract: Arc<Contract>, form: Option<Arc<LoweredContract>>) -> Self {
        let hand = PartialBuilder::new(SchemaCursor::new(contract, form), T::seed());
        Self { partial: Partial::new(), filling: Filling::new(hand) }
    }

    /// Takes the next fragment of the reply's text, or of the arguments of a tool call. Reasoning,
    /// prose and a fence before the answer are passed over.
    pub fn feed(&mut self, fragment: &str) {
        if self.filling.flow(self.partial.node_mut(), fragment) {
            return;
        }
        self.lend();
        self.filling.feed(fragment);
        self.lend();
    }

    /// The reply is over: decides what waited for more text to be decided. What is not complete
    /// then stays as it is.
    pub fn end(&mut self) {
        self.lend();
        self.filling.end();
        self.lend();
    }

    /// The value so far.
    pub fn partial(&self) -> &Partial<T> {
        &self.partial
    }

    /// Whether something that is shown has changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.filling.changed)
    }

    /// Forgets everything: the next fragment is the first of another reply.
    pub fn start_over(&mut self) {
        let guide = self.filling.scanner.sink().guide.clone();
        self.restart(guide);
    }

    /// [`start_over`](Self::start_over), for a reply to another request.
    pub fn begin(&mut self, form: Option<Arc<LoweredContract>>) {
        let contract = Arc::clone(self.filling.scanner.sink().guide.contract());
        self.restart(SchemaCursor::new(contract, form));
    }

    fn restart(&mut self, guide: SchemaCursor) {
        let shown = self.partial != Partial::new();
        self.partial = Partial::new();
        self.filling = Filling::new(PartialBuilder::new(guide, T::seed()));
        self.filling.changed = shown;
    }

    /// Sets the final value, given as JSON in the type's own shape.
    pub fn settle(&mut self, value: &Value) {
        let last = Partial::of(value);
        self.filling.changed |= last != self.partial;
        self.partial = last;
    }

    /// The hand has the value while it fills it.
    fn lend(&mut self) {
        self.filling.exchange(self.partial.node_mut());
    }
}

/// The scanner that tells the hand, with the names that its schema knows.
fn scanner(hand: PartialBuilder) -> Scanner<PartialBuilder> {
    let names = hand.guide.shape().member_names();
    Scanner::new(hand).member_names(names)
}

impl Filling {
    fn new(hand: PartialBuilder) -> Self {
        let name = hand.guide.contract().name().to_owned();
        Self {
            before: String::new(),
            beginning: AnswerStart::offering([name]),
            scanner: scanner(hand),
            begun: false,
            changed: false,
        }
    }

    #[inline]
    fn exchange(&mut self, node: &mut PartialNode) {
        std::mem::swap(&mut self.scanner.sink_mut().root, node);
    }

    /// Takes a fragment that is nothing but more of a string that is shown; false where it is not.
    #[inline]
    fn flow(&mut self, root: &mut PartialNode, fragment: &str) -> bool {
        let flows =
            self.begun && self.scanner.take_plain(fragment, |hand| hand.flow(root, fragment));
        if flows {
            let hand = self.scanner.sink_mut();
            hand.source.push_str(fragment);
            self.changed |= std::mem::take(&mut hand.changed);
        }
        flows
    }

    fn feed(&mut self, fragment: &str) {
        if self.begun {
            self.scan(fragment);
            return;
        }
        self.before.push_str(fragment);
        let shape = self.scanner.sink().guide.shape();
        let lists = !matches!(shape.kind(shape.root()), ShapeForm::Object(_));
        if let Some(start) = self.beginning.find(&self.before, lists) {
            if self.scanner.is_done() {
                let hand = self.scanner.sink();
                self.scanner = scanner(PartialBuilder::new(hand.guide.clone(), hand.seed));
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
            self.look_behind();
        }
    }

    /// Where the answer shows nothing, `{so}` in prose, another may stand behind it.
    fn look_behind(&mut self) {
        if self.scanner.sink_mut().is_empty() {
            let end = self.scanner.offset();
            let rest = self.scanner.sink().source.get(end..).unwrap_or_default().to_owned();
            (self.begun, self.beginning) = (false, AnswerStart::next_value());
            self.feed(&rest);
        }
    }
}
