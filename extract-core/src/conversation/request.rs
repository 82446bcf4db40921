//! A request to a model: the conversation so far, the form of the answer, and settings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Message, Progress, Settings};

/// The method by which structured output is requested.
///
/// ```
/// use extract_llm::Mode;
///
/// assert_eq!(Mode::default(), Mode::Auto);
/// assert_eq!(Mode::JsonSchema.to_string(), "json_schema");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// The best mode that the provider and the model are known to support. The default.
    #[default]
    Auto,
    /// A call of one tool, whose arguments are the answer.
    Tools,
    /// The provider's native output by JSON Schema (`response_format: json_schema` and its kin).
    JsonSchema,
    /// The provider's JSON mode: any JSON object, with the schema in the prompt.
    JsonObject,
    /// Plain text, with the schema in the prompt.
    Text,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Tools => "tools",
            Self::JsonSchema => "json_schema",
            Self::JsonObject => "json_object",
            Self::Text => "text",
        })
    }
}

/// A tool, or the named schema of native structured output. Both have the same fields.
///
/// ```
/// use extract_llm::conversation::Tool;
/// use serde_json::json;
///
/// let tool = Tool::new("Invoice", json!({"type": "object"})).description("An invoice.").strict(true);
/// assert!(tool.strict);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tool {
    /// The name: `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// The description of the answer, for the model.
    pub description: Option<String>,
    /// The JSON Schema of the arguments, in the provider's dialect.
    pub schema: Value,
    /// Whether the provider shall enforce the schema while the model writes. The default is `false`.
    pub strict: bool,
}

impl Tool {
    /// Creates a tool with a name and a schema, without description and not strict.
    pub fn new(name: impl Into<String>, schema: Value) -> Self {
        Self { name: name.into(), description: None, schema, strict: false }
    }

    /// Sets the description. The default is none.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets whether the provider shall enforce the schema. The default is `false`.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

/// The tools among [`Tools`] that a model must call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ToolChoice {
    /// At least one of them. The default.
    #[default]
    Any,
    /// The tool with this index.
    Only(usize),
    /// None: the model may answer in text.
    Auto,
}

/// The tools of one request.
///
/// ```
/// use extract_llm::conversation::{Tool, ToolChoice, Tools};
/// use serde_json::json;
///
/// let tools = Tools::one(Tool::new("Invoice", json!({"type": "object"})).into());
/// assert_eq!(tools.choice, ToolChoice::Any);
/// assert!(!tools.parallel);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Tools {
    /// The tools. Their names must differ.
    pub tools: Vec<Arc<Tool>>,
    /// The tools that must be called. The default is [`ToolChoice::Any`].
    pub choice: ToolChoice,
    /// Whether one reply may contain several calls. The default is `false`.
    pub parallel: bool,
    /// The number of tools, at the end of the list, that are user-defined: their arguments are not the
    /// value. The default is 0.
    pub user_tools: usize,
    /// The number of tools, at the start of the list, that a cache point follows. The default is 0, for
    /// no cache point. Not sent to providers without such a marker.
    pub cached: usize,
}

impl Tools {
    /// Creates a list of one tool, to be called once.
    pub fn one(tool: Arc<Tool>) -> Self {
        Self { tools: vec![tool], ..Self::default() }
    }
}

/// The form of the answer in one request: a [`Mode`] with its data.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Tool calls.
    Tools(Tools),
    /// Native structured output with this schema.
    JsonSchema(Arc<Tool>),
    /// JSON mode.
    JsonObject,
    /// Plain text.
    Text,
}

impl Output {
    /// Returns the mode.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Tools(_) => Mode::Tools,
            Self::JsonSchema(_) => Mode::JsonSchema,
            Self::JsonObject => Mode::JsonObject,
            Self::Text => Mode::Text,
        }
    }
}

/// A request to a [`Model`](crate::model::Model).
///
/// A re-ask only appends to `messages`, so that the earlier messages remain a stable prefix for prompt
/// caches.
///
/// ```
/// use extract_llm::conversation::Request;
/// use extract_llm::{Message, Mode};
///
/// let request = Request::new(vec![Message::user("How many?")]);
/// assert_eq!(request.output.mode(), Mode::Text);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The form of the answer.
    pub output: Output,
    /// The settings.
    pub settings: Settings,
    /// The record in which the sender notes its progress.
    #[doc(hidden)]
    pub progress: Progress,
}

impl Request {
    /// Creates a request for plain text, with default settings.
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            output: Output::Text,
            settings: Settings::default(),
            progress: Progress::default(),
        }
    }
}
