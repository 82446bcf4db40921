//! A JSON Schema as the reader wants it: compiled once into an array of nodes that refer to each
//! other by index, with the tables of names that keys and enum values are looked up in.

mod choices;
mod names;
mod of_tree;
mod spelling;
mod variants;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::schema::{Constant, NodeId, Origin, Pattern, SchemaError, Tree};
use choices::enter_normal;

pub(crate) use crate::schema::{Bounds, Lengths};
pub(crate) use choices::Choices;
pub(crate) use names::MemberNames;
pub(crate) use spelling::{fold, normal, normal_value};
pub(crate) use variants::{MemberIndex, TagForm, UnionForm, narrowed};

/// The index of a node of a [`Shape`].
pub(crate) type ShapeId = u32;

/// A JSON Schema, compiled for reading.
///
/// It understands what schemars writes (draft 2020-12), and the extensions `x-aliases` (other names
/// of a property, or of a `const`), `x-alias` (the name that the model is told to write instead),
/// `x-enum-aliases` and `x-enum-descriptions`.
///
/// ```
/// use extract_llm::contract::Shape;
/// use serde_json::json;
///
/// let shape = Shape::compile(&json!({"type": "array", "items": {"type": "integer"}}))?;
/// let reading = extract_llm::reading::read("The numbers: [1, 2,]", &shape, Default::default())?;
/// assert_eq!(reading.value, json!([1, 2]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Shape {
    nodes: Vec<ShapeKind>,
    root: ShapeId,
    /// Names under which a reply may wrap the whole value: the tool's, the type's.
    wrappers: Vec<String>,
    /// The root is only the object that providers want around a value which is none.
    is_wrapped: bool,
    /// It is a lowered schema, in which every field is said to be required.
    is_lowered: bool,
    names: OnceLock<Option<Arc<MemberNames>>>,
}

impl Shape {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// Where the schema is none, refers to what is not in it, or is beyond all measure.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let tree = Tree::parse(schema, Origin::Given)?;
        Self::of_tree(&tree, tree.root())
    }

    /// The shape of a node of a schema, with all that it contains.
    pub(crate) fn of_tree(tree: &Tree, root: NodeId) -> Result<Self, SchemaError> {
        of_tree::compile(tree, root)
    }

    /// The shape that everything fits.
    pub fn any() -> Self {
        Self::of(vec![ShapeKind::Any], 0)
    }

    fn of(nodes: Vec<ShapeKind>, root: ShapeId) -> Self {
        let (wrappers, names) = (Vec::new(), OnceLock::new());
        Self { nodes, root, wrappers, is_wrapped: false, is_lowered: false, names }
    }

    /// Adds a name under which a reply may wrap the whole value, `{"Invoice": {…}}`: that of the tool
    /// or of the type. Case and punctuation do not count.
    ///
    /// ```
    /// use extract_llm::contract::Shape;
    /// use extract_llm::reading::read;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"total": {"type": "integer"}}});
    /// let shape = Shape::compile(&schema)?.named("Invoice");
    /// let reading = read(r#"{"invoice": {"total": 7}}"#, &shape, Default::default())?;
    /// assert_eq!(reading.value, json!({"total": 7}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: &str) -> Self {
        let name = normal(name);
        if !name.is_empty() {
            self.wrappers.push(name);
        }
        self
    }

    /// The same for the object that [`wrap`](super::root::wrap) put around a schema.
    pub(crate) fn wrapped(mut self, is_wrapped: bool) -> Self {
        self.is_wrapped = is_wrapped;
        self
    }

    /// The same for a lowered schema: a field that may be null may be absent, and a member that
    /// the schema forbids is only one that it does not know.
    pub(crate) fn lowered(mut self) -> Self {
        self.is_lowered = true;
        for form in &mut self.nodes {
            if let ShapeKind::Object(object) = form {
                if object.rest == OtherFields::Closed {
                    object.rest = OtherFields::Open;
                }
            }
        }
        self
    }

    /// Whether it is a lowered schema.
    pub(crate) fn is_lowered(&self) -> bool {
        self.is_lowered
    }

    /// Whether the whole value may be wrapped under this name.
    pub(crate) fn is_named(&self, normal_name: &str) -> bool {
        self.wrappers.iter().any(|name| name == normal_name)
    }

    /// The field that holds the value, where the root is only wrapped around it.
    pub(crate) fn wrapped_field(&self) -> Option<&Field> {
        match self.form(self.root) {
            ShapeKind::Object(object) if self.is_wrapped => object.only_field(),
            _ => None,
        }
    }

    /// Whether a field must be there.
    pub(crate) fn requires(&self, field: &Field) -> bool {
        field.required && !(self.is_lowered && self.is_nullable(field.shape))
    }

    /// Whether null fits.
    pub(crate) fn is_nullable(&self, id: ShapeId) -> bool {
        match self.form(id) {
            ShapeKind::Null => true,
            ShapeKind::Union(union) => union.nullable,
            _ => false,
        }
    }

    /// The only value that fits.
    pub(crate) fn constant(&self, id: ShapeId) -> Option<&Constant> {
        match self.form(id) {
            ShapeKind::Choice(choices) => match choices.all.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn root(&self) -> ShapeId {
        self.root
    }

    pub(crate) fn form(&self, id: ShapeId) -> &ShapeKind {
        &self.nodes[id as usize]
    }
}

/// What a value may be.
#[derive(Debug, Clone)]
pub(crate) enum ShapeKind {
    Any,
    Never,
    Null,
    Bool,
    Integer(Bounds, Width),
    Number(Bounds),
    Text(Lengths),
    Choice(Box<Choices>),
    List(ListForm),
    Object(Box<ObjectForm>),
    Union(Box<UnionForm>),
}

/// The size of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// Up to 64 bits, which a JSON value keeps.
    Usual,
    /// 128 bits: beyond 64 of them a value keeps the digits as a text.
    Wide,
}

#[derive(Debug, Clone)]
pub(crate) struct ListForm {
    pub(crate) prefix: Vec<ShapeId>,
    /// What stands behind the prefix; `None` where nothing may.
    pub(crate) items: Option<ShapeId>,
    pub(crate) length: Lengths,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectForm {
    /// The name of the type, where the schema has one: its definition's, or its title.
    pub(crate) name: Option<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) exact: HashMap<String, u32>,
    pub(crate) normal: HashMap<String, Option<u32>>,
    /// The shapes of members by the patterns of their names, where they are no fields.
    pub(crate) patterns: Vec<(Arc<Pattern>, ShapeId)>,
    /// Members that are no fields and whose names match no pattern.
    pub(crate) rest: OtherFields,
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

/// Members that are no fields.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherFields {
    /// They belong to nothing, and the schema does not forbid them.
    #[default]
    Open,
    /// The schema forbids them.
    Closed,
    /// They are values of this shape, as those of a map.
    Values(ShapeId),
}

impl OtherFields {
    /// The shape of the values, as in a map.
    pub(crate) fn values(self) -> Option<ShapeId> {
        match self {
            Self::Values(shape) => Some(shape),
            Self::Open | Self::Closed => None,
        }
    }
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

    /// The member of this name, which is no field. Of several patterns that match, the first one says
    /// its shape: whether all hold is for the validator to say.
    pub(crate) fn other(&self, name: &str) -> OtherFields {
        let matching = self.patterns.iter().find(|(pattern, _)| pattern.matches(name));
        matching.map_or(self.rest, |(_, shape)| OtherFields::Values(*shape))
    }

    /// Whether there are shapes of members that are no fields.
    pub(crate) fn has_others(&self) -> bool {
        self.rest.values().is_some() || !self.patterns.is_empty()
    }

    /// Whether it is a map: no fields, and values under any name.
    pub(crate) fn is_map(&self) -> bool {
        self.fields.is_empty() && self.has_others()
    }

    /// The field that alone makes up the object.
    pub(crate) fn only_field(&self) -> Option<&Field> {
        match self.fields.as_slice() {
            [field] if !self.has_others() => Some(field),
            _ => None,
        }
    }

    /// The number of required fields.
    pub(crate) fn required(&self) -> usize {
        self.fields.iter().filter(|field| field.required).count()
    }
}
