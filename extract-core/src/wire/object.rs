//! JSON objects under construction. Their fields keep their order, and replayed values in them keep
//! their text byte for byte.

use std::borrow::Cow;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::conversation::{ProviderError, ProviderErrorKind};

/// An object, field by field.
#[derive(Default)]
pub(super) struct Object {
    fields: Vec<(Cow<'static, str>, Box<RawValue>)>,
    /// The first value that could not be serialised. Serialising the object then fails.
    error: Option<serde_json::Error>,
}

impl Object {
    /// Returns an empty object.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Appends a field. If the value cannot be serialised, serialising the object fails.
    pub(super) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        match to_raw_value(&value) {
            Ok(value) => self.fields.push((Cow::Borrowed(name), value)),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// Appends a field if it has a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Appends a list if it is not empty.
    pub(super) fn with_list(self, name: &'static str, list: &[impl Serialize]) -> Self {
        self.with_some(name, Some(list).filter(|list| !list.is_empty()))
    }

    /// Appends a nested object if it is not empty.
    pub(super) fn with_object(self, name: &'static str, object: Self) -> Self {
        let is_empty = object.fields.is_empty() && object.error.is_none();
        self.with_some(name, (!is_empty).then_some(object))
    }

    /// Appends all fields of another object.
    pub(super) fn with_all(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self.error = self.error.or(other.error);
        self
    }

    /// Serialises the object as a request body. Extra fields are merged into it: first those of the
    /// provider, as JSON text (empty for none), then those of the request.
    ///
    /// # Errors
    /// A value cannot be written as JSON, or the provider's fields are not an object.
    pub(super) fn into_body(
        mut self,
        of_provider: &str,
        of_request: &Map<String, Value>,
    ) -> Result<Vec<u8>, ProviderError> {
        let mut finish = || {
            let mut extra = Map::new();
            if !of_provider.is_empty() {
                extra = serde_json::from_str(of_provider)?;
            }
            merge(&mut extra, of_request);
            self.merge(extra)?;
            serde_json::to_vec(&self)
        };
        finish().map_err(|error: serde_json::Error| {
            ProviderError::new(ProviderErrorKind::Encode, error.to_string())
        })
    }

    /// Merges fields into the object. Fields that are not replaced keep their text.
    fn merge(&mut self, mut more: Map<String, Value>) -> Result<(), serde_json::Error> {
        for (name, raw) in &mut self.fields {
            let value = match more.remove(&**name) {
                None => continue,
                Some(Value::Object(more)) => match serde_json::from_str(raw.get())? {
                    Value::Object(mut inner) => {
                        merge(&mut inner, &more);
                        Value::Object(inner)
                    }
                    _ => Value::Object(more),
                },
                Some(other) => other,
            };
            *raw = to_raw_value(&value)?;
        }
        for (name, value) in more {
            self.fields.push((Cow::Owned(name), to_raw_value(&value)?));
        }
        Ok(())
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.error {
            Some(error) => Err(S::Error::custom(error)),
            None => serializer.collect_map(self.fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

/// Sets a member of an object. Does nothing for a value that is no object.
pub(super) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value.into());
    }
}

/// Merges fields into an object: objects are merged recursively, other values are replaced.
fn merge(into: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, value) in more {
        match (into.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => merge(inner, more),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
