//! Google's Interactions.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, call_id, sse};
use crate::conversation::ProviderError;

/// Returns the status of the interaction. Fails for the filter, which the protocol does not have, and if the
/// status is left out, because every interaction has one.
fn status(writing: &Writing<'_>) -> Result<&'static str, ProviderError> {
    match writing.answer.end {
        End::Natural if !writing.answer.calls.is_empty() => Ok("requires_action"),
        End::Natural => Ok("completed"),
        End::Length => Ok("incomplete"),
        End::Unstated => Err(writing.inexpressible("answer without a status")),
        End::Filter => Err(writing.inexpressible("content filter")),
    }
}

fn usage(writing: &Writing<'_>) -> Option<Value> {
    let (input, output) = writing.answer.usage?;
    Some(json!({"total_input_tokens": input, "total_output_tokens": output,
        "total_tokens": input.saturating_add(output)}))
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Result<Value, ProviderError> {
    let output =
        |text: &str| json!({"type": "model_output", "content": [{"type": "text", "text": text}]});
    let mut steps: Vec<Value> = writing.text_or_refusal().map(output).into_iter().collect();
    for (index, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let arguments = writing.arguments(arguments)?;
        steps.push(json!({"type": "function_call", "id": call_id(index), "name": name,
            "arguments": arguments}));
    }
    Ok(json!({
        "id": "interaction_scripted",
        "object": "interaction",
        "status": status(writing)?,
        "model": writing.model,
        "steps": steps,
        "usage": usage(writing),
    }))
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Result<Vec<Vec<u8>>, ProviderError> {
    let started =
        json!({"id": "interaction_scripted", "status": "in_progress", "model": writing.model});
    let mut events = vec![json!({"event_type": "interaction.created", "interaction": started})];
    let mut index = 0;
    let mut step = |start: Value, deltas: Vec<Value>| {
        events.push(json!({"event_type": "step.start", "index": index, "step": start}));
        for delta in deltas {
            events.push(json!({"event_type": "step.delta", "index": index, "delta": delta}));
        }
        events.push(json!({"event_type": "step.stop", "index": index}));
        index += 1;
    };
    if let Some(text) = writing.text_or_refusal() {
        let delta = |piece: &String| json!({"type": "text", "text": piece});
        step(json!({"type": "model_output"}), writing.split(text).iter().map(delta).collect());
    }
    for (number, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let delta = |piece: &String| json!({"type": "arguments_delta", "arguments": piece});
        let start = json!({"type": "function_call", "id": call_id(number), "name": name});
        step(start, writing.split(arguments).iter().map(delta).collect());
    }
    let ended = json!({"id": "interaction_scripted", "status": status(writing)?,
        "model": writing.model, "usage": usage(writing)});
    events.push(json!({"event_type": "interaction.completed", "interaction": ended}));
    let mut events: Vec<Vec<u8>> = events.iter().map(sse).collect();
    events.push(b"data: [DONE]\n\n".to_vec());
    Ok(events)
}
