//! Makes a value fit its column, or refuses it: what is written is what the value says.

use std::fmt;

use arrow_array::types::Date32Type;
use arrow_cast::parse::Parser as _;
use extract_llm::contract::{Column, ColumnKind};
use serde_json::{Map, Value};

/// The largest integer up to which a float of 64 bits holds all of them.
const EXACT: u64 = 1 << 53;

/// A value that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The JSON pointer in the value; empty for the whole value.
    pub pointer: String,
    /// The values that the column holds, such as `an integer of 64 bits`.
    pub expected: &'static str,
    /// The value as JSON, up to 80 characters.
    pub found: String,
}

impl std::error::Error for Misfit {}

impl Misfit {
    fn new(expected: &'static str, found: &Value) -> Self {
        let mut found = found.to_string();
        if let Some((end, _)) = found.char_indices().nth(80) {
            found.truncate(end);
            found.push('…');
        }
        Self { pointer: String::new(), expected, found }
    }

    /// Puts the name of a member in front of the pointer.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let column = extract_arrow::column::<u8>()?;
    /// let misfit = extract_arrow::fit(&json!("seven"), &column).unwrap_err();
    /// assert_eq!(misfit.under("count").pointer, "/count");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn under(mut self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.pointer.insert_str(0, &format!("/{name}"));
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the value" } else { &self.pointer };
        let Self { expected, found, .. } = self;
        write!(f, "{place} does not fit its column: expected {expected}, found {found}")
    }
}

/// Returns a value as its column holds it: JSON without a fixed shape is a text. Members that the column does not
/// name are left out.
///
/// Fails with a [`Misfit`] if the column cannot hold the value without a change.
///
/// ```
/// use serde_json::json;
///
/// let column = extract_arrow::column::<i64>()?;
/// assert_eq!(extract_arrow::fit(&json!(2.0), &column), Ok(json!(2)));
/// let misfit = extract_arrow::fit(&json!(u64::MAX), &column).unwrap_err();
/// assert_eq!(misfit.expected, "an integer of 64 bits");
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub fn fit(value: &Value, column: &Column) -> Result<Value, Misfit> {
    if value.is_null() {
        let may_be_null = column.is_nullable || column.kind == ColumnKind::Json;
        return if may_be_null { Ok(Value::Null) } else { Err(Misfit::new("a value", value)) };
    }
    match &column.kind {
        ColumnKind::Boolean if value.is_boolean() => Ok(value.clone()),
        ColumnKind::Boolean => Err(Misfit::new("true or false", value)),
        ColumnKind::Integer => integer(value),
        ColumnKind::UnsignedInteger => unsigned(value),
        ColumnKind::Number => number(value),
        ColumnKind::Text if value.is_string() => Ok(value.clone()),
        ColumnKind::Text => Err(Misfit::new("a text", value)),
        ColumnKind::Date => date(value),
        ColumnKind::List(element) => list(value, element),
        ColumnKind::Struct(members) => object(value, members),
        ColumnKind::Map(values) => map(value, values),
        _ => Ok(Value::String(value.to_string())),
    }
}

fn integer(value: &Value) -> Result<Value, Misfit> {
    // `2.0` is an integer in JSON Schema.
    let whole = || value.as_f64().filter(|number| number.fract() == 0.0 && is_exact(*number));
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    let number = value.as_i64().or_else(|| whole().map(|number| number as i64));
    number.map(Value::from).ok_or_else(|| Misfit::new("an integer of 64 bits", value))
}

fn unsigned(value: &Value) -> Result<Value, Misfit> {
    let whole = || {
        let number = value.as_f64()?;
        let is_unsigned = number.fract() == 0.0 && number >= 0.0 && is_exact(number);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        is_unsigned.then_some(number as u64)
    };
    let number = value.as_u64().or_else(whole);
    number
        .map(Value::from)
        .ok_or_else(|| Misfit::new("an integer of 64 bits without a sign", value))
}

#[expect(clippy::cast_precision_loss, reason = "the bound is a power of two")]
fn is_exact(number: f64) -> bool {
    number.abs() <= EXACT as f64
}

fn number(value: &Value) -> Result<Value, Misfit> {
    let is_kept = match (value.as_i64(), value.as_u64()) {
        (Some(number), _) => number.unsigned_abs() <= EXACT,
        (None, Some(number)) => number <= EXACT,
        (None, None) => value.is_f64(),
    };
    if is_kept { Ok(value.clone()) } else { Err(Misfit::new("a float of 64 bits", value)) }
}

fn date(value: &Value) -> Result<Value, Misfit> {
    let is_date = |text: &&str| text.len() == 10 && Date32Type::parse(text).is_some();
    match value.as_str().filter(is_date) {
        Some(text) => Ok(text.into()),
        None => Err(Misfit::new("a date such as \"2026-03-01\"", value)),
    }
}

fn list(value: &Value, element: &Column) -> Result<Value, Misfit> {
    let Value::Array(elements) = value else { return Err(Misfit::new("a list", value)) };
    let fitted = elements.iter().enumerate().map(|(index, value)| {
        fit(value, element).map_err(|misfit| misfit.under(&index.to_string()))
    });
    fitted.collect::<Result<Vec<Value>, Misfit>>().map(Value::Array)
}

fn object(value: &Value, columns: &[Column]) -> Result<Value, Misfit> {
    let Value::Object(members) = value else { return Err(Misfit::new("an object", value)) };
    let mut fitted = Map::with_capacity(columns.len());
    for column in columns {
        let member = members.get(&column.name).unwrap_or(&Value::Null);
        let member = fit(member, column).map_err(|misfit| misfit.under(&column.name))?;
        fitted.insert(column.name.clone(), member);
    }
    Ok(Value::Object(fitted))
}

fn map(value: &Value, values: &Column) -> Result<Value, Misfit> {
    let Value::Object(members) = value else { return Err(Misfit::new("an object", value)) };
    let fitted = members.iter().map(|(name, value)| {
        let value = fit(value, values).map_err(|misfit| misfit.under(name))?;
        Ok((name.clone(), value))
    });
    fitted.collect::<Result<Map<_, _>, Misfit>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use extract_llm::contract::Contract;
    use serde_json::json;

    use super::*;

    fn fitted(schema: Value, value: &Value) -> Result<Value, String> {
        let column = Contract::from_schema(schema).unwrap().column();
        fit(value, &column).map_err(|misfit| misfit.to_string())
    }

    #[test]
    fn values_are_kept_or_refused() {
        for (schema, value, expected) in [
            (json!({"type": "integer"}), json!(2.0), Some(json!(2))),
            (json!({"type": "integer"}), json!(u64::MAX), None),
            (
                json!({"type": "integer", "format": "uint64"}),
                json!(u64::MAX),
                Some(json!(u64::MAX)),
            ),
            (json!({"type": "number"}), json!(0.1), Some(json!(0.1))),
            (json!({"type": "number"}), json!(u64::MAX), None),
            (json!({"type": "string", "format": "date"}), json!("2026-02-29"), None),
            (
                json!({"type": "string", "format": "date"}),
                json!("2024-02-29"),
                Some(json!("2024-02-29")),
            ),
            (json!({"type": "string", "format": "date"}), json!("2024-2-9"), None),
            (json!({}), json!({"a": [1]}), Some(json!("{\"a\":[1]}"))),
            (json!({"type": ["string", "null"]}), json!(null), Some(json!(null))),
        ] {
            assert_eq!(fitted(schema.clone(), &value).ok(), expected, "{schema} {value}");
        }
    }

    #[test]
    fn the_place_of_a_misfit_is_named() {
        let schema = json!({"type": "array", "items": {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "any": {}},
            "required": ["n"],
        }});
        let kept = fitted(schema.clone(), &json!([{"n": 1, "any": true}])).unwrap();
        assert_eq!(kept, json!([{"n": 1, "any": "true"}]));
        let misfit = fitted(schema.clone(), &json!([{"n": 1}, {"n": u64::MAX}])).unwrap_err();
        assert!(
            misfit.starts_with("/1/n does not fit its column: expected an integer"),
            "{misfit}"
        );
        let misfit = fitted(schema, &json!([{}])).unwrap_err();
        assert!(misfit.starts_with("/0/n "), "{misfit}");
    }
}
