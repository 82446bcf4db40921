//! Content where it does not belong, over real sockets: JSON that comes as reasoning is the answer only if
//! it was asked for and the reply holds nothing else. Commentary is never the answer.

use extract_core::conversation::Mode;
use extract_core::extraction::ErrorKind;
use extract_core::wire::Protocol;
use extract_core::{Client, Error};
use serde_json::{Value, json};

use crate::support::server::{Act, Server, answer, chunked};

const JSON: &str = r#"{"name": "Ida", "age": 41}"#;
const DRAFT: &str = r#"Perhaps {"name": "Ada", "age": 40}? No."#;

/// The fields of a reply that may hold reasoning: Ollama's, and the two of Chat Completions' servers.
const FIELDS: [(Protocol, &str); 3] = [
    (Protocol::Ollama, "thinking"),
    (Protocol::Chat, "reasoning_content"),
    (Protocol::Chat, "reasoning"),
];

/// Returns the answers with this message: whole and streamed.
fn answers(protocol: Protocol, message: &Value) -> [(bool, Act); 2] {
    let whole = match protocol {
        Protocol::Ollama => json!({"message": message, "done": true, "done_reason": "stop"}),
        _ => json!({"choices": [{"message": message, "finish_reason": "stop"}]}),
    };
    let (media_type, events) = match protocol {
        Protocol::Ollama => ("application/x-ndjson", format!("{whole}\n")),
        _ => {
            let chunk = json!({"choices": [{"delta": message, "finish_reason": "stop"}]});
            ("text/event-stream", format!("data: {chunk}\n\ndata: [DONE]\n\n"))
        }
    };
    let streamed = Act::Answer(chunked(media_type, events.as_bytes(), true));
    [
        (false, answer(200, "content-type: application/json\r\n", &whole.to_string())),
        (true, streamed),
    ]
}

/// Extracts a person. Returns the value and the notes of the ledger.
async fn person(
    protocol: Protocol,
    mode: Mode,
    (streamed, act): (bool, Act),
) -> Result<(Value, Vec<String>), Error> {
    let server = Server::start([act]).await;
    let client = Client::builder()
        .base_url(server.url())
        .protocol(protocol)
        .model("m")
        .api_key("sk-0123456789abcdef")
        .mode(mode)
        .validation_retries(0)
        .build()
        .unwrap();
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["name", "age"],
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}});
    let call = client.extract_value(schema, "Ida is 41.");
    let done = if streamed { call.stream().report().await? } else { call.report().await? };
    Ok((done.value, done.ledger.notes))
}

#[tokio::test]
async fn json_in_the_reasoning_is_read_if_nothing_else_is_there() {
    for (protocol, field) in FIELDS {
        for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
            for content in [json!(""), json!(null), json!(" \n")] {
                let message = json!({"role": "assistant", "content": content, field: JSON});
                for answer in answers(protocol, &message) {
                    let (value, notes) = person(protocol, mode, answer).await.unwrap();
                    assert_eq!(value, json!({"name": "Ida", "age": 41}), "{field} {mode}");
                    let noted = notes.iter().any(|note| note.contains("reasoning"));
                    assert!(noted, "{field} {mode}: {notes:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn other_reasoning_is_no_answer() {
    for (protocol, field) in FIELDS {
        let cases = [
            ("a draft", Mode::JsonSchema, json!({"content": "", field: DRAFT})),
            (
                "a draft alone",
                Mode::JsonSchema,
                json!({"content": "", field: format!("Hm.\n{JSON}")}),
            ),
            ("cut JSON", Mode::JsonSchema, json!({"content": "", field: &JSON[..20]})),
            ("a tool was asked for", Mode::Tools, json!({"content": "", field: JSON})),
            ("there is text", Mode::JsonSchema, json!({"content": "I cannot.", field: JSON})),
        ];
        for (case, mode, message) in cases {
            for answer in answers(protocol, &message) {
                let read = person(protocol, mode, answer).await;
                let error = read.expect_err(case);
                assert!(
                    matches!(error.kind(), ErrorKind::Invalid { .. }),
                    "{field} {case}: {error}"
                );
            }
        }
        let message = json!({"content": r#"{"name": "Bo", "age": 7}"#, field: JSON});
        for answer in answers(protocol, &message) {
            let (value, notes) = person(protocol, Mode::JsonSchema, answer).await.unwrap();
            assert_eq!(value["name"], "Bo", "{field}");
            assert!(notes.is_empty(), "{field}: {notes:?}");
        }
    }
}

#[tokio::test]
async fn commentary_of_responses_is_not_the_answer() {
    let message = |phase: Value, id: &str, text: &str| {
        json!({"type": "message", "id": id, "role": "assistant", "phase": phase,
            "content": [{"type": "output_text", "text": text}]})
    };
    let aside = r#"{"name": "Ada", "age": 40}"#;
    let first = message(json!("commentary"), "a", aside);
    let last = |phase: Value| message(phase, "b", JSON);
    for (phase, found) in
        [(json!("final_answer"), true), (json!(null), true), (json!("other"), false)]
    {
        let output = json!([first, last(phase.clone())]);
        let response = json!({"status": "completed", "output": output});
        let added = |item: &Value, announced: bool| {
            let mut item = item.clone();
            item["content"] = json!([]);
            if !announced {
                item["phase"] = Value::Null;
            }
            json!({"type": "response.output_item.added", "item": item})
        };
        // The phase may come with the first event of an item, or with the last.
        let streams = [true, false].map(|announced| {
            let mut events = String::new();
            for item in output.as_array().unwrap() {
                let text = item["content"][0]["text"].as_str().unwrap();
                let delta = json!({"type": "response.output_text.delta", "item_id": item["id"], "delta": text});
                let done = json!({"type": "response.output_item.done", "item": item});
                for event in [added(item, announced), delta, done] {
                    events += &format!("data: {event}\n\n");
                }
            }
            let completed = json!({"type": "response.completed", "response": response});
            events += &format!("data: {completed}\n\n");
            (true, Act::Answer(chunked("text/event-stream", events.as_bytes(), true)))
        });
        let whole =
            (false, answer(200, "content-type: application/json\r\n", &response.to_string()));
        for answer in streams.into_iter().chain([whole]) {
            let read = person(Protocol::Responses, Mode::JsonSchema, answer).await;
            match read {
                Ok((value, _)) => assert!(found && value["name"] == "Ida", "{phase}: {value}"),
                Err(error) => assert!(!found, "{phase}: {error:?}"),
            }
        }
    }
}
