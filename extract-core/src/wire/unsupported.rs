//! Recognises refusals of a feature, such as a mode or a setting. Another mode may then work. Servers
//! report them in the message only.

use crate::conversation::{Feature, Mode, ProviderError, ProviderErrorKind as Kind};

/// The settings that some models refuse.
const SETTINGS: [&str; 9] = [
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "service_tier",
];

/// Returns the feature of the request that the server does not support, judged by phrases in its error
/// message. `mode` is the mode of the request. `None` for other errors.
pub fn unsupported(error: &ProviderError, mode: Mode) -> Option<Feature> {
    if !matches!(
        error.kind,
        Kind::InvalidRequest | Kind::NotFound | Kind::Server | Kind::Permission
    ) {
        return None;
    }
    let message = error.message.to_ascii_lowercase();
    let code = error.code.as_deref().unwrap_or_default();
    let param = error.param.as_deref().unwrap_or_default();
    let mode_phrases = [
        "not support",
        "unsupported",
        "not available",
        "unavailable",
        "not permitted",
        "not allowed",
        "not enabled",
        "may not be enabled",
        "cannot use",
        "can't use",
        "unrecognized",
        "unknown",
        "no endpoints found",
        "requires --jinja",
    ];
    // These phrases reject the schema of this request only, not schemas in general.
    let schema_phrases = [
        "invalid schema",
        "too complex",
        "cannot find field",
        "circular reference",
        "invalid json schema",
        "grammar",
        "field required",
        "does not match",
        "unexpected",
    ];
    let schema_refused = schema_phrases.iter().any(|phrase| message.contains(phrase))
        || code.starts_with("invalid_") && code.ends_with("_parameters");
    let mode_refused = mode_phrases.iter().any(|phrase| message.contains(phrase))
        || matches!(code, "unsupported_parameter" | "unsupported_value");
    if !schema_refused && !mode_refused {
        return None;
    }
    let about =
        |names: &[&str]| names.iter().any(|name| message.contains(name) || param.starts_with(name));
    let tools = about(&["tool", "function", "input_schema"]);
    // A setting named first is the cause. "tools with reasoning_effort" is about tools.
    if !(mode == Mode::Tools && tools) {
        let named = SETTINGS.iter().find(|name| {
            param == **name
                || message.starts_with(**name)
                || message.contains(&format!("'{name}'"))
                || message.contains(&format!("`{name}`"))
        });
        if let Some(name) = named {
            return Some(Feature::Setting((*name).to_owned()));
        }
    }
    let schema = about(&[
        "response_format",
        "response format",
        "json_schema",
        "json schema",
        "output_config",
        "output_format",
        "outputconfig",
        "responsejsonschema",
        "response_json_schema",
        "responseschema",
        "response_schema",
        "responsemimetype",
        "text.format",
        "structured output",
        "schema",
        "grammar",
    ]);
    let object = about(&[
        "response_format",
        "response format",
        "json_object",
        "json mode",
        "responsemimetype",
        "response mime",
        "text.format",
    ]);
    let fits = match mode {
        Mode::Tools => tools || about(&["schema"]),
        Mode::JsonSchema => schema,
        Mode::JsonObject => object,
        Mode::Auto | Mode::Text => false,
    };
    let carries_schema = matches!(mode, Mode::Tools | Mode::JsonSchema);
    let feature =
        if schema_refused && carries_schema { Feature::Schema(mode) } else { Feature::Mode(mode) };
    fits.then_some(feature)
}
