//! The fast path for most replies: parses text that is valid JSON, and checks whether the value
//! fits the schema. It builds only the value.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::contract::shape::{
    ObjectShape, OtherFields, Shape, ShapeId, ShapeKind, intersect_options,
};

/// A value that was parsed from JSON text.
pub(super) struct Parsed {
    pub(super) value: Value,
    /// No object has a duplicate key. Of duplicates, `value` keeps the last.
    pub(super) is_plain: bool,
}

/// Parses a JSON text. Fails if it is not valid JSON.
pub(super) fn parse(text: &str) -> Result<Parsed, serde_json::Error> {
    let doubled = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Plain { doubled: &doubled }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Parsed { value, is_plain: !doubled.get() })
}

/// Builds a value as `serde_json` does, and records whether an object has a duplicate key.
#[derive(Clone, Copy)]
struct Plain<'a> {
    doubled: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if map.insert(name, value).is_some() {
                self.doubled.set(true);
            }
        }
        Ok(Value::Object(map))
    }
}

/// Returns whether a value fits the shape without any conversion.
pub(super) fn fits(value: &Value, shape: &Shape) -> bool {
    check(value, shape, shape.root(), &mut { STEPS })
}

/// Returns whether a value fits without the wrapper object that is added for providers.
pub(super) fn fits_bare(value: &Value, shape: &Shape) -> bool {
    shape.wrapped_field().is_some_and(|field| check(value, shape, field.shape, &mut { STEPS }))
}

/// The largest number of values that are compared with shapes in one check. Nested unions can
/// double the work at each level. Beyond the limit the value counts as not fitting, and the lenient
/// reader handles it.
const STEPS: u32 = 1_000_000;

/// Returns whether a value fits the shape `id`. `left` is the number of comparisons that remain.
fn check(value: &Value, shape: &Shape, id: ShapeId, left: &mut u32) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    match shape.kind(id) {
        ShapeKind::Any => true,
        ShapeKind::Never => false,
        ShapeKind::Null => value.is_null(),
        ShapeKind::Bool => value.is_boolean(),
        ShapeKind::Integer(bounds, _) => {
            (value.is_i64() || value.is_u64())
                && value.as_f64().is_some_and(|number| bounds.hold(number))
        }
        ShapeKind::Number(bounds) => value.as_f64().is_some_and(|number| bounds.hold(number)),
        ShapeKind::Text(lengths) => {
            value.as_str().is_some_and(|text| lengths.free() || lengths.hold(text.chars().count()))
        }
        ShapeKind::Choice(choices) => match value {
            Value::String(text) => choices
                .exact
                .get(text)
                .is_some_and(|&index| choices.all[index as usize].value == *value),
            other => choices.all.iter().any(|choice| choice.value == *other),
        },
        ShapeKind::List(list) => {
            let Value::Array(items) = value else { return false };
            items.len() >= list.prefix.len()
                && list.length.hold(items.len())
                && items.iter().enumerate().all(|(index, item)| {
                    let shape_id = list.prefix.get(index).copied().or(list.items);
                    shape_id.is_some_and(|id| check(item, shape, id, left))
                })
        }
        ShapeKind::Object(object) => match value {
            Value::Object(map) => check_object(map, shape, object, left),
            _ => false,
        },
        ShapeKind::Union(union) => {
            if value.is_null() && union.nullable {
                return true;
            }
            // A string, if one is allowed, keeps digits that a float loses.
            let is_text = |&id: &ShapeId| matches!(shape.kind(id), ShapeKind::Text(_));
            if value.is_f64() && union.options.iter().any(is_text) {
                return false;
            }
            let mut bound = None;
            if let Value::Object(map) = value {
                for tag in &union.tags {
                    let Some(Value::String(name)) = map.get(&tag.name) else { continue };
                    let Some((named, true)) = tag.options(name) else { return false };
                    bound = Some(intersect_options(bound, named));
                }
            }
            match bound {
                Some(bound) => {
                    let mut options = bound.iter().map(|&option| union.options[option as usize]);
                    options.any(|option| check(value, shape, option, left))
                }
                None => union.options.iter().any(|&option| check(value, shape, option, left)),
            }
        }
    }
}

/// Returns whether an object fits: every member is a field under its exact name, and no required
/// field is missing. Objects with unknown members do not fit here: the lenient reader reports them.
fn check_object(
    map: &Map<String, Value>,
    shape: &Shape,
    object: &ObjectShape,
    left: &mut u32,
) -> bool {
    if object.keys.is_some() {
        return false;
    }
    let mut required = 0;
    let mut expected = 0;
    for (key, value) in map {
        let shape_id = match object.field(key, expected) {
            Some(index) if object.fields[index].name == *key => {
                expected = index + 1;
                required += usize::from(shape.requires(&object.fields[index]));
                object.fields[index].shape
            }
            Some(_) => return false,
            None => match object.shape_of_other(key) {
                OtherFields::Values(values) => values,
                OtherFields::Open | OtherFields::Closed => return false,
            },
        };
        if !check(value, shape, shape_id, left) {
            return false;
        }
    }
    required == object.fields.len()
        || required == object.fields.iter().filter(|field| shape.requires(field)).count()
}
