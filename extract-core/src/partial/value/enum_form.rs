//! The partial form of an enum: nothing until its tag is known, then the variant with its parts.

use std::any::Any;

use super::fields::{Content, Field, Kind, Parts, Tagging, Variant};
use super::node::{Place, Seed};

/// The partial form of an enum, as the derive writes it: the variants with partial fields.
#[doc(hidden)]
pub trait Variants: Clone + Send + Sync + 'static {
    /// How the variant is told.
    const TAGGING: Tagging;
    /// All variants, in the order of their numbers.
    const VARIANTS: &'static [Variant];
    /// A variant of which nothing else has come.
    fn begin(variant: usize) -> Option<Self>;
    /// Its number.
    fn variant(&self) -> usize;
    /// The place of one of its fields.
    fn at(&self, index: usize) -> Option<&Place>;
    /// The same, to fill it.
    fn at_mut(&mut self, index: usize) -> Option<&mut Place>;
    /// How the value at a place begins.
    fn seed(&self, index: usize) -> Seed;
}

/// The variant, once it is known.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct OneOf<E>(Option<E>);

impl<E> OneOf<E> {
    /// The variant.
    pub fn variant(&self) -> &Option<E> {
        &self.0
    }
}

impl<E: Variants> OneOf<E> {
    /// A variant for itself.
    pub fn new(variant: &E) -> Self {
        Self(Some(variant.clone()))
    }
}

impl<E> Default for OneOf<E> {
    fn default() -> Self {
        Self(None)
    }
}

impl<E: Variants> Parts for OneOf<E> {
    fn kind(&self) -> Kind {
        Kind::OneOf(E::TAGGING)
    }

    fn fields(&self) -> &'static [Field] {
        Parts::variant(self).map_or(&[], |variant| E::VARIANTS[variant].fields)
    }

    fn at(&self, index: usize) -> Option<&Place> {
        self.0.as_ref()?.at(index)
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut Place> {
        self.0.as_mut()?.at_mut(index)
    }

    fn seed(&self, index: usize) -> Seed {
        self.0.as_ref().map_or(Seed::Whole, |variant| variant.seed(index))
    }

    fn variants(&self) -> &'static [Variant] {
        E::VARIANTS
    }

    fn variant(&self) -> Option<usize> {
        self.0.as_ref().map(Variants::variant)
    }

    fn choose(&mut self, variant: usize) -> bool {
        self.0 = E::begin(variant);
        self.0.is_some()
    }

    fn boxed(&self) -> Box<dyn Parts> {
        Box::new(self.clone())
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Seed {
    /// One of these variants.
    pub(crate) fn one_of<E: Variants>() -> Self {
        Self::Parts(|| Box::new(OneOf::<E>::default()))
    }
}

/// What the chosen variant of an enum holds.
pub(crate) fn content(parts: &dyn Parts) -> Option<Content> {
    Some(parts.variants().get(parts.variant()?)?.content)
}
