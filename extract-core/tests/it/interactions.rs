//! Google's Interactions: decodes steps in all their forms, and replays signed steps unchanged.

use extract_core::conversation::{
    Assembly, Block, Message, Output, ProviderError, ProviderErrorKind, Reply, Request, StopReason,
    Tool, ToolResult, Tools,
};
use extract_core::model::{DeltaReader, read_failure};
use extract_core::wire::{Delivery, Protocol, Quirks};
use http::HeaderMap;
use serde_json::{Value, json};

fn whole(body: &Value) -> Result<Reply, ProviderError> {
    Protocol::Interactions.decode(body.to_string().as_bytes())
}

/// Decodes a stream of these events, delivered in pieces of a few bytes.
fn streamed(events: &[Value]) -> Result<Reply, ProviderError> {
    let mut bytes = Vec::new();
    for event in events {
        let name = event["event_type"].as_str().unwrap();
        bytes.extend(format!("event: {name}\ndata: {event}\n\n").into_bytes());
    }
    let mut reader = DeltaReader::new(Protocol::Interactions, 1 << 20);
    let mut deltas = Vec::new();
    bytes.chunks(7).try_for_each(|piece| reader.push(piece, &mut deltas))?;
    reader.end(&mut deltas)?;
    let mut assembly = Assembly::new();
    deltas.into_iter().for_each(|delta| assembly.push(delta));
    assembly.finish()
}

fn start(index: usize, step: &Value) -> Value {
    json!({"event_type": "step.start", "index": index, "step": step})
}

fn delta(index: usize, delta: &Value) -> Value {
    json!({"event_type": "step.delta", "index": index, "delta": delta})
}

fn completed(status: &str) -> Value {
    json!({"event_type": "interaction.completed", "interaction": {
        "id": "i1", "status": status, "model": "gemini-3-flash", "usage": usage(),
    }})
}

fn usage() -> Value {
    json!({"total_input_tokens": 20, "total_tool_use_tokens": 3, "total_output_tokens": 7,
           "total_thought_tokens": 5, "total_cached_tokens": 4, "total_tokens": 35})
}

fn thought() -> Value {
    json!({"type": "thought", "signature": "c2lnbmF0dXJl",
           "summary": [{"type": "text", "text": "Two people."}]})
}

fn call(id: &str, name: &str) -> Value {
    json!({"type": "function_call", "id": id, "name": "person", "arguments": {"name": name}})
}

/// Returns an interaction with thinking and two calls, preceded by a copy of the request's steps.
fn interaction() -> Value {
    json!({"id": "i1", "object": "interaction", "status": "requires_action",
    "model": "gemini-3-flash", "usage": usage(), "steps": [
        {"type": "user_input", "content": [{"type": "text", "text": "Maria and Tom."}]},
        {"type": "model_output", "content": [{"type": "text", "text": "An earlier turn."}]},
        {"type": "function_result", "call_id": "c0", "result": "ok"},
        thought(), call("c1", "Maria"), call("c2", "Tom"),
    ]})
}

fn events() -> Vec<Value> {
    let bare = |id: &str| json!({"type": "function_call", "id": id, "name": "person"});
    let arguments = |text: &str| json!({"type": "arguments_delta", "arguments": text});
    vec![
        json!({"event_type": "interaction.created", "interaction": {"id": "i1", "status": "in_progress"}}),
        start(0, &json!({"type": "thought"})),
        delta(0, &json!({"type": "thought_summary", "content": {"type": "text", "text": "Two "}})),
        delta(
            0,
            &json!({"type": "thought_summary", "content": {"type": "text", "text": "people."}}),
        ),
        delta(0, &json!({"type": "thought_signature", "signature": "c2lnbmF0dXJl"})),
        json!({"event_type": "step.stop", "index": 0}),
        start(1, &bare("c1")),
        delta(1, &arguments("{\"name\"")),
        delta(1, &arguments(": \"Maria\"}")),
        json!({"event_type": "step.stop", "index": 1}),
        start(2, &call("c2", "Tom")),
        json!({"event_type": "step.stop", "index": 2}),
        json!({"event_type": "interaction.status_update", "interaction_id": "i1", "status": "requires_action"}),
        completed("requires_action"),
    ]
}

#[test]
fn a_reply_consists_of_the_steps_after_the_repeated_request() {
    for reply in [whole(&interaction()).unwrap(), streamed(&events()).unwrap()] {
        let calls: Vec<(String, Value)> = reply
            .tool_calls()
            .map(|call| (call.id.clone(), serde_json::from_str(&call.arguments).unwrap()))
            .collect();
        let expected = [("c1", "Maria"), ("c2", "Tom")];
        let expected = expected.map(|(id, name)| (id.to_owned(), json!({"name": name})));
        assert_eq!(calls, expected);
        assert_eq!(reply.text(), "");
        assert!(reply.blocks.contains(&Block::Reasoning("Two people.".into())), "{reply:?}");
        assert_eq!(reply.stop, StopReason::ToolCalls);
        assert_eq!(reply.raw_stop.as_deref(), Some("requires_action"));
        assert_eq!(reply.model.as_deref(), Some("gemini-3-flash"));
        assert_eq!(reply.request_id.as_deref(), Some("i1"));
        let usage = reply.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (23, 12));
        assert_eq!((usage.cached_input_tokens, usage.reasoning_tokens), (4, 5));
    }
}

#[test]
fn a_signed_turn_is_replayed_unchanged() {
    for reply in [whole(&interaction()).unwrap(), streamed(&events()).unwrap()] {
        let mut request = Request::new(vec![Message::user("Maria and Tom."), reply.to_message()]);
        for call in reply.tool_calls() {
            request.messages.push(Message::tool(ToolResult::new(call, "the age is missing", true)));
        }
        request.output = Output::Tools(Tools::one(Tool::new("person", json!({})).into()));
        let body = Protocol::Interactions
            .encode(&request, "gemini-3-flash", &Quirks::OPENAI, Delivery::Whole)
            .unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let result = |id: &str| {
            json!({"type": "function_result", "call_id": id, "name": "person",
                   "result": "the age is missing", "is_error": true})
        };
        let expected = json!([
            {"type": "user_input", "content": [{"type": "text", "text": "Maria and Tom."}]},
            thought(), call("c1", "Maria"), call("c2", "Tom"), result("c1"), result("c2"),
        ]);
        assert_eq!(body["input"], expected);
    }
}

#[test]
fn a_turn_is_replayed_byte_for_byte() {
    let body = r#"{"status": "completed", "steps": [{ "type":"thought",  "signature":"a\/b=" },
        {"type":"model_output","content":[{"type":"text","text":"\u00fc 1.0e2"}]}]}"#;
    let reply = Protocol::Interactions.decode(body.as_bytes()).unwrap();
    assert_eq!(reply.text(), "ü 1.0e2");
    let request = Request::new(vec![Message::user("?"), reply.to_message()]);
    let sent =
        Protocol::Interactions.encode(&request, "m", &Quirks::OPENAI, Delivery::Whole).unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains(r#"{ "type":"thought",  "signature":"a\/b=" }"#), "{sent}");
    assert!(sent.contains(r#""text":"\u00fc 1.0e2""#), "{sent}");
}

#[test]
fn every_status_maps_to_its_stop_reason() {
    let said = json!([{"type": "model_output", "content": [{"type": "text", "text": "Hi"}]}]);
    for (status, stop) in [
        ("completed", StopReason::Stop),
        ("incomplete", StopReason::Length),
        ("budget_exceeded", StopReason::Length),
        ("requires_continuation", StopReason::Length),
    ] {
        let reply = whole(&json!({"status": status, "steps": said})).unwrap();
        assert_eq!((reply.text().as_str(), &reply.stop), ("Hi", &stop), "{status}");
        let reply = streamed(&[start(0, &said[0]), completed(status)]).unwrap();
        assert_eq!((reply.text().as_str(), &reply.stop), ("Hi", &stop), "{status}");
    }
    for reply in [
        whole(&json!({"status": "cancelled", "steps": said})),
        streamed(&[start(0, &said[0]), completed("cancelled")]),
    ] {
        let error = reply.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Interrupted);
        assert!(error.message.contains("cancelled"), "{error}");
    }
    let thought_in_output = json!({"total_input_tokens": 2, "total_output_tokens": 7,
        "total_thought_tokens": 5, "total_tokens": 9});
    let reply =
        whole(&json!({"status": "completed", "steps": said, "usage": thought_in_output})).unwrap();
    assert_eq!(reply.usage.unwrap().output_tokens, 7);
}

#[test]
fn failures_are_reported_in_every_form() {
    let error = json!({"code": "invalid_request", "message": "A field is wrong."});
    let failed = whole(&json!({"status": "failed", "errors": [error]})).unwrap_err();
    assert_eq!(failed.kind, ProviderErrorKind::InvalidRequest);
    assert_eq!(failed.message, "A field is wrong.");
    let event = json!({"event_type": "error", "error": error});
    let failed = streamed(&[completed("in_progress"), event]).unwrap_err();
    assert_eq!(failed.kind, ProviderErrorKind::InvalidRequest);
    let body = json!({ "error": error }).to_string();
    let refused = read_failure(400, &HeaderMap::new(), body.as_bytes());
    assert_eq!(refused.kind, ProviderErrorKind::InvalidRequest);
    assert_eq!(whole(&json!({"steps": []})).unwrap_err().kind, ProviderErrorKind::Malformed);

    let events = events();
    for cut in 0..events.len() {
        let error = streamed(&events[..cut]).unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Interrupted, "{cut} events");
    }
}
