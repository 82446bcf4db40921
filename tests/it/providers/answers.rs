//! Server answers in one piece, in the form of each protocol.

use extract_llm::Mode;
use extract_llm::model::Protocol;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Done,
    Cut,
    Filtered,
    Refused,
}

/// Returns an answer in the protocol's form, as a tool call in the mode that asks for one.
pub(crate) fn answer(protocol: Protocol, mode: Mode, value: &Value, stop: Stop) -> Value {
    let tool = mode == Mode::Tools;
    let text = value.to_string();
    let word =
        |done: &'static str, called: &'static str, cut: &'static str, filtered: &'static str| {
            match stop {
                Stop::Cut => cut,
                Stop::Filtered => filtered,
                Stop::Done | Stop::Refused if tool => called,
                Stop::Done | Stop::Refused => done,
            }
        };
    match protocol {
        Protocol::Chat => {
            let call = json!([{"id": "c1", "type": "function", "function": {"name": "Person", "arguments": text}}]);
            let message = if tool {
                json!({"role": "assistant", "content": null, "tool_calls": call})
            } else {
                json!({"role": "assistant", "content": text})
            };
            let reason = word("stop", "tool_calls", "length", "content_filter");
            json!({"choices": [{"message": message, "finish_reason": reason}],
                   "usage": {"prompt_tokens": 9, "completion_tokens": 4}})
        }
        Protocol::Responses => {
            let item = if tool {
                json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "Person", "arguments": text, "status": "completed"})
            } else {
                json!({"type": "message", "id": "m1", "role": "assistant", "status": "completed",
                       "content": [{"type": "output_text", "text": text, "annotations": []}]})
            };
            let mut body = json!({"id": "r1", "object": "response", "status": "completed", "output": [item],
                   "usage": {"input_tokens": 9, "output_tokens": 4}});
            if matches!(stop, Stop::Cut | Stop::Filtered) {
                body["status"] = "incomplete".into();
                let reason = word("", "", "max_output_tokens", "content_filter");
                body["incomplete_details"] = json!({"reason": reason});
            }
            body
        }
        Protocol::Anthropic => {
            let block = if tool {
                json!({"type": "tool_use", "id": "t1", "name": "Person", "input": value})
            } else {
                json!({"type": "text", "text": text})
            };
            json!({"type": "message", "role": "assistant", "content": [block],
                   "stop_reason": word("end_turn", "tool_use", "max_tokens", ""),
                   "usage": {"input_tokens": 9, "output_tokens": 4}})
        }
        Protocol::Gemini => {
            let part = if tool {
                json!({"functionCall": {"name": "Person", "args": value}})
            } else {
                json!({"text": text})
            };
            json!({"candidates": [{"content": {"role": "model", "parts": [part]},
                                   "finishReason": word("STOP", "STOP", "MAX_TOKENS", "SAFETY")}],
                   "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4}})
        }
        Protocol::Interactions => {
            interaction(tool, value, word("completed", "requires_action", "incomplete", ""))
        }
        Protocol::Cohere => {
            let call = json!([{"id": "c1", "type": "function", "function": {"name": "Person", "arguments": text}}]);
            let message = if tool {
                json!({"role": "assistant", "tool_calls": call})
            } else {
                json!({"role": "assistant", "content": [{"type": "text", "text": text}]})
            };
            json!({"id": "x", "message": message,
                   "finish_reason": word("COMPLETE", "TOOL_CALL", "MAX_TOKENS", ""),
                   "usage": {"tokens": {"input_tokens": 9, "output_tokens": 4}}})
        }
        Protocol::Bedrock => {
            let block = if tool {
                json!({"toolUse": {"toolUseId": "t1", "name": "Person", "input": value}})
            } else {
                json!({"text": text})
            };
            json!({"output": {"message": {"role": "assistant", "content": [block]}},
                   "stopReason": word("end_turn", "tool_use", "max_tokens", "content_filtered"),
                   "usage": {"inputTokens": 9, "outputTokens": 4}})
        }
        Protocol::Ollama => {
            let message = if tool {
                json!({"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "Person", "arguments": value}}]})
            } else {
                json!({"role": "assistant", "content": text})
            };
            json!({"model": "m", "message": message, "done": true,
                   "done_reason": word("stop", "stop", "length", ""),
                   "prompt_eval_count": 9, "eval_count": 4})
        }
        other => panic!("{other} is not in the table"),
    }
}

/// Returns an answer with a call of this tool.
pub(crate) fn call(protocol: Protocol, tool: &str, arguments: &Value) -> Value {
    renamed(&answer(protocol, Mode::Tools, arguments, Stop::Done), tool)
}

/// Returns a server's answer or event whose call of `Person` is one of another tool.
pub(super) fn renamed(event: &Value, tool: &str) -> Value {
    let text = event.to_string().replace(r#""name":"Person""#, &format!(r#""name":"{tool}""#));
    serde_json::from_str(&text).unwrap()
}

/// Returns a reply with an abnormal stop, or `None` if the protocol cannot express it.
pub(crate) fn stopped(protocol: Protocol, stop: Stop) -> Option<Value> {
    let half = json!("{\"name\": \"Ma");
    let plain = |stop| Some(answer(protocol, Mode::Text, &half, stop));
    match (protocol, stop) {
        (Protocol::Chat, Stop::Refused) => Some(json!({"choices": [{
            "message": {"role": "assistant", "content": null, "refusal": "I will not."},
            "finish_reason": "stop",
        }]})),
        (Protocol::Responses, Stop::Refused) => Some(json!({
            "id": "r1", "status": "completed", "output": [{"type": "message", "role": "assistant",
                "content": [{"type": "refusal", "refusal": "I will not."}]}],
        })),
        (Protocol::Anthropic, Stop::Refused) => Some(json!({
            "type": "message", "role": "assistant", "content": [], "stop_reason": "refusal",
            "usage": {"input_tokens": 9, "output_tokens": 0},
        })),
        (_, Stop::Refused)
        | (
            Protocol::Anthropic | Protocol::Interactions | Protocol::Cohere | Protocol::Ollama,
            Stop::Filtered,
        ) => None,
        (_, stop) => plain(stop),
    }
}

fn interaction(tool: bool, value: &Value, status: &str) -> Value {
    let step = if tool {
        json!({"type": "function_call", "id": "c1", "name": "Person", "arguments": value})
    } else {
        let text = value.to_string();
        json!({"type": "model_output", "content": [{"type": "text", "text": text}]})
    };
    json!({"id": "i1", "object": "interaction", "steps": [step], "status": status,
           "usage": {"total_input_tokens": 9, "total_output_tokens": 4}})
}
