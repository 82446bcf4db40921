//! [`VariantLayout`]: the position of a tool's arguments in the value of the enum, in each of serde's
//! representations.

use serde_json::{Map, Value};

use crate::schema::push_segment;

/// The position of the arguments of a variant's tool in the value of the enum.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum VariantLayout {
    /// The arguments are the value.
    Whole,
    /// The value is this text and has no arguments: a unit variant, externally tagged.
    Unit(String),
    /// Under the name of the variant: externally tagged.
    Under(String),
    /// Beside the tag (internally tagged), or in a member beside the tag (adjacently tagged).
    Tagged {
        tag: String,
        name: String,
        /// The member that holds the arguments; `None` if their members are beside the tag.
        content: Option<String>,
    },
}

impl VariantLayout {
    /// Returns the value of the enum for these arguments.
    pub(super) fn to_value(&self, arguments: Value) -> Value {
        let object = |entries: Vec<(String, Value)>| Value::Object(entries.into_iter().collect());
        match self {
            Self::Whole => arguments,
            Self::Unit(name) => Value::String(name.clone()),
            Self::Under(name) => object(vec![(name.clone(), arguments)]),
            Self::Tagged { tag, name, content: Some(content) } => {
                object(vec![(tag.clone(), name.as_str().into()), (content.clone(), arguments)])
            }
            Self::Tagged { tag, name, content: None } => {
                let mut value = Map::new();
                value.insert(tag.clone(), name.as_str().into());
                if let Value::Object(members) = arguments {
                    // The name of the tool decides the variant, even if the arguments have another tag.
                    value.extend(members.into_iter().filter(|(key, _)| key != tag));
                }
                Value::Object(value)
            }
        }
    }

    /// Returns the arguments in a value of the enum. The inverse of [`put`](Self::put).
    pub(super) fn to_arguments(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Unit(_), _) => Value::Object(Map::new()),
            (
                Self::Under(key) | Self::Tagged { content: Some(key), .. },
                Value::Object(mut members),
            ) => members.shift_remove(key).unwrap_or_default(),
            (Self::Tagged { tag, content: None, .. }, Value::Object(mut members)) => {
                members.shift_remove(tag);
                Value::Object(members)
            }
            (_, value) => value,
        }
    }

    /// Returns the JSON pointer of the arguments in the value of the enum.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        if let Self::Under(key) | Self::Tagged { content: Some(key), .. } = self {
            push_segment(&mut pointer, key);
        }
        pointer
    }
}
