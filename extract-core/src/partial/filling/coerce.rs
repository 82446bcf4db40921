//! A scalar, or a part that is whole, as its place in the schema wants it: at once where it fits as
//! it stands, by the reader of whole replies where not.

use serde_json::Value;

use super::cursor::Guide;
use crate::contract::shape::{Form, ShapeId};
use crate::reading::{Part, Role, Sink, Token, json_number};

/// A string for a place of the schema.
pub(super) fn string(
    guide: &Guide,
    id: ShapeId,
    text: &str,
    span: (usize, usize),
    source: &str,
) -> Option<Value> {
    match guide.form(guide.peel(id)) {
        Form::Any => return Some(text.into()),
        Form::Text(lengths) if lengths.free() => return Some(text.into()),
        Form::Choice(choices) => {
            if let Some(&index) = choices.exact.get(text) {
                return Some(choices.all[index as usize].value.clone());
            }
        }
        _ => {}
    }
    let mut part = Part::new();
    let sink = part.sink();
    sink.string_begin(Role::Value, span.0);
    sink.text(text);
    sink.string_end(span.1, true);
    part.fit(source, guide.shape(), id)
}

/// A token without quotes for a place of the schema.
pub(super) fn scalar(
    guide: &Guide,
    id: ShapeId,
    (token, text): (Token, &str),
    span: (usize, usize),
    source: &str,
) -> Option<Value> {
    match (guide.form(guide.peel(id)), token) {
        (Form::Bool, Token::True) => return Some(true.into()),
        (Form::Bool, Token::False) => return Some(false.into()),
        (Form::Integer(bounds, _) | Form::Number(bounds), Token::Number) => {
            let integer = matches!(guide.form(guide.peel(id)), Form::Integer(..));
            if let Some(number) = json_number(token, text) {
                let form = !integer || number.is_i64() || number.is_u64();
                if form && number.as_f64().is_some_and(|value| bounds.hold(value)) {
                    return Some(number.into());
                }
            }
        }
        _ => {}
    }
    if token == Token::Null && matches!(guide.form(id), Form::Union(union) if union.nullable) {
        return Some(Value::Null);
    }
    let mut part = Part::new();
    part.sink().scalar(token, text, span, true);
    part.fit(source, guide.shape(), id)
}
