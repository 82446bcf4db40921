//! Amazon's binary event stream: length-prefixed messages with named headers and two checksums. The
//! name of an event is its header `:event-type`, or `:exception-type` for a failure.

use super::event::{self, Event, too_large};
use crate::conversation::{ProviderError, ProviderErrorKind};

/// The size of the prelude: total length, length of the headers, checksum of both.
const PRELUDE: usize = 12;
/// The size of the checksum at the end.
const TRAILER: usize = 4;

/// The incomplete message of a stream.
#[derive(Debug, Default)]
pub(super) struct Amazon {
    buffer: Vec<u8>,
}

impl Amazon {
    /// Reads more bytes and appends the events that they complete.
    ///
    /// # Errors
    /// A message exceeds `limit` bytes, or its checksums or lengths are wrong.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        limit: usize,
        events: &mut Vec<Event>,
    ) -> Result<(), ProviderError> {
        self.buffer.extend_from_slice(bytes);
        let mut taken = 0;
        loop {
            let rest = self.buffer.get(taken..).unwrap_or_default();
            let Some((lengths, after)) = rest.split_first_chunk::<8>() else { break };
            let (Some(total), Some(headers)) = (number(lengths), lengths.get(4..).and_then(number))
            else {
                break;
            };
            let Some(checksum) = number(after) else { break };
            if crc32fast::hash(lengths) != checksum {
                return Err(malformed("wrong checksum of a message prelude"));
            }
            let (total, headers) = (total as usize, headers as usize);
            if total > limit {
                return Err(too_large(limit));
            }
            if total < PRELUDE + TRAILER || headers > total - PRELUDE - TRAILER {
                return Err(malformed("inconsistent lengths in a message"));
            }
            let Some(message) = rest.get(..total) else { break };
            let parts = message.split_last_chunk::<TRAILER>().and_then(|(body, checksum)| {
                let (headers, payload) = body.get(PRELUDE..)?.split_at_checked(headers)?;
                Some((body, u32::from_be_bytes(*checksum), headers, payload))
            });
            let Some((body, checksum, headers, payload)) = parts else { break };
            if crc32fast::hash(body) != checksum {
                return Err(malformed("wrong checksum of a message"));
            }
            events.push(event(headers, payload)?);
            taken += total;
        }
        self.buffer.drain(..taken);
        Ok(())
    }
}

/// Returns the big-endian number in the first four bytes. `None` if there are fewer.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|number| u32::from_be_bytes(*number))
}

fn malformed(message: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Malformed, message)
}

/// Returns the event of a message. An error message becomes the event `error` with code and message.
fn event(mut headers: &[u8], payload: &[u8]) -> Result<Event, ProviderError> {
    let (mut event_type, mut exception, mut error_code, mut error_message) =
        (None, None, None, None);
    while !headers.is_empty() {
        let (name, value) =
            header(&mut headers).ok_or_else(|| malformed("incomplete headers of a message"))?;
        match name {
            b":event-type" => event_type = value,
            b":exception-type" => exception = value,
            b":error-code" => error_code = value,
            b":error-message" => error_message = value,
            _ => {}
        }
    }
    let payload = event::text(payload.to_owned())?;
    if let Some(code) = error_code {
        let message = error_message.unwrap_or(payload);
        let data = serde_json::json!({"code": code, "message": message}).to_string();
        return Ok(Event { name: Some(String::from("error")), data });
    }
    Ok(Event { name: exception.or(event_type), data: payload })
}

/// Reads the next header: its name, and its value if that is a string. `None` if it is cut off.
fn header<'a>(headers: &mut &'a [u8]) -> Option<(&'a [u8], Option<String>)> {
    let name_length = usize::from(byte(headers)?);
    let name = take(headers, name_length)?;
    let long = |headers: &mut &'a [u8]| {
        let (length, rest) = headers.split_first_chunk()?;
        *headers = rest;
        take(headers, usize::from(u16::from_be_bytes(*length)))
    };
    let value = match byte(headers)? {
        0 | 1 => None,
        2 => take(headers, 1).map(|_| None)?,
        3 => take(headers, 2).map(|_| None)?,
        4 => take(headers, 4).map(|_| None)?,
        5 | 8 => take(headers, 8).map(|_| None)?,
        6 => long(headers).map(|_| None)?,
        7 => Some(String::from_utf8_lossy(long(headers)?).into_owned()),
        9 => take(headers, 16).map(|_| None)?,
        _ => return None,
    };
    Some((name, value))
}

/// Splits off the first byte. `None` if there is none.
fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// Splits off the first `length` bytes. `None` if there are fewer.
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
        let mut head = Vec::new();
        for (name, value) in headers {
            head.push(u8::try_from(name.len()).unwrap());
            head.extend_from_slice(name.as_bytes());
            head.push(7);
            head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
            head.extend_from_slice(value.as_bytes());
        }
        let total = PRELUDE + head.len() + payload.len() + TRAILER;
        let mut message = u32::try_from(total).unwrap().to_be_bytes().to_vec();
        message.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        message.extend_from_slice(&head);
        message.extend_from_slice(payload.as_bytes());
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        message
    }

    #[test]
    fn messages_come_out_whatever_the_pieces() {
        let mut bytes = message(&[(":event-type", "messageStart"), (":x", "y")], "{\"a\":\"ü\"}");
        bytes.extend(message(&[(":exception-type", "throttlingException")], "{}"));
        bytes.extend(message(&[(":error-code", "Bad"), (":error-message", "no")], ""));
        for size in [1, 7, 64, bytes.len()] {
            let (mut framer, mut events) = (Amazon::default(), Vec::new());
            for piece in bytes.chunks(size) {
                framer.push(piece, 1 << 20, &mut events).unwrap();
            }
            let names: Vec<_> = events.iter().map(|event| event.name.as_deref()).collect();
            assert_eq!(names, [Some("messageStart"), Some("throttlingException"), Some("error")]);
            assert_eq!(events[0].data, "{\"a\":\"ü\"}");
            assert_eq!(events[2].data, "{\"code\":\"Bad\",\"message\":\"no\"}");
        }
    }

    #[test]
    fn what_is_broken_is_said_to_be() {
        let good = message(&[(":event-type", "metadata")], "{}");
        for at in [0, 5, 9, 20, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(Amazon::default().push(&bad, 1 << 20, &mut Vec::new()).is_err(), "{at}");
        }
        assert!(Amazon::default().push(&good, 10, &mut Vec::new()).is_err(), "too long");
    }
}
