//! Server answers as streams, in the form of each protocol: whole, without an end, and without any
//! event.

use extract_llm::Mode;
use extract_llm::model::Protocol;
use serde_json::{Value, json};

use super::answers::renamed;
use crate::support::server::{Act, stream_head};

/// The events of one answer: its content, and the events that end it.
struct Events {
    said: Vec<Value>,
    end: Vec<Value>,
}

/// Returns a complete stream.
pub(crate) fn whole(protocol: Protocol, mode: Mode, value: &Value) -> Act {
    let Events { said, end } = events(protocol, mode, value);
    act(protocol, &[said, end].concat())
}

/// Returns a complete stream with a call of this tool.
pub(crate) fn call(protocol: Protocol, tool: &str, arguments: &Value) -> Act {
    let Events { said, end } = events(protocol, Mode::Tools, arguments);
    let events: Vec<Value> = said.iter().chain(&end).map(|event| renamed(event, tool)).collect();
    act(protocol, &events)
}

/// Returns a stream whose connection closes after the content and before the events that end it.
pub(crate) fn endless(protocol: Protocol, mode: Mode, value: &Value) -> Act {
    act(protocol, &events(protocol, mode, value).said)
}

/// Returns a stream whose connection closes before any event.
pub(crate) fn silent(protocol: Protocol) -> Act {
    act(protocol, &[])
}

fn act(protocol: Protocol, events: &[Value]) -> Act {
    let media_type = match protocol {
        Protocol::Bedrock => "application/vnd.amazon.eventstream",
        Protocol::Ollama => "application/x-ndjson",
        _ => "text/event-stream",
    };
    let framed = events.iter().flat_map(|event| match protocol {
        Protocol::Bedrock => message(event),
        Protocol::Ollama => format!("{event}\n").into_bytes(),
        _ => format!("data: {event}\n\n").into_bytes(),
    });
    Act::Answer(stream_head(media_type).into_iter().chain(framed).collect())
}

/// Returns a message in Amazon's framing: lengths, headers and checksums around `{type: payload}`.
fn message(event: &Value) -> Vec<u8> {
    let (kind, payload) = event.as_object().unwrap().iter().next().unwrap();
    let (name, payload) = (b":event-type", payload.to_string());
    let length = |text: usize| u32::try_from(text).unwrap().to_be_bytes();
    let mut headers = vec![u8::try_from(name.len()).unwrap()];
    headers.extend_from_slice(name);
    headers.push(7);
    headers.extend_from_slice(&length(kind.len())[2..]);
    headers.extend_from_slice(kind.as_bytes());
    let mut bytes = length(16 + headers.len() + payload.len()).to_vec();
    bytes.extend(length(headers.len()));
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend(payload.as_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn events(protocol: Protocol, mode: Mode, value: &Value) -> Events {
    let tool = mode == Mode::Tools;
    let text = value.to_string();
    let (one, two) = text.split_at(text.len() / 2);
    let (said, end) = match protocol {
        Protocol::Chat => chat(tool, one, two),
        Protocol::Responses => responses(tool, &text, one, two),
        Protocol::Anthropic => anthropic(tool, one, two),
        Protocol::Gemini => gemini(tool, value, one, two),
        Protocol::Interactions => interactions(tool, one, two),
        Protocol::Cohere => cohere(tool, one, two),
        Protocol::Bedrock => bedrock(tool, one, two),
        Protocol::Ollama => ollama(tool, value, one, two),
        other => panic!("{other} is not in the table"),
    };
    Events { said, end }
}

type Pair = (Vec<Value>, Vec<Value>);

fn chat(tool: bool, one: &str, two: &str) -> Pair {
    let chunk = |delta: Value, stop: Option<&str>| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": stop}]});
    let call = |more: &str, first: bool| {
        let mut call = json!({"index": 0, "function": {"arguments": more}});
        if first {
            call["id"] = "c1".into();
            call["type"] = "function".into();
            call["function"]["name"] = "Person".into();
        }
        json!({ "tool_calls": [call] })
    };
    let said = if tool {
        vec![chunk(call(one, true), None), chunk(call(two, false), None)]
    } else {
        vec![chunk(json!({"content": one}), None), chunk(json!({"content": two}), None)]
    };
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}});
    let stop = if tool { "tool_calls" } else { "stop" };
    (said, vec![chunk(json!({}), Some(stop)), usage])
}

fn responses(tool: bool, text: &str, one: &str, two: &str) -> Pair {
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    let (item, kind) = if tool {
        let call = json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "Person",
                          "arguments": text, "status": "completed"});
        (call, "response.function_call_arguments.delta")
    } else {
        let message = json!({"type": "message", "id": "f1", "role": "assistant",
                             "status": "completed", "content": [part]});
        (message, "response.output_text.delta")
    };
    let mut begun = item.clone();
    if tool {
        begun["arguments"] = "".into();
    } else {
        begun["content"] = json!([]);
    }
    let more =
        |more: &str| json!({"type": kind, "item_id": "f1", "output_index": 0, "delta": more});
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item": begun});
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let response = json!({"id": "r1", "status": "completed", "output": [item],
                          "usage": {"input_tokens": 9, "output_tokens": 4}});
    let completed = json!({"type": "response.completed", "response": response});
    (vec![added, more(one), more(two), done], vec![completed])
}

fn anthropic(tool: bool, one: &str, two: &str) -> Pair {
    let (block, delta, field) = if tool {
        let block = json!({"type": "tool_use", "id": "t1", "name": "Person", "input": {}});
        (block, "input_json_delta", "partial_json")
    } else {
        (json!({"type": "text", "text": ""}), "text_delta", "text")
    };
    let more = |more: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": delta, field: more}});
    let usage = json!({"input_tokens": 9, "output_tokens": 1});
    let said = vec![
        json!({"type": "message_start", "message": {"role": "assistant", "usage": usage}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        more(one),
        more(two),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    let stop = if tool { "tool_use" } else { "end_turn" };
    let end = vec![
        json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 4}}),
        json!({"type": "message_stop"}),
    ];
    (said, end)
}

fn gemini(tool: bool, value: &Value, one: &str, two: &str) -> Pair {
    let chunk =
        |part: Value| json!({"candidates": [{"content": {"role": "model", "parts": [part]}}]});
    let said = if tool {
        vec![chunk(json!({"functionCall": {"name": "Person", "args": value}}))]
    } else {
        vec![chunk(json!({"text": one})), chunk(json!({"text": two}))]
    };
    let end = json!({"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP"}],
                     "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4}});
    (said, vec![end])
}

fn interactions(tool: bool, one: &str, two: &str) -> Pair {
    let (step, kind, field) = if tool {
        let call = json!({"type": "function_call", "id": "c1", "name": "Person", "arguments": {}});
        (call, "arguments_delta", "arguments")
    } else {
        (json!({"type": "model_output"}), "text", "text")
    };
    let more = |more: &str| json!({"event_type": "step.delta", "index": 0, "delta": {"type": kind, field: more}});
    let of = |status: &str| {
        json!({"id": "i1", "status": status,
        "usage": {"total_input_tokens": 9, "total_output_tokens": 4}})
    };
    let said = vec![
        json!({"event_type": "interaction.created", "interaction": of("in_progress")}),
        json!({"event_type": "step.start", "index": 0, "step": step}),
        more(one),
        more(two),
        json!({"event_type": "step.stop", "index": 0}),
    ];
    let status = if tool { "requires_action" } else { "completed" };
    let end = json!({"event_type": "interaction.completed", "interaction": of(status)});
    (said, vec![end])
}

fn cohere(tool: bool, one: &str, two: &str) -> Pair {
    let event = |kind: &str, message: Value| json!({"type": kind, "index": 0, "delta": {"message": message}});
    let call = |function: Value| json!({"tool_calls": {"id": "c1", "type": "function", "function": function}});
    let start = json!({"type": "message-start", "id": "x"});
    let said = if tool {
        vec![
            start,
            event("tool-call-start", call(json!({"name": "Person", "arguments": ""}))),
            event("tool-call-delta", call(json!({"arguments": one}))),
            event("tool-call-delta", call(json!({"arguments": two}))),
            json!({"type": "tool-call-end", "index": 0}),
        ]
    } else {
        let text = |more: &str| event("content-delta", json!({"content": {"text": more}}));
        vec![start, text(one), text(two)]
    };
    let stop = if tool { "TOOL_CALL" } else { "COMPLETE" };
    let end = json!({"type": "message-end", "delta": {"finish_reason": stop,
        "usage": {"tokens": {"input_tokens": 9, "output_tokens": 4}}}});
    (said, vec![end])
}

fn bedrock(tool: bool, one: &str, two: &str) -> Pair {
    let more = |more: &str| {
        let delta = if tool { json!({"toolUse": {"input": more}}) } else { json!({"text": more}) };
        json!({"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}})
    };
    let mut said = vec![json!({"messageStart": {"role": "assistant"}})];
    if tool {
        let start = json!({"toolUse": {"toolUseId": "t1", "name": "Person"}});
        said.push(json!({"contentBlockStart": {"contentBlockIndex": 0, "start": start}}));
    }
    said.extend([more(one), more(two), json!({"contentBlockStop": {"contentBlockIndex": 0}})]);
    let stop = if tool { "tool_use" } else { "end_turn" };
    let usage = json!({"inputTokens": 9, "outputTokens": 4, "totalTokens": 13});
    let end =
        vec![json!({"messageStop": {"stopReason": stop}}), json!({"metadata": {"usage": usage}})];
    (said, end)
}

fn ollama(tool: bool, value: &Value, one: &str, two: &str) -> Pair {
    let line = |message: Value| json!({"model": "m", "message": message, "done": false});
    let said = if tool {
        let call = json!([{"function": {"name": "Person", "arguments": value}}]);
        vec![line(json!({"role": "assistant", "content": "", "tool_calls": call}))]
    } else {
        let text = |more: &str| line(json!({"role": "assistant", "content": more}));
        vec![text(one), text(two)]
    };
    let end = json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true,
                     "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4});
    (said, vec![end])
}
