//! Writes partial values as JSON and for debugging, and compares them. Only the visible part counts,
//! under its JSON names.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::fields::{FieldsKind, PartialFields, Tagging, VariantContent, content};
use super::node::{NodeValue, PartialNode, State};

/// A part of the output.
#[derive(Clone, Copy)]
pub(crate) enum OutputNode<'a> {
    Node(&'a PartialNode),
    Value(&'a Value),
    Text(&'a str),
    Parts(&'a dyn PartialFields),
    /// The data of an enum's variant, without its tag.
    Content(&'a dyn PartialFields),
}

/// The JSON form of an output node.
enum OutputForm<'a> {
    Value(&'a Value),
    Text(&'a str),
    Scalar(&'a NodeValue),
    List(&'a dyn PartialFields),
    Object(Vec<(&'a str, OutputNode<'a>)>),
}

impl<'a> OutputNode<'a> {
    /// Returns the JSON form.
    fn form(self) -> OutputForm<'a> {
        match self {
            Self::Node(place) if !place.shown => OutputForm::Scalar(&NodeValue::Nothing),
            Self::Node(PartialNode { store: NodeValue::Text(text), .. }) => OutputForm::Text(text),
            Self::Text(text) => OutputForm::Text(text),
            Self::Node(PartialNode { store: NodeValue::Json(value), .. }) => {
                OutputForm::Value(value)
            }
            Self::Node(PartialNode { store: NodeValue::Parts(parts), .. }) => {
                Self::Parts(&**parts).form()
            }
            Self::Node(place) => OutputForm::Scalar(&place.store),
            Self::Value(value) => OutputForm::Value(value),
            Self::Parts(parts) => match parts.kind() {
                FieldsKind::Transparent => match parts.at(0) {
                    Some(node) => Self::Node(node).form(),
                    None => OutputForm::Scalar(&NodeValue::Nothing),
                },
                FieldsKind::List | FieldsKind::Positions => OutputForm::List(parts),
                FieldsKind::Fields | FieldsKind::Map => OutputForm::Object(members(parts)),
                FieldsKind::OneOf(tagging) => variant(parts, tagging),
            },
            Self::Content(parts) => match content(parts) {
                Some(VariantContent::Fields) => OutputForm::Object(fields(parts)),
                Some(VariantContent::Positions) => OutputForm::List(parts),
                Some(VariantContent::Newtype) if parts.at(0).is_some() => parts
                    .at(0)
                    .map_or(OutputForm::Scalar(&NodeValue::Nothing), |at| Self::Node(at).form()),
                _ => OutputForm::Scalar(&NodeValue::Nothing),
            },
        }
    }
}

/// Returns the members of a map or of an object.
fn members(parts: &dyn PartialFields) -> Vec<(&str, OutputNode<'_>)> {
    if parts.kind() != FieldsKind::Map {
        return fields(parts);
    }
    let entries = 0..parts.len();
    entries.filter_map(|at| Some((parts.key(at)?, OutputNode::Node(parts.at(at)?)))).collect()
}

/// Returns the fields that are not pending. Replaces a flattened field by its members.
fn fields(parts: &dyn PartialFields) -> Vec<(&str, OutputNode<'_>)> {
    let mut all = Vec::with_capacity(parts.fields().len());
    for (index, field) in parts.fields().iter().enumerate() {
        match parts.at(index) {
            Some(node) if field.flat => match OutputNode::Node(node).form() {
                OutputForm::Object(more) => all.extend(more),
                OutputForm::Value(Value::Object(more)) => {
                    all.extend(
                        more.iter().map(|(key, value)| (key.as_str(), OutputNode::Value(value))),
                    );
                }
                _ => {}
            },
            Some(node) if node.state() != State::Pending => {
                all.push((field.name, OutputNode::Node(node)));
            }
            _ => {}
        }
    }
    all
}

/// Returns the form of an enum; `null` while no variant is chosen.
fn variant(parts: &dyn PartialFields, tagging: Tagging) -> OutputForm<'_> {
    let Some(variant) = parts.variant().and_then(|variant| parts.variants().get(variant)) else {
        return OutputForm::Scalar(&NodeValue::Nothing);
    };
    let name = variant.name;
    match (tagging, variant.content) {
        (Tagging::External, VariantContent::Unit) => OutputForm::Text(name),
        (Tagging::External, _) => OutputForm::Object(vec![(name, OutputNode::Content(parts))]),
        (Tagging::Internal(tag), content) => {
            let mut all = vec![(tag, OutputNode::Text(name))];
            match content {
                VariantContent::Fields => all.extend(fields(parts)),
                VariantContent::Newtype => {
                    if let OutputForm::Object(more) = OutputNode::Content(parts).form() {
                        all.extend(more);
                    }
                }
                VariantContent::Unit | VariantContent::Positions => {}
            }
            OutputForm::Object(all)
        }
        (Tagging::Adjacent(tag, _), VariantContent::Unit) => {
            OutputForm::Object(vec![(tag, OutputNode::Text(name))])
        }
        (Tagging::Adjacent(tag, key), _) => OutputForm::Object(vec![
            (tag, OutputNode::Text(name)),
            (key, OutputNode::Content(parts)),
        ]),
    }
}

impl Serialize for OutputNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form() {
            OutputForm::Value(value) => value.serialize(serializer),
            OutputForm::Text(text) => serializer.serialize_str(text),
            OutputForm::Scalar(NodeValue::Bool(value)) => serializer.serialize_bool(*value),
            OutputForm::Scalar(NodeValue::Number(value)) => value.serialize(serializer),
            OutputForm::Scalar(_) => serializer.serialize_unit(),
            OutputForm::List(parts) => serializer.collect_seq(elements(parts)),
            OutputForm::Object(members) => serializer.collect_map(members),
        }
    }
}

impl fmt::Debug for OutputNode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            OutputForm::Value(value) => value.fmt(f),
            OutputForm::Text(text) => fmt::Debug::fmt(text, f),
            OutputForm::Scalar(NodeValue::Bool(value)) => value.fmt(f),
            OutputForm::Scalar(NodeValue::Number(value)) => fmt::Display::fmt(value, f),
            OutputForm::Scalar(_) => f.write_str("null"),
            OutputForm::List(parts) => f.debug_list().entries(elements(parts)).finish(),
            OutputForm::Object(members) => f.debug_map().entries(members).finish(),
        }
    }
}

/// Returns the elements of a list or a tuple.
fn elements(parts: &dyn PartialFields) -> impl Iterator<Item = OutputNode<'_>> {
    (0..parts.len()).filter_map(|at| parts.at(at)).map(OutputNode::Node)
}

impl fmt::Debug for dyn PartialFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self, f)
    }
}

/// Formats the parts for debugging.
pub fn debug(parts: &dyn PartialFields, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Debug::fmt(&OutputNode::Parts(parts), f)
}

/// Serializes the parts.
pub fn serialize<S: Serializer>(
    parts: &dyn PartialFields,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    OutputNode::Parts(parts).serialize(serializer)
}

/// Whether two values have the same kind, variant, keys and nodes.
pub fn same(one: &dyn PartialFields, other: &dyn PartialFields) -> bool {
    let places = one.len().max(one.fields().len());
    one.kind() == other.kind()
        && one.variant() == other.variant()
        && one.len() == other.len()
        && (0..places).all(|at| one.key(at) == other.key(at) && one.at(at) == other.at(at))
}

impl PartialEq for PartialNode {
    fn eq(&self, other: &Self) -> bool {
        if self.state() != other.state() {
            return false;
        }
        !self.shown
            || match (&self.store, &other.store) {
                (NodeValue::Nothing, NodeValue::Nothing) | (NodeValue::Null, NodeValue::Null) => {
                    true
                }
                (NodeValue::Bool(one), NodeValue::Bool(other)) => one == other,
                (NodeValue::Number(one), NodeValue::Number(other)) => one == other,
                (NodeValue::Text(one), NodeValue::Text(other)) => one == other,
                (NodeValue::Json(one), NodeValue::Json(other)) => one == other,
                (NodeValue::Parts(one), NodeValue::Parts(other)) => same(&**one, &**other),
                _ => false,
            }
    }
}
