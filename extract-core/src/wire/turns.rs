//! Turns of one role that follow each other become one message. The results of all tools of a turn
//! then are in one message, as Anthropic's and Amazon's protocols demand.

use serde::Serialize;

use crate::conversation::{Message, ProviderError, Role};

/// One message: a role and its blocks.
#[derive(Serialize)]
pub(super) struct Turn<B> {
    role: &'static str,
    content: Vec<B>,
}

/// Returns the blocks of the system prompt, and the turns of user and assistant. `encode` appends the
/// blocks of one message.
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
