//! Places on their way down: where a place of a type's own value is found in the value that is sent.

use serde_json::Value;

use super::lowered::Lowered;
use super::plan::{OtherSteps, SAME, Step, StepId, TUPLE_REST, VALUE};
use super::transform::Transformer;
use crate::schema::{push_segment, segments};

impl Lowered {
    /// The JSON pointer of a place of `value`, which is of the type's own shape, in the value that
    /// [`lower_value`](Self::lower_value) makes of it. A place that is not there (a member that is
    /// missing) is one of the sent value that is not there; a place inside of what is sent as text is
    /// the text.
    ///
    /// ```
    /// use extract_llm::contract::dialect::{lower, Dialect};
    /// use serde_json::json;
    ///
    /// let schema = json!({
    ///     "type": "object",
    ///     "properties": {"scores": {"type": "object", "additionalProperties": {"type": "number"}}},
    ///     "required": ["scores"],
    /// });
    /// let lowered = lower(&schema, &Dialect::OPENAI_STRICT)?;
    /// let own = json!({"scores": {"art": 2, "math": "one"}});
    /// assert_eq!(lowered.sent_pointer(&own, "/scores/math"), "/scores/1/value");
    /// assert_eq!(lowered.lower_value(own)["scores"][1]["value"], "one");
    /// # Ok::<(), extract_llm::contract::dialect::DialectError>(())
    /// ```
    pub fn sent_pointer(&self, value: &Value, pointer: &str) -> String {
        self.trace(value).follow(pointer)
    }

    /// Follows several pointers into one value.
    pub(crate) fn trace<'a>(&'a self, value: &'a Value) -> LoweredPointer<'a> {
        let turner = Transformer::new(&self.plan, &self.tree, value);
        LoweredPointer { turner, value, sent: String::new() }
    }
}

/// Places of one value on their way down.
pub(crate) struct LoweredPointer<'a> {
    turner: Transformer<'a>,
    value: &'a Value,
    sent: String,
}

impl LoweredPointer<'_> {
    /// The pointer of a place in the value that is sent.
    pub(crate) fn follow(&mut self, pointer: &str) -> String {
        self.descend_into(pointer);
        std::mem::take(&mut self.sent)
    }

    fn descend_into(&mut self, pointer: &str) -> Option<()> {
        let (mut step, mut at) = (self.turner.plan.root, Some(self.value));
        for segment in segments(pointer) {
            let container = self.enter(step, at)?;
            step = self.take(container, at, &segment)?;
            at = at.and_then(|value| match value {
                Value::Object(members) => members.get(&segment),
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
                _ => None,
            });
        }
        // What is wrapped, or one of several, is so with nothing of the pointer left as well.
        self.enter(step, at).map(|_| ())
    }

    /// The step that has members or elements; none where the value is sent as text.
    fn enter(&mut self, mut step: StepId, at: Option<&Value>) -> Option<StepId> {
        // Steps that lead to each other come to an end as values do.
        for _ in 0..64 {
            match self.turner.plan.steps.get(step) {
                Some(Step::Definition(index)) => {
                    step = self.turner.plan.definitions.get(*index).copied().unwrap_or(SAME);
                }
                Some(Step::Union(branches)) => {
                    step = self.turner.branch_of(branches, at?)?;
                }
                Some(Step::Wrapped { key, inner }) => {
                    push_segment(&mut self.sent, key);
                    step = *inner;
                }
                Some(Step::Text { .. } | Step::Cut(_)) => return None,
                _ => return Some(step),
            }
        }
        None
    }

    /// Takes one segment, and gives the step of what stands there.
    fn take(&mut self, step: StepId, at: Option<&Value>, segment: &str) -> Option<StepId> {
        let plan = self.turner.plan;
        let index = || segment.parse::<usize>().ok();
        match plan.steps.get(step) {
            Some(Step::Object { members, rest, .. }) => match (members.get(segment), rest) {
                (Some(member), _) => {
                    push_segment(&mut self.sent, &member.sent);
                    Some(member.step)
                }
                (None, OtherSteps::Members(step)) => {
                    push_segment(&mut self.sent, segment);
                    Some(*step)
                }
                (None, OtherSteps::Pairs { sent, values }) => {
                    push_segment(&mut self.sent, sent);
                    let mut names =
                        at?.as_object()?.keys().filter(|name| !members.contains_key(*name));
                    let pointer = names.position(|name| name == segment)?;
                    self.pair(pointer);
                    Some(*values)
                }
            },
            Some(Step::Pairs { values }) => {
                let pointer = at?.as_object()?.keys().position(|name| name == segment)?;
                self.pair(pointer);
                Some(*values)
            }
            Some(Step::Array { first, items }) => {
                push_segment(&mut self.sent, segment);
                Some(index().and_then(|index| first.get(index)).copied().unwrap_or(*items))
            }
            Some(Step::Tuple { first, rest }) => {
                let index = index()?;
                if let Some(step) = first.get(index) {
                    push_segment(&mut self.sent, segment);
                    return Some(*step);
                }
                push_segment(&mut self.sent, TUPLE_REST);
                push_segment(&mut self.sent, &(index - first.len()).to_string());
                Some(rest.unwrap_or(SAME))
            }
            _ => {
                push_segment(&mut self.sent, segment);
                Some(SAME)
            }
        }
    }

    fn pair(&mut self, pointer: usize) {
        push_segment(&mut self.sent, &pointer.to_string());
        push_segment(&mut self.sent, VALUE);
    }
}
