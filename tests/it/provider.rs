//! A provider over real sockets: the requests it sends, and its handling of every answer that a
//! server or a proxy can give.

use std::time::Duration;

use crate::support::bodies;
use extract_llm::conversation::ProviderErrorKind as Kind;
use extract_llm::extraction::Outcome;
use extract_llm::model::ConfigError;
use extract_llm::{Client, Error, ErrorKind, Extract, Mode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

const KEY: &str = "sk-test-0123456789abcdef";

fn completion(content: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "served-model",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content.to_string(), "refusal": null},
            "finish_reason": "stop", "logprobs": null,
        }],
        "usage": {
            "prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28,
            "prompt_tokens_details": {"cached_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    })
}

async fn serve(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(template).mount(&server).await;
    server
}

fn client(server: &MockServer) -> Client {
    Client::builder()
        .base_url(format!("{}/v1", server.uri()))
        .model("openai/test-model")
        .api_key(KEY)
        .timeout(Duration::from_secs(5))
        .transport_retries(0)
        .build()
        .unwrap()
}

#[tokio::test]
async fn with_a_base_url_the_model_name_is_the_servers() {
    let person = completion(&json!({"name": "Maria", "age": 34}));
    let server = serve(ResponseTemplate::new(200).set_body_json(person)).await;
    for (model, sent) in [
        ("my-model", "my-model"),
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("vllm/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("openai/gpt-5", "gpt-5"),
        // Open-weight models, which the publisher's service does not serve.
        ("openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("google/gemma-3-12b", "google/gemma-3-12b"),
        ("lmstudio/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
    ] {
        let place = format!("{}/v1", server.uri());
        let client = Client::builder().base_url(place).model(model).api_key(KEY).build().unwrap();
        client.extract::<Person>("Maria is 34.").await.unwrap();
        let request = server.received_requests().await.unwrap().pop().unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((request.url.path(), &body["model"]), ("/v1/chat/completions", &json!(sent)));
    }
}

async fn failure(template: ResponseTemplate) -> extract_llm::conversation::ProviderError {
    let server = serve(template).await;
    let error = client(&server).extract::<Person>("Maria, 34").await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains(KEY), "the key is in: {shown}");
    }
    assert_eq!(error.ledger().attempts.len(), 1);
    match error.into_kind() {
        ErrorKind::Provider(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_and_its_report_are_complete() {
    let server = MockServer::start().await;
    let good = completion(&json!({"name": "Maria", "age": 34}));
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", format!("Bearer {KEY}").as_str()))
        .and(header("openai-organization", "org-1"))
        .and(header("openai-project", "proj-1"))
        .and(header("x-team", "blue"))
        .respond_with(
            ResponseTemplate::new(200).insert_header("x-request-id", "req-1").set_body_json(good),
        )
        .mount(&server)
        .await;
    let client = Client::builder()
        .base_url(format!("{}/v1/", server.uri()))
        .model("openai/test-model")
        .api_key(KEY)
        .organization("org-1")
        .project("proj-1")
        .header("x-team", "blue")
        .build()
        .unwrap();

    let done = client.extract::<Person>("Maria, 34").report().await.unwrap();

    assert_eq!(done.value, Person { name: "Maria".into(), age: 34 });
    assert_eq!(done.ledger.usage().input_tokens, 20);
    assert_eq!(done.ledger.usage().cached_input_tokens, 16);
    assert_eq!(done.ledger.usage().output_tokens, 8);
    assert_eq!(done.ledger.usage().reasoning_tokens, 3);
    assert_eq!(done.ledger.attempts[0].model.as_deref(), Some("served-model"));
    assert_eq!(done.ledger.request_ids().collect::<Vec<_>>(), ["req-1"]);

    let body: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    bodies::keep_as("openai-chat", &body);
    assert_eq!(body["model"], "test-model");
    let schema = &body["response_format"]["json_schema"];
    assert_eq!(schema["strict"], true);
    assert_eq!(schema["schema"]["additionalProperties"], false);
    assert_eq!(schema["schema"]["required"], json!(["name", "age"]));
    let properties: Vec<&String> =
        schema["schema"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(properties, ["name", "age"], "in the order of declaration");
}

#[tokio::test]
async fn statuses_map_to_error_kinds() {
    let openai =
        |kind: &str, code: &str| json!({"error": {"message": "m", "type": kind, "code": code}});
    let table = [
        (401, openai("invalid_request_error", "invalid_api_key"), Kind::Authentication, false),
        (403, json!({"error": {"message": "m"}}), Kind::Permission, false),
        (404, openai("invalid_request_error", "model_not_found"), Kind::NotFound, false),
        (
            400,
            openai("invalid_request_error", "context_length_exceeded"),
            Kind::ContextTooLong,
            false,
        ),
        (
            400,
            openai("invalid_request_error", "unsupported_parameter"),
            Kind::InvalidRequest,
            false,
        ),
        (429, openai("requests", "rate_limit_exceeded"), Kind::RateLimited, true),
        (429, openai("insufficient_quota", "insufficient_quota"), Kind::QuotaExceeded, false),
        (500, openai("server_error", "x"), Kind::Server, true),
        (503, openai("service_unavailable_error", "server_is_overloaded"), Kind::Overloaded, true),
        (
            529,
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            Kind::Overloaded,
            true,
        ),
        (
            400,
            json!({"code": "x", "error": "Incorrect API key provided"}),
            Kind::Authentication,
            false,
        ),
        (401, json!({"detail": "Unauthorized"}), Kind::Authentication, false),
    ];
    for (status, body, kind, retryable) in table {
        let error = failure(ResponseTemplate::new(status).set_body_json(&body)).await;
        assert_eq!((error.kind, error.is_retryable()), (kind, retryable), "{status} {body}");
        assert_eq!(error.status, Some(status));
    }
}

#[tokio::test]
async fn the_providers_error_details_are_kept() {
    let body = json!({"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}});
    let error = failure(
        ResponseTemplate::new(429)
            .insert_header("retry-after", "1.5")
            .insert_header("x-request-id", "req-9")
            .insert_header("x-should-retry", "false")
            .set_body_json(body),
    )
    .await;
    assert_eq!(error.retry_after, Some(Duration::from_millis(1500)));
    assert_eq!(error.request_id.as_deref(), Some("req-9"));
    assert_eq!(error.code.as_deref(), Some("rate_limit_exceeded"));
    assert!(!error.is_retryable(), "the provider forbids a retry");
    let shown = error.to_string();
    for part in ["429", "rate_limit_exceeded", "Slow down.", "req-9"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
}

#[tokio::test]
async fn a_key_that_a_server_echoes_is_redacted() {
    let body = json!({"error": {"message": format!("bad key {KEY}"), "code": KEY}});
    let error = failure(ResponseTemplate::new(401).set_body_json(body)).await;
    assert_eq!(error.message, "bad key [secret]");

    let error = failure(ResponseTemplate::new(502).set_body_string(format!("<p>{KEY}</p>"))).await;
    assert!(error.message.contains("[secret]"), "{}", error.message);
}

#[tokio::test]
async fn bodies_that_are_not_the_protocol_are_typed_errors() {
    let html = "<html><body>It works!</body></html>";
    let error = failure(ResponseTemplate::new(200).set_body_string(html)).await;
    assert_eq!(error.kind, Kind::Malformed);
    assert!(error.message.contains("It works!"), "{}", error.message);

    let error = failure(ResponseTemplate::new(502).set_body_string(html)).await;
    assert_eq!(error.kind, Kind::Server);

    let error =
        failure(ResponseTemplate::new(200).set_body_bytes(b"{\"choices\": \"\xff\xfe\"}".to_vec()))
            .await;
    assert_eq!(error.kind, Kind::Malformed);

    let error = failure(ResponseTemplate::new(200).set_body_json(json!({"choices": []}))).await;
    assert_eq!(error.kind, Kind::Malformed);

    let error = failure(ResponseTemplate::new(200).set_body_string("")).await;
    assert_eq!(error.kind, Kind::Interrupted, "nothing has come");

    let in_body = json!({"error": {"message": "busy", "code": 503}});
    let error = failure(ResponseTemplate::new(200).set_body_json(in_body)).await;
    assert_eq!(error.kind, Kind::Overloaded);
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let server =
        serve(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 100 * 1024 * 1024])).await;
    let client = client(&server);
    let error = client.extract::<Person>("Maria").await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, Kind::TooLarge);

    // The same without a content length.
    let (address, _served) = chunked_forever().await;
    let client = Client::builder()
        .base_url(format!("http://{address}"))
        .model("m")
        .max_reply_bytes(1 << 20)
        .build()
        .unwrap();
    let error = client.extract::<Person>("Maria").await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, Kind::TooLarge);
}

/// Starts a server whose response body does not end.
async fn chunked_forever() -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("{:x}\r\n{}\r\n", 65536, " ".repeat(65536));
        while socket.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    (address, served)
}

/// Starts a server that answers a request with these bytes and closes.
async fn raw(answer: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 8192];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
        }
    });
    address
}

async fn transport_failure(
    address: std::net::SocketAddr,
) -> extract_llm::conversation::ProviderError {
    let client = Client::builder()
        .base_url(format!("http://{address}"))
        .model("m")
        .timeout(Duration::from_millis(700))
        .transport_retries(0)
        .build()
        .unwrap();
    match client.extract::<Person>("Maria").await.unwrap_err().into_kind() {
        ErrorKind::Provider(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn connection_failures_are_distinguished() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(transport_failure(closed).await.kind, Kind::Connect);

    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"choices\":").await;
    assert_eq!(transport_failure(cut).await.kind, Kind::Interrupted);

    let hung_up = raw(b"").await;
    assert_eq!(transport_failure(hung_up).await.kind, Kind::Interrupted);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let kept = tokio::spawn(async move {
        let (socket, _) = silent.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(socket);
    });
    assert_eq!(transport_failure(address).await.kind, Kind::Timeout);
    kept.abort();
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client =
        Client::builder().base_url(format!("http://{address}")).model("m").build().unwrap();
    let call = tokio::spawn(async move { client.extract::<Person>("Maria").await });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut bytes = vec![0; 8192];
    assert!(socket.read(&mut bytes).await.unwrap() > 0);

    call.abort();

    let closed = tokio::time::timeout(Duration::from_secs(10), async {
        while socket.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    });
    closed.await.expect("the connection is still open");
}

#[tokio::test]
async fn a_user_defined_http_client_is_used() {
    let server = serve(
        ResponseTemplate::new(200).set_body_json(completion(&json!({"name": "M", "age": 1}))),
    )
    .await;
    let builder = || Client::builder().base_url(server.uri()).model("m");
    let own = builder().http_client(|client| client.user_agent("mine/1")).build().unwrap();
    own.extract::<Person>("M, 1").await.unwrap();
    let plain = builder().api_key(" key-0123456789\n").build().unwrap();
    plain.extract::<Person>("M, 1").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["user-agent"], "mine/1");
    assert!(requests[0].headers.get("authorization").is_none(), "no key, no header");
    let agent = requests[1].headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("extract-llm/"), "{agent}");
    assert_eq!(requests[1].headers["authorization"], "Bearer key-0123456789", "the key is trimmed");
}

#[tokio::test]
async fn no_redirect_is_followed_whatever_the_users_client_says() {
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri().as_str());
    let server = serve(redirect).await;
    let follow = extract_llm::reqwest::redirect::Policy::limited;
    let client = Client::builder()
        .base_url(server.uri())
        .model("anthropic/m")
        .api_key("key-0123456789")
        .http_client(move |client| client.redirect(follow(5)))
        .build()
        .unwrap();
    client.extract::<Person>("M, 1").await.unwrap_err();
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

/// The connections of a runtime that no longer runs are not used by another one.
#[test]
fn a_client_outlives_the_runtimes_that_use_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let servers = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let body = completion(&json!({"name": "M", "age": 1}));
    let server = servers.block_on(serve(ResponseTemplate::new(200).set_body_json(body)));
    let client = client(&server);
    for _ in 0..3 {
        let (first, second) = (runtime(), runtime());
        for _ in 0..3 {
            first.block_on(client.extract::<Person>("M, 1").into_future()).unwrap();
            second.block_on(client.extract::<Person>("M, 1").into_future()).unwrap();
        }
    }
}

#[test]
fn configuration_errors_name_the_remedy() {
    let refused = |error: Error| match error.into_kind() {
        ErrorKind::Config(error) => error,
        other => panic!("{other:?}"),
    };
    let error = refused(Client::new("nosuch/model").unwrap_err());
    let shown = error.to_string();
    assert!(matches!(error, ConfigError::UnknownProvider { .. }));
    assert!(
        shown.contains("nosuch") && shown.contains("openai") && shown.contains("ollama"),
        "{shown}"
    );

    for url in ["not a url", "ftp://host/v1", "host/v1", ""] {
        let error = refused(Client::builder().base_url(url).model("m").build().unwrap_err());
        assert!(matches!(error, ConfigError::BaseUrl { .. }), "{url}: {error}");
    }
    let error =
        refused(Client::builder().base_url("http://me:pass@host").model("m").build().unwrap_err());
    assert!(!error.to_string().contains("pass@"), "{error}");

    let error = refused(Client::builder().base_url("http://host/v1").build().unwrap_err());
    assert!(matches!(error, ConfigError::NoModel { .. }), "{error}");
    let error = refused(Client::new("openai/").unwrap_err());
    assert!(matches!(error, ConfigError::NoModel { .. }), "{error}");

    let error = refused(
        Client::builder().base_url("https://host").model("m").api_key("a\nb").build().unwrap_err(),
    );
    assert!(matches!(error, ConfigError::Header { .. }), "{error}");
    assert!(!error.to_string().contains("a\nb"));

    let client =
        Client::builder().base_url("https://host").model("m").api_key(KEY).header("x-k", KEY);
    assert!(!format!("{client:?}").contains(KEY));
    assert!(!format!("{:?}", client.build().unwrap()).contains(KEY));
}

#[tokio::test]
async fn an_unsupported_mode_is_replaced_once_and_remembered() {
    let server = MockServer::start().await;
    let refusal = json!({"error": {
        "message": "This model does not support response format `json_schema`.",
        "type": "invalid_request_error", "param": "response_format", "code": null,
    }});
    let tool_call = json!({"choices": [{"finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": null, "tool_calls": [{
            "id": "c1", "type": "function",
            "function": {"name": "Person", "arguments": "{\"name\": \"Maria\", \"age\": 34}"},
        }],
    }}]});
    Mock::given(method("POST"))
        .and(body_partial_json(json!({"response_format": {"type": "json_schema"}})))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(tool_call))
        .mount(&server)
        .await;
    let client = client(&server);

    let first = client.extract::<Person>("Maria, 34").report().await.unwrap();
    assert_eq!(first.value.age, 34);
    let outcomes: Vec<_> =
        first.ledger.attempts.iter().map(|attempt| (attempt.mode, attempt.outcome)).collect();
    assert_eq!(outcomes, [(Mode::JsonSchema, Outcome::Failed), (Mode::Tools, Outcome::Accepted)]);
    assert!(
        first.ledger.notes.iter().any(|note| note.contains("tools instead of json_schema")),
        "{:?}",
        first.ledger.notes
    );

    let second = client.extract::<Person>("Maria, 34").report().await.unwrap();
    assert_eq!(second.ledger.attempts.len(), 1, "the client remembers");
    assert_eq!(second.ledger.attempts[0].mode, Mode::Tools);

    // A mode that the caller chose is not changed.
    let error = client.extract::<Person>("Maria, 34").mode(Mode::JsonSchema).await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, Kind::Unsupported);
}

#[tokio::test]
async fn transient_failures_are_retried_and_permanent_ones_are_not() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after-ms", "5");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(2).mount(&server).await;
    let good = completion(&json!({"name": "Maria", "age": 34}));
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(good))
        .mount(&server)
        .await;
    let client = Client::builder()
        .base_url(format!("{}/v1", server.uri()))
        .model("openai/test-model")
        .api_key(KEY)
        .build()
        .unwrap();
    let done = client.extract::<Person>("Maria, 34").report().await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
    assert_eq!(done.ledger.attempts.len(), 1, "transport retries are not re-asks");
    assert_eq!(done.ledger.attempts[0].transport_retries, 2);
    assert!(done.ledger.attempts[0].to_string().contains("sent 3 times"));
}

#[tokio::test]
async fn redirects_are_not_followed_with_the_key() {
    let elsewhere = serve(ResponseTemplate::new(200)).await;
    let to = format!("{}/v2/chat/completions", elsewhere.uri());
    let error = failure(ResponseTemplate::new(308).insert_header("location", to.as_str())).await;
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains(&to), "{}", error.message);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[test]
fn servers_of_this_machine_are_not_asked_through_a_proxy() {
    // In a child process, because all tests share this process's environment.
    if std::env::var_os("EXTRACT_TEST_CHILD").is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let good = completion(&json!({"name": "Maria", "age": 34}));
            let server = serve(ResponseTemplate::new(200).set_body_json(good)).await;
            client(&server).extract::<Person>("Maria, 34").await.unwrap();
        });
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "provider::servers_of_this_machine_are_not_asked_through_a_proxy"])
        .env("EXTRACT_TEST_CHILD", "1")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[tokio::test]
async fn an_answer_that_the_provider_rejected_is_read_before_a_re_ask() {
    let refused = json!({"error": {
        "message": "Failed to call a function.", "type": "invalid_request_error", "code": "tool_use_failed",
        "failed_generation": "<tool>{'name': 'Maria', 'age': 34,}</tool>",
    }});
    let server = serve(ResponseTemplate::new(400).set_body_json(refused)).await;
    let client = Client::builder()
        .base_url(format!("{}/openai/v1", server.uri()))
        .model("groq/test-model")
        .api_key(KEY)
        .build()
        .unwrap();
    let person: Person = client.extract("Maria, 34").await.unwrap();
    assert_eq!(person, Person { name: "Maria".into(), age: 34 });
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_header_of_an_extraction_overrides_the_clients_and_is_secret() {
    let tenant = "tenant-7f3a9b21";
    let server = MockServer::start().await;
    let echo = json!({"error": {"message": format!("no tenant {tenant}")}});
    Mock::given(method("POST"))
        .and(header("x-tenant", tenant))
        .respond_with(ResponseTemplate::new(403).set_body_json(echo))
        .mount(&server)
        .await;
    let client = Client::builder()
        .base_url(server.uri())
        .model("m")
        .header("x-tenant", "the-clients-own")
        .build()
        .unwrap();
    let extraction = client.extract::<Person>("Maria").header("x-tenant", tenant);
    assert!(!format!("{extraction:?}").contains(tenant));
    let error = extraction.await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, Kind::Permission);
    assert_eq!(error.message, "no tenant [secret]");

    let error = client.extract::<Person>("Maria").header("x\ny", "z").await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, Kind::Encode);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_schema_changes_the_mode_for_its_type_only() {
    #[derive(Debug, Extract)]
    struct Other {
        #[allow(dead_code, reason = "only its presence matters")]
        name: String,
    }
    let server = MockServer::start().await;
    let refusal = json!({"error": {
        "message": "Invalid schema for response_format 'Person': too complex.",
        "type": "invalid_request_error", "param": "response_format", "code": null,
    }});
    let person = json!({"response_format": {"json_schema": {"name": "Person"}}});
    Mock::given(method("POST"))
        .and(body_partial_json(person))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .mount(&server)
        .await;
    let good = completion(&json!({"name": "Maria", "age": 34}));
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(good))
        .mount(&server)
        .await;
    let client = client(&server);

    let modes = |attempts: &[extract_llm::extraction::Attempt]| -> Vec<Mode> {
        attempts.iter().map(|attempt| attempt.mode).collect()
    };
    let first = client.extract::<Person>("Maria, 34").report().await.unwrap();
    assert_eq!(modes(&first.ledger.attempts), [Mode::JsonSchema, Mode::Tools]);
    let again = client.extract::<Person>("Maria, 34").report().await.unwrap();
    assert_eq!(modes(&again.ledger.attempts), [Mode::Tools], "remembered for the type");
    let other = client.extract::<Other>("Maria").report().await.unwrap();
    assert_eq!(modes(&other.ledger.attempts), [Mode::JsonSchema], "not remembered for other types");
}

#[tokio::test]
async fn a_server_without_a_supported_mode_is_asked_once_per_mode() {
    let refusal = json!({"error": {"message":
        "This model does not support response_format, tools, or any schema."}});
    let server = serve(ResponseTemplate::new(400).set_body_json(refusal)).await;
    let preset =
        extract_core::model::presets().iter().find(|preset| preset.name == "openai").unwrap();
    let mut facts = preset.facts("test-model");
    facts.modes = &[Mode::JsonSchema, Mode::Tools];
    let client = Client::builder()
        .base_url(server.uri())
        .model("openai/test-model")
        .api_key(KEY)
        .facts(facts)
        .build()
        .unwrap();
    // The second extraction has no mode left to try. One request verifies that this is still so.
    for requests in [2, 3] {
        let error = client.extract::<Person>("Maria").deadline(Duration::from_secs(20)).await;
        let error = error.unwrap_err();
        assert_eq!(error.provider_error().unwrap().kind, Kind::Unsupported);
        assert_eq!(server.received_requests().await.unwrap().len(), requests);
    }
}
