//! `SECURITY.md`: the tests that it names exist, and some of them are here.

use std::path::Path;

use extract_core::Client;
use extract_core::conversation::{Mode, ProviderErrorKind};
use extract_core::http::TransportOptions;

use crate::support::server::{Server, answer};

#[test]
fn the_page_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let mut count = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`: `")) {
        let (before, test) = row.rsplit_once("`: `").unwrap();
        let (_, file) = before.rsplit_once('`').unwrap();
        let test = test.split('`').next().unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "no test {test} in {file}");
        count += 1;
    }
    assert!(count >= 15, "{count} rows");
}

#[test]
fn a_key_does_not_leave_this_machine_unencrypted() {
    let build = |url: &str, key: &str, transport: TransportOptions| {
        let builder = Client::builder().base_url(url).model("m").transport(transport);
        if key.is_empty() { builder.build() } else { builder.api_key(key).build() }
    };
    for url in ["http://models.example/v1", "http://10.0.0.7:8000/v1", "http://[fd00::7]/v1"] {
        let error = build(url, "key-12345678", TransportOptions::default()).unwrap_err();
        assert!(error.to_string().contains("allow_plain_http"), "{error}");
        assert!(!error.to_string().contains("key-12345678"), "{error}");
        build(url, "key-12345678", TransportOptions::default().allow_plain_http()).unwrap();
        build(url, "", TransportOptions::default()).unwrap();
    }
    for url in ["http://127.0.0.1:8000/v1", "http://localhost/v1", "https://models.example/v1"] {
        build(url, "key-12345678", TransportOptions::default()).unwrap();
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_query_is_hidden() {
    let other = Server::start([answer(200, "", "{}")]).await;
    let to = format!("location: {}/v1?token=secret-12345678\r\n", other.url());
    let server = Server::start([answer(307, &to, "")]).await;
    let builder = Client::builder().base_url(server.url()).model("m").mode(Mode::Text);
    let client = builder.api_key("key-12345678").build().unwrap();
    let error = client.extract::<u8>("Seven.").await.unwrap_err();
    let provider_error = error.provider_error().unwrap();
    assert_eq!(provider_error.kind, ProviderErrorKind::NotFound, "{error}");
    assert!(provider_error.message.contains("redirects are not followed"), "{error}");
    assert!(!format!("{error:#?}").contains("secret-12345678"), "{error:#?}");
    assert_eq!((server.count(), other.count()), (1, 0));
}
