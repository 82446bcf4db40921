//! Turns the messages of a conversation into the elements of a request, for all protocols.

use serde::Serialize;

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

/// Returns the blocks of the system prompt, and the turns of user and assistant. Messages of one role
/// that follow each other become one turn: Anthropic's and Amazon's protocols demand the results of all
/// tools in one message. `encode` appends the blocks of one message.
pub(super) fn split<'m, B>(
    messages: &'m [Message],
    encode: impl Fn(&'m Message, &mut Vec<B>) -> Result<(), ProviderError>,
) -> Result<(Vec<B>, Vec<Turn<B>>), ProviderError> {
    let mut system = Vec::new();
    let mut turns: Vec<Turn<B>> = Vec::new();
    for message in messages {
        if message.role == Role::System {
            encode(message, &mut system)?;
            continue;
        }
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
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
