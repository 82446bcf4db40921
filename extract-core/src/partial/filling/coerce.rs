//! Converts a scalar to a value of its shape. Scalars that fit as they are take a short path; the reader
//! of whole replies converts the others.

use serde_json::Value;

use super::cursor::SchemaCursor;
use crate::contract::shape::{ShapeId, ShapeKind};
use crate::reading::{PartReader, Sink, Token, TokenRole, json_number};

/// Returns a string as a value of the shape `id`, or `None` if it does not fit.
pub(super) fn string(
    guide: &SchemaCursor,
    id: ShapeId,
    text: &str,
    span: (usize, usize),
    source: &str,
) -> Option<Value> {
    match guide.kind(guide.without_null(id)) {
        ShapeKind::Any => return Some(text.into()),
        ShapeKind::Text(lengths) if lengths.free() => return Some(text.into()),
        ShapeKind::Choice(choices) => {
            if let Some(&index) = choices.exact.get(text) {
                return Some(choices.all[index as usize].value.clone());
            }
        }
        _ => {}
    }
    let mut part = PartReader::new();
    let sink = part.sink();
    sink.string_begin(TokenRole::Value, span.0);
    sink.text(text);
    sink.string_end(span.1, true);
    part.fit(source, guide.shape(), id)
}

/// Returns a token without quotation marks as a value of the shape `id`, or `None` if it does not fit.
pub(super) fn scalar(
    guide: &SchemaCursor,
    id: ShapeId,
    (token, text): (Token, &str),
    span: (usize, usize),
    source: &str,
) -> Option<Value> {
    match (guide.kind(guide.without_null(id)), token) {
        (ShapeKind::Bool, Token::True) => return Some(true.into()),
        (ShapeKind::Bool, Token::False) => return Some(false.into()),
        (ShapeKind::Integer(bounds, _) | ShapeKind::Number(bounds), Token::Number) => {
            let integer = matches!(guide.kind(guide.without_null(id)), ShapeKind::Integer(..));
            if let Some(number) = json_number(token, text) {
                let form = !integer || number.is_i64() || number.is_u64();
                if form && number.as_f64().is_some_and(|value| bounds.hold(value)) {
                    return Some(number.into());
                }
            }
        }
        _ => {}
    }
    if token == Token::Null && matches!(guide.kind(id), ShapeKind::Union(union) if union.nullable) {
        return Some(Value::Null);
    }
    let mut part = PartReader::new();
    part.sink().scalar(token, text, span, true);
    part.fit(source, guide.shape(), id)
}
