//! Takes rejected values out of a partial value.

use super::fields::{FieldsKind, PartialFields, Tagging, VariantContent, content, find};
use super::node::{NodeValue, PartialNode, State};

impl PartialNode {
    /// Rejects the value at a path of unescaped segments. A value without parts becomes pending. A value
    /// with parts keeps them, but is no longer complete. So are all values around it.
    pub(crate) fn reject(&mut self, path: &[String]) {
        self.state = State::Incomplete;
        if !self.parts_mut().is_some_and(|parts| reject_in(&mut **parts, path)) {
            *self = Self::NEW;
        }
    }
}

/// Rejects the value at a path inside these parts. Returns false if nothing of the parts may stay: the path
/// leads to an enum or to its tag.
fn reject_in(parts: &mut dyn PartialFields, path: &[String]) -> bool {
    if parts.kind() == FieldsKind::Transparent {
        return reject_at(parts, Some(0), path) && parts.at(0).is_some_and(|inner| inner.shown);
    }
    let Some((first, rest)) = path.split_first() else {
        return !matches!(parts.kind(), FieldsKind::OneOf(_));
    };
    match parts.kind() {
        FieldsKind::Transparent => true,
        FieldsKind::Fields => reject_member(parts, path),
        FieldsKind::Positions | FieldsKind::List => reject_at(parts, first.parse().ok(), rest),
        FieldsKind::Map => {
            let index = (0..parts.len()).find(|index| parts.key(*index) == Some(first));
            reject_at(parts, index, rest)
        }
        FieldsKind::OneOf(Tagging::External) => reject_content(parts, rest),
        FieldsKind::OneOf(Tagging::Internal(tag)) => first != tag && reject_content(parts, path),
        FieldsKind::OneOf(Tagging::Adjacent(tag, _)) => first != tag && reject_content(parts, rest),
    }
}

/// Rejects the value at a path inside the data of the chosen variant.
fn reject_content(parts: &mut dyn PartialFields, path: &[String]) -> bool {
    match content(parts) {
        Some(VariantContent::Newtype) => reject_at(parts, Some(0), path),
        Some(VariantContent::Fields | VariantContent::Positions) if path.is_empty() => true,
        Some(VariantContent::Fields) => reject_member(parts, path),
        Some(VariantContent::Positions) => reject_at(parts, path[0].parse().ok(), &path[1..]),
        Some(VariantContent::Unit) | None => false,
    }
}

/// Rejects the value at a path that begins with the name of a field, or of a member of a flattened field.
/// A member that is missing, or that no field has, changes nothing.
fn reject_member(parts: &mut dyn PartialFields, path: &[String]) -> bool {
    let fields = parts.fields();
    if let Some(index) = find(fields, &path[0], 0) {
        return reject_at(parts, Some(index), &path[1..]);
    }
    for (index, _) in fields.iter().enumerate().filter(|(_, field)| field.flat) {
        if parts.at(index).is_some_and(|node| may_have_member(node, &path[0])) {
            return reject_at(parts, Some(index), path);
        }
    }
    true
}

/// Rejects the value at a path inside the part at an index. A part that does not exist changes nothing.
fn reject_at(parts: &mut dyn PartialFields, index: Option<usize>, path: &[String]) -> bool {
    if let Some(node) = index.and_then(|index| parts.at_mut(index)) {
        node.reject(path);
    }
    true
}

/// Returns whether a member of this name may be part of a flattened value.
fn may_have_member(node: &PartialNode, name: &str) -> bool {
    let NodeValue::Parts(parts) = &node.store else { return true };
    match parts.kind() {
        FieldsKind::Transparent => parts.at(0).is_some_and(|inner| may_have_member(inner, name)),
        FieldsKind::Fields => has_field(&**parts, name),
        FieldsKind::Map => (0..parts.len()).any(|index| parts.key(index) == Some(name)),
        FieldsKind::OneOf(Tagging::Internal(tag)) => {
            tag == name
                || match content(&**parts) {
                    Some(VariantContent::Fields) => has_field(&**parts, name),
                    Some(VariantContent::Newtype) => {
                        parts.at(0).is_some_and(|inner| may_have_member(inner, name))
                    }
                    _ => false,
                }
        }
        FieldsKind::OneOf(Tagging::Adjacent(tag, content)) => tag == name || content == name,
        FieldsKind::OneOf(Tagging::External) => parts
            .variant()
            .and_then(|at| parts.variants().get(at))
            .is_some_and(|it| it.name == name),
        FieldsKind::Positions | FieldsKind::List => false,
    }
}

/// Returns whether a member of this name is a field, or may be part of a flattened one.
fn has_field(parts: &dyn PartialFields, name: &str) -> bool {
    let fields = parts.fields();
    find(fields, name, 0).is_some()
        || fields.iter().enumerate().any(|(index, field)| {
            field.flat && parts.at(index).is_some_and(|node| may_have_member(node, name))
        })
}
