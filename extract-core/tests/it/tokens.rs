//! Numbers of tokens: by the endpoints of servers, approximately, and held against the context window.

use extract_core::Client;
use extract_core::conversation::{Message, Mode, ProviderErrorKind, approximate_tokens};
use extract_core::extraction::ErrorKind;
use extract_core::model::scripted::{Scripted, reply};
use extract_core::model::{CountSource, presets};
use serde_json::{Value, json};

use crate::support::server::{Server, answer};

const TEXT: &str = "There were seven.";

/// Returns the path and the body of a request.
fn parts(request: &str) -> (String, Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    (path, serde_json::from_str(body).unwrap())
}

fn ok(body: &Value) -> crate::support::server::Act {
    answer(200, "content-type: application/json\r\n", &body.to_string())
}

#[tokio::test]
async fn servers_that_count_are_asked_for_the_whole_request() {
    let counts = [
        (
            "anthropic/claude-opus-5",
            "/v1",
            json!({"input_tokens": 77}),
            "/v1/messages/count_tokens",
        ),
        ("openai/gpt-6-luna", "/v1", json!({"input_tokens": 77}), "/v1/responses/input_tokens"),
        (
            "openai-responses/gpt-6-luna",
            "/v1",
            json!({"input_tokens": 77}),
            "/v1/responses/input_tokens",
        ),
        (
            "google/gemini-3.5-flash",
            "/v1beta",
            json!({"totalTokens": 77}),
            "/v1beta/models/gemini-3.5-flash:countTokens",
        ),
        (
            "vllm/qwen",
            "/v1",
            json!({"count": 77, "max_model_len": 4096, "tokens": [1]}),
            "/tokenize",
        ),
    ];
    for (model, base, body, path) in counts {
        let server = Server::start([ok(&body)]).await;
        let client = Client::builder()
            .model(model)
            .base_url(format!("{}{base}", server.url()))
            .api_key("k-1")
            .build()
            .unwrap();
        let asked =
            client.extract::<u8>(TEXT).system("Count them.").max_tokens(90).mode(Mode::Tools);
        let count = asked.count_tokens().await.unwrap();
        assert_eq!((count.tokens, count.source), (77, CountSource::Endpoint), "{model}");
        let [request] = &server.requests()[..] else { panic!("one request") };
        let (sent_path, sent) = parts(request);
        assert_eq!(sent_path, path);
        assert!(request.to_lowercase().contains("k-1"), "the key is sent");
        let whole = if model.starts_with("google") {
            assert_eq!(sent["generateContentRequest"]["model"], "models/gemini-3.5-flash");
            sent["generateContentRequest"].clone()
        } else {
            for field in ["max_tokens", "max_output_tokens", "max_completion_tokens", "stream"] {
                assert_eq!(sent.get(field), None, "{model}");
            }
            sent
        };
        let text = whole.to_string();
        assert!(text.contains(TEXT) && text.contains("Count them."), "{model}: {text}");
        assert!(whole.get("tools").is_some(), "{model}: {text}");
    }
}

#[tokio::test]
async fn llama_cpp_writes_the_prompt_and_counts_it() {
    let prompt = json!({"prompt": "<|user|>There were seven."});
    let server = Server::start([ok(&prompt), ok(&json!({"tokens": [1, 2, 3, 4]}))]).await;
    let client = Client::builder()
        .model("llamacpp/m")
        .base_url(format!("{}/v1", server.url()))
        .build()
        .unwrap();
    let count = client.extract::<u8>(TEXT).count_tokens().await.unwrap();
    assert_eq!((count.tokens, count.source), (4, CountSource::Endpoint));
    let requests: Vec<(String, Value)> = server.requests().iter().map(|it| parts(it)).collect();
    assert_eq!(requests[0].0, "/apply-template");
    assert!(requests[0].1["messages"].is_array());
    assert_eq!(requests[1].0, "/tokenize");
    assert_eq!(requests[1].1["content"], "<|user|>There were seven.");
}

#[tokio::test]
async fn a_count_that_fails_is_an_error_and_no_approximation() {
    for (status, body, kind) in [
        (401, json!({"error": {"message": "no"}}), ProviderErrorKind::Authentication),
        (404, json!({"error": {"message": "no"}}), ProviderErrorKind::NotFound),
        (200, json!({"tokens": "many"}), ProviderErrorKind::Malformed),
        (200, json!([]), ProviderErrorKind::Malformed),
    ] {
        let act = answer(status, "content-type: application/json\r\n", &body.to_string());
        let server = Server::start([act]).await;
        let client = Client::builder()
            .model("anthropic/claude-opus-5")
            .base_url(server.url())
            .api_key("k-1")
            .build()
            .unwrap();
        let error = client.extract::<u8>(TEXT).count_tokens().await.unwrap_err();
        assert_eq!(error.provider_error().unwrap().kind, kind, "{error}");
    }
}

#[tokio::test]
async fn without_an_endpoint_the_number_is_approximate() {
    let server = Server::start([ok(&json!({}))]).await;
    let client = Client::builder().model("m").base_url(server.url()).build().unwrap();
    let short = client.extract::<u8>(TEXT).count_tokens().await.unwrap();
    let long = client.extract::<u8>(TEXT.repeat(100)).count_tokens().await.unwrap();
    assert_eq!(short.source, CountSource::Approximate);
    let more = approximate_tokens(&TEXT.repeat(100)) - approximate_tokens(TEXT);
    // The text stands between marks, which change the rounding.
    assert!((long.tokens - short.tokens).abs_diff(more) <= 2);
    assert_eq!(server.count(), 0);
    let empty = client.extract::<u8>(" ").count_tokens().await.unwrap_err();
    assert!(matches!(empty.kind(), ErrorKind::Input(_)));
}

#[tokio::test]
async fn a_request_that_cannot_fit_is_not_sent() {
    let many = || reply::tool(json!({"value": "many"}));
    let model = Scripted::new([many(), many(), many()]);
    let client = Client::builder().context_window(1_000).with_model(model.clone());
    // About 6,000 tokens, and at least 3,600.
    let error = client.extract::<u8>("There were seven of them. ".repeat(1_000)).await.unwrap_err();
    let ErrorKind::Provider(failure) = error.kind() else { panic!("{error}") };
    assert_eq!(failure.kind, ProviderErrorKind::ContextTooLong);
    let overflow = failure.overflow().unwrap();
    assert_eq!(overflow.window, 1_000);
    assert!(overflow.needed > 3_000, "{overflow:?}");
    assert!(error.ledger().attempts.is_empty() && !error.is_retryable());
    assert!(error.to_string().contains("context_window"), "{error}");
    assert!(model.seen().is_empty());

    // What may fit is sent, and so is everything without a known window.
    let _ = client.extract::<u8>("There were seven of them. ".repeat(200)).await;
    assert_eq!(model.seen().len(), 3);
}

#[tokio::test]
async fn a_re_ask_that_outgrows_the_window_ends_the_extraction_with_its_problems() {
    let long = json!({"value": "many ".repeat(2_000)});
    let model = Scripted::new([reply::tool(long)]);
    let client = Client::builder().context_window(1_000).with_model(model);
    let error = client.extract::<u8>(TEXT).await.unwrap_err();
    let failure = error.provider_error().unwrap();
    assert!(failure.overflow().is_some(), "{error}");
    assert_eq!(error.ledger().attempts.len(), 1);
    assert!(error.best().is_some());
}

#[cfg(feature = "prices")]
#[tokio::test]
async fn the_published_window_of_a_model_is_known() {
    let preset = presets().iter().find(|preset| preset.name == "openai").unwrap();
    let client = Client::builder()
        .model("openai/gpt-4o-mini")
        .base_url(preset.base_url)
        .api_key("k-1")
        .build()
        .unwrap();
    let text = "There were seven of them. ".repeat(50_000);
    let error = client.extract::<u8>(Message::user(text)).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().overflow().unwrap().window, 128_000);
}

/// `cargo test -p extract-core --features tokenizer --test it -- tokens::the_approximation --nocapture`
/// prints the errors.
#[cfg(feature = "tokenizer")]
#[test]
fn the_approximation_is_near_the_vocabulary_of_openai() {
    use extract_core::conversation::openai_tokens;

    use crate::support::texts::{PROSE, notations};

    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    let error = |text: &str| approximate_tokens(text) as f64 / openai_tokens(text) as f64 - 1.0;
    let prose = PROSE.iter().map(|(name, text)| (*name, (*text).to_owned()));
    for (name, text) in prose.chain(notations()) {
        let error = error(&text);
        println!("{name}: {:+.0} %", error * 100.0);
        assert!(error.abs() < 0.25, "{name}: {error}");
    }
    let Ok(cases) = std::env::var("EXTRACT_CASES_DIR") else { return };
    let mut errors = Vec::new();
    for file in std::fs::read_dir(format!("{cases}/recordings")).unwrap() {
        let lines = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in lines.lines().take(20) {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let body = exchange["request_body"].to_string();
            if body.len() > 200 && !body.contains("base64") {
                errors.push(error(&body));
            }
        }
    }
    errors.sort_by(f64::total_cmp);
    let at = |share: usize| errors[(errors.len() - 1) * share / 100];
    println!("{} recorded bodies: {:+.2} {:+.2} {:+.2}", errors.len(), at(5), at(50), at(95));
    assert!(at(5) > -0.2 && at(95) < 0.2 && at(50).abs() < 0.1);
}
