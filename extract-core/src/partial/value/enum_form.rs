//! The partial form of an enum: nothing until the tag has arrived, then the variant with its fields.

use std::any::Any;

use super::fields::{Field, FieldsKind, PartialFields, Tagging, Variant};
use super::node::{PartialNode, Seed};

/// Implemented by the derive for an enum with data: the variants, with partial fields.
#[doc(hidden)]
pub trait EnumFields: Clone + Send + Sync + 'static {
    /// The position of the variant name in the JSON.
    const TAGGING: Tagging;
    /// All variants, indexed by variant number.
    const VARIANTS: &'static [Variant];
    /// Returns the variant with this number with every field pending; `None` if there is no such variant.
    fn begin(variant: usize) -> Option<Self>;
    /// Returns the number of this variant.
    fn variant(&self) -> usize;
    /// Returns the node of the field at `index`.
    fn at(&self, index: usize) -> Option<&PartialNode>;
    /// Returns the node of the field at `index`, to fill it.
    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode>;
    /// Returns the seed for the field at `index`.
    fn seed(&self, index: usize) -> Seed;
}

/// The variant of an enum; `None` inside until the tag has arrived.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct PartialEnum<E>(Option<E>);

impl<E> PartialEnum<E> {
    /// Returns the variant, or `None` inside while the tag has not arrived.
    pub fn variant(&self) -> &Option<E> {
        &self.0
    }
}

impl<E: EnumFields> PartialEnum<E> {
    /// Wraps a copy of `variant`.
    pub fn new(variant: &E) -> Self {
        Self(Some(variant.clone()))
    }
}

impl<E> Default for PartialEnum<E> {
    fn default() -> Self {
        Self(None)
    }
}

impl<E: EnumFields> PartialFields for PartialEnum<E> {
    fn kind(&self) -> FieldsKind {
        FieldsKind::OneOf(E::TAGGING)
    }

    fn fields(&self) -> &'static [Field] {
        PartialFields::variant(self).map_or(&[], |variant| E::VARIANTS[variant].fields)
    }

    fn at(&self, index: usize) -> Option<&PartialNode> {
        self.0.as_ref()?.at(index)
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode> {
        self.0.as_mut()?.at_mut(index)
    }

    fn seed(&self, index: usize) -> Seed {
        self.0.as_ref().map_or(Seed::Whole, |variant| variant.seed(index))
    }

    fn variants(&self) -> &'static [Variant] {
        E::VARIANTS
    }

    fn variant(&self) -> Option<usize> {
        self.0.as_ref().map(EnumFields::variant)
    }

    fn choose(&mut self, variant: usize) -> bool {
        self.0 = E::begin(variant);
        self.0.is_some()
    }

    fn boxed(&self) -> Box<dyn PartialFields> {
        Box::new(self.clone())
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Seed {
    /// Returns the seed of the enum whose partial form is `E`.
    pub(crate) fn one_of<E: EnumFields>() -> Self {
        Self::Parts(|| Box::new(PartialEnum::<E>::default()))
    }
}
