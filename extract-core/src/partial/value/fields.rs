//! The interface of a partial value with parts: to fill it, to write it and to compare it. The derive
//! implements it for the partial form of a struct; enums, lists, maps and tuples are implemented in this
//! crate.

use std::any::Any;

use super::node::{PartialNode, Seed};

/// A partial value that consists of nodes: fields, elements or entries.
#[doc(hidden)]
#[expect(clippy::len_without_is_empty, reason = "nobody asks")]
pub trait PartialFields: Send + Sync + 'static {
    /// Returns the JSON form of the parts.
    fn kind(&self) -> FieldsKind;
    /// Returns the fields of an object or of a tuple, in the order of the nodes. Empty for lists and
    /// maps.
    fn fields(&self) -> &'static [Field] {
        &[]
    }
    /// Returns the number of nodes.
    fn len(&self) -> usize {
        self.fields().len()
    }
    /// Returns the node at `index`.
    fn at(&self, index: usize) -> Option<&PartialNode>;
    /// Returns the node at `index`, to fill it.
    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode>;
    /// Returns the seed for the node at `index`.
    fn seed(&self, index: usize) -> Seed;
    /// Adds a pending element or entry and returns its index. It is not counted before it is
    /// [admitted](Self::admit). Returns `None` if nothing can be added, for example if a map has the key
    /// already.
    fn grow(&mut self, _key: &str) -> Option<usize> {
        None
    }
    /// Makes the pending element or entry a visible one.
    fn admit(&mut self) {}
    /// Removes the pending element or entry; if there is none, the last visible one.
    fn withdraw(&mut self) {}
    /// Returns the key of the map entry at `index`; `None` for other kinds.
    fn key(&self, _index: usize) -> Option<&str> {
        None
    }
    /// Returns the variants of an enum; empty for other kinds.
    fn variants(&self) -> &'static [Variant] {
        &[]
    }
    /// Returns the number of the chosen variant; `None` before it is chosen and for other kinds.
    fn variant(&self) -> Option<usize> {
        None
    }
    /// Chooses the variant with this number. Returns `false` if there is no such variant.
    fn choose(&mut self, _variant: usize) -> bool {
        false
    }
    /// Returns a copy.
    fn boxed(&self) -> Box<dyn PartialFields>;
    /// Returns the value as [`Any`], for a downcast.
    fn any(&self) -> &dyn Any;
}

impl Clone for Box<dyn PartialFields> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

/// The JSON form of a value with parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum FieldsKind {
    /// The single part is the whole value: `#[serde(transparent)]`, a newtype.
    Transparent,
    /// An object with a fixed set of members.
    Fields,
    /// A list with a fixed number of elements: a tuple.
    Positions,
    /// A list of any length.
    List,
    /// An object with arbitrary keys.
    Map,
    /// An enum.
    OneOf(Tagging),
}

/// The position of the variant name of an enum in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Tagging {
    /// `"Unit"`, `{"Variant": ..}`
    External,
    /// `{"tag": "Variant", ..}`
    Internal(&'static str),
    /// `{"tag": "Variant", "content": ..}`
    Adjacent(&'static str, &'static str),
}

/// A member of an object, or an element of a tuple.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Field {
    /// The member's name in the JSON; empty if fields are positional.
    pub name: &'static str,
    /// Whether the field is shown only when it is complete.
    pub whole: bool,
    /// Whether the object is hidden until this field has a value other than `null`.
    pub required: bool,
    /// Whether the field's members are written among those of the object (`#[serde(flatten)]`).
    pub flat: bool,
}

impl Field {
    /// Returns a field with all flags off.
    pub const fn new(name: &'static str) -> Self {
        Self { name, whole: false, required: false, flat: false }
    }

    /// Returns the field with `whole` set: `#[extract(stream(whole))]`.
    pub const fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Returns the field with `required` set: `#[extract(stream(required))]`.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Returns the field with `flat` set: `#[serde(flatten)]`.
    pub const fn flat(self) -> Self {
        Self { flat: true, ..self }
    }
}

/// A variant of an enum.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Variant {
    /// The variant's name in the JSON.
    pub name: &'static str,
    /// The kind of data in the variant.
    pub content: VariantContent,
    /// The fields of the variant.
    pub fields: &'static [Field],
}

/// The kind of data in a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum VariantContent {
    /// No data.
    Unit,
    /// A single value.
    Newtype,
    /// A list of fields.
    Positions,
    /// An object of fields.
    Fields,
}

/// Returns the index of the field with this name, or `None`. Tests the field at `expected` first;
/// flattened fields have no name of this kind and never match.
pub(crate) fn find(fields: &[Field], name: &str, expected: usize) -> Option<usize> {
    let named = |field: &Field| field.name == name && !field.flat;
    if fields.get(expected).is_some_and(named) {
        return Some(expected);
    }
    fields.iter().position(named)
}

/// Returns the kind of data in the chosen variant; `None` if `parts` is no enum or no variant is chosen.
pub(crate) fn content(parts: &dyn PartialFields) -> Option<VariantContent> {
    Some(parts.variants().get(parts.variant()?)?.content)
}
