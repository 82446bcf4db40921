//! Settings of the client and of one extraction: their precedence, and the errors for settings that
//! a provider does not support.

use extract_llm::conversation::{Effort, Feature, ProviderErrorKind, Request, Settings};
use extract_llm::extraction::InputError;
use extract_llm::model::{Model, RetryPolicy};
use extract_llm::scripted::Scripted;
use extract_llm::scripted::reply;
use extract_llm::{Client, ErrorKind, Extraction, Message, Usd};
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
        .api_key("test-key-0123456789")
        .settings(settings)
        .retry_policy(RetryPolicy::NEVER)
        .build()
        .unwrap()
}

#[tokio::test]
async fn settings_of_an_extraction_override_the_clients_one_by_one() {
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

/// Returns the setting that the error names, the error's kind, and the number of requests.
async fn refused(
    server: &MockServer,
    extraction: Extraction<u8>,
) -> (Option<Feature>, ProviderErrorKind, usize) {
    let error = extraction.await.unwrap_err();
    assert_eq!(error.ledger().attempts.len(), 1);
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error:?}") };
    let requests = server.received_requests().await.unwrap().len();
    (error.unsupported.clone(), error.kind, requests)
}

#[tokio::test]
async fn an_unsupported_setting_is_an_error_before_anything_is_sent() {
    let server = server(seven()).await;
    let plain = |model: &str| {
        Client::builder()
            .base_url(server.uri())
            .model(model)
            .api_key("k-0123456789")
            .build()
            .unwrap()
    };
    let cases = [
        ("service_tier", plain("mistral/m").extract("Seven.").service_tier("flex")),
        ("service_tier", plain("ollama-native/m").extract("Seven.").service_tier("flex")),
        ("seed", plain("anthropic/claude-sonnet-4-5").extract("Seven.").seed(7)),
        ("stop", plain("openai-responses/gpt-4.1").extract("Seven.").stop("END")),
        ("temperature", plain("anthropic/claude-opus-5-5").extract("Seven.").temperature(0.2)),
        ("thinking", plain("bedrock/m").extract("Seven.").thinking(Effort::Low)),
    ];
    for (name, extraction) in cases {
        let expected = Some(Feature::Setting(name.into()));
        let got = refused(&server, extraction).await;
        assert_eq!(got, (expected, ProviderErrorKind::Unsupported, 0), "{name}");
    }
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_is_the_same_error() {
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

#[tokio::test]
async fn a_setting_that_is_not_finite_is_refused_before_anything_is_sent() {
    let model = Scripted::new([]);
    let client = Client::with_model(model.clone());
    let extract = || client.extract::<u8>("Seven.");
    let mut settings = Settings::default();
    settings.top_p = Some(f64::NEG_INFINITY);
    let broken = Client::builder().settings(settings.clone()).with_model(model.clone());
    let cases = [
        ("temperature", extract().temperature(f64::NAN)),
        ("temperature", extract().temperature(f64::INFINITY)),
        ("top_p", extract().top_p(f64::NAN)),
        ("top_p", broken.extract("Seven.")),
        ("top_p", extract().escalate_to(&broken, 1)),
        ("cost_budget", extract().cost_budget(Usd(f64::NAN))),
        ("budget", extract().budget(Usd(f64::NAN))),
    ];
    for (name, extraction) in cases {
        let error = extraction.await.unwrap_err();
        let ErrorKind::Input(InputError::NotFinite { setting }) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(*setting, name);
    }
    let streamed = extract().temperature(f64::NAN).stream().finish().await.unwrap_err();
    assert!(
        matches!(streamed.kind(), ErrorKind::Input(InputError::NotFinite { .. })),
        "{streamed}"
    );

    // A request to the model without an extraction.
    let mut request = Request::new(vec![Message::user("Seven.")]);
    request.settings = settings;
    let error = model.respond(&request).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Encode);
    assert!(error.message.contains("top_p"), "{error}");
    assert_eq!(model.seen().len(), 0);
}

#[tokio::test]
async fn examples_are_sent_in_the_order_of_their_calls() {
    let model = Scripted::new([reply::tool(json!({"value": 7}))]);
    let client = Client::with_model(model.clone());
    let first = [Message::user("one"), Message::assistant("1")];
    let n: u8 = client
        .extract("seven")
        .examples(&first)
        .examples(&[Message::user("two")])
        .examples(&[])
        .examples(&[Message::assistant("2")])
        .validate(|_, cx| {
            let source = cx.source().map(|source| source.text().to_owned());
            if source.is_ok_and(|text| text == "seven") { Ok(()) } else { Err("the input alone") }
        })
        .await
        .unwrap();
    assert_eq!(n, 7);
    let messages = model.seen()[0].body["messages"].as_array().unwrap().clone();
    let said: Vec<&str> =
        messages.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["one", "1", "two", "2", "<text>\nseven\n</text>"]);
}
