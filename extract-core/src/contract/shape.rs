//! A JSON Schema as the reader wants it: compiled once into an array of nodes that refer to each
//! other by index, with the tables of names that keys and enum values are looked up in.

mod compile;
mod keywords;
mod names;
mod spelling;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use thiserror::Error;

use super::root;

pub(crate) use names::MemberNames;
pub(crate) use spelling::{fold, normal};

/// Why a schema cannot be compiled for reading.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A `$ref` that points at nothing in this schema, or out of it: nothing is ever fetched.
    #[error("`$ref` {reference:?} at {pointer:?} points at nothing in this schema")]
    Reference {
        /// What the reference says.
        reference: String,
        /// Where it stands.
        pointer: String,
    },
    /// References, or alternatives, that lead back to themselves and never to a type.
    #[error("the schema at {pointer:?} refers to itself and never to a type")]
    Cyclic {
        /// Where it begins.
        pointer: String,
    },
    /// A `type` that JSON Schema does not know.
    #[error("unknown type {name:?} at {pointer:?}")]
    UnknownType {
        /// What the schema calls it.
        name: String,
        /// Where it stands.
        pointer: String,
    },
    /// Something that is no schema where one should be.
    #[error("no schema at {pointer:?}")]
    NoSchema {
        /// Where it should be.
        pointer: String,
    },
    /// The schema is too large or nested too deeply to be read for.
    #[error("the schema is larger or deeper than a reader takes ({limit})")]
    TooLarge {
        /// The bound that was met.
        limit: &'static str,
    },
}

impl ShapeError {
    /// The same with its place in the schema that was wrapped, not in the one around it.
    pub(super) fn inside(mut self) -> Self {
        if let Self::Reference { pointer, .. }
        | Self::Cyclic { pointer }
        | Self::UnknownType { pointer, .. }
        | Self::NoSchema { pointer } = &mut self
        {
            if let Some(place) = root::place_inside(pointer) {
                *pointer = place.to_owned();
            }
        }
        self
    }
}

/// The index of a node of a [`Shape`].
pub(crate) type ShapeId = u32;

/// A JSON Schema, compiled for reading.
///
/// It understands what schemars writes (draft 2020-12), and the extensions `x-aliases` (other names
/// of a property, or of a `const`), `x-alias` (the name that the model is told to write instead),
/// `x-enum-aliases` and `x-enum-descriptions`.
///
/// ```
/// use extract_core::contract::Shape;
/// use serde_json::json;
///
/// let shape = Shape::compile(&json!({"type": "array", "items": {"type": "integer"}}))?;
/// let reading = extract_core::reading::read("The numbers: [1, 2,]", &shape, Default::default())?;
/// assert_eq!(reading.value, json!([1, 2]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Shape {
    nodes: Vec<Form>,
    root: ShapeId,
    names: OnceLock<Option<Arc<MemberNames>>>,
}

impl Shape {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// Where the schema is none, refers to what is not in it, or is beyond all measure.
    pub fn compile(schema: &Value) -> Result<Self, ShapeError> {
        compile::compile(schema)
    }

    /// The shape that everything fits.
    pub fn any() -> Self {
        Self { nodes: vec![Form::Any], root: 0, names: OnceLock::new() }
    }

    pub(crate) fn root(&self) -> ShapeId {
        self.root
    }

    pub(crate) fn form(&self, id: ShapeId) -> &Form {
        &self.nodes[id as usize]
    }
}

/// What a value may be.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Any,
    Never,
    Null,
    Bool,
    Integer(Bounds),
    Number(Bounds),
    Text(Lengths),
    Choice(Choices),
    List(ListForm),
    Object(Box<ObjectForm>),
    Union(UnionForm),
}

/// Bounds of a number; infinite where there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) above: f64,
    pub(crate) below: f64,
}

impl Bounds {
    pub(crate) fn hold(&self, value: f64) -> bool {
        value >= self.min && value <= self.max && value > self.above && value < self.below
    }
}

/// Bounds of a length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Lengths {
    pub(crate) fn hold(&self, length: usize) -> bool {
        (self.min..=self.max).contains(&length)
    }

    pub(crate) fn free(&self) -> bool {
        self.min == 0 && self.max == usize::MAX
    }
}

/// The values of an enum (or of a single constant), and how each may be spelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    pub(crate) all: Vec<Choice>,
    pub(crate) exact: HashMap<String, u32>,
    /// Spellings in their normal form; `None` where two values share one.
    pub(crate) normal: HashMap<String, Option<u32>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: Value,
    /// What the model may write for it, as texts.
    pub(crate) spellings: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct ListForm {
    pub(crate) prefix: Vec<ShapeId>,
    /// What stands behind the prefix; `None` where nothing may.
    pub(crate) items: Option<ShapeId>,
    pub(crate) length: Lengths,
}

#[derive(Debug, Clone)]
pub(crate) struct ObjectForm {
    pub(crate) fields: Vec<Field>,
    pub(crate) exact: HashMap<String, u32>,
    pub(crate) normal: HashMap<String, Option<u32>>,
    pub(crate) rest: Rest,
    /// What the keys of a map may be.
    pub(crate) keys: Option<Choices>,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) shape: ShapeId,
    pub(crate) required: bool,
    /// It stands under its own name.
    pub(crate) plain: bool,
}

/// What becomes of members that are no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Drop,
    Keep(ShapeId),
}

#[derive(Debug, Clone)]
pub(crate) struct UnionForm {
    pub(crate) options: Vec<ShapeId>,
    pub(crate) nullable: bool,
    /// The property that tells object variants apart, with its value for each option.
    pub(crate) tag: Option<TagForm>,
}

#[derive(Debug, Clone)]
pub(crate) struct TagForm {
    pub(crate) name: String,
    /// For each option: its index among the fields, and its shape.
    pub(crate) variants: Vec<(ShapeId, ShapeId)>,
}

impl ObjectForm {
    /// The field of this name, exactly, trying the one that is expected next first.
    pub(crate) fn field(&self, key: &str, expected: usize) -> Option<usize> {
        // The usual case: members in the order of the schema, under their own names.
        if self.fields.get(expected).is_some_and(|field| field.plain && field.name == key) {
            return Some(expected);
        }
        self.exact.get(key).map(|&index| index as usize)
    }

    /// The field whose name, or alias, is this key's in another spelling.
    pub(crate) fn field_like(&self, key: &str) -> Option<usize> {
        let normal = normal(key);
        if normal.is_empty() {
            return None;
        }
        self.normal.get(&normal).copied().flatten().map(|index| index as usize)
    }

    /// Whether it is a map: no fields, and everything kept.
    pub(crate) fn is_map(&self) -> bool {
        self.fields.is_empty() && self.rest != Rest::Drop
    }
}
