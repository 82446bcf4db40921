//! The messages of a conversation.

use std::sync::Arc;

use super::{Part, ToolResult};

/// The author of a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The system prompt: instructions for the whole conversation.
    System,
    /// The user: the caller of the model.
    User,
    /// The model.
    Assistant,
    /// A tool, with the result of a call.
    Tool,
}

/// One turn of a conversation.
///
/// ```
/// use extract_llm::conversation::Role;
/// use extract_llm::Message;
///
/// let message = Message::user("Maria is 34.");
/// assert_eq!(message.role, Role::User);
/// assert_eq!(message.text(), "Maria is 34.");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The content, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// Creates a message with any role.
    pub fn new(role: Role, parts: impl IntoIterator<Item = Part>) -> Self {
        Self { role, parts: parts.into_iter().collect() }
    }

    /// Creates a system message.
    pub fn system(content: impl Into<Content>) -> Self {
        Self::new(Role::System, content.into().0)
    }

    /// Creates a user message from a text or several parts.
    ///
    /// ```
    /// use extract_llm::{Message, Part};
    ///
    /// let url = "https://example.org/receipt.jpg";
    /// let message = Message::user(["Read this receipt.".into(), Part::image_url(url)]);
    /// assert_eq!(message.parts.len(), 2);
    /// ```
    pub fn user(content: impl Into<Content>) -> Self {
        Self::new(Role::User, content.into().0)
    }

    /// Creates a message of the model.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self::new(Role::Assistant, content.into().0)
    }

    /// Marks the conversation up to the end of this message for the provider's prompt cache.
    pub fn cached(mut self) -> Self {
        self.parts.push(Part::CachePoint);
        self
    }

    /// Creates a message with the result of a tool call.
    pub fn tool(result: ToolResult) -> Self {
        Self::new(Role::Tool, [Part::ToolResult(result)])
    }

    /// Whether the message has no parts other than blank text and cache points.
    fn is_blank(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(text) => text.trim().is_empty(),
            Part::CachePoint => true,
            _ => false,
        })
    }

    /// Returns all text parts, joined by line breaks.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }
}

/// The content of a message: a text, a part, or several parts. Its `From` implementations accept each of
/// these.
#[derive(Debug, Clone, PartialEq)]
pub struct Content(Vec<Part>);

impl From<Part> for Content {
    fn from(part: Part) -> Self {
        Self(vec![part])
    }
}

impl From<Vec<Part>> for Content {
    fn from(parts: Vec<Part>) -> Self {
        Self(parts)
    }
}

impl<const N: usize> From<[Part; N]> for Content {
    fn from(parts: [Part; N]) -> Self {
        Self(parts.into())
    }
}

macro_rules! content_from_text {
    ($($text:ty),*) => {$(
        impl From<$text> for Content {
            fn from(text: $text) -> Self {
                Self(vec![Part::Text(text.into())])
            }
        }
    )*};
}
content_from_text!(&str, String, Arc<str>, Box<str>, std::borrow::Cow<'_, str>);

impl From<&String> for Content {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// The input of an extraction: a text, a message, or a whole conversation.
///
/// A conversation that is made from a text begins with a source: the text is sent as data, between
/// [marks](crate::Extraction::source_marks), also when messages follow it. Messages are sent as they are.
///
/// ```
/// use extract_llm::{Conversation, Message};
///
/// let input: Conversation = "Maria is 34.".into();
/// assert_eq!(input.messages().len(), 1);
///
/// let history = [Message::user("Who is it?"), Message::assistant("Maria, 34.")];
/// let input = Conversation::from(&history[..]).user("And in ten years?");
/// assert_eq!(input.messages().len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversation {
    messages: Vec<Message>,
    /// Whether the first message is a source text.
    has_source: bool,
}

impl Conversation {
    /// Returns the messages, in order.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether the conversation begins with a source text.
    pub(crate) fn has_source(&self) -> bool {
        self.has_source
    }

    /// Returns a conversation with other messages, which begins with a source text if this one does.
    pub(crate) fn with_messages(&self, messages: Vec<Message>) -> Self {
        Self { messages, has_source: self.has_source }
    }

    /// Returns the conversation, whose first message is a source text.
    pub(crate) fn with_source(self) -> Self {
        Self { has_source: true, ..self }
    }

    /// Returns a conversation that begins with a source text.
    fn of_source(text: impl Into<Content>) -> Self {
        Self { messages: vec![Message::user(text)], has_source: true }
    }

    /// Returns the messages, in order, by value.
    pub fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    /// Adds a message of the user.
    pub fn user(self, content: impl Into<Content>) -> Self {
        self.message(Message::user(content))
    }

    /// Adds a message.
    pub fn message(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// Whether the conversation is blank: all its messages are, apart from system messages. System
    /// messages count only if there are no others.
    ///
    /// ```
    /// use extract_llm::{Conversation, Message};
    ///
    /// assert!(Conversation::from(" \n").is_blank());
    /// assert!(Conversation::from([Message::system("You read orders."), Message::user("")]).is_blank());
    /// assert!(!Conversation::from([Message::system("The order: two of A-1.")]).is_blank());
    /// ```
    pub fn is_blank(&self) -> bool {
        are_blank(&self.messages)
    }
}

/// Whether these messages are blank: see [`Conversation::is_blank`].
pub(crate) fn are_blank(messages: &[Message]) -> bool {
    let is_said = |message: &&Message| message.role != Role::System;
    let said = messages.iter().any(|message| is_said(&message));
    messages.iter().filter(|message| !said || is_said(message)).all(Message::is_blank)
}

impl From<Message> for Conversation {
    fn from(message: Message) -> Self {
        vec![message].into()
    }
}

impl From<Part> for Conversation {
    fn from(part: Part) -> Self {
        Message::user(part).into()
    }
}

impl From<Vec<Message>> for Conversation {
    fn from(messages: Vec<Message>) -> Self {
        Self { messages, has_source: false }
    }
}

impl From<&Conversation> for Conversation {
    fn from(conversation: &Conversation) -> Self {
        conversation.clone()
    }
}

impl From<&[Message]> for Conversation {
    fn from(messages: &[Message]) -> Self {
        messages.to_vec().into()
    }
}

impl From<&Vec<Message>> for Conversation {
    fn from(messages: &Vec<Message>) -> Self {
        messages.clone().into()
    }
}

impl<const N: usize> From<[Message; N]> for Conversation {
    fn from(messages: [Message; N]) -> Self {
        Vec::from(messages).into()
    }
}

macro_rules! input_from_text {
    ($($text:ty),*) => {$(
        impl From<$text> for Conversation {
            fn from(text: $text) -> Self {
                Self::of_source(text)
            }
        }
    )*};
}
input_from_text!(&str, String, Arc<str>, Box<str>);

impl From<&String> for Conversation {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<std::borrow::Cow<'_, str>> for Conversation {
    fn from(text: std::borrow::Cow<'_, str>) -> Self {
        Self::of_source(text)
    }
}
