//! Recognises refusals of a feature, such as a mode or a setting. Another mode may then work.
//!
//! Servers report them in their messages, and no two servers in the same words. So a refusal is recognised
//! by its subject: it names a field that the request has for its mode. Words of refusal only confirm it.

use crate::conversation::{Feature, Mode, ProviderError, ProviderErrorKind as Kind};

/// The fields of settings that some models refuse, in lower case, and the names of the settings.
const SETTINGS: [(&str, &str); 23] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("topp", "top_p"),
    ("top_k", "top_k"),
    ("seed", "seed"),
    ("random_seed", "seed"),
    ("stop", "stop"),
    ("stop_sequences", "stop"),
    ("stopsequences", "stop"),
    ("max_tokens", "max_tokens"),
    ("max_completion_tokens", "max_tokens"),
    ("max_output_tokens", "max_tokens"),
    ("reasoning_effort", "thinking"),
    ("reasoning.effort", "thinking"),
    ("reasoning", "thinking"),
    ("output_config.effort", "thinking"),
    ("thinking", "thinking"),
    ("thinking.type", "thinking"),
    ("thinking_level", "thinking"),
    ("thinkingconfig", "thinking"),
    ("service_tier", "service_tier"),
    ("prompt_cache_key", "prompt_cache_key"),
    ("prompt_cache_options", "prompt_cache"),
];

/// The fields of the request and the common names of its mode, in lower case and without `_`, `-` and
/// spaces.
const TOOL_FIELDS: [&str; 12] = [
    "tools",
    "toolchoice",
    "toolconfig",
    "toolspec",
    "toolparser",
    "toolcalling",
    "functions",
    "functiontools",
    "functioncalling",
    "functiondeclarations",
    "forfunction",
    "inputschema",
];
const SCHEMA_FIELDS: [&str; 12] = [
    "responseformat",
    "jsonschema",
    "outputconfig",
    "outputformat",
    "responseschema",
    "responsemimetype",
    "textformat",
    "text.format",
    "structuredoutput",
    "grammar",
    "guideddecoding",
    "schema",
];
const OBJECT_FIELDS: [&str; 7] = [
    "responseformat",
    "jsonobject",
    "jsonmode",
    "responsemimetype",
    "textformat",
    "text.format",
    "structuredoutput",
];

/// The parts of a conversation with tools. A complaint about them is not about the tools.
const TOOL_HISTORY: [&str; 8] = [
    "toolcalls",
    "toolcallid",
    "tooluseid",
    "toolresult",
    "functionresponse",
    "functioncallturn",
    "functioncallparts",
    "thoughtsignature",
];

/// Words that refuse a feature for every request.
const NOT_SUPPORTED: [&str; 27] = [
    "but not both",
    "not support",
    "n't support",
    "unsupported",
    "not available",
    "unavailable",
    "not permitted",
    "not allowed",
    "not enabled",
    "not implemented",
    "unimplemented",
    "may not be enabled",
    "enabled only for",
    "only enabled for",
    "cannot use",
    "can't use",
    "cannot be used",
    "cannot set",
    "unrecognized",
    "unknown",
    "unexpected keyword",
    "unexpected field",
    "no endpoints found",
    "requires --",
    "extra_forbidden",
    "extra fields",
    "不支持",
];

/// Words that refuse the value of a field, such as the type of a response format.
const WRONG_VALUE: [&str; 10] = [
    "enumeration member",
    "deserialize",
    "must be one of",
    "must be set to",
    "type must be",
    "allowed values",
    "supported values",
    "literal_error",
    "input should be '",
    "only supports",
];

/// Words that refuse a value without any reason.
const INVALID: [&str; 9] = [
    "must ",
    "should be",
    "expected",
    "invalid",
    "not valid",
    "failed",
    "requires",
    "error",
    "unable",
];

/// Words about the contents of a schema, in lower case.
const SCHEMA_CONTENTS: [&str; 48] = [
    "this schema",
    "the schema",
    "regex",
    "lookaround",
    "invalid schema",
    "invalid json schema",
    "invalid input schema",
    "unrecognized schema",
    "unsupported schema",
    "schema conversion",
    "schema validation",
    "schema contains",
    "schema is not valid",
    "schema is invalid",
    "schema at ",
    "schema too",
    "too complex",
    "too many states",
    "too large for",
    "grammar error",
    "parse grammar",
    "parsing grammar",
    "compile grammar",
    "compile the grammar",
    "initialize samplers",
    "circular reference",
    "recursive",
    "in context=",
    "unimplemented keys",
    "schema keyword",
    "unsupported keyword",
    "keywords",
    "schema.properties",
    "parameters.",
    "parameters[",
    "'$ref'",
    "\"$ref\"",
    "additionalproperties",
    "propertynames",
    "prefixitems",
    "anyof",
    "oneof",
    "allof",
    "minitems",
    "maxitems",
    "uniqueitems",
    "minlength",
    "pattern must",
];

/// Returns the feature of the request that the server does not support, judged by its error message.
/// `mode` is the mode of the request. `None` for other errors.
///
/// ```
/// use extract_core::conversation::{Feature, Mode, ProviderError, ProviderErrorKind};
/// use extract_core::wire::unsupported;
///
/// let message = "response_format type must be one of \"text\" or \"json_object\"";
/// let error = ProviderError::new(ProviderErrorKind::Server, message);
/// assert_eq!(unsupported(&error, Mode::JsonSchema), Some(Feature::Mode(Mode::JsonSchema)));
/// assert_eq!(unsupported(&error, Mode::Tools), None);
/// ```
pub fn unsupported(error: &ProviderError, mode: Mode) -> Option<Feature> {
    let is_candidate = matches!(
        error.kind,
        Kind::InvalidRequest | Kind::NotFound | Kind::Server | Kind::Permission | Kind::Unsupported
    );
    if !is_candidate {
        return None;
    }
    let complaint = Complaint::of(error);
    // Servers refuse them in many words, and no other error names them.
    if complaint.param.contains("logprob") || complaint.message.contains("logprob") {
        return Some(Feature::Setting(String::from("logprobs")));
    }
    let is_about_mode = complaint.is_about(mode);
    if !(mode == Mode::Tools && is_about_mode) {
        if let Some(name) = complaint.refused_setting(is_about_mode) {
            return Some(Feature::Setting(name.to_owned()));
        }
    }
    if !is_about_mode {
        return None;
    }
    let carries_schema = matches!(mode, Mode::Tools | Mode::JsonSchema);
    if carries_schema && complaint.is_about_schema_contents() {
        return Some(Feature::Schema(mode));
    }
    if complaint.refuses_for_every_request() {
        return Some(Feature::Mode(mode));
    }
    // The provider does not say why. Only this schema is known to be refused.
    let feature = if carries_schema { Feature::Schema(mode) } else { Feature::Mode(mode) };
    complaint.refuses_without_reason(mode).then_some(feature)
}

/// Returns the fields that a request has for a mode.
fn fields_of(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Tools => &TOOL_FIELDS,
        Mode::JsonSchema => &SCHEMA_FIELDS,
        Mode::JsonObject => &OBJECT_FIELDS,
        Mode::Auto | Mode::Text => &[],
    }
}

/// The message of an error, prepared for comparisons.
struct Complaint<'a> {
    kind: Kind,
    code: &'a str,
    /// The field that the provider names, in lower case.
    param: String,
    /// The message in lower case, without the parts of the request that it repeats.
    message: String,
}

impl<'a> Complaint<'a> {
    fn of(error: &'a ProviderError) -> Self {
        Self {
            kind: error.kind,
            code: error.code.as_deref().unwrap_or_default(),
            param: error.param.as_deref().unwrap_or_default().to_ascii_lowercase(),
            message: without_input(&error.message.to_ascii_lowercase()),
        }
    }

    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.message.contains(phrase))
    }

    /// Whether it names a field that a request has for this mode.
    fn is_about(&self, mode: Mode) -> bool {
        let fields = fields_of(mode);
        let names = [joined(&self.param), joined(&self.message)];
        let has =
            |words: &[&str]| names.iter().any(|text| words.iter().any(|word| text.contains(word)));
        if has(fields) {
            return true;
        }
        // Other names of tools are common words.
        let is_generic = mode == Mode::Tools && has(&["tool", "schema"]) && !has(&TOOL_HISTORY);
        is_generic && self.kind != Kind::Server && !self.param.starts_with("messages")
    }

    /// Returns the setting that the model does not support. `is_about_mode` is whether the complaint names
    /// the mode as well.
    fn refused_setting(&self, is_about_mode: bool) -> Option<&'static str> {
        let is_refused = self.says(&NOT_SUPPORTED)
            || matches!(self.code, "unsupported_parameter" | "unsupported_value");
        if !is_refused {
            return None;
        }
        let is_first = |name: &str| {
            self.param == name
                || self.message.starts_with(name) && !self.message[name.len()..].starts_with('_')
        };
        let is_named = |name: &str| {
            let marks = [format!("'{name}'"), format!("`{name}`"), format!(" {name}=")];
            marks.iter().any(|mark| self.message.contains(mark))
        };
        let find = |is: &dyn Fn(&str) -> bool| SETTINGS.iter().find(|(field, _)| is(field));
        let found = find(&is_first).or_else(|| if is_about_mode { None } else { find(&is_named) });
        found.map(|(_, setting)| *setting)
    }

    /// Whether it rejects the contents of this schema, and not schemas in general.
    fn is_about_schema_contents(&self) -> bool {
        let is_path =
            ["response_schema", "responseschema", "input_schema", "inputschema", "parameters"]
                .iter()
                .any(|field| {
                    self.message.contains(&format!("{field}'")) && self.says(&["cannot find field"])
                });
        let is_input = self.says(&["input_schema", "inputschema"]);
        is_path
            || is_input
            || self.says(&SCHEMA_CONTENTS)
            || self.code.starts_with("invalid_") && self.code.ends_with("_parameters")
            || self.code.starts_with("invalid_") && self.code.ends_with("schema")
    }

    /// Whether it refuses a field or its value, whatever the schema is.
    fn refuses_for_every_request(&self) -> bool {
        let code = matches!(self.code, "unsupported_parameter" | "unsupported_value");
        if code || self.says(&WRONG_VALUE) {
            return true;
        }
        self.says(&NOT_SUPPORTED) && !(self.kind == Kind::Server && self.is_passing())
    }

    /// Whether it complains about a field of the mode without any reason. An internal error and a missing
    /// model have to give one.
    fn refuses_without_reason(&self, mode: Mode) -> bool {
        if !matches!(self.kind, Kind::InvalidRequest | Kind::Unsupported) {
            return false;
        }
        let param = Complaint { message: String::new(), param: self.param.clone(), ..*self };
        let message = joined(&self.message);
        let history = TOOL_HISTORY.iter().any(|word| message.contains(word));
        // A schema is a common word. The other names are fields of the request.
        let mut fields = fields_of(mode).iter().filter(|field| **field != "schema");
        let is_field = fields.any(|field| message.contains(field));
        param.is_about(mode) || !history && (is_field || self.says(&INVALID))
    }

    /// Whether it says that a later request may pass.
    fn is_passing(&self) -> bool {
        self.says(&["temporar", "try again", "later"])
    }
}

/// Removes `_`, `-` and spaces: `response_format`, `response format` and `responseFormat` are one name.
fn joined(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect()
}

/// Leaves out the values that validators repeat from the request: what follows `'input':` in a list of
/// violations that is printed as Python text, up to the next violation.
fn without_input(message: &str) -> String {
    let mut kept = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("'input':") {
        kept += &rest[..at];
        let repeated = &rest[at..];
        rest = repeated.find("'loc':").map_or("", |next| &repeated[next..]);
    }
    kept + rest
}
