//! Text that is JSON, and JSON that fits: by far the most replies, read without building anything
//! but the value itself.

use serde_json::{Map, Value};

use super::report::{MOST, Misfit, Repair, RepairKind, excerpt};
use crate::contract::push_segment;
use crate::contract::shape::{Form, ObjectForm, Rest, Shape, ShapeId};

/// How a value stands to its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fits {
    Exactly,
    /// But for optional fields that are not there, and may be `null`.
    WithAbsent,
    Not,
}

/// Whether a value fits as it is.
pub(super) fn fits(value: &Value, shape: &Shape) -> Fits {
    check(value, shape, shape.root(), &mut { STEPS })
}

/// The most values that are held against a type to find out whether one fits: alternatives inside of
/// alternatives can double at each level. Out of steps it counts as one that does not fit, and the
/// reader that mends, which has bounds of its own, takes over.
const STEPS: u32 = 1_000_000;

fn check(value: &Value, shape: &Shape, id: ShapeId, left: &mut u32) -> Fits {
    let Some(fewer) = left.checked_sub(1) else { return Fits::Not };
    *left = fewer;
    let yes = |fits: bool| if fits { Fits::Exactly } else { Fits::Not };
    match shape.form(id) {
        Form::Any => Fits::Exactly,
        Form::Never => Fits::Not,
        Form::Null => yes(value.is_null()),
        Form::Bool => yes(value.is_boolean()),
        Form::Integer(bounds) => yes((value.is_i64() || value.is_u64())
            && value.as_f64().is_some_and(|number| bounds.hold(number))),
        Form::Number(bounds) => yes(value.as_f64().is_some_and(|number| bounds.hold(number))),
        Form::Text(lengths) => yes(value
            .as_str()
            .is_some_and(|text| lengths.free() || lengths.hold(text.chars().count()))),
        Form::Choice(choices) => match value {
            Value::String(text) => yes(choices
                .exact
                .get(text)
                .is_some_and(|&index| choices.all[index as usize].value == *value)),
            other => yes(choices.all.iter().any(|choice| choice.value == *other)),
        },
        Form::List(list) => {
            let Value::Array(items) = value else { return Fits::Not };
            if items.len() < list.prefix.len() || !list.length.hold(items.len()) {
                return Fits::Not;
            }
            let mut worst = Fits::Exactly;
            for (index, item) in items.iter().enumerate() {
                let Some(shape_id) = list.prefix.get(index).copied().or(list.items) else {
                    return Fits::Not;
                };
                worst = worst.max(check(item, shape, shape_id, left));
                if worst == Fits::Not {
                    break;
                }
            }
            worst
        }
        Form::Object(object) => match value {
            Value::Object(map) => check_object(map, shape, object, left),
            _ => Fits::Not,
        },
        Form::Union(union) => {
            if value.is_null() {
                return yes(union.nullable
                    || union
                        .options
                        .iter()
                        .any(|&option| check(value, shape, option, left) == Fits::Exactly));
            }
            if let [only] = union.options.as_slice() {
                return check(value, shape, *only, left);
            }
            if let (Some(tag), Value::Object(map)) = (&union.tag, value) {
                let named = map.get(&tag.name).and_then(|tagged| {
                    tag.variants.iter().find(|(_, constant)| {
                        check(tagged, shape, *constant, left) == Fits::Exactly
                    })
                });
                return named.map_or(Fits::Not, |&(option, _)| check(value, shape, option, left));
            }
            // What is absent in one variant may be there in another: only an exact fit decides.
            yes(union
                .options
                .iter()
                .any(|&option| check(value, shape, option, left) == Fits::Exactly))
        }
    }
}

fn check_object(
    map: &Map<String, Value>,
    shape: &Shape,
    object: &ObjectForm,
    left: &mut u32,
) -> Fits {
    if object.keys.is_some() {
        return Fits::Not;
    }
    let mut worst = Fits::Exactly;
    let mut found = 0;
    let mut required = 0;
    let mut expected = 0;
    for (key, value) in map {
        let shape_id = match object.field(key, expected) {
            Some(index) if object.fields[index].name == *key => {
                expected = index + 1;
                found += 1;
                required += usize::from(object.fields[index].required);
                object.fields[index].shape
            }
            Some(_) => return Fits::Not,
            None => match object.rest {
                Rest::Keep(rest) => rest,
                Rest::Drop => return Fits::Not,
            },
        };
        worst = worst.max(check(value, shape, shape_id, left));
        if worst == Fits::Not {
            return Fits::Not;
        }
    }
    if found < object.fields.len() {
        if required < object.fields.iter().filter(|field| field.required).count() {
            return Fits::Not;
        }
        let optional = |field: &&crate::contract::shape::Field| nullable(shape, field.shape);
        let absent =
            object.fields.iter().filter(optional).any(|field| !map.contains_key(&field.name));
        if absent {
            worst = worst.max(Fits::WithAbsent);
        }
    }
    worst
}

fn nullable(shape: &Shape, id: ShapeId) -> bool {
    match shape.form(id) {
        Form::Null => true,
        Form::Union(union) => union.nullable,
        _ => false,
    }
}

/// Where a value does not fit as it is.
pub(super) fn misfits(value: &Value, shape: &Shape) -> Vec<Misfit> {
    let mut found = Vec::new();
    find_misfits(value, shape, shape.root(), &mut String::new(), &mut found);
    found
}

fn find_misfits(
    value: &Value,
    shape: &Shape,
    id: ShapeId,
    pointer: &mut String,
    found: &mut Vec<Misfit>,
) {
    if found.len() >= MOST || check(value, shape, id, &mut { STEPS }) != Fits::Not {
        return;
    }
    let here = pointer.len();
    let before = found.len();
    match (shape.form(id), value) {
        (Form::List(list), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let Some(shape_id) = list.prefix.get(index).copied().or(list.items) else { break };
                push_segment(pointer, &index.to_string());
                find_misfits(item, shape, shape_id, pointer, found);
                pointer.truncate(here);
            }
        }
        (Form::Object(object), Value::Object(map)) => {
            for (key, value) in map {
                let shape_id = match (object.field(key, 0), object.rest) {
                    (Some(index), _) => object.fields[index].shape,
                    (None, Rest::Keep(rest)) => rest,
                    (None, Rest::Drop) => continue,
                };
                push_segment(pointer, key);
                find_misfits(value, shape, shape_id, pointer, found);
                pointer.truncate(here);
            }
            for field in object.fields.iter().filter(|field| field.required) {
                if !map.contains_key(&field.name) {
                    push_segment(pointer, &field.name);
                    found.push(Misfit {
                        pointer: pointer.clone(),
                        expected: "a value (the field is required)".to_owned(),
                        found: String::new(),
                    });
                    pointer.truncate(here);
                }
            }
        }
        _ => {}
    }
    if found.len() == before {
        let text = value.to_string();
        found.push(Misfit {
            pointer: pointer.clone(),
            expected: "what the schema says here".to_owned(),
            found: excerpt(&text).into_owned(),
        });
    }
}

/// Puts `null` where an optional field is absent, in a value that fits but for these.
pub(super) fn fill(value: &mut Value, shape: &Shape, repairs: &mut Vec<Repair>) {
    fill_in(value, shape, shape.root(), &mut String::new(), repairs);
}

fn fill_in(
    value: &mut Value,
    shape: &Shape,
    id: ShapeId,
    pointer: &mut String,
    repairs: &mut Vec<Repair>,
) {
    let here = pointer.len();
    match (shape.form(id), value) {
        (Form::List(list), Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                let Some(shape_id) = list.prefix.get(index).copied().or(list.items) else {
                    continue;
                };
                push_segment(pointer, &index.to_string());
                fill_in(item, shape, shape_id, pointer, repairs);
                pointer.truncate(here);
            }
        }
        (Form::Object(object), Value::Object(map)) => {
            for (key, value) in map.iter_mut() {
                let shape_id = match (object.field(key, 0), object.rest) {
                    (Some(index), _) => object.fields[index].shape,
                    (None, Rest::Keep(rest)) => rest,
                    (None, Rest::Drop) => continue,
                };
                push_segment(pointer, key);
                fill_in(value, shape, shape_id, pointer, repairs);
                pointer.truncate(here);
            }
            for field in object.fields.iter().filter(|field| nullable(shape, field.shape)) {
                if !map.contains_key(&field.name) {
                    map.insert(field.name.clone(), Value::Null);
                    push_segment(pointer, &field.name);
                    repairs.push(Repair {
                        pointer: pointer.clone(),
                        kind: RepairKind::AbsentOptional,
                        before: "".into(),
                        after: "null".into(),
                    });
                    pointer.truncate(here);
                }
            }
        }
        (Form::Union(union), value) if !value.is_null() => {
            let fitting = union
                .options
                .iter()
                .find(|&&option| check(value, shape, option, &mut { STEPS }) != Fits::Not);
            if let Some(&option) = fitting {
                fill_in(value, shape, option, pointer, repairs);
            }
        }
        _ => {}
    }
}
