//! The partial form of an enum: nothing until its tag is known, then the variant with its parts.

use std::any::Any;

use super::fields::{Field, FieldsKind, PartialFields, Tagging, Variant};
use super::node::{PartialNode, Seed};

/// The partial form of an enum, as the derive writes it: the variants with partial fields.
#[doc(hidden)]
pub trait EnumFields: Clone + Send + Sync + 'static {
    /// How the variant is told.
    const TAGGING: Tagging;
    /// All variants, in the order of their numbers.
    const VARIANTS: &'static [Variant];
    /// A variant of which nothing else has come.
    fn begin(variant: usize) -> Option<Self>;
    /// Its number.
    fn variant(&self) -> usize;
    /// The place of one of its fields.
    fn at(&self, index: usize) -> Option<&PartialNode>;
    /// The same, to fill it.
    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode>;
    /// How the value at a place begins.
    fn seed(&self, index: usize) -> Seed;
}

/// The variant, once it is known.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct PartialEnum<E>(Option<E>);

impl<E> PartialEnum<E> {
    /// The variant.
    pub fn variant(&self) -> &Option<E> {
        &self.0
    }
}

impl<E: EnumFields> PartialEnum<E> {
    /// A variant for itself.
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
    /// One of these variants.
    pub(crate) fn one_of<E: EnumFields>() -> Self {
        Self::Parts(|| Box::new(PartialEnum::<E>::default()))
    }
}
