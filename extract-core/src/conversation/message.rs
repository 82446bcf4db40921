//! Messages and their parts.
//!
//! Text is held in `Arc<str>`, so that a history can be sent many times, and re-asked about,
//! without a copy of what it says.

use std::sync::Arc;

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Instructions that stand above the conversation.
    System,
    /// The caller.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// One turn of a conversation.
///
/// ```
/// use extract_core::conversation::{Message, Role};
///
/// let message = Message::user("Maria is 34.");
/// assert_eq!(message.role, Role::User);
/// assert_eq!(message.text(), "Maria is 34.");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of any role.
    pub fn new(role: Role, parts: impl IntoIterator<Item = Part>) -> Self {
        Self { role, parts: parts.into_iter().collect() }
    }

    /// Instructions.
    pub fn system(text: impl Into<Arc<str>>) -> Self {
        Self::new(Role::System, [Part::Text(text.into())])
    }

    /// A turn of the user.
    pub fn user(text: impl Into<Arc<str>>) -> Self {
        Self::new(Role::User, [Part::Text(text.into())])
    }

    /// A turn of the model.
    pub fn assistant(text: impl Into<Arc<str>>) -> Self {
        Self::new(Role::Assistant, [Part::Text(text.into())])
    }

    /// The result of a tool call.
    pub fn tool(result: ToolResult) -> Self {
        Self::new(Role::Tool, [Part::ToolResult(result)])
    }

    /// All text parts, joined by line breaks.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }
}

/// A piece of a [`Message`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Plain text.
    Text(Arc<str>),
    /// A call that the model made.
    ToolCall(ToolCall),
    /// The answer to such a call.
    ToolResult(ToolResult),
}

impl Part {
    /// The text, if this part is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// A tool call as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The provider's id of the call; empty where the provider gives none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments: the JSON text as it was written, which need not be valid JSON.
    pub arguments: String,
}

impl ToolCall {
    /// A call with these arguments.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into() }
    }
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The answer.
    pub content: Arc<str>,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolResult {
    /// An answer to `call`.
    pub fn new(call: &ToolCall, content: impl Into<Arc<str>>, is_error: bool) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: content.into(),
            is_error,
        }
    }
}

/// What an extraction reads from: one text, one message, or a whole history.
///
/// ```
/// use extract_core::conversation::{Input, Message};
///
/// let input: Input = "Maria is 34.".into();
/// assert_eq!(input.messages().len(), 1);
///
/// let history = [Message::user("Who is it?"), Message::assistant("Maria, 34.")];
/// let input: Input = (&history[..]).into();
/// assert_eq!(input.messages().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    messages: Vec<Message>,
}

impl Input {
    /// The messages, in order.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages, in order, by value.
    pub fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    /// Whether there is nothing to read: no message has anything but blank text.
    pub fn is_blank(&self) -> bool {
        self.messages.iter().flat_map(|message| &message.parts).all(|part| match part {
            Part::Text(text) => text.trim().is_empty(),
            _ => false,
        })
    }
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        Self { messages: vec![message] }
    }
}

impl From<Vec<Message>> for Input {
    fn from(messages: Vec<Message>) -> Self {
        Self { messages }
    }
}

impl From<&[Message]> for Input {
    fn from(messages: &[Message]) -> Self {
        Self { messages: messages.to_vec() }
    }
}

impl From<&Vec<Message>> for Input {
    fn from(messages: &Vec<Message>) -> Self {
        Self { messages: messages.clone() }
    }
}

impl<const N: usize> From<[Message; N]> for Input {
    fn from(messages: [Message; N]) -> Self {
        Self { messages: messages.into() }
    }
}

macro_rules! input_from_text {
    ($($text:ty),*) => {$(
        impl From<$text> for Input {
            fn from(text: $text) -> Self {
                Message::user(text).into()
            }
        }
    )*};
}
input_from_text!(&str, String, Arc<str>, Box<str>);

impl From<&String> for Input {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<std::borrow::Cow<'_, str>> for Input {
    fn from(text: std::borrow::Cow<'_, str>) -> Self {
        Message::user(text).into()
    }
}
