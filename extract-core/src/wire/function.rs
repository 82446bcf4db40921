//! Functions and named schemas in the form of OpenAI's protocols, which Google's Interactions, Cohere
//! and Ollama share.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::object::Object;
use super::quirks::Quirks;
use super::thinking::ThinkingOff;
use super::tool_offer::ToolOffer;
use crate::conversation::{Role, Thinking, Tool};

/// Returns the definition of a tool with the fields beside the type: `{"type": "function", …}`.
pub(super) fn flat(tool: &Tool, strict: Option<bool>) -> Object {
    Object::new().with("type", "function").with_all(definition(tool, strict))
}

/// Returns the definition of a tool in an object: `{"type": "function", "function": {…}}`.
pub(super) fn nested(tool: &Tool, strict: Option<bool>) -> Object {
    in_function(definition(tool, strict))
}

/// Returns the tools of an offer, whose descriptions are mandatory.
pub(super) fn described(offer: &ToolOffer<'_>) -> Vec<Object> {
    offer.definitions(|tool| {
        let description = tool.description.as_deref().unwrap_or_default();
        let name = Object::new().with("name", &tool.name).with("description", description);
        in_function(name.with("parameters", &tool.schema))
    })
}

fn in_function(function: Object) -> Object {
    Object::new().with("type", "function").with("function", function)
}

fn definition(tool: &Tool, strict: Option<bool>) -> Object {
    Object::new()
        .with("name", &tool.name)
        .with_some("description", tool.description.as_deref())
        .with("parameters", &tool.schema)
        .with_some("strict", strict)
}

/// Returns the schema of a tool for native output.
pub(super) fn named_schema(tool: &Tool, strict: Option<bool>) -> Object {
    Object::new()
        .with("name", &tool.name)
        .with_some("description", tool.description.as_deref())
        .with("schema", &tool.schema)
        .with_some("strict", strict)
}

/// A call of a function, with its arguments as JSON text.
#[derive(Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// Returns the arguments of a call as a JSON object, for protocols that do not take them as text.
/// Arguments that are cut off, or are not an object, become an empty object.
pub(super) fn argument_object(arguments: &str) -> Box<RawValue> {
    let object = serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
    let text = if object { arguments.trim() } else { "{}" };
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Returns the switch that turns thinking on or off, for models without levels of effort.
pub(super) fn thinking_switch(thinking: Thinking) -> Value {
    match thinking {
        Thinking::Off => json!({"type": "disabled"}),
        Thinking::Budget(tokens) => json!({"type": "enabled", "token_budget": tokens}),
        Thinking::Adaptive | Thinking::Effort(_) => json!({"type": "enabled"}),
    }
}

/// Returns the keyword of the effort in OpenAI's protocols. `None` if nothing has to be said.
pub(super) fn effort_keyword(thinking: Thinking, quirks: &Quirks) -> Option<&'static str> {
    match thinking {
        Thinking::Off => (quirks.thinking.off == ThinkingOff::Said).then_some("none"),
        Thinking::Effort(effort) => Some(effort.as_str()),
        Thinking::Adaptive | Thinking::Budget(_) => None,
    }
}

/// Returns the name of a role.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}
