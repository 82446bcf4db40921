//! OpenAI's Responses.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, call_id, typed_sse};

/// Returns the content part of the message; `None` if the answer is of calls alone.
fn content(writing: &Writing<'_>) -> Option<Value> {
    let text = |text: &String| json!({"type": "output_text", "text": text, "annotations": []});
    let refusal = |refusal: &String| json!({"type": "refusal", "refusal": refusal});
    let answer = writing.answer;
    answer.refusal.as_ref().map(refusal).or_else(|| answer.text.as_ref().map(text))
}

/// Returns the items of the output.
fn items(writing: &Writing<'_>) -> Vec<Value> {
    let message = content(writing).map(|part| message("completed", &json!([part])));
    let calls = writing.answer.calls.iter().enumerate();
    message
        .into_iter()
        .chain(calls.map(|(index, (name, arguments))| call(index, name, arguments)))
        .collect()
}

fn message(status: &str, content: &Value) -> Value {
    json!({"id": "msg_scripted", "type": "message", "role": "assistant", "status": status,
        "content": content})
}

fn call(index: usize, name: &str, arguments: &str) -> Value {
    json!({"id": format!("fc_{index}"), "type": "function_call", "call_id": call_id(index),
        "name": name, "arguments": arguments})
}

/// Returns the whole response.
pub(super) fn body(writing: &Writing<'_>) -> Value {
    let (status, reason) = match writing.answer.end {
        End::Natural => (Some("completed"), None),
        End::Length => (Some("incomplete"), Some("max_output_tokens")),
        End::Filter => (Some("incomplete"), Some("content_filter")),
        End::Unstated => (None, None),
    };
    let usage = writing.answer.usage.map(|(input, output)| {
        json!({"input_tokens": input, "output_tokens": output,
            "total_tokens": input.saturating_add(output)})
    });
    json!({
        "id": "resp_scripted",
        "object": "response",
        "status": status,
        "incomplete_details": reason.map(|reason| json!({ "reason": reason })),
        "model": writing.model,
        "output": items(writing),
        "usage": usage,
    })
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Vec<Vec<u8>> {
    let response = body(writing);
    let created = json!({"id": "resp_scripted", "status": "in_progress", "model": writing.model});
    let mut events = vec![json!({"type": "response.created", "response": created})];
    for (index, item) in items(writing).into_iter().enumerate() {
        let is_call = item.get("type").is_some_and(|kind| kind == "function_call");
        let (kind, text, begun) = if is_call {
            let text = item.get("arguments").and_then(Value::as_str).unwrap_or_default();
            let mut begun = item.clone();
            if let Some(arguments) = begun.get_mut("arguments") {
                *arguments = json!("");
            }
            ("response.function_call_arguments.delta", text, begun)
        } else {
            let begun = message("in_progress", &json!([]));
            match (&writing.answer.refusal, &writing.answer.text) {
                (Some(refusal), _) => ("response.refusal.delta", refusal.as_str(), begun),
                (None, text) => {
                    ("response.output_text.delta", text.as_deref().unwrap_or_default(), begun)
                }
            }
        };
        events.push(
            json!({"type": "response.output_item.added", "output_index": index, "item": begun}),
        );
        let id = item.get("id").cloned();
        events.extend(writing.split(text).iter().map(
            |piece| json!({"type": kind, "item_id": id, "output_index": index, "delta": piece}),
        ));
        events.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item}),
        );
    }
    let end = match writing.answer.end {
        End::Natural | End::Unstated => "response.completed",
        End::Length | End::Filter => "response.incomplete",
    };
    events.push(json!({"type": end, "response": response}));
    events.iter().map(typed_sse).collect()
}
