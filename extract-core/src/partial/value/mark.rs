//! Takes rejected values out of a partial value, and marks where a value was cut off.

use super::fields::{FieldsKind, PartialFields, Tagging, VariantContent, content, find};
use super::node::{NodeValue, PartialNode, State};

/// What is done with the value at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is taken out.
    Rejected,
    /// It stays, and is incomplete.
    Cut,
}

impl PartialNode {
    /// Rejects the value at a path of unescaped segments. A value without parts becomes pending. A value
    /// with parts keeps them, but is no longer complete. So are all values around it.
    pub(crate) fn reject(&mut self, path: &[String]) {
        self.open(path, Mark::Rejected);
    }

    /// Marks the value at a path of unescaped segments as incomplete, and all values around it.
    pub(crate) fn cut(&mut self, path: &[String]) {
        self.open(path, Mark::Cut);
    }

    fn open(&mut self, path: &[String], mark: Mark) {
        self.state = State::Incomplete;
        let keeps = self.parts_mut().is_some_and(|parts| open_in(&mut **parts, path, mark));
        if !keeps && mark == Mark::Rejected {
            *self = Self::NEW;
        }
    }
}

/// Marks the value at a path inside these parts. Returns false if nothing of the parts may stay: the path
/// leads to an enum or to its tag.
fn open_in(parts: &mut dyn PartialFields, path: &[String], mark: Mark) -> bool {
    if parts.kind() == FieldsKind::Transparent {
        return open_at(parts, Some(0), path, mark) && parts.at(0).is_some_and(|inner| inner.shown);
    }
    let Some((first, rest)) = path.split_first() else {
        return !matches!(parts.kind(), FieldsKind::OneOf(_));
    };
    match parts.kind() {
        FieldsKind::Transparent => true,
        FieldsKind::Fields => open_member(parts, path, mark),
        FieldsKind::Positions | FieldsKind::List => open_at(parts, first.parse().ok(), rest, mark),
        FieldsKind::Map => {
            let index = (0..parts.len()).find(|index| parts.key(*index) == Some(first));
            open_at(parts, index, rest, mark)
        }
        FieldsKind::OneOf(Tagging::External) => open_content(parts, rest, mark),
        FieldsKind::OneOf(Tagging::Internal(tag)) => {
            first != tag && open_content(parts, path, mark)
        }
        FieldsKind::OneOf(Tagging::Adjacent(tag, _)) => {
            first != tag && open_content(parts, rest, mark)
        }
    }
}

/// Marks the value at a path inside the data of the chosen variant.
fn open_content(parts: &mut dyn PartialFields, path: &[String], mark: Mark) -> bool {
    match content(parts) {
        Some(VariantContent::Newtype) => open_at(parts, Some(0), path, mark),
        Some(VariantContent::Fields | VariantContent::Positions) if path.is_empty() => true,
        Some(VariantContent::Fields) => open_member(parts, path, mark),
        Some(VariantContent::Positions) => open_at(parts, path[0].parse().ok(), &path[1..], mark),
        Some(VariantContent::Unit) | None => false,
    }
}

/// Marks the value at a path that begins with the name of a field, or of a member of a flattened field.
/// A member that is missing, or that no field has, changes nothing.
fn open_member(parts: &mut dyn PartialFields, path: &[String], mark: Mark) -> bool {
    let fields = parts.fields();
    if let Some(index) = find(fields, &path[0], 0) {
        return open_at(parts, Some(index), &path[1..], mark);
    }
    for (index, _) in fields.iter().enumerate().filter(|(_, field)| field.flat) {
        if parts.at(index).is_some_and(|node| may_have_member(node, &path[0])) {
            return open_at(parts, Some(index), path, mark);
        }
    }
    true
}

/// Marks the value at a path inside the part at an index. A part that does not exist changes nothing.
fn open_at(
    parts: &mut dyn PartialFields,
    index: Option<usize>,
    path: &[String],
    mark: Mark,
) -> bool {
    if let Some(node) = index.and_then(|index| parts.at_mut(index)) {
        node.open(path, mark);
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
