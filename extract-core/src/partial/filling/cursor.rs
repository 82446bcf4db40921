//! The contract of the reply: the schema as it was sent, and the steps that restore the type's shape.
//! Read-only.

use std::sync::Arc;

use serde_json::Value;

use super::stream_transform::{ArrivingMember, PartsLayout, StreamStep, VariantTag};
use crate::contract::dialect::Lowered;
use crate::contract::shape::{ObjectShape, Shape, ShapeId, ShapeKind as ShapeForm};
use crate::contract::{Contract, LoweredContract};

/// Read access to a contract in the dialect that was sent.
#[derive(Debug, Clone)]
pub(super) struct SchemaCursor {
    contract: Arc<Contract>,
    /// The contract in the dialect that was sent; `None` if no schema was sent and the prompt describes it.
    lowered: Option<Arc<LoweredContract>>,
}

impl SchemaCursor {
    pub(super) fn new(contract: Arc<Contract>, form: Option<Arc<LoweredContract>>) -> Self {
        Self { contract, lowered: form }
    }

    pub(super) fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Returns the shape of the schema as it was sent.
    pub(super) fn shape(&self) -> &Shape {
        self.contract.shape(self.lowered.as_deref())
    }

    /// Returns the form of a shape.
    pub(super) fn kind(&self, id: ShapeId) -> &ShapeForm {
        self.shape().kind(id)
    }

    /// Returns the only option of a union that has one, such as an optional value; otherwise `id`.
    pub(super) fn without_null(&self, id: ShapeId) -> ShapeId {
        match self.kind(id) {
            ShapeForm::Union(union) => match union.options.as_slice() {
                [only] => *only,
                _ => id,
            },
            _ => id,
        }
    }

    /// Returns the objects that a value of this shape may be: the shape itself, or options of a union.
    pub(super) fn objects(&self, id: ShapeId) -> impl Iterator<Item = (ShapeId, &ObjectShape)> {
        let (own, options): (Option<ShapeId>, &[ShapeId]) = match self.kind(id) {
            ShapeForm::Union(union) => (None, &union.options),
            _ => (Some(id), &[]),
        };
        own.into_iter().chain(options.iter().copied()).filter_map(|id| match self.kind(id) {
            ShapeForm::Object(object) => Some((id, &**object)),
            _ => None,
        })
    }

    /// Returns shape and step of the value inside the wrapper object, or `None` if the contract has no
    /// wrapper.
    pub(super) fn wrapped(&self) -> Option<(ShapeId, StreamStep)> {
        if !self.contract.is_wrapped() {
            return None;
        }
        let ShapeForm::Object(object) = self.kind(self.shape().root()) else { return None };
        let field = object.fields.iter().find(|field| !field.is_count)?;
        Some((field.shape, self.member(self.root_step(), &field.name).step))
    }

    /// Returns the lowering, or `None` if it changes no value.
    fn lowered(&self) -> Option<&Lowered> {
        let lowered = &self.lowered.as_ref()?.lowered;
        (!lowered.is_identity()).then_some(lowered)
    }

    /// Returns the step of the root value.
    pub(super) fn root_step(&self) -> StreamStep {
        self.lowered().map_or(0, Lowered::root_step)
    }

    /// See [`Lowered::layout`]; without a lowering, all parts are in place.
    pub(super) fn layout(&self, step: StreamStep, list: bool) -> Option<PartsLayout> {
        self.lowered().map_or(Some(PartsLayout::InPlace), |lowered| lowered.layout(step, list))
    }

    /// See [`Lowered::branch`]; without a lowering, the step stays the same.
    pub(super) fn branch(&self, step: StreamStep, tag: VariantTag<'_>) -> Option<StreamStep> {
        self.lowered().map_or(Some(step), |lowered| lowered.branch(step, tag))
    }

    /// Whether values of this step are sent as they are.
    pub(super) fn is_same(&self, step: StreamStep) -> bool {
        self.lowered().is_none() || Lowered::is_same(step)
    }

    /// See [`Lowered::member`]; without a lowering, the member has the name as sent.
    pub(super) fn member<'a>(&'a self, step: StreamStep, sent: &'a str) -> ArrivingMember<'a> {
        match self.lowered() {
            Some(lowered) => lowered.member(step, sent),
            None => ArrivingMember { name: sent, step, null_is_absent: false, entries: false },
        }
    }

    /// See [`Lowered::element`].
    pub(super) fn element(&self, step: StreamStep, index: usize) -> StreamStep {
        self.lowered().map_or(0, |lowered| lowered.element(step, index))
    }

    /// Restores the type's shape of a whole value.
    pub(super) fn restore(&self, step: StreamStep, value: Value) -> Value {
        match self.lowered() {
            Some(lowered) => lowered.restore_part(step, value),
            None => value,
        }
    }
}
