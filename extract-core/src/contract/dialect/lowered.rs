//! A schema in a dialect, and the conversion of its values in both directions.

use std::sync::Arc;

use serde_json::Value;

use super::super::problem::Problem;
use super::note::Note;
use super::plan::{OtherSteps, Plan, SAME, Step, StepId};
use super::transform::Transformer;
use crate::schema::Tree;

/// A schema in a dialect, as [`lower`](super::lower) returns it: the schema to send, the notes on all
/// changes, and the plan that converts values.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lowered {
    /// The schema that is sent.
    pub schema: Value,
    /// The rules that moved into descriptions, and the values that are reshaped or narrowed, in the
    /// order of the schema.
    pub notes: Vec<Note>,
    pub(super) dialect: &'static str,
    /// The type's schema.
    pub(crate) tree: Arc<Tree>,
    /// The conversion of values.
    pub(crate) plan: Plan,
    /// Whether the plan changes no value.
    pub(super) identity: bool,
}

/// A value in the type's shape, and the problems found while it was restored. Returned by
/// [`Lowered::restore_checked`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Restored {
    /// The value in the type's shape.
    pub value: Value,
    /// Problems that the type's schema cannot detect in `value`, such as duplicate keys. Their pointers
    /// lead into `value`.
    pub problems: Vec<Problem>,
}

impl Lowered {
    /// Returns the name of the dialect.
    pub fn dialect(&self) -> &'static str {
        self.dialect
    }

    /// Returns whether values are sent in the type's shape, so that [`restore`](Self::restore) changes
    /// nothing.
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// Converts a value that fits the lowered schema into one that fits the original.
    ///
    /// Lists of pairs become maps, tuple objects become lists, and JSON text becomes the value that it
    /// holds. A null that stands for a missing property is removed. A value that does not fit the
    /// lowered schema is converted as far as possible and left to validation. A duplicate key keeps its
    /// last value, as in JSON text; [`restore_checked`](Self::restore_checked) reports it.
    ///
    /// ```
    /// use extract_core::contract::dialect::lower;
    /// use extract_llm::dialect::Dialect;
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
    /// # Ok::<(), extract_llm::dialect::DialectError>(())
    /// ```
    pub fn restore(&self, value: Value) -> Value {
        self.restore_checked(value).value
    }

    /// Like [`restore`](Self::restore), and also returns the problems that cannot be detected in the
    /// restored value.
    pub fn restore_checked(&self, value: Value) -> Restored {
        if self.identity {
            return Restored { value, problems: Vec::new() };
        }
        let mut transformer = Transformer::new(&self.plan, &self.tree, &value);
        let value = transformer.restore(self.plan.root, value);
        Restored { value, problems: transformer.problems }
    }

    /// Returns a part of a sent value, to which `step` applies, in the type's shape.
    pub(crate) fn restore_part(&self, step: StepId, value: Value) -> Value {
        if step == SAME {
            return value;
        }
        Transformer::new(&self.plan, &self.tree, &value).restore(step, value)
    }

    /// Returns whether any object in a value has the member that holds pairs of other members. Only
    /// values in the sent shape have this member.
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

    /// Converts a value from the type's shape to the sent shape: for examples in prompts, and for
    /// values that the model is shown again.
    pub fn lower_value(&self, value: Value) -> Value {
        if self.identity {
            return value;
        }
        let mut transformer = Transformer::new(&self.plan, &self.tree, &value);
        transformer.lower(self.plan.root, value)
    }
}
