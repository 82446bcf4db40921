//! Settings of the client and of one extraction: which of them hold, and what becomes of those that
//! a provider has no place for.

use extract_llm::conversation::{Feature, ProviderErrorKind, ReasoningEffort, Settings};
use extract_llm::model::RetryPolicy;
use extract_llm::{Client, Error, Extraction};
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

fn seven() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"choices": [{
        "message": {"role": "assistant", "content": "{\"value\": 7}"}, "finish_reason": "stop",
    }]}))
}

fn client(server: &MockServer, model: &str) -> Client {
    let mut settings = Settings::default();
    settings.service_tier = Some("flex".into());
    settings.stop = vec!["END".into()];
    settings.extra_body.insert("store".into(), false.into());
    settings.extra_body.insert("user".into(), "u-1".into());
    Client::builder()
        .base_url(server.uri())
        .model(model)
        .key("test-key-0123456789")
        .settings(settings)
        .retry_policy(RetryPolicy::NEVER)
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_extraction_overrules_its_client_setting_by_setting() {
    let server = server(seven()).await;
    let client = client(&server, "openai/gpt-4.1");
    let _: u8 = client.extract("Seven.").await.unwrap();
    let _: u8 = client
        .extract("Seven.")
        .service_tier("priority")
        .stop("FINIS")
        .extra_body("user", "u-2")
        .await
        .unwrap();
    let seen: Vec<Value> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| request.body_json().unwrap())
        .collect();
    assert_eq!(seen[0]["service_tier"], "flex");
    assert_eq!(seen[0]["stop"], json!(["END"]));
    assert_eq!(seen[0]["user"], "u-1");
    assert_eq!(seen[1]["service_tier"], "priority");
    assert_eq!(seen[1]["stop"], json!(["END", "FINIS"]));
    assert_eq!(seen[1]["user"], "u-2");
    assert_eq!(seen[1]["store"], false);
}

/// The setting that an extraction was refused for, and how many requests that took.
async fn refused(
    server: &MockServer,
    extraction: Extraction<u8>,
) -> (Option<Feature>, ProviderErrorKind, usize) {
    let error = extraction.await.unwrap_err();
    let Error::Provider { error, ledger, .. } = &error else { panic!("{error:?}") };
    assert_eq!(ledger.attempts.len(), 1);
    let requests = server.received_requests().await.unwrap().len();
    (error.unsupported.clone(), error.kind, requests)
}

#[tokio::test]
async fn what_a_provider_has_no_place_for_is_an_error_before_anything_is_sent() {
    let server = server(seven()).await;
    let plain = |model: &str| {
        Client::builder().base_url(server.uri()).model(model).key("k-0123456789").build().unwrap()
    };
    let cases = [
        ("service_tier", plain("mistral/m").extract("Seven.").service_tier("flex")),
        ("service_tier", plain("ollama-native/m").extract("Seven.").service_tier("flex")),
        ("seed", plain("anthropic/claude-sonnet-4-5").extract("Seven.").seed(7)),
        ("stop", plain("openai-responses/gpt-4.1").extract("Seven.").stop("END")),
        ("temperature", plain("anthropic/claude-opus-5-5").extract("Seven.").temperature(0.2)),
        (
            "reasoning_effort",
            plain("bedrock/m").extract("Seven.").reasoning_effort(ReasoningEffort::Low),
        ),
    ];
    for (name, extraction) in cases {
        let expected = Some(Feature::Setting(name.into()));
        let got = refused(&server, extraction).await;
        assert_eq!(got, (expected, ProviderErrorKind::Unsupported, 0), "{name}");
    }
}

#[tokio::test]
async fn what_only_the_server_knows_to_refuse_is_the_same_error() {
    for (name, message, code) in [
        (
            "stop",
            "Unsupported parameter: 'stop' is not supported with this model.",
            Some("unsupported_parameter"),
        ),
        ("service_tier", "Invalid service_tier argument: 'service_tier' is not supported", None),
    ] {
        let error = json!({"error": {"message": message, "type": "invalid_request_error",
                                     "param": name, "code": code}});
        let server = server(ResponseTemplate::new(400).set_body_json(error)).await;
        let got = refused(&server, client(&server, "openai/gpt-5-mini").extract("Seven.")).await;
        let expected = Some(Feature::Setting(name.into()));
        assert_eq!(got, (expected, ProviderErrorKind::Unsupported, 1), "{name}");
    }
}
