//! Content in a field where it does not belong.

use extract_core::conversation::Mode;
use extract_core::wire::Protocol::{Chat, Ollama, Responses};
use serde_json::{Value, json};

use crate::faults::case::{Case, PIECES};
use crate::faults::row::Expect::{self, Noted, Stays};
use crate::faults::row::{Chapter, Row};
use crate::faults::server::Script;
use crate::support::replies::sse;

/// Returns the script of a reply with this message.
fn message(case: Case, message: &Value) -> Script {
    let is_ollama = case.is(&[Ollama]);
    let whole = if is_ollama {
        json!({"message": message, "done": true, "done_reason": "stop"})
    } else {
        json!({"choices": [{"message": message, "finish_reason": "stop"}]})
    };
    if !case.streamed {
        return case.replies(whole.to_string().as_bytes());
    }
    if is_ollama {
        return case.replies(format!("{whole}\n").as_bytes());
    }
    let chunk = json!({"choices": [{"index": 0, "delta": message, "finish_reason": "stop"}]});
    case.replies(&[sse(&chunk), b"data: [DONE]\n\n".to_vec()].concat())
}

/// A row of replies with empty content and this reasoning.
fn reasoning(title: &str, chat: &'static str, text: String, expect: Expect) -> Row {
    Row::plain(title, move |case| {
        let field = if case.is(&[Ollama]) { "thinking" } else { chat };
        let reply = json!({"role": "assistant", "content": "", field: text});
        let is_there = case.is(&[Chat]) || case.is(&[Ollama]) && chat == "reasoning_content";
        is_there.then(|| (message(case, &reply), expect.clone()))
    })
    .mode(Mode::JsonSchema)
}

/// Returns the script of a reply of Responses with these messages, by phase and text.
fn phases(case: Case, messages: &[(Option<&str>, &str)]) -> Script {
    let items: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(at, (phase, text))| {
            json!({"type": "message", "id": at.to_string(), "role": "assistant", "phase": phase,
                "content": [{"type": "output_text", "text": text}]})
        })
        .collect();
    let response = json!({"status": "completed", "output": items});
    if !case.streamed {
        return case.replies(response.to_string().as_bytes());
    }
    let mut events = Vec::new();
    for item in &items {
        let mut added = item.clone();
        added["content"] = json!([]);
        let text = &item["content"][0]["text"];
        events.push(json!({"type": "response.output_item.added", "item": added}));
        events.push(
            json!({"type": "response.output_text.delta", "item_id": item["id"], "delta": text}),
        );
        events.push(json!({"type": "response.output_item.done", "item": item}));
    }
    events.push(json!({"type": "response.completed", "response": response}));
    case.replies(&events.iter().flat_map(sse).collect::<Vec<u8>>())
}

pub(super) fn chapter() -> Chapter {
    let answer = PIECES.concat();
    let other = r#"{"name": "Ada", "age": 40}"#;
    let rows = vec![
        reasoning(
            "The JSON is in `reasoning_content` (Ollama: `thinking`), and the content is empty.",
            "reasoning_content",
            answer.clone(),
            Noted,
        ),
        reasoning(
            "The JSON is in `reasoning`, and the content is empty.",
            "reasoning",
            answer.clone(),
            Noted,
        ),
        reasoning(
            "The reasoning holds JSON among other text, and the content is empty.",
            "reasoning_content",
            format!("Perhaps {other}? No."),
            Stays("invalid"),
        ),
        Row::plain("The reasoning holds other JSON than the content.", move |case| {
            let reply =
                json!({"content": PIECES.concat(), "thinking": other, "reasoning_content": other});
            case.is(&[Chat, Ollama]).then(|| (message(case, &reply), Expect::Value))
        })
        .mode(Mode::JsonSchema),
        Row::plain(
            "A message of the phase `commentary` holds other JSON, and the next one the answer.",
            move |case| {
                let answer = PIECES.concat();
                let messages =
                    [(Some("commentary"), other), (Some("final_answer"), answer.as_str())];
                case.is(&[Responses]).then(|| (phases(case, &messages), Expect::Value))
            },
        )
        .mode(Mode::JsonSchema),
        Row::plain("The only message is of the phase `commentary`.", |case| {
            let answer = PIECES.concat();
            let messages = [(Some("commentary"), answer.as_str())];
            case.is(&[Responses]).then(|| (phases(case, &messages), Stays("invalid")))
        })
        .mode(Mode::JsonSchema),
    ];
    Chapter {
        title: "1.3 Content where it does not belong",
        about: "JSON that was asked for and comes as reasoning is read, with a note in the ledger, if the content is \
            empty and the reasoning holds nothing else. Commentary is never the answer. An answer without a value is \
            `invalid`; the client of these cells asks once.",
        rows,
    }
}
