//! Partial values as JSON, for debugging, and compared: what has come, under the names that it has
//! in the JSON, and nothing else.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::enum_form::content;
use super::fields::{Content, Kind, Parts, Tagging};
use super::node::{Place, State, Store};

/// Something that can stand in the JSON.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Place(&'a Place),
    Value(&'a Value),
    Text(&'a str),
    Parts(&'a dyn Parts),
    /// What a variant holds, without its tag.
    Content(&'a dyn Parts),
}

/// What a node looks like from outside.
enum Form<'a> {
    Value(&'a Value),
    Text(&'a str),
    Scalar(&'a Store),
    List(&'a dyn Parts),
    Object(Vec<(&'a str, Node<'a>)>),
}

impl<'a> Node<'a> {
    fn form(self) -> Form<'a> {
        match self {
            Self::Place(place) if !place.shown => Form::Scalar(&Store::Nothing),
            Self::Place(Place { store: Store::Text(text), .. }) => Form::Text(text),
            Self::Text(text) => Form::Text(text),
            Self::Place(Place { store: Store::Json(value), .. }) => Form::Value(value),
            Self::Place(Place { store: Store::Parts(parts), .. }) => Self::Parts(&**parts).form(),
            Self::Place(place) => Form::Scalar(&place.store),
            Self::Value(value) => Form::Value(value),
            Self::Parts(parts) => match parts.kind() {
                Kind::Transparent => match parts.at(0) {
                    Some(place) => Self::Place(place).form(),
                    None => Form::Scalar(&Store::Nothing),
                },
                Kind::List | Kind::Positions => Form::List(parts),
                Kind::Fields | Kind::Map => Form::Object(members(parts)),
                Kind::OneOf(tagging) => variant(parts, tagging),
            },
            Self::Content(parts) => match content(parts) {
                Some(Content::Fields) => Form::Object(fields(parts)),
                Some(Content::Positions) => Form::List(parts),
                Some(Content::Newtype) if parts.at(0).is_some() => {
                    parts.at(0).map_or(Form::Scalar(&Store::Nothing), |at| Self::Place(at).form())
                }
                _ => Form::Scalar(&Store::Nothing),
            },
        }
    }
}

fn members(parts: &dyn Parts) -> Vec<(&str, Node<'_>)> {
    if parts.kind() != Kind::Map {
        return fields(parts);
    }
    let entries = 0..parts.len();
    entries.filter_map(|at| Some((parts.key(at)?, Node::Place(parts.at(at)?)))).collect()
}

/// The fields that have something to show; the members of those that are flattened as they are.
fn fields(parts: &dyn Parts) -> Vec<(&str, Node<'_>)> {
    let mut all = Vec::with_capacity(parts.fields().len());
    for (index, field) in parts.fields().iter().enumerate() {
        match parts.at(index) {
            Some(place) if field.flat => match Node::Place(place).form() {
                Form::Object(more) => all.extend(more),
                Form::Value(Value::Object(more)) => {
                    all.extend(more.iter().map(|(key, value)| (key.as_str(), Node::Value(value))));
                }
                _ => {}
            },
            Some(place) if place.state() != State::Pending => {
                all.push((field.name, Node::Place(place)));
            }
            _ => {}
        }
    }
    all
}

fn variant(parts: &dyn Parts, tagging: Tagging) -> Form<'_> {
    let Some(variant) = parts.variant().and_then(|variant| parts.variants().get(variant)) else {
        return Form::Scalar(&Store::Nothing);
    };
    let name = variant.name;
    match (tagging, variant.content) {
        (Tagging::External, Content::Unit) => Form::Text(name),
        (Tagging::External, _) => Form::Object(vec![(name, Node::Content(parts))]),
        (Tagging::Internal(tag), content) => {
            let mut all = vec![(tag, Node::Text(name))];
            match content {
                Content::Fields => all.extend(fields(parts)),
                Content::Newtype => {
                    if let Form::Object(more) = Node::Content(parts).form() {
                        all.extend(more);
                    }
                }
                Content::Unit | Content::Positions => {}
            }
            Form::Object(all)
        }
        (Tagging::Adjacent(tag, _), Content::Unit) => Form::Object(vec![(tag, Node::Text(name))]),
        (Tagging::Adjacent(tag, key), _) => {
            Form::Object(vec![(tag, Node::Text(name)), (key, Node::Content(parts))])
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form() {
            Form::Value(value) => value.serialize(serializer),
            Form::Text(text) => serializer.serialize_str(text),
            Form::Scalar(Store::Bool(value)) => serializer.serialize_bool(*value),
            Form::Scalar(Store::Number(value)) => value.serialize(serializer),
            Form::Scalar(_) => serializer.serialize_unit(),
            Form::List(parts) => serializer.collect_seq(places(parts)),
            Form::Object(members) => serializer.collect_map(members),
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            Form::Value(value) => value.fmt(f),
            Form::Text(text) => fmt::Debug::fmt(text, f),
            Form::Scalar(Store::Bool(value)) => value.fmt(f),
            Form::Scalar(Store::Number(value)) => fmt::Display::fmt(value, f),
            Form::Scalar(_) => f.write_str("null"),
            Form::List(parts) => f.debug_list().entries(places(parts)).finish(),
            Form::Object(members) => f.debug_map().entries(members).finish(),
        }
    }
}

fn places(parts: &dyn Parts) -> impl Iterator<Item = Node<'_>> {
    (0..parts.len()).filter_map(|at| parts.at(at)).map(Node::Place)
}

/// Shows parts for debugging.
pub fn debug(parts: &dyn Parts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Debug::fmt(&Node::Parts(parts), f)
}

/// Writes parts.
pub fn serialize<S: Serializer>(parts: &dyn Parts, serializer: S) -> Result<S::Ok, S::Error> {
    Node::Parts(parts).serialize(serializer)
}

/// Whether the same has come of both.
pub fn same(one: &dyn Parts, other: &dyn Parts) -> bool {
    let places = one.len().max(one.fields().len());
    one.kind() == other.kind()
        && one.variant() == other.variant()
        && one.len() == other.len()
        && (0..places).all(|at| one.key(at) == other.key(at) && one.at(at) == other.at(at))
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        if self.state() != other.state() {
            return false;
        }
        !self.shown
            || match (&self.store, &other.store) {
                (Store::Nothing, Store::Nothing) | (Store::Null, Store::Null) => true,
                (Store::Bool(one), Store::Bool(other)) => one == other,
                (Store::Number(one), Store::Number(other)) => one == other,
                (Store::Text(one), Store::Text(other)) => one == other,
                (Store::Json(one), Store::Json(other)) => one == other,
                (Store::Parts(one), Store::Parts(other)) => same(&**one, &**other),
                _ => false,
            }
    }
}
