//! Where the arguments of a tool stand in the value of the enum that it is a variant of: serde's
//! representations, backwards.

use serde_json::{Map, Value};

use crate::schema::push_segment;

/// Where the arguments of a variant's tool stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum VariantLayout {
    /// They are the value.
    Whole,
    /// Nowhere: the value is this word, as externally tagged unit variants are.
    Word(String),
    /// Under the variant's name: externally tagged.
    Under(String),
    /// Beside the tag, or under a name of their own: internally and adjacently tagged.
    Tagged {
        tag: String,
        name: String,
        /// Where they stand beside the tag; none where their members do.
        content: Option<String>,
    },
}

impl VariantLayout {
    /// The value that these arguments say.
    pub(super) fn put(&self, arguments: Value) -> Value {
        let object = |entries: Vec<(String, Value)>| Value::Object(entries.into_iter().collect());
        match self {
            Self::Whole => arguments,
            Self::Word(name) => Value::String(name.clone()),
            Self::Under(name) => object(vec![(name.clone(), arguments)]),
            Self::Tagged { tag, name, content: Some(content) } => {
                object(vec![(tag.clone(), name.as_str().into()), (content.clone(), arguments)])
            }
            Self::Tagged { tag, name, content: None } => {
                let mut value = Map::new();
                value.insert(tag.clone(), name.as_str().into());
                if let Value::Object(members) = arguments {
                    // The tool's name says which variant it is, whatever the arguments say.
                    value.extend(members.into_iter().filter(|(key, _)| key != tag));
                }
                Value::Object(value)
            }
        }
    }

    /// The arguments that stand in a value.
    pub(super) fn take(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Word(_), _) => Value::Object(Map::new()),
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

    /// Where the arguments stand, as a pointer into the value.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        if let Self::Under(key) | Self::Tagged { content: Some(key), .. } = self {
            push_segment(&mut pointer, key);
        }
        pointer
    }
}
