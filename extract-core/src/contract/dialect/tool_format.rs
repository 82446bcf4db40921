//! [`ToolFormat`]: the JSON of a tool as the providers of a dialect expect it, by their references. The
//! protocols in `wire` write the same JSON into requests.

use serde_json::{Map, Value, json};

use crate::conversation::Tool;

/// The JSON of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) struct ToolFormat {
    pub(super) schema: SchemaKey,
    /// Whether the tool asks for enforcement with `strict: true`.
    pub(in crate::contract) strict: bool,
}

/// The object that holds the schema of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) enum SchemaKey {
    /// OpenAI's Chat Completions and compatible servers: a `function` with `parameters`.
    Function,
    /// Anthropic's Messages: a tool with `input_schema`.
    InputSchema,
    /// Gemini's function declarations: the schema is under this key.
    Declaration(&'static str),
}

impl ToolFormat {
    /// Returns the JSON of a tool.
    pub(in crate::contract) fn to_json(self, tool: &Tool) -> Value {
        let mut members = Map::new();
        members.insert("name".to_owned(), tool.name.as_str().into());
        if let Some(description) = &tool.description {
            members.insert("description".to_owned(), description.as_str().into());
        }
        let key = match self.schema {
            SchemaKey::Function => "parameters",
            SchemaKey::InputSchema => "input_schema",
            SchemaKey::Declaration(key) => key,
        };
        members.insert(key.to_owned(), tool.schema.clone());
        if self.strict {
            members.insert("strict".to_owned(), true.into());
        }
        match self.schema {
            SchemaKey::Function => json!({"type": "function", "function": members}),
            SchemaKey::InputSchema | SchemaKey::Declaration(_) => Value::Object(members),
        }
    }
}
