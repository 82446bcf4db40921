//! What the reply is read against: the schema as it was sent, and the way back to the type's own
//! shape. All of it is looked up, nothing is changed.

use std::sync::Arc;

use serde_json::Value;

use super::stream_transform::{ArrivingMember, PartsLayout, StreamStep, VariantTag};
use crate::contract::dialect::Lowered;
use crate::contract::shape::{ObjectShape, Shape, ShapeId, ShapeKind as ShapeForm};
use crate::contract::{Contract, LoweredContract};

/// What the reply is read against.
#[derive(Debug, Clone)]
pub(super) struct SchemaCursor {
    contract: Arc<Contract>,
    form: Option<Arc<LoweredContract>>,
}

impl SchemaCursor {
    pub(super) fn new(contract: Arc<Contract>, form: Option<Arc<LoweredContract>>) -> Self {
        Self { contract, form }
    }

    pub(super) fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    pub(super) fn shape(&self) -> &Shape {
        self.contract.shape(self.form.as_deref())
    }

    pub(super) fn form(&self, id: ShapeId) -> &ShapeForm {
        self.shape().kind(id)
    }

    /// The shape, or what is left of it where it may also be null.
    pub(super) fn without_null(&self, id: ShapeId) -> ShapeId {
        match self.form(id) {
            ShapeForm::Union(union) => match union.options.as_slice() {
                [only] => *only,
                _ => id,
            },
            _ => id,
        }
    }

    /// The objects that a value of this shape may be.
    pub(super) fn objects(&self, id: ShapeId) -> impl Iterator<Item = (ShapeId, &ObjectShape)> {
        let (own, options): (Option<ShapeId>, &[ShapeId]) = match self.form(id) {
            ShapeForm::Union(union) => (None, &union.options),
            _ => (Some(id), &[]),
        };
        own.into_iter().chain(options.iter().copied()).filter_map(|id| match self.form(id) {
            ShapeForm::Object(object) => Some((id, &**object)),
            _ => None,
        })
    }

    /// The shape under the key that the value is wrapped in, and its step, if it is wrapped.
    pub(super) fn wrapped(&self) -> Option<(ShapeId, StreamStep)> {
        if !self.contract.is_wrapped() {
            return None;
        }
        let ShapeForm::Object(object) = self.form(self.shape().root()) else { return None };
        let field = object.fields.first()?;
        Some((field.shape, self.member(self.root_step(), &field.name).step))
    }

    fn lowered(&self) -> Option<&Lowered> {
        let lowered = &self.form.as_ref()?.lowered;
        (!lowered.is_identity()).then_some(lowered)
    }

    pub(super) fn root_step(&self) -> StreamStep {
        self.lowered().map_or(0, Lowered::root_step)
    }

    pub(super) fn layout(&self, step: StreamStep, list: bool) -> Option<PartsLayout> {
        self.lowered().map_or(Some(PartsLayout::InPlace), |lowered| lowered.layout(step, list))
    }

    pub(super) fn branch(&self, step: StreamStep, tag: VariantTag<'_>) -> Option<StreamStep> {
        self.lowered().map_or(Some(step), |lowered| lowered.branch(step, tag))
    }

    pub(super) fn is_same(&self, step: StreamStep) -> bool {
        self.lowered().is_none() || Lowered::is_same(step)
    }

    pub(super) fn member<'a>(&'a self, step: StreamStep, sent: &'a str) -> ArrivingMember<'a> {
        match self.lowered() {
            Some(lowered) => lowered.member(step, sent),
            None => ArrivingMember { name: sent, step, null_is_absent: false, entries: false },
        }
    }

    pub(super) fn element(&self, step: StreamStep, index: usize) -> StreamStep {
        self.lowered().map_or(0, |lowered| lowered.element(step, index))
    }

    pub(super) fn restore(&self, step: StreamStep, value: Value) -> Value {
        match self.lowered() {
            Some(lowered) => lowered.restore_part(step, value),
            None => value,
        }
    }
}
