//! `Mode::Auto` over a loopback server: a refusal leads to the next mode, and no further than the feature
//! that it names.

use extract_core::Client;
use extract_core::conversation::{Mode, ProviderErrorKind};
use serde_json::{Value, json};

use crate::refused_features::refused_modes;
use crate::support::server::{Act, Server, answer};

fn client(server: &Server) -> Client {
    Client::builder().base_url(server.url()).model("m").build().unwrap()
}

/// Returns a reply that every mode reads: the value as text.
fn value() -> Act {
    let message = json!({"role": "assistant", "content": r#"{"age": 41}"#});
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    answer(200, "", &body.to_string())
}

fn schema(name: &str) -> Value {
    json!({"type": "object", "title": name, "required": ["age"], "additionalProperties": false,
        "properties": {"age": {"type": "integer"}}})
}

/// Returns the mode of each request that the server received.
fn modes(server: &Server) -> Vec<Mode> {
    let mode = |request: String| {
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        match body.pointer("/response_format/type").and_then(Value::as_str) {
            Some("json_schema") => Mode::JsonSchema,
            Some("json_object") => Mode::JsonObject,
            _ if body.get("tools").is_some() => Mode::Tools,
            _ => Mode::Text,
        }
    };
    server.requests().into_iter().map(mode).collect()
}

#[tokio::test]
async fn auto_steps_down_on_every_refusal_of_its_mode() {
    let mut steps = 0;
    for (status, refusal, mode) in refused_modes() {
        // The modes before the refused one are refused in the plainest words.
        let order = [Mode::JsonSchema, Mode::Tools, Mode::JsonObject];
        let before = order.iter().position(|known| *known == mode).unwrap();
        let plain = ["response_format json_schema is not supported", "tools are not supported"];
        let mut acts: Vec<Act> = plain[..before]
            .iter()
            .map(|message| answer(400, "", &json!({"error": {"message": message}}).to_string()))
            .collect();
        acts.push(answer(status, "", &refusal.to_string()));
        acts.push(value());
        let server = Server::start(acts).await;
        let client = client(&server);
        let done = client.extract_value(schema("A"), "aged 41").await;
        let done = done.unwrap_or_else(|error| panic!("{status} {refusal}: {error}"));
        assert_eq!(done["age"], 41);
        let sent = modes(&server);
        assert_eq!(sent[..=before], order[..=before], "{refusal}");
        assert!(!sent[..=before].contains(&sent[before + 1]), "{sent:?} {refusal}");
        assert_eq!(sent.len(), before + 2, "{refusal}");

        // The client remembers it, for other types as well.
        client.extract_value(schema("B"), "aged 41").await.unwrap();
        assert_eq!(modes(&server).last(), sent.last(), "{refusal}");
        assert_eq!(server.count(), before + 3, "{refusal}");
        steps += 1;
    }
    assert!(steps > 35, "{steps}");
}

#[tokio::test]
async fn a_refused_schema_is_refused_for_its_type_only() {
    let refusals = [
        (400, "JSON schema conversion failed:\nPattern must start with '^' and end with '$'"),
        (500, "Grammar error: Unimplemented keys: [\"propertyNames\"]"),
        (400, "Invalid schema for response_format 'a': Missing 'api_key'."),
    ];
    for (status, message) in refusals {
        let refusal = json!({"error": {"message": message, "code": status}}).to_string();
        let server = Server::start([answer(status, "", &refusal), value()]).await;
        let client = client(&server);
        client.extract_value(schema("A"), "aged 41").await.unwrap();
        let sent = modes(&server);
        assert_eq!((sent.len(), sent[0]), (2, Mode::JsonSchema), "{message}");
        assert_ne!(sent[1], Mode::JsonSchema, "{message}");
        client.extract_value(schema("B"), "aged 41").await.unwrap();
        assert_eq!(modes(&server).last(), Some(&Mode::JsonSchema), "{message}");
    }
}

#[tokio::test]
async fn auto_does_not_step_down_on_other_failures() {
    let complaints = [
        (400, "messages: field must not be empty", ProviderErrorKind::InvalidRequest),
        (400, "temperature: Extra inputs are not permitted", ProviderErrorKind::Unsupported),
        (400, "This model does not support image input", ProviderErrorKind::InvalidRequest),
        (401, "response_format is not allowed without a key", ProviderErrorKind::Authentication),
        (404, "The model `m` does not exist", ProviderErrorKind::NotFound),
    ];
    for (status, message, kind) in complaints {
        let body = json!({"error": {"message": message}}).to_string();
        let server = Server::start([answer(status, "", &body), value()]).await;
        let error = client(&server).extract_value(schema("A"), "aged 41").await.unwrap_err();
        assert_eq!(error.provider_error().map(|error| error.kind), Some(kind), "{error}");
        assert_eq!(modes(&server), [Mode::JsonSchema], "{message}");
    }
}
