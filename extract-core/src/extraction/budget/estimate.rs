//! The most tokens that a request uses, before it is sent.

use std::io;

use serde_json::Value;

use crate::conversation::{MediaKind, MediaSource, Message, Output, Part, Request, Usage};

/// The output tokens of a request without a limit of them.
const UNLIMITED_REPLY: u64 = 4_096;

/// The tokens around one message, and around the request.
const AROUND_MESSAGE: u64 = 8;
const AROUND_REQUEST: u64 = 32;

/// The tokens of an image, or of a recording or a document whose size is not known.
const MEDIA: u64 = 2_000;

/// The base64 bytes of one token of a recording or a document.
const MEDIA_BYTES_PER_TOKEN: u64 = 64;

/// Eighths of a token for a byte: digits and punctuation have fewer bytes in a token than words.
const EIGHTHS_OF_WORDS: u64 = 2;
const EIGHTHS_OF_OTHERS: u64 = 5;

/// The fields by which a body can set the limit of output tokens.
const LIMIT_FIELDS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// Returns the most tokens that a request uses: an estimate of its input, and its limit of output tokens, or
/// else 4,096.
pub(in crate::extraction) fn most_used(request: &Request) -> Usage {
    let settings = &request.settings;
    let stated = LIMIT_FIELDS.iter().find_map(|field| settings.extra_body.get(*field)?.as_u64());
    let limit = stated.or(settings.max_tokens.map(u64::from));
    Usage::new(input_tokens(request), limit.unwrap_or(UNLIMITED_REPLY))
}

/// Estimates the input tokens of a request, rather too many than too few.
fn input_tokens(request: &Request) -> u64 {
    let mut text = Weight::default();
    match &request.output {
        Output::Tools(tools) => {
            for tool in &tools.tools {
                text.add(&tool.name);
                text.add(tool.description.as_deref().unwrap_or_default());
                text.add_json(&tool.schema);
            }
        }
        Output::JsonSchema(tool) => {
            text.add(&tool.name);
            text.add(tool.description.as_deref().unwrap_or_default());
            text.add_json(&tool.schema);
        }
        Output::JsonObject | Output::Text => {}
    }
    let messages = request.messages.iter();
    let media: u64 = messages.map(|message| add_message(message, &mut text)).sum();
    let around = (request.messages.len() as u64).saturating_mul(AROUND_MESSAGE);
    text.tokens().saturating_add(media).saturating_add(around).saturating_add(AROUND_REQUEST)
}

/// Adds the texts of a message. Returns the tokens of its media. The state of a provider is sent in place of
/// the other parts, or not at all.
fn add_message(message: &Message, text: &mut Weight) -> u64 {
    let mut media = 0_u64;
    let (mut parts, mut state) = (Weight::default(), Weight::default());
    for part in &message.parts {
        match part {
            Part::Text(words) => parts.add(words),
            Part::Media(part) => {
                let inline = match &part.source {
                    MediaSource::Inline(inline) if part.kind != MediaKind::Image => {
                        inline.base64().len() as u64
                    }
                    _ => 0,
                };
                media = media.saturating_add(MEDIA.max(inline / MEDIA_BYTES_PER_TOKEN));
            }
            Part::ToolCall(call) => {
                parts.add(&call.name);
                parts.add(&call.arguments);
            }
            Part::ToolResult(result) => parts.add(&result.content),
            Part::State(turn) => state.add(&turn.json),
            Part::CachePoint => {}
        }
    }
    text.0 = text.0.saturating_add(parts.0.max(state.0));
    media
}

/// The weight of texts, in eighths of a token.
#[derive(Debug, Default)]
struct Weight(u64);

impl Weight {
    fn add(&mut self, text: &str) {
        self.add_bytes(text.as_bytes());
    }

    fn add_json(&mut self, value: &Value) {
        // Writing to a counter does not fail.
        let _ = serde_json::to_writer(&mut *self, value);
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        let others =
            bytes.iter().filter(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation());
        let others = others.count() as u64;
        let words = (bytes.len() as u64).saturating_sub(others);
        let weight = words.saturating_mul(EIGHTHS_OF_WORDS);
        let weight = weight.saturating_add(others.saturating_mul(EIGHTHS_OF_OTHERS));
        self.0 = self.0.saturating_add(weight);
    }

    fn tokens(&self) -> u64 {
        self.0.div_ceil(8)
    }
}

impl io::Write for Weight {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conversation::{Settings, Tool};

    fn input(text: &str) -> u64 {
        input_tokens(&Request::new(vec![Message::user(text)])) - AROUND_MESSAGE - AROUND_REQUEST
    }

    #[test]
    fn digits_and_punctuation_take_more_tokens_than_words() {
        assert_eq!(input(&"word ".repeat(80)), 100);
        assert_eq!(input(&"1,2,".repeat(100)), 250);
    }

    #[test]
    fn the_schema_media_and_state_are_counted() {
        let plain = Request::new(vec![Message::user("Hello")]);
        let mut request = plain.clone();
        let tool = Tool::new("T", json!({"type": "object", "description": "x".repeat(400)}));
        request.output = Output::JsonSchema(tool.into());
        assert!(input_tokens(&request) > input_tokens(&plain) + 100);
        let mut request = plain.clone();
        request.messages.push(Message::user([Part::image_url("https://example.org/a.png")]));
        assert_eq!(input_tokens(&request), input_tokens(&plain) + MEDIA + AROUND_MESSAGE);
    }

    #[test]
    fn the_limit_of_output_tokens_is_that_of_the_request() {
        let mut request = Request::new(vec![Message::user("Hello")]);
        assert_eq!(most_used(&request).output_tokens, UNLIMITED_REPLY);
        request.settings = Settings::default().max_tokens(70);
        assert_eq!(most_used(&request).output_tokens, 70);
        request.settings = request.settings.extra_body("max_completion_tokens", 90);
        assert_eq!(most_used(&request).output_tokens, 90);
    }
}
