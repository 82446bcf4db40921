//! Tools that the loop runs, in the form of each protocol, whole and streamed.

use std::collections::HashSet;

use extract_core::model::presets;
use extract_llm::model::Protocol;
use extract_llm::{Client, Extract, Mode, ToolError};
use serde_json::{Value, json};

use crate::providers::{answers, streams};
use crate::support::bodies;
use crate::support::server::{Server, answer};

/// Looks up how many of an article are in stock.
#[derive(Debug, Extract)]
struct StockQuery {
    article: String,
}

/// The answer.
#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

const TEXT: &str = "How old is the chair?";

/// Returns the last turns of a request in any protocol: those behind the question.
fn turns(body: &Value) -> &[Value] {
    let turns = ["messages", "input", "contents"].iter().find_map(|key| body[*key].as_array());
    let turns = turns.unwrap();
    let asked = turns.iter().rposition(|turn| turn.to_string().contains(TEXT)).unwrap();
    &turns[asked + 1..]
}

/// Returns the member that marks a result of a call in a protocol.
fn mark(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Responses => r#""type":"function_call_output""#,
        Protocol::Anthropic => r#""type":"tool_result""#,
        Protocol::Gemini => r#""functionResponse""#,
        Protocol::Interactions => r#""type":"function_result""#,
        Protocol::Bedrock => r#""toolResult""#,
        _ => r#""role":"tool""#,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_sent_in_the_form_of_each_protocol() {
    let mut seen = HashSet::new();
    for preset in presets() {
        let protocol = preset.protocol;
        if !preset.facts("some-model").modes.contains(&Mode::Tools) || !seen.insert(protocol) {
            continue;
        }
        let (query, value) = (json!({"article": "chair"}), json!({"name": "chair", "age": 34}));
        for is_streamed in [false, true] {
            let what = format!("{protocol}, streamed: {is_streamed}");
            let act = |tool: &str, arguments: &Value| {
                if is_streamed {
                    return streams::call(protocol, tool, arguments);
                }
                let body = answers::call(protocol, tool, arguments).to_string();
                answer(200, "content-type: application/json\r\n", &body)
            };
            let server = Server::start([act("stock", &query), act("Person", &value)]).await;
            let client = Client::builder()
                .base_url(server.url())
                .model(format!("{}/some-model", preset.name))
                .api_key("test-key-0123456789")
                .build()
                .unwrap();
            let asked = client.extract::<Person>(TEXT).mode(Mode::Tools).tool(
                "stock",
                async |query: StockQuery| -> Result<_, ToolError> {
                    Ok(format!("34 years, says {}", query.article))
                },
            );
            let done = if is_streamed {
                let mut shown = asked.stream();
                while let Some(partial) = shown.next().await {
                    let partial = partial.expect(&what).json();
                    assert!(partial.get("article").is_none(), "{what}: {partial}");
                }
                shown.report().await.expect(&what)
            } else {
                asked.report().await.expect(&what)
            };

            assert_eq!(done.value, Person { name: "chair".into(), age: 34 }, "{what}");
            assert_eq!(done.ledger.tool_runs.len(), 1, "{what}");
            let requests = server.requests();
            assert_eq!(requests.len(), 2, "{what}");
            let body = |index: usize| -> Value {
                serde_json::from_str(requests[index].split_once("\r\n\r\n").unwrap().1).unwrap()
            };
            let behind = body(1);
            let behind = turns(&behind);
            let [call, result] = behind else { panic!("{what}: {behind:?}") };
            assert!(call.to_string().contains("stock"), "{what}: {call}");
            let text = result.to_string();
            assert!(text.contains("34 years, says chair"), "{what}: {text}");
            assert!(text.contains(mark(protocol)), "{what}: {text}");
            for (name, kind) in [
                ("openai", "openai-chat"),
                ("openai-responses", "openai-responses"),
                ("anthropic", "anthropic-messages"),
                ("google", "google-generate"),
                ("google-interactions", "google-interactions"),
            ] {
                if preset.name == name {
                    bodies::keep_as(kind, &body(1));
                }
            }
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}
