//! A schema in a dialect, and the two directions of its values.

use std::sync::Arc;

use serde_json::Value;

use super::super::problem::Problem;
use super::note::Note;
use super::plan::{OtherSteps, Plan, SAME, Step, StepId};
use super::transform::Transformer;
use crate::schema::Tree;

/// A schema in a dialect: what is sent, what the dialect could not say as it stood, and the way back
/// for values.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lowered {
    /// The schema that is sent.
    pub schema: Value,
    /// What was said in words, reshaped or narrowed, in the order of the schema.
    pub notes: Vec<Note>,
    pub(super) dialect: &'static str,
    pub(crate) tree: Arc<Tree>,
    pub(crate) plan: Plan,
    pub(super) identity: bool,
}

/// A value in the type's own shape, and what was wrong with the one it was made of.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Restored {
    /// The value.
    pub value: Value,
    /// What the type's own schema cannot see any more: keys that came twice. The pointers are into
    /// `value`.
    pub problems: Vec<Problem>,
}

impl Lowered {
    /// The name of the dialect.
    pub fn dialect(&self) -> &'static str {
        self.dialect
    }

    /// Whether values are sent in the type's own shape, so that there is nothing to turn back.
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// Turns a value that fits the lowered schema into one that fits the original.
    ///
    /// Pairs become maps, tuple objects lists, JSON text the value it says; null is removed where it
    /// stands for a property that is left out. A value that fits neither schema is turned as far as
    /// it goes and left to validation. A key that comes twice keeps its last value, as in JSON text;
    /// [`restore_checked`](Self::restore_checked) reports it.
    ///
    /// ```
    /// use extract_llm::contract::dialect::{lower, Dialect};
    /// use serde_json::json;
    ///
    /// let schema = json!({
    ///     "type": "object",
    ///     "properties": {"extra": true, "at": {
    ///         "type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}],
    ///         "minItems": 2, "maxItems": 2,
    ///     }},
    ///     "required": ["extra", "at"],
    /// });
    /// let lowered = lower(&schema, &Dialect::OPENAI_STRICT)?;
    /// let own = json!({"extra": {"a": [1]}, "at": ["x", 2]});
    /// let sent = json!({"extra": "{\"a\":[1]}", "at": {"0": "x", "1": 2}});
    /// assert_eq!(lowered.restore(sent.clone()), own);
    /// assert_eq!(lowered.lower_value(own), sent);
    /// # Ok::<(), extract_llm::contract::dialect::DialectError>(())
    /// ```
    pub fn restore(&self, value: Value) -> Value {
        self.restore_checked(value).value
    }

    /// [`raise`](Self::restore), with what was wrong and cannot be seen in the value any more.
    pub fn restore_checked(&self, value: Value) -> Restored {
        if self.identity {
            return Restored { value, problems: Vec::new() };
        }
        let mut turner = Transformer::new(&self.plan, &self.tree, &value);
        let value = turner.restore(self.plan.root, value);
        Restored { value, problems: turner.problems }
    }

    /// A part of a value that belongs to one step, in the type's own shape.
    pub(crate) fn restore_part(&self, step: StepId, value: Value) -> Value {
        if step == SAME {
            return value;
        }
        Transformer::new(&self.plan, &self.tree, &value).restore(step, value)
    }

    /// Whether any object in a value has a member that only values as they are sent have: the one that
    /// holds the pairs of other members.
    pub(crate) fn has_pairs_beside_members(&self, value: &Value) -> bool {
        let names: Vec<&str> = self
            .plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Object { rest: OtherSteps::Pairs { sent, .. }, .. } => Some(sent.as_str()),
                _ => None,
            })
            .collect();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(members) => {
                    let is_pairs = |(name, member): (&String, &Value)| {
                        names.contains(&name.as_str()) && member.is_array()
                    };
                    if members.iter().any(is_pairs) {
                        return true;
                    }
                    open.extend(members.values());
                }
                _ => {}
            }
        }
        false
    }

    /// Turns a value of the type's own shape into the shape that is sent: for examples in prompts
    /// and for values that are shown to the model again.
    pub fn lower_value(&self, value: Value) -> Value {
        if self.identity {
            return value;
        }
        let mut turner = Transformer::new(&self.plan, &self.tree, &value);
        turner.lower(self.plan.root, value)
    }
}
