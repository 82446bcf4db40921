//! One request to a model: the conversation so far, how the answer is asked for, and settings.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Message, Progress, Settings};

/// How a model is asked for structured output.
///
/// ```
/// use extract_llm::conversation::Mode;
///
/// assert_eq!(Mode::default(), Mode::Auto);
/// assert_eq!(Mode::JsonSchema.to_string(), "json_schema");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// The best mode that the provider and the model are known to take.
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

/// A tool, or the named schema of a native structured output: the two carry the same things.
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
    /// `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// What the answer is, in the user's words.
    pub description: Option<String>,
    /// The JSON Schema of the arguments, in the provider's dialect.
    pub schema: Value,
    /// Whether the provider is asked to enforce the schema while the model writes.
    pub strict: bool,
}

impl Tool {
    /// A tool with this name and schema.
    pub fn new(name: impl Into<String>, schema: Value) -> Self {
        Self { name: name.into(), description: None, schema, strict: false }
    }

    /// Sets the description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Asks the provider to enforce the schema.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

/// Which of its [`Tools`] a model has to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ToolChoice {
    /// At least one of them. Where there is but one, that one.
    #[default]
    Any,
    /// The one of this index.
    Only(usize),
    /// What it likes: it may answer in text.
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
    /// Each with a name of its own.
    pub tools: Vec<Arc<Tool>>,
    /// Which have to be called.
    pub choice: ToolChoice,
    /// Whether one reply may hold several calls.
    pub parallel: bool,
    /// How many of them, the last ones, do not give the value: they are the caller's own.
    pub user_tools: usize,
}

impl Tools {
    /// One tool, to be called once.
    pub fn one(tool: Arc<Tool>) -> Self {
        Self { tools: vec![tool], ..Self::default() }
    }
}

/// How the answer of one request is asked for: a [`Mode`] with what it needs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Calls of tools.
    Tools(Tools),
    /// Native output by this schema.
    JsonSchema(Arc<Tool>),
    /// JSON mode.
    JsonObject,
    /// Nothing but text.
    Text,
}

impl Output {
    /// The mode that this is.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Tools(_) => Mode::Tools,
            Self::JsonSchema(_) => Mode::JsonSchema,
            Self::JsonObject => Mode::JsonObject,
            Self::Text => Mode::Text,
        }
    }
}

/// What a [`Model`](crate::model::Model) is sent.
///
/// A re-ask only ever appends to `messages`, so what was sent before stays a stable prefix.
///
/// ```
/// use extract_llm::conversation::{Message, Mode, Request};
///
/// let request = Request::new(vec![Message::user("How many?")]);
/// assert_eq!(request.output.mode(), Mode::Text);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// How the answer is asked for.
    pub output: Output,
    /// Everything else.
    pub settings: Settings,
    /// Where whoever sends it notes how far it has come.
    pub progress: Progress,
}

impl Request {
    /// A request for plain text.
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            output: Output::Text,
            settings: Settings::default(),
            progress: Progress::default(),
        }
    }
}
