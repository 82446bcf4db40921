//! What a partial value with parts can do for those who fill it and write it. The derive implements
//! it for the partial form of a struct; enums, lists, maps and tuples have it here.

use std::any::Any;

use super::node::{PartialNode, Seed};

/// A value in parts.
#[doc(hidden)]
#[expect(clippy::len_without_is_empty, reason = "nobody asks")]
pub trait PartialFields: Send + Sync + 'static {
    /// How its parts stand in the JSON.
    fn kind(&self) -> FieldsKind;
    /// The members of an object, in the order of the places.
    fn fields(&self) -> &'static [Field] {
        &[]
    }
    /// How many places there are.
    fn len(&self) -> usize {
        self.fields().len()
    }
    /// One place.
    fn at(&self, index: usize) -> Option<&PartialNode>;
    /// One place, to fill it.
    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode>;
    /// How the value at a place begins.
    fn seed(&self, index: usize) -> Seed;
    /// Makes room for another element or entry, which is not one of them before it is
    /// [admitted](Self::admit); gives its place.
    fn grow(&mut self, _key: &str) -> Option<usize> {
        None
    }
    /// Takes the last that grew among the elements.
    fn admit(&mut self) {}
    /// Takes back the last that grew.
    fn withdraw(&mut self) {}
    /// The key of an entry.
    fn key(&self, _index: usize) -> Option<&str> {
        None
    }
    /// The variants of an enum.
    fn variants(&self) -> &'static [Variant] {
        &[]
    }
    /// The variant that was chosen.
    fn variant(&self) -> Option<usize> {
        None
    }
    /// Chooses a variant.
    fn choose(&mut self, _variant: usize) -> bool {
        false
    }
    /// A copy.
    fn boxed(&self) -> Box<dyn PartialFields>;
    /// Itself, to be asked for its type.
    fn any(&self) -> &dyn Any;
}

impl Clone for Box<dyn PartialFields> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

/// How parts stand in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum FieldsKind {
    /// The one part is all there is: `#[serde(transparent)]`, a newtype.
    Transparent,
    /// An object with known members.
    Fields,
    /// A list with known places.
    Positions,
    /// A list.
    List,
    /// An object with any members.
    Map,
    /// An enum.
    OneOf(Tagging),
}

/// How the variant of an enum is told.
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

/// A member of an object, or a place of a list.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Field {
    /// Its name in the JSON; empty where fields go by position.
    pub name: &'static str,
    /// It is shown only when it is complete.
    pub whole: bool,
    /// The object is shown only when this has a value.
    pub required: bool,
    /// Its members stand among those of the object.
    pub flat: bool,
}

impl Field {
    /// A field without any of the words.
    pub const fn new(name: &'static str) -> Self {
        Self { name, whole: false, required: false, flat: false }
    }

    /// `#[extract(stream(whole))]`
    pub const fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// `#[extract(stream(required))]`
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// `#[serde(flatten)]`
    pub const fn flat(self) -> Self {
        Self { flat: true, ..self }
    }
}

/// A variant of an enum.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Variant {
    /// Its name in the JSON.
    pub name: &'static str,
    /// What it holds.
    pub content: VariantContent,
    /// Its fields.
    pub fields: &'static [Field],
}

/// What a variant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum VariantContent {
    /// Nothing.
    Unit,
    /// Another value.
    Newtype,
    /// A list of fields.
    Positions,
    /// An object of fields.
    Fields,
}

/// The field of this name, the one that is expected looked at first.
pub(crate) fn find(fields: &[Field], name: &str, expected: usize) -> Option<usize> {
    let named = |field: &Field| field.name == name && !field.flat;
    if fields.get(expected).is_some_and(named) {
        return Some(expected);
    }
    fields.iter().position(named)
}

/// What the chosen variant of an enum holds.
pub(crate) fn content(parts: &dyn PartialFields) -> Option<VariantContent> {
    Some(parts.variants().get(parts.variant()?)?.content)
}
