//! [`Envelope`]: the JSON of a tool for the providers of each dialect, as their references describe it. The
//! protocols in `wire` write the same JSON into requests.

use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use crate::conversation::Tool;

/// The layout of a tool's JSON.
pub(super) struct Envelope {
    shape: SchemaKey,
    /// Whether the tool asks for enforcement with `strict: true`.
    pub(super) strict: bool,
}

/// The object that holds the schema of a tool.
#[derive(Clone, Copy)]
enum SchemaKey {
    /// OpenAI's Chat Completions and compatible servers: a `function` with `parameters`.
    Function,
    /// Anthropic's Messages: a tool with `input_schema`.
    InputSchema,
    /// Gemini's function declarations: the schema is under this key.
    Declaration(&'static str),
}

/// Returns the layout for the providers of a dialect.
pub(super) fn of(dialect: &Dialect) -> Envelope {
    let (shape, strict) = match dialect.name() {
        "openai-strict" | "openai-fine-tuned" | "groq-strict" | "mistral" | "deepseek" => {
            (SchemaKey::Function, true)
        }
        "anthropic-format" | "anthropic-tool" => (SchemaKey::InputSchema, true),
        "anthropic-loose-tool" => (SchemaKey::InputSchema, false),
        "gemini-json-schema" => (SchemaKey::Declaration("parametersJsonSchema"), false),
        "gemini-response-schema" => (SchemaKey::Declaration("parameters"), false),
        // Self-hosted servers, and OpenAI without enforcement.
        _ => (SchemaKey::Function, false),
    };
    Envelope { shape, strict }
}

impl Envelope {
    /// Returns the JSON of a tool.
    pub(super) fn to_json(&self, tool: &Tool) -> Value {
        let mut sealed = Map::new();
        sealed.insert("name".to_owned(), tool.name.as_str().into());
        if let Some(description) = &tool.description {
            sealed.insert("description".to_owned(), description.as_str().into());
        }
        let key = match self.shape {
            SchemaKey::Function => "parameters",
            SchemaKey::InputSchema => "input_schema",
            SchemaKey::Declaration(key) => key,
        };
        sealed.insert(key.to_owned(), tool.schema.clone());
        if self.strict {
            sealed.insert("strict".to_owned(), true.into());
        }
        match self.shape {
            SchemaKey::Function => json!({"type": "function", "function": sealed}),
            SchemaKey::InputSchema | SchemaKey::Declaration(_) => Value::Object(sealed),
        }
    }
}
