//! Requests signed with AWS credentials: the bytes on the wire are those that were signed, every
//! try is signed again, and no secret is exposed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use extract_llm::aws_credential_types::Credentials;
use extract_llm::aws_credential_types::provider::error::CredentialsError;
use extract_llm::aws_credential_types::provider::{ProvideCredentials, future};
use extract_llm::conversation::ProviderErrorKind;
use extract_llm::extraction::ClientBuilder;
use extract_llm::model::{ConfigError, RetryPolicy};
use extract_llm::{Client, ErrorKind, Message};
use ring::{digest, hmac};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

/// Credentials that change with every request for them.
#[derive(Debug, Default)]
struct Renewed(AtomicU32);

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let id = format!("AKID{}", self.0.fetch_add(1, Ordering::Relaxed) + 1);
        let token = Some(TOKEN.to_owned());
        future::ProvideCredentials::ready(Ok(Credentials::new(id, SECRET, token, None, "test")))
    }
}

#[derive(Debug)]
struct Missing;

impl ProvideCredentials for Missing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no such profile")))
    }
}

fn builder(server: &MockServer) -> ClientBuilder {
    Client::builder()
        .base_url(server.uri())
        .model("bedrock/eu.anthropic.claude-sonnet-4-20250514-v1:0")
        .aws_region("eu-central-1")
        .retry_policy(RetryPolicy::times(1))
}

async fn server(answers: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for answer in answers {
        Mock::given(method("POST")).respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    server
}

fn good() -> ResponseTemplate {
    let call = json!({"toolUseId": "t1", "name": "u8", "input": {"value": 7}});
    ResponseTemplate::new(200).set_body_json(json!({
        "output": {"message": {"role": "assistant", "content": [{"toolUse": call}]}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13},
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// Percent-escapes every byte except letters, digits and `-._~/`.
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Returns the signature that a received request should carry, computed like a server from the
/// published description of Signature Version 4.
fn expected_signature(request: &Request, scope: &str, names: &str) -> String {
    let header = |name: &str| request.headers[name].to_str().unwrap();
    let line = |name: &str| format!("{name}:{}\n", header(name).trim());
    let headers = names.split(';').fold(String::new(), |text, name| text + &line(name));
    let canonical = format!(
        "POST\n{}\n{}\n{headers}\n{names}\n{}",
        escaped(request.url.path()),
        request.url.query().unwrap_or_default(),
        sha256(&request.body),
    );
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header("x-amz-date"),
        sha256(canonical.as_bytes())
    );
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in scope.split('/') {
        key = keyed(&key, part);
    }
    hex(&keyed(&key, &to_sign))
}

#[tokio::test]
async fn every_try_is_signed_again_over_the_sent_bytes() {
    let busy = ResponseTemplate::new(503)
        .insert_header("retry-after", "1")
        .set_body_json(json!({"message": "busy"}));
    let server = server([busy, good()]).await;
    let client = builder(&server).aws_credentials(Renewed::default()).build().unwrap();
    let n: u8 = client.extract("There were seven of them.").await.unwrap();
    assert_eq!(n, 7);

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].url.path().ends_with("-v1%3A0/converse"), "{}", requests[0].url);
    assert_eq!(requests[0].body, requests[1].body);
    // The second request was sent a second later.
    assert_ne!(requests[0].headers["x-amz-date"], requests[1].headers["x-amz-date"]);
    for (request, id) in requests.iter().zip(["AKID1", "AKID2"]) {
        assert_eq!(request.headers["x-amz-security-token"], TOKEN);
        let date = &request.headers["x-amz-date"].to_str().unwrap()[..8];
        let scope = format!("{date}/eu-central-1/bedrock/aws4_request");
        let names = "content-type;host;x-amz-date;x-amz-security-token";
        let signature = expected_signature(request, &scope, names);
        assert_eq!(
            request.headers["authorization"],
            format!(
                "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, \
                 Signature={signature}"
            ),
        );
    }
}

#[tokio::test]
async fn a_token_that_a_server_echoes_is_redacted() {
    let message = format!(
        "The request signature we calculated does not match the signature you provided. The \
         canonical string for this request should have been 'x-amz-security-token:{TOKEN}'"
    );
    let refused = ResponseTemplate::new(403)
        .insert_header("x-amzn-errortype", "InvalidSignatureException")
        .set_body_json(json!({ "message": message }));
    let server = server([refused]).await;
    let builder = builder(&server).aws_credentials(Renewed::default());
    let shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let error = client.extract::<u8>("Seven.").await.unwrap_err();
    let ErrorKind::Provider(source) = error.kind() else { panic!("{error:?}") };
    assert!(source.message.contains("canonical string"), "{source}");
    assert!(!source.is_retryable());
    for shown in [shown, format!("{client:?}"), format!("{error:?}"), error.to_string()] {
        assert!(!shown.contains(TOKEN) && !shown.contains(SECRET), "{shown}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = server([good()]).await;
    let client = builder(&server).aws_credentials(Missing).build().unwrap();
    let error = client.extract::<u8>("Seven.").await.unwrap_err();
    let ErrorKind::Provider(source) = error.kind() else { panic!("{error:?}") };
    assert_eq!(source.kind, ProviderErrorKind::Authentication);
    assert!(source.message.contains("no such profile"), "{source}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn with_an_api_key_requests_carry_it_and_are_not_signed() {
    let server = server([good()]).await;
    let client = builder(&server).api_key("bedrock-api-key-0123").build().unwrap();
    client.extract::<u8>("Seven.").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], "Bearer bedrock-api-key-0123");
    assert!(requests[0].headers.get("x-amz-date").is_none());
}

#[tokio::test]
async fn streams_are_signed_as_well() {
    let server = server([good().insert_header("content-type", "application/json")]).await;
    let client = builder(&server)
        .aws_credentials(Credentials::new("AKID1", SECRET, None, None, "test"))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let request = extract_llm::conversation::Request::new(vec![Message::user("Seven.")]);
    let stream = client.model().stream(&request).await.unwrap();
    extract_core::model::collect(stream).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let date = requests[0].headers["x-amz-date"].to_str().unwrap();
    let scope = format!("{}/eu-central-1/bedrock/aws4_request", &date[..8]);
    let signature = expected_signature(&requests[0], &scope, "content-type;host;x-amz-date");
    let authorization = requests[0].headers["authorization"].to_str().unwrap();
    assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    assert!(requests[0].url.path().ends_with("/converse-stream"));
}

#[test]
fn credentials_for_a_provider_with_api_keys_are_refused() {
    let error = Client::builder()
        .model("openai/gpt-4.1")
        .aws_credentials(Credentials::new("AKID1", SECRET, None, None, "test"))
        .build()
        .unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::Config(ConfigError::Unsigned { provider: "openai" })
    ));
}
