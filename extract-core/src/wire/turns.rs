//! Turns the messages of a conversation into the elements of a request, for all protocols.

use serde::Serialize;

use super::quirks::SystemPlace;
use crate::conversation::{Message, ProviderError, Role};

/// One message: a role and its blocks.
#[derive(Serialize)]
pub(super) struct Turn<B> {
    role: &'static str,
    content: Vec<B>,
}

/// Returns the elements of all messages. `encode` appends those of one message.
pub(super) fn encode_all<'m, E>(
    messages: &'m [Message],
    encode: impl Fn(&'m Message, &mut Vec<E>) -> Result<(), ProviderError>,
) -> Result<Vec<E>, ProviderError> {
    let mut elements = Vec::with_capacity(messages.len());
    for message in messages {
        encode(message, &mut elements)?;
    }
    Ok(elements)
}

/// Returns how many messages the system prompt has: those before the first turn. A later system message
/// stays behind the turns before it, so that it never changes the beginning of the request.
pub(super) fn leading(messages: &[Message]) -> usize {
    messages.iter().take_while(|message| message.role == Role::System).count()
}

/// Returns the blocks of the system prompt, and the turns of user and assistant. Messages of one role
/// that follow each other become one turn: Anthropic's and Amazon's protocols demand the results of all
/// tools in one message. `encode` appends the blocks of one message.
///
/// A later system message is part of the user's turn, unless `place` gives it a turn of its own. Such a
/// turn has to stand between a turn of the user and one of the assistant, or at the end.
pub(super) fn split<'m, B>(
    messages: &'m [Message],
    place: SystemPlace,
    encode: impl Fn(&'m Message, &mut Vec<B>) -> Result<(), ProviderError>,
) -> Result<(Vec<B>, Vec<Turn<B>>), ProviderError> {
    let (leading, rest) = messages.split_at(leading(messages));
    let system = encode_all(leading, &encode)?;
    let mut turns: Vec<Turn<B>> = Vec::new();
    for (at, message) in rest.iter().enumerate() {
        let follows_user = turns.last().is_some_and(|turn| turn.role == "user");
        let before_assistant = rest.get(at + 1).is_none_or(|next| next.role == Role::Assistant);
        let role = match message.role {
            Role::Assistant => "assistant",
            Role::System if place == SystemPlace::Turn && follows_user && before_assistant => {
                "system"
            }
            Role::System | Role::User | Role::Tool => "user",
        };
        let mut content = Vec::new();
        encode(message, &mut content)?;
        match turns.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.append(&mut content),
            _ => turns.push(Turn { role, content }),
        }
    }
    Ok((system, turns))
}
