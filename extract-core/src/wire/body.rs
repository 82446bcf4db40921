//! The last step of every encoder: merges extra fields into the body and serialises it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::object::{Object, merge};
use super::quirks::Quirks;
use crate::conversation::{ProviderError, ProviderErrorKind, Request};

/// Serialises a body. The provider's extra fields, and then those of the request, are merged into it.
///
/// # Errors
/// A value cannot be written as JSON.
pub(super) fn write(
    mut body: Object,
    request: &Request,
    quirks: &Quirks,
) -> Result<Vec<u8>, ProviderError> {
    let mut finish = || {
        let mut extra = Map::new();
        if !quirks.extra.is_empty() {
            extra = serde_json::from_str(quirks.extra)?;
        }
        merge(&mut extra, &request.settings.extra_body);
        body.merge(extra)?;
        serde_json::to_vec(&body)
    };
    finish().map_err(|error: serde_json::Error| {
        ProviderError::new(ProviderErrorKind::Encode, error.to_string())
    })
}

/// Returns the arguments of a call as a JSON object, for protocols that do not take them as text.
/// Arguments that are cut off, or are not an object, become an empty object.
pub(super) fn argument_object(arguments: &str) -> Box<RawValue> {
    let object = serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
    let text = if object { arguments.trim() } else { "{}" };
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
