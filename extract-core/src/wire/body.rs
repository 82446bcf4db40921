//! What all encoders share: the last step from a body to bytes, and the questions they ask of a
//! request.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::conversation::{
    Feature, Media, MediaSource, Message, Part, ProviderError, ProviderErrorKind, ProviderState,
    Request,
};

use super::Quirks;

/// Writes the body, with the provider's own fields and then the user's laid over it.
pub(super) fn write(
    body: &impl Serialize,
    request: &Request,
    quirks: &Quirks,
) -> Result<Vec<u8>, ProviderError> {
    let refuse =
        |error: serde_json::Error| ProviderError::new(ProviderErrorKind::Encode, error.to_string());
    let extra = &request.settings.extra_body;
    let bytes = serde_json::to_vec(body).map_err(refuse)?;
    if extra.is_empty() && quirks.extra.is_empty() {
        return Ok(bytes);
    }
    // Through values that keep their text, so that replayed state stays byte for byte what it was.
    let mut body: Map<String, Value> = Map::new();
    let mut verbatim: Vec<(String, Box<RawValue>)> = Vec::new();
    let mut laid = Map::new();
    if !quirks.extra.is_empty() {
        laid = serde_json::from_str(quirks.extra).map_err(refuse)?;
    }
    lay_over(&mut laid, extra);
    let fields: indexed::Fields = serde_json::from_slice(&bytes).map_err(refuse)?;
    for (name, raw) in fields.0 {
        match laid.remove(&name) {
            None => verbatim.push((name, raw)),
            Some(Value::Object(more)) => match serde_json::from_str(raw.get()).map_err(refuse)? {
                Value::Object(mut inner) => {
                    lay_over(&mut inner, &more);
                    verbatim.push((name, raw_value(&Value::Object(inner)).map_err(refuse)?));
                }
                _ => verbatim.push((name, raw_value(&Value::Object(more)).map_err(refuse)?)),
            },
            Some(other) => verbatim.push((name, raw_value(&other).map_err(refuse)?)),
        }
    }
    body.append(&mut laid);
    for (name, value) in &body {
        verbatim.push((name.clone(), raw_value(value).map_err(refuse)?));
    }
    serde_json::to_vec(&indexed::Fields(verbatim)).map_err(refuse)
}

fn raw_value(value: &Value) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}

/// An object whose fields keep their order and their text.
mod indexed {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    pub(super) struct Fields(pub(super) Vec<(String, Box<RawValue>)>);

    impl Serialize for Fields {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
        }
    }

    impl<'de> Deserialize<'de> for Fields {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Entries;
            impl<'de> Visitor<'de> for Entries {
                type Value = Fields;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(
                    self,
                    mut entries: A,
                ) -> Result<Self::Value, A::Error> {
                    let mut fields = Vec::new();
                    while let Some(entry) = entries.next_entry()? {
                        fields.push(entry);
                    }
                    Ok(Fields(fields))
                }
            }
            deserializer.deserialize_map(Entries)
        }
    }
}

/// Lays fields over an object: objects are merged, everything else is replaced.
fn lay_over(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (key, value) in extra {
        match (body.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => lay_over(inner, more),
            _ => {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The provider's own form of a turn, where this protocol can read it.
pub(super) fn state<'m>(message: &'m Message, protocol: &str) -> Option<&'m ProviderState> {
    message.parts.iter().find_map(|part| match part {
        Part::State(state) if state.protocol == protocol => Some(state),
        _ => None,
    })
}

/// JSON text as a value that is written as it stands.
pub(super) fn verbatim(json: &str) -> Result<Box<RawValue>, ProviderError> {
    RawValue::from_string(json.to_owned()).map_err(|error| {
        let message = format!("the provider's state is not JSON: {error}");
        ProviderError::new(ProviderErrorKind::Encode, message)
    })
}

/// The arguments of a call as a JSON object, for protocols that have no text there. A call that was
/// cut off, or is no object, is sent as an empty one.
pub(super) fn argument_object(arguments: &str) -> Box<RawValue> {
    let object = serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
    let text = if object { arguments.trim() } else { "{}" };
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A text document as text: every protocol has a place for that.
pub(super) fn document_text(media: &Media) -> Option<String> {
    let text = media.media_type.as_deref()?.starts_with("text/");
    match &media.source {
        MediaSource::Inline(inline) if text => inline.text(),
        _ => None,
    }
}

/// The refusal to send a piece of media that this protocol has no place for.
pub(super) fn no_place(media: &Media, protocol: &str) -> ProviderError {
    let how = match &media.source {
        MediaSource::Inline(_) => "by its bytes",
        MediaSource::Url(_) => "by a URL",
        MediaSource::Id(_) => "by a file id",
    };
    let kind = media.kind;
    ProviderError::unsupported(Feature::Media(kind), format!("{protocol} takes no {kind} {how}"))
}
