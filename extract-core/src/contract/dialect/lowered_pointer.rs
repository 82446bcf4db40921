//! Converts pointers into a value of the type's shape to pointers into the value that is sent.

use serde_json::Value;

use super::lowered::Lowered;
use super::plan::{OtherSteps, SAME, Step, StepId, TUPLE_REST, VALUE};
use super::transform::Transformer;
use crate::schema::{push_segment, segments};

impl Lowered {
    /// Converts a JSON pointer into `value`, which has the type's shape, to a pointer into the result
    /// of [`lower_value`](Self::lower_value). A pointer to a missing member becomes a pointer to that
    /// member in the sent value, or to the list that would hold its pair. A pointer into a part that is
    /// sent as text becomes the pointer of the text.
    ///
    /// ```
    /// use extract_core::contract::dialect::lower;
    /// use extract_llm::dialect::Dialect;
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
    /// # Ok::<(), extract_llm::dialect::DialectError>(())
    /// ```
    pub fn sent_pointer(&self, value: &Value, pointer: &str) -> String {
        self.trace(value).follow(pointer)
    }

    /// Returns a converter for several pointers into one value.
    pub(crate) fn trace<'a>(&'a self, value: &'a Value) -> PointerConverter<'a> {
        let transformer = Transformer::new(&self.plan, &self.tree, value);
        PointerConverter { transformer, value, sent: String::new() }
    }
}

/// Converts pointers into one value.
pub(crate) struct PointerConverter<'a> {
    transformer: Transformer<'a>,
    value: &'a Value,
    /// The sent pointer, as far as it is converted.
    sent: String,
}

impl PointerConverter<'_> {
    /// Returns the pointer into the sent value.
    pub(crate) fn follow(&mut self, pointer: &str) -> String {
        self.descend_into(pointer);
        std::mem::take(&mut self.sent)
    }

    /// Appends the converted segments to `sent`. Returns `None` if the sent value is text or ends
    /// earlier.
    fn descend_into(&mut self, pointer: &str) -> Option<()> {
        let (mut step, mut at) = (self.transformer.plan.root, Some(self.value));
        for segment in segments(pointer) {
            let container = self.enter(step, at)?;
            step = self.take(container, at, &segment)?;
            at = at.and_then(|value| match value {
                Value::Object(members) => members.get(&segment),
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
                _ => None,
            });
        }
        // At the end of the pointer, wrappers and unions are resolved as well.
        self.enter(step, at).map(|_| ())
    }

    /// Resolves definitions, unions and wrappers. Returns the step that has members or elements; `None`
    /// if the value is sent as text.
    fn enter(&mut self, mut step: StepId, at: Option<&Value>) -> Option<StepId> {
        // The limit ends this loop for steps that lead to each other.
        for _ in 0..64 {
            match self.transformer.plan.steps.get(step) {
                Some(Step::Definition(index)) => {
                    step = self.transformer.plan.definitions.get(*index).copied().unwrap_or(SAME);
                }
                Some(Step::Union(branches)) => {
                    step = self.transformer.branch_of(branches, at?)?;
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

    /// Converts one segment, and returns the step of the value there.
    fn take(&mut self, step: StepId, at: Option<&Value>, segment: &str) -> Option<StepId> {
        let plan = self.transformer.plan;
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

    /// Appends the segments of the value in a pair.
    fn pair(&mut self, pointer: usize) {
        push_segment(&mut self.sent, &pointer.to_string());
        push_segment(&mut self.sent, VALUE);
    }
}
