//! A blank stop reason counts as none. A stream that only a reason could have ended is then
//! interrupted.

use extract_core::conversation::{Delta, ProviderErrorKind, StopReason};
use extract_core::wire::Protocol;
use serde_json::{Value, json};

const BLANK: [&str; 3] = ["", " ", "\n"];

/// Returns the events of a streamed "Hello" whose last event has this reason.
fn events(protocol: Protocol, reason: &str) -> Vec<(&'static str, Value)> {
    match protocol {
        Protocol::Chat => vec![(
            "",
            json!({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": reason}]}),
        )],
        Protocol::Anthropic => vec![
            (
                "content_block_start",
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hello"}}),
            ),
            ("message_delta", json!({"type": "message_delta", "delta": {"stop_reason": reason}})),
        ],
        Protocol::Gemini => vec![(
            "",
            json!({"candidates": [{"finishReason": reason, "content": {"parts": [{"text": "Hello"}]}}]}),
        )],
        Protocol::Bedrock => vec![
            ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "Hello"}})),
            ("messageStop", json!({"stopReason": reason})),
        ],
        Protocol::Cohere => vec![
            (
                "",
                json!({"type": "content-delta", "delta": {"message": {"content": {"text": "Hello"}}}}),
            ),
            ("", json!({"type": "message-end", "delta": {"finish_reason": reason}})),
        ],
        Protocol::Responses => vec![
            ("", json!({"type": "response.output_text.delta", "item_id": "m", "delta": "Hello"})),
            (
                "",
                json!({"type": "response.completed", "response": {"status": reason, "output": []}}),
            ),
        ],
        Protocol::Interactions => vec![
            ("", json!({"event_type": "step.start", "index": 0, "step": {"type": "model_output"}})),
            (
                "",
                json!({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hello"}}),
            ),
            ("", json!({"event_type": "interaction.completed", "interaction": {"status": reason}})),
        ],
        _ => vec![(
            "",
            json!({"message": {"content": "Hello"}, "done": true, "done_reason": reason}),
        )],
    }
}

const ALL: [Protocol; 8] = [
    Protocol::Chat,
    Protocol::Responses,
    Protocol::Anthropic,
    Protocol::Gemini,
    Protocol::Interactions,
    Protocol::Cohere,
    Protocol::Bedrock,
    Protocol::Ollama,
];

#[test]
fn a_stream_that_ends_with_a_blank_reason_is_interrupted() {
    for protocol in ALL {
        // The other protocols mark the end of the reply with a separate event.
        let by_reason = matches!(protocol, Protocol::Chat | Protocol::Anthropic | Protocol::Gemini);
        for reason in BLANK {
            let mut stream = protocol.stream();
            for (name, event) in events(protocol, reason) {
                stream.event(Some(name), &event.to_string()).unwrap();
            }
            match stream.end() {
                Err(error) => {
                    assert_eq!(error.kind, ProviderErrorKind::Interrupted, "{protocol}");
                    assert!(by_reason, "{protocol}: {error}");
                }
                Ok(deltas) => {
                    let Some(Delta::Done(ending)) = deltas.last() else { panic!("{protocol}") };
                    assert!(!by_reason, "{protocol}: {ending:?}");
                    assert_eq!(ending.stop, StopReason::Unstated, "{protocol} {reason:?}");
                    assert_eq!(ending.raw_stop, None, "{protocol} {reason:?}");
                }
            }
        }
    }
}

#[test]
fn a_blank_reason_does_not_replace_an_earlier_one() {
    for protocol in [Protocol::Chat, Protocol::Anthropic, Protocol::Gemini] {
        let stop = if protocol == Protocol::Anthropic { "end_turn" } else { "stop" };
        let stop = if protocol == Protocol::Gemini { "STOP" } else { stop };
        let mut stream = protocol.stream();
        for reason in [stop, ""] {
            for (name, event) in events(protocol, reason) {
                stream.event(Some(name), &event.to_string()).unwrap();
            }
        }
        let deltas = stream.end().unwrap_or_else(|error| panic!("{protocol}: {error}"));
        let Some(Delta::Done(ending)) = deltas.last() else { panic!("{protocol}") };
        assert_eq!(ending.stop, StopReason::Stop, "{protocol}");
    }
}

#[test]
fn a_whole_reply_with_a_blank_reason_has_none() {
    let bodies = [
        (
            Protocol::Chat,
            json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": ""}]}),
        ),
        (
            Protocol::Anthropic,
            json!({"content": [{"type": "text", "text": "Hello"}], "stop_reason": ""}),
        ),
        (
            Protocol::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": ""}]}),
        ),
        (
            Protocol::Bedrock,
            json!({"output": {"message": {"content": [{"text": "Hello"}]}}, "stopReason": ""}),
        ),
        (
            Protocol::Cohere,
            json!({"message": {"content": [{"type": "text", "text": "Hello"}]}, "finish_reason": ""}),
        ),
        (
            Protocol::Responses,
            json!({"status": "", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}]}),
        ),
        (
            Protocol::Ollama,
            json!({"message": {"content": "Hello"}, "done": true, "done_reason": ""}),
        ),
    ];
    for (protocol, body) in bodies {
        let reply = protocol.decode(body.to_string().as_bytes());
        let reply = reply.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        assert_eq!(
            (reply.text().as_str(), &reply.stop),
            ("Hello", &StopReason::Unstated),
            "{protocol}"
        );
    }
}

#[test]
fn an_unusable_answer_behind_a_gateway_is_a_rejected_answer() {
    for reason in [
        "malformed_function_call",
        "function_call_filter: MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "malformed_tool_use",
        "malformed_model_output",
    ] {
        let mut stream = Protocol::Chat.stream();
        for (name, event) in events(Protocol::Chat, reason) {
            stream.event(Some(name), &event.to_string()).unwrap();
        }
        let error = stream.end().unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::RejectedAnswer, "{error}");
        assert_eq!(error.code.as_deref(), Some(reason));
    }
}
