//! How a tool is written down for the providers of each dialect. Each row cites nothing but the
//! provider's own reference; the protocols in `wire` write the same shape into whole requests.

use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use crate::conversation::Tool;

/// The shape of a tool.
pub(super) struct Envelope {
    shape: Shape,
    /// Whether enforcement is asked for by `strict: true`.
    pub(super) strict: bool,
}

#[derive(Clone, Copy)]
enum Shape {
    /// OpenAI's Chat Completions and all that speak it: a `function` with `parameters`.
    Function,
    /// Anthropic's Messages: `input_schema`.
    InputSchema,
    /// Gemini's function declarations: the schema under this key.
    Declaration(&'static str),
}

/// The envelope of a dialect's providers.
pub(super) fn of(dialect: &Dialect) -> Envelope {
    let (shape, strict) = match dialect.name() {
        "openai-strict" | "openai-fine-tuned" | "groq-strict" | "mistral" | "deepseek" => {
            (Shape::Function, true)
        }
        "anthropic-format" | "anthropic-tool" => (Shape::InputSchema, true),
        "anthropic-loose-tool" => (Shape::InputSchema, false),
        "gemini-json-schema" => (Shape::Declaration("parametersJsonSchema"), false),
        "gemini-response-schema" => (Shape::Declaration("parameters"), false),
        // Servers of one's own, and OpenAI without enforcement.
        _ => (Shape::Function, false),
    };
    Envelope { shape, strict }
}

impl Envelope {
    pub(super) fn seal(&self, tool: &Tool) -> Value {
        let mut sealed = Map::new();
        sealed.insert("name".to_owned(), tool.name.as_str().into());
        if let Some(description) = &tool.description {
            sealed.insert("description".to_owned(), description.as_str().into());
        }
        let key = match self.shape {
            Shape::Function => "parameters",
            Shape::InputSchema => "input_schema",
            Shape::Declaration(key) => key,
        };
        sealed.insert(key.to_owned(), tool.schema.clone());
        if self.strict {
            sealed.insert("strict".to_owned(), true.into());
        }
        match self.shape {
            Shape::Function => json!({"type": "function", "function": sealed}),
            Shape::InputSchema | Shape::Declaration(_) => Value::Object(sealed),
        }
    }
}
