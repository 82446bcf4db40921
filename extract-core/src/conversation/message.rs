//! Messages: who says what, and what an extraction reads from.

use std::sync::Arc;

use super::{Part, ToolResult};

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
/// use extract_llm::conversation::{Message, Role};
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
    pub fn system(content: impl Into<Content>) -> Self {
        Self::new(Role::System, content.into().0)
    }

    /// A turn of the user: a text, or several parts.
    ///
    /// ```
    /// use extract_llm::conversation::{Message, Part};
    ///
    /// let url = "https://example.org/receipt.jpg";
    /// let message = Message::user(["Read this receipt.".into(), Part::image_url(url)]);
    /// assert_eq!(message.parts.len(), 2);
    /// ```
    pub fn user(content: impl Into<Content>) -> Self {
        Self::new(Role::User, content.into().0)
    }

    /// A turn of the model.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self::new(Role::Assistant, content.into().0)
    }

    /// Marks the conversation up to the end of this message as worth keeping in the provider's
    /// prompt cache.
    pub fn cached(mut self) -> Self {
        self.parts.push(Part::CachePoint);
        self
    }

    /// The result of a tool call.
    pub fn tool(result: ToolResult) -> Self {
        Self::new(Role::Tool, [Part::ToolResult(result)])
    }

    /// Whether it says nothing: it has no part but blank text.
    fn is_blank(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(text) => text.trim().is_empty(),
            Part::CachePoint => true,
            _ => false,
        })
    }

    /// All text parts, joined by line breaks.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }
}

/// What a message says: a text, a part, or several parts.
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

/// What an extraction reads from: one text, one message, or a whole history.
///
/// ```
/// use extract_llm::conversation::{Input, Message};
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

    /// Whether there is nothing to read: no message has anything but blank text. Instructions count
    /// only where nothing else is there.
    ///
    /// ```
    /// use extract_llm::conversation::{Input, Message};
    ///
    /// assert!(Input::from(" \n").is_blank());
    /// assert!(Input::from([Message::system("You read orders."), Message::user("")]).is_blank());
    /// assert!(!Input::from([Message::system("The order: two of A-1.")]).is_blank());
    /// ```
    pub fn is_blank(&self) -> bool {
        are_blank(&self.messages)
    }
}

/// Whether there is nothing to read in these messages.
pub(crate) fn are_blank(messages: &[Message]) -> bool {
    let is_said = |message: &&Message| message.role != Role::System;
    let said = messages.iter().any(|message| is_said(&message));
    messages.iter().filter(|message| !said || is_said(message)).all(Message::is_blank)
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        Self { messages: vec![message] }
    }
}

impl From<Part> for Input {
    fn from(part: Part) -> Self {
        Message::user(part).into()
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
