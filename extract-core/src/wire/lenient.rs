//! Lenient deserialisers, for fields whose type differs between servers of one protocol. A code that is
//! a number at one server and a string at another must not make the whole reply unreadable.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Accepts any value. Returns the text of strings and numbers.
struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Deserialises a string, or a number as a string. `None` for any other value.
pub(super) fn text<'de, D: Deserializer<'de>>(de: D) -> Result<Option<String>, D::Error> {
    de.deserialize_any(TextVisitor)
}

/// Deserialises a string that is not blank, such as a reason to stop. `None` for any other value.
pub(super) fn non_blank<'de, D: Deserializer<'de>>(de: D) -> Result<Option<String>, D::Error> {
    Ok(text(de)?.filter(|text| !text.trim().is_empty()))
}

/// Deserialises a non-negative integer, or a string of one. `None` for any other value.
pub(super) fn index<'de, D: Deserializer<'de>>(de: D) -> Result<Option<usize>, D::Error> {
    Ok(text(de)?.and_then(|text| text.parse().ok()))
}

/// Deserialises tool arguments as JSON text: the contents of a string, or the text of any other value.
pub(super) fn arguments<'de, D: Deserializer<'de>>(de: D) -> Result<Option<String>, D::Error> {
    let raw = Option::<&RawValue>::deserialize(de)?;
    Ok(raw.map(|raw| arguments_of(raw.get())))
}

/// Returns tool arguments as JSON text: the contents of a string, or any other value unchanged. Empty
/// for `null`.
pub(super) fn arguments_of(json: &str) -> String {
    let json = json.trim();
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        _ if json == "null" => String::new(),
        _ => json.to_owned(),
    }
}

/// Returns the string at a JSON pointer. `None` if there is none.
pub(super) fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// Returns the string at a JSON pointer. `None` if there is none, or an empty one.
pub(super) fn non_empty_at(value: &Value, pointer: &str) -> Option<String> {
    text_at(value, pointer).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns the string at a JSON pointer. `None` if there is none, or a blank one.
pub(super) fn non_blank_at(value: &Value, pointer: &str) -> Option<String> {
    text_at(value, pointer).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Whether the value of an error field reports an error. Some servers always send the field, with null,
/// `false`, an empty string or an empty object in it.
pub(super) fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
