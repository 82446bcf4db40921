//! [`Shape`]: a JSON Schema compiled for the reader. An array of nodes that refer to each other by index,
//! with look-up tables for keys and enum values. Knows no text and no dialect.

mod choices;
mod names;
mod of_tree;
mod permitted;
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
pub(crate) use spelling::{fold, normal_enum_value, normal_name};
pub(crate) use variants::{MemberIndex, Tag, UnionShape, intersect_options};

/// The index of a node of a [`Shape`].
pub(crate) type ShapeId = u32;

/// A JSON Schema, compiled for reading.
///
/// It supports draft 2020-12 as schemars writes it, and four extensions:
///
/// - `x-aliases`: other names of a property or of a `const`
/// - `x-alias`: the name that the model writes in place of the property's name
/// - `x-enum-aliases`: other names of the values of an enum
/// - `x-enum-descriptions`: descriptions of the values of an enum
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
    nodes: Vec<ShapeKind>,
    root: ShapeId,
    /// The names under which a reply may wrap the whole value, in normal form: of the tool and of the type.
    wrappers: Vec<String>,
    /// The root is only the object around a value that is not an object.
    is_wrapped: bool,
    /// The schema is lowered: it requires every field.
    is_lowered: bool,
    /// The names of all members, gathered at the first use; `None` if the schema leaves names open.
    names: OnceLock<Option<Arc<MemberNames>>>,
}

impl Shape {
    /// Compiles a schema. An object that lists no members may have any.
    ///
    /// # Errors
    ///
    /// Fails if `schema` is not a JSON Schema, refers to anything outside of itself, or is too large.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let tree = Tree::parse(schema, Origin::Document)?;
        Self::of_tree(&tree, tree.root())
    }

    /// Compiles a node of a parsed schema, and all nodes inside it.
    pub(crate) fn of_tree(tree: &Tree, root: NodeId) -> Result<Self, SchemaError> {
        of_tree::compile(tree, root)
    }

    /// Returns the shape that every value fits.
    pub fn any() -> Self {
        Self::of(vec![ShapeKind::Any], 0)
    }

    /// Makes a shape of compiled nodes, without wrapper names.
    fn of(nodes: Vec<ShapeKind>, root: ShapeId) -> Self {
        let (wrappers, names) = (Vec::new(), OnceLock::new());
        Self { nodes, root, wrappers, is_wrapped: false, is_lowered: false, names }
    }

    /// Adds a name under which a reply may wrap the whole value, as in `{"Invoice": {…}}`: the name of the
    /// tool or of the type. Case and punctuation are ignored.
    ///
    /// ```
    /// use extract_core::contract::Shape;
    /// use extract_core::reading::read;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"total": {"type": "integer"}}});
    /// let shape = Shape::compile(&schema)?.named("Invoice");
    /// let reading = read(r#"{"invoice": {"total": 7}}"#, &shape, Default::default())?;
    /// assert_eq!(reading.value, json!({"total": 7}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: &str) -> Self {
        let name = normal_name(name);
        if !name.is_empty() {
            self.wrappers.push(name);
        }
        self
    }

    /// Sets whether the root is only the object that [`wrap`](super::wrapper::wrap) put around a schema.
    pub(crate) fn wrapped(mut self, is_wrapped: bool) -> Self {
        self.is_wrapped = is_wrapped;
        self
    }

    /// Marks the schema as lowered. Then a field that may be null may also be absent, and members that the
    /// schema forbids count as unknown members.
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

    /// Marks members of the root as counts. A reply may leave them out, and any value fits them.
    pub(crate) fn counting(mut self, names: &[&str]) -> Self {
        let Ok(any) = ShapeId::try_from(self.nodes.len()) else { return self };
        if let Some(ShapeKind::Object(root)) = self.nodes.get_mut(self.root as usize) {
            for field in &mut root.fields {
                if names.contains(&field.name.as_str()) {
                    (field.is_count, field.required, field.shape) = (true, false, any);
                }
            }
            self.nodes.push(ShapeKind::Any);
        }
        self
    }

    /// Returns whether the schema is lowered.
    pub(crate) fn is_lowered(&self) -> bool {
        self.is_lowered
    }

    /// Returns whether a reply may wrap the whole value under this name, which is in normal form.
    pub(crate) fn is_named(&self, normal_name: &str) -> bool {
        self.wrappers.iter().any(|name| name == normal_name)
    }

    /// Returns the field that holds the value; `None` unless the root is only a wrapper around it.
    pub(crate) fn wrapped_field(&self) -> Option<&Field> {
        match self.kind(self.root) {
            ShapeKind::Object(object) if self.is_wrapped => object.only_field(),
            _ => None,
        }
    }

    /// Returns whether a field must be present.
    pub(crate) fn requires(&self, field: &Field) -> bool {
        field.required && !(self.is_lowered && self.is_nullable(field.shape))
    }

    /// Returns whether null fits a node.
    pub(crate) fn is_nullable(&self, id: ShapeId) -> bool {
        match self.kind(id) {
            ShapeKind::Null => true,
            ShapeKind::Union(union) => union.nullable,
            _ => false,
        }
    }

    /// Returns the only value that fits a node; `None` if there are several.
    pub(crate) fn constant(&self, id: ShapeId) -> Option<&Constant> {
        match self.kind(id) {
            ShapeKind::Choice(choices) => match choices.all.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the index of the root.
    pub(crate) fn root(&self) -> ShapeId {
        self.root
    }

    /// Returns the node at an index.
    pub(crate) fn kind(&self, id: ShapeId) -> &ShapeKind {
        &self.nodes[id as usize]
    }
}

/// One node of a shape: the kind of value that fits, with its constraints.
#[derive(Debug, Clone)]
pub(crate) enum ShapeKind {
    /// Every value fits.
    Any,
    /// No value fits.
    Never,
    Null,
    Bool,
    Integer(Bounds, Width),
    Number(Bounds),
    Text(Lengths),
    /// One of several constants.
    Choice(Box<Choices>),
    List(ListShape),
    Object(Box<ObjectShape>),
    /// One of several other nodes.
    Union(Box<UnionShape>),
}

/// The width of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// Up to 64 bits. A JSON number keeps all digits.
    Usual,
    /// 128 bits. Beyond 64 bits the value is a text of digits, since a JSON number would lose some.
    Wide,
}

/// The elements and the length of a list.
#[derive(Debug, Clone)]
pub(crate) struct ListShape {
    /// The shapes of the first elements, if the schema describes them one by one.
    pub(crate) prefix: Vec<ShapeId>,
    /// The shape of all elements after the prefix; `None` if there may be none.
    pub(crate) items: Option<ShapeId>,
    pub(crate) length: Lengths,
}

/// The members of an object or of a map.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectShape {
    /// The name of the type, in normal form: the name of its definition, or its title.
    pub(crate) name: Option<String>,
    pub(crate) fields: Vec<Field>,
    /// The index of a field by its exact names and aliases.
    pub(crate) exact: HashMap<String, u32>,
    /// The index of a field by the normal form of its names; `None` if two fields share the form.
    pub(crate) normal: HashMap<String, Option<u32>>,
    /// The shapes of members that are not fields, by patterns of their names.
    pub(crate) patterns: Vec<(Arc<Pattern>, ShapeId)>,
    /// Members that are not fields and whose names match no pattern.
    pub(crate) rest: OtherFields,
    /// The allowed keys of a map, if the schema lists them.
    pub(crate) keys: Option<Choices>,
}

/// A member that the schema names.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) shape: ShapeId,
    pub(crate) required: bool,
    /// Its name in the schema is one of the names it is read from. False if `x-alias` replaces that name.
    pub(crate) is_exact: bool,
    /// It is no member of the type, but the number of elements of a list, which the model states.
    pub(crate) is_count: bool,
}

/// Members that are not fields.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherFields {
    /// They are allowed, but the schema does not describe them.
    #[default]
    Open,
    /// The schema forbids them.
    Closed,
    /// They are values of this shape, as the values of a map.
    Values(ShapeId),
}

impl OtherFields {
    /// Returns the shape of the values, as in a map.
    pub(crate) fn values(self) -> Option<ShapeId> {
        match self {
            Self::Values(shape) => Some(shape),
            Self::Open | Self::Closed => None,
        }
    }
}

impl ObjectShape {
    /// Returns the index of the field with this exact name. Tries the `expected` index first.
    pub(crate) fn field(&self, key: &str, expected: usize) -> Option<usize> {
        // The usual case: members in the order of the schema, under the names of the schema.
        if self.fields.get(expected).is_some_and(|field| field.is_exact && field.name == key) {
            return Some(expected);
        }
        self.exact.get(key).map(|&index| index as usize)
    }

    /// Returns the index of the field with a name or alias that has the same normal form as this key.
    pub(crate) fn field_like(&self, key: &str) -> Option<usize> {
        let normal = normal_name(key);
        if normal.is_empty() {
            return None;
        }
        self.normal.get(&normal).copied().flatten().map(|index| index as usize)
    }

    /// Returns the shape of a member that is not a field. If several patterns match the name, the first one
    /// decides; the validator checks the others.
    pub(crate) fn shape_of_other(&self, name: &str) -> OtherFields {
        let matching = self.patterns.iter().find(|(pattern, _)| pattern.matches(name));
        matching.map_or(self.rest, |(_, shape)| OtherFields::Values(*shape))
    }

    /// Returns whether members that are not fields have a shape.
    pub(crate) fn has_others(&self) -> bool {
        self.rest.values().is_some() || !self.patterns.is_empty()
    }

    /// Returns whether the object is a map: it has no fields, and values under any name.
    pub(crate) fn is_map(&self) -> bool {
        self.fields.is_empty() && self.has_others()
    }

    /// Returns the field if the object has one field and no other members. Counts are no fields here.
    pub(crate) fn only_field(&self) -> Option<&Field> {
        let mut fields = self.fields.iter().filter(|field| !field.is_count);
        fields.next().filter(|_| fields.next().is_none() && !self.has_others())
    }

    /// Returns whether the member of this name is a count.
    pub(crate) fn is_count(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.is_count && field.name == name)
    }

    /// Returns the number of required fields.
    pub(crate) fn required(&self) -> usize {
        self.fields.iter().filter(|field| field.required).count()
    }
}
