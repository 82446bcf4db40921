//! The end of a reply, and what comes after it.

use extract_core::wire::Protocol::{Anthropic, Bedrock, Chat, Gemini, Interactions};

use crate::faults::case::{Case, chunked, resets, sized, stalls};
use crate::faults::row::Expect::{Noted, Passes, Stays, Value};
use crate::faults::row::{Chapter, Row};

/// Returns the response with the whole reply, without the end of the framing.
fn whole_reply(case: Case) -> Vec<u8> {
    if case.streamed {
        chunked(case.media_type(), &case.body(), false)
    } else {
        sized(200, "content-type: application/json\r\n", &case.body())
    }
}

/// Returns the streamed reply without its last event.
fn without_last_event(case: Case) -> Vec<u8> {
    let mut events = case.saying().events;
    events.pop();
    events.concat()
}

/// Whether the reply is whole without its last event: the reason to stop came before it.
fn is_whole_without_last_event(case: Case) -> bool {
    case.is(&[Chat, Anthropic, Interactions, Bedrock])
}

pub(super) fn chapter() -> Chapter {
    let rows = vec![
        Row::plain("After the whole reply, the connection stays open.", |case| {
            Some((stalls(whole_reply(case)), Value))
        })
        .impatient(),
        Row::plain("After the whole reply, the connection is reset.", |case| {
            Some((resets(whole_reply(case)), Value))
        }),
        Row::plain("After the end marker, an event reports a failure.", |case| {
            let late = case.failure_event("overloaded_error", "Too late.");
            let body = [case.body(), late].concat();
            let is_marked = !case.is(&[Gemini]);
            case.streamed.then(|| {
                let script = case.replies(&body);
                (script, if is_marked { Value } else { Stays("overloaded") })
            })
        }),
        Row::plain("After the end marker, the first piece of the text comes again.", |case| {
            let saying = case.saying();
            let body = [case.body(), saying.events[saying.first].clone()].concat();
            // Gemini has no marker. The text of the second answer is cut off.
            let is_marked = !case.is(&[Gemini]);
            case.streamed.then(|| (case.replies(&body), if is_marked { Value } else { Noted }))
        }),
        Row::plain("The last event is missing, and the body ends.", |case| {
            let expect =
                if is_whole_without_last_event(case) { Value } else { Stays("interrupted") };
            case.streamed.then(|| (case.replies(&without_last_event(case)), expect))
        }),
        Row::plain("The last event is missing, and the connection is reset.", |case| {
            let expect =
                if is_whole_without_last_event(case) { Value } else { Stays("interrupted") };
            let bytes = chunked(case.media_type(), &without_last_event(case), false);
            case.streamed.then(|| (resets(bytes), expect))
        }),
        Row::plain("The last event is missing, and the connection stays open.", |case| {
            let expect = if is_whole_without_last_event(case) { Value } else { Stays("timeout") };
            let bytes = chunked(case.media_type(), &without_last_event(case), false);
            case.streamed.then(|| (stalls(bytes), expect))
        })
        .impatient(),
        Row::plain("The body ends after the first piece of the text.", |case| {
            let body = &case.body()[..case.after_first_piece()];
            let expect = if case.streamed { Stays("interrupted") } else { Passes("interrupted") };
            Some((case.replies(body), expect))
        }),
        Row::plain("The body ends before the first piece of the text.", |case| {
            let body = &case.body()[..case.before_first_piece()];
            Some((case.replies(body), Passes("interrupted")))
        }),
    ];
    Chapter {
        title: "1.1 The end of a reply",
        about: "The end marker of a protocol ends the reply: `[DONE]`, `message_stop`, `response.completed`, \
            `messageStop`, Ollama's `done`, or Gemini's finish reason with its usage. Without it, a reply is never \
            taken as whole.",
        rows,
    }
}
