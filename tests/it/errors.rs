//! The error of an extraction: its size, and its texts for people who read a terminal at night.

use std::time::Duration;

use extract_llm::extraction::BadItems;
use extract_llm::{Client, Error, ErrorKind, Extract, Mode};
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
struct Person {
    name: String,
    age: u8,
}

/// Returns a chat completion with this message and finish reason, and a request id in the headers.
fn completion(message: &Value, finish: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).insert_header("x-request-id", "req_7").set_body_json(json!({
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }))
}

fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("x-request-id", "req_7")
        .set_body_json(json!({"error": {"message": "no", "type": "t", "code": "c"}}))
}

async fn fail(template: ResponseTemplate) -> Error {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(template).mount(&server).await;
    let client = Client::builder()
        .base_url(server.uri())
        .model("m")
        .api_key("key-0123456789abcdef")
        .mode(Mode::JsonObject)
        .transport_retries(0)
        .validation_retries(1)
        .deadline(Duration::from_millis(800))
        .build()
        .unwrap();
    client.extract::<Person>("Maria is 34.").await.unwrap_err()
}

#[tokio::test]
async fn every_error_after_a_request_names_type_model_attempt_and_request() {
    let content = |text: &str| json!({"role": "assistant", "content": text});
    let wrong = "{\"name\": \"Maria\", \"age\": \"many\"}";
    let cases = [
        ("401", status(401), 1),
        ("404", status(404), 1),
        ("429", status(429), 1),
        ("500", status(500), 1),
        ("refusal", completion(&json!({"role": "assistant", "refusal": "No."}), "stop"), 1),
        ("filter", completion(&content("{"), "content_filter"), 1),
        ("truncation", completion(&content("{\"name\": \"Mar"), "length"), 1),
        ("invalid", completion(&content(wrong), "stop"), 2),
    ];
    for (name, template, attempts) in cases {
        let error = fail(template).await;
        let line = error.to_string();
        assert!(!line.contains('\n') && line.len() < 400, "{name}: {line}");
        let end = format!("(type Person, custom/m, attempt {attempts}, request req_7)");
        assert!(line.ends_with(&end), "{name}: {line}");
        assert_eq!(error.request_id(), Some("req_7"), "{name}");

        let shown = format!("{error:?}");
        assert!(shown.starts_with(&line), "{name}: {shown}");
        assert_eq!(shown.lines().count(), 1 + attempts, "{name}: {shown}");
        assert!(shown.lines().all(|line| line.len() < 400), "{name}: {shown}");
        assert!(format!("{error:#?}").contains("ledger"), "{name}");
    }
}

#[tokio::test]
async fn a_deadline_names_type_model_and_attempt() {
    let error = fail(status(200).set_delay(Duration::from_secs(5))).await;
    assert!(matches!(error.kind(), ErrorKind::Deadline { .. }), "{error}");
    assert!(error.to_string().ends_with("(type Person, custom/m, attempt 1)"), "{error}");
}

#[tokio::test]
async fn an_error_before_the_first_request_names_the_type() {
    let client = Client::builder().base_url("http://127.0.0.1:9").model("m").build().unwrap();
    let errors = [
        client.extract::<Person>(" ").await.unwrap_err(),
        client.extract::<Person>("a").temperature(f64::NAN).await.unwrap_err(),
        client.extract::<Person>("a").bad_items(BadItems::Stop).await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().ends_with("(type Person)"), "{error}");
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(error.ledger().attempts.is_empty());
    }
}

#[test]
fn an_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn the_error_of_a_text_converts() {
    fn read(text: &str) -> Result<Vec<u8>, Error> {
        Ok(extract_llm::parse(text)?.value)
    }
    let error = read("[1, 300]").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Parse(_)), "{error}");
    assert!(error.to_string().contains("/1: expected at most 255, found 300"), "{error}");
}
