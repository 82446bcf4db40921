//! The tokens that a request will probably use.

use crate::conversation::{MediaSource, Part, Request};

/// The bytes of a body in one token. English text has more, digits and Russian have fewer.
const BYTES_PER_TOKEN: usize = 4;

/// The tokens of an image, a recording or a document that is sent inline.
const TOKENS_OF_MEDIA: usize = 1_000;

/// The tokens of a reply without a limit, and the most that are assumed. Models rarely write up to their
/// limit.
const REPLY: u32 = 1_024;
const LONGEST_REPLY: u32 = 4_096;

/// Returns the tokens that a request with a body of this size will probably use, its reply included.
pub(in crate::model) fn estimated_tokens(request: &Request, body: usize) -> u64 {
    let mut text = body;
    let mut tokens = 0_usize;
    for part in request.messages.iter().flat_map(|message| &message.parts) {
        if let Part::Media(media) = part {
            if let MediaSource::Inline(inline) = &media.source {
                text = text.saturating_sub(inline.base64().len());
                tokens = tokens.saturating_add(TOKENS_OF_MEDIA);
            }
        }
    }
    let reply = request.settings.max_tokens.unwrap_or(REPLY).min(LONGEST_REPLY);
    let tokens = tokens.saturating_add(text.div_ceil(BYTES_PER_TOKEN));
    u64::try_from(tokens).unwrap_or(u64::MAX).saturating_add(u64::from(reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Message;

    #[test]
    fn text_media_and_reply_are_counted() {
        let mut request = Request::new(vec![Message::user("Hello")]);
        assert_eq!(estimated_tokens(&request, 400), 100 + 1_024);
        request.settings.max_tokens = Some(50);
        assert_eq!(estimated_tokens(&request, 401), 101 + 50);
        request.settings.max_tokens = Some(64_000);
        assert_eq!(estimated_tokens(&request, 0), 4_096);

        let mut bytes = b"GIF89a\x01\0\x01\0".to_vec();
        bytes.resize(30_000, 0);
        request.messages.push(Message::user([Part::image_bytes(bytes).unwrap()]));
        request.settings.max_tokens = Some(0);
        assert_eq!(estimated_tokens(&request, 40_400), 1_000 + 100);
    }
}
