//! The tokens that a request will probably use.

use crate::conversation::Request;

/// The tokens of a reply without a limit, and the most that are assumed. Models rarely write up to their
/// limit.
const REPLY: u32 = 1_024;
const LONGEST_REPLY: u32 = 4_096;

/// Returns the tokens that a request will probably use, its reply included.
pub(in crate::model) fn estimated_tokens(request: &Request) -> u64 {
    let reply = request.settings.max_tokens.unwrap_or(REPLY).min(LONGEST_REPLY);
    request.approximate_tokens().saturating_add(u64::from(reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Message, Part};

    #[test]
    fn text_media_and_reply_are_counted() {
        let mut request = Request::new(vec![Message::user("Hello")]);
        assert_eq!(estimated_tokens(&request), 5 + 1_024);
        request.settings.max_tokens = Some(50);
        assert_eq!(estimated_tokens(&request), 5 + 50);
        request.settings.max_tokens = Some(64_000);
        assert_eq!(estimated_tokens(&request), 5 + 4_096);

        let mut bytes = b"GIF89a\x01\0\x01\0".to_vec();
        bytes.resize(30_000, 0);
        request.messages.push(Message::user([Part::image_bytes(bytes).unwrap()]));
        request.settings.max_tokens = Some(0);
        assert_eq!(estimated_tokens(&request), 5 + 4 + 1_000);
    }
}
