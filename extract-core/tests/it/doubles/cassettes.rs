//! Recordings of exchanges with a loopback server, replayed without it.

use std::path::Path;

use extract_core::wire::Protocol;
use extract_llm::conversation::ProviderErrorKind;
use extract_llm::extraction::ClientBuilder;
use extract_llm::model::{Cassette, ConfigError};
use extract_llm::{Client, Error, ErrorKind, Mode};
use tempfile::tempdir;

use crate::support::replies::saying;
use crate::support::server::{Act, Server, answer, chunked};

/// The key, which must never be in a file.
const KEY: &str = "sk-test-0123456789abcdef";

fn builder(url: &str, cassette: Cassette) -> ClientBuilder {
    let builder = Client::builder().base_url(url).model("openai/m").mode(Mode::Text);
    builder.transport_retries(0).cassette(cassette)
}

/// Returns a client that records, with a key.
fn recording(server: &Server, path: &Path) -> Client {
    builder(&server.url(), Cassette::record(path)).api_key(KEY).build().unwrap()
}

/// Returns a client that replays, without a key and a server.
fn replaying(path: &Path) -> Client {
    builder("http://127.0.0.1:9", Cassette::replay(path)).api_key("").build().unwrap()
}

fn whole(text: &str) -> Act {
    answer(
        200,
        "content-type: application/json\r\nset-cookie: session=1\r\nx-request-id: req-1\r\n",
        &saying(Protocol::Chat, &[text]).body,
    )
}

fn not_recorded(error: &Error) -> String {
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, ProviderErrorKind::NotRecorded, "{error}");
    error.message.clone()
}

#[tokio::test]
async fn a_reply_and_a_failure_are_replayed_in_their_order() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    let busy = answer(429, "retry-after: 3\r\n", r#"{"error": {"message": "Slow down."}}"#);
    let server = Server::start([busy, whole("{\"value\": 7}"), whole("{\"value\": 8}")]).await;
    let client = recording(&server, &path);
    let busy = client.extract::<u8>("Seven.").await.unwrap_err();
    assert_eq!(client.extract::<u8>("Seven.").await.unwrap(), 7);
    assert_eq!(client.extract::<u8>("Seven.").await.unwrap(), 8);

    let cassette = Cassette::replay(&path);
    let client = builder("http://127.0.0.1:9", cassette.clone()).build().unwrap();
    assert_eq!(cassette.left(), 3);
    let again = client.extract::<u8>("Seven.").await.unwrap_err();
    assert_eq!(again.to_string(), busy.to_string());
    let done = client.extract::<u8>("Seven.").report().await.unwrap();
    assert_eq!(done.value, 7);
    assert_eq!(done.ledger.attempts[0].request_id.as_deref(), Some("req-1"));
    assert_eq!(client.extract::<u8>("Seven.").await.unwrap(), 8);
    assert_eq!(cassette.left(), 0);
    let error = client.extract::<u8>("Seven.").await.unwrap_err();
    assert!(not_recorded(&error).contains("recorded 3 times"), "{error}");
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_stream_keeps_its_chunks() {
    let folder = tempdir().unwrap();
    for (protocol, model) in [(Protocol::Chat, "openai/m"), (Protocol::Bedrock, "bedrock/m")] {
        let path = folder.path().join(format!("{protocol}.json"));
        let reply = saying(protocol, &["{\"value\": ", "[1, 2", ", \"ü\"]}"]);
        let bytes = chunked(reply.media_type, &reply.events.concat(), true);
        let server = Server::start([Act::Answer(bytes)]).await;
        let client = builder(&server.url(), Cassette::record(&path)).model(model).api_key(KEY);
        let schema = serde_json::json!({"type": "array"});
        let recorded = client.build().unwrap().extract_value(&schema, "1, 2, ü").stream().finish();
        let recorded = recorded.await.unwrap();

        let client =
            builder("http://127.0.0.1:9", Cassette::replay(&path)).model(model).api_key("");
        let mut stream = client.build().unwrap().extract_value(&schema, "1, 2, ü").stream();
        let mut partials = 0;
        while let Some(partial) = stream.next().await {
            partial.unwrap();
            partials += 1;
        }
        assert_eq!(stream.finish().await.unwrap(), recorded, "{protocol}");
        assert!(partials > 0, "{protocol}: {partials}");
    }
}

#[tokio::test]
async fn no_key_is_in_the_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    let text = format!("{{\"value\": \"the key is {KEY}\"}}");
    let stream = saying(Protocol::Chat, &["{\"value\": \"the key ", "is ", KEY, "\"}"]);
    let stream = chunked(stream.media_type, &stream.events.concat(), true);
    let server = Server::start([
        whole(&text),
        answer(
            401,
            "x-leak: 1\r\n",
            &format!("{{\"error\": {{\"message\": \"wrong key {KEY}\"}}}}"),
        ),
        Act::Answer(stream),
    ])
    .await;
    let client =
        builder(&format!("{}?token=query-secret-1", server.url()), Cassette::record(&path));
    let client = client.api_key(KEY).header("x-team", "team-secret-1").build().unwrap();
    let input = format!("What is the key? {KEY}");
    let _ = client.extract::<String>(input.as_str()).await.unwrap();
    let _ = client.extract::<String>(input.as_str()).await.unwrap_err();
    let _ = client.extract::<String>(input.as_str()).stream().finish().await.unwrap();

    let file = std::fs::read_to_string(&path).unwrap();
    for secret in
        [KEY, "0123456789abcdef", "query-secret-1", "team-secret-1", "session=1", "authorization"]
    {
        assert!(!file.contains(secret), "{secret}: {file}");
    }
    assert!(file.contains("the key is [secret]"), "{file}");
    assert!(file.contains("req-1"), "{file}");
    let parsed: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(parsed["exchanges"].as_array().unwrap().len(), 3);
    assert_eq!(parsed["exchanges"][0]["request"]["path"], "/chat/completions?token=[removed]");
}

#[tokio::test]
async fn scrubbing_removes_names_from_both_sides_and_still_matches() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    let scrubbed = |cassette: Cassette| {
        cassette
            .scrub_request(|request| request.replace("Maria", "Jane"))
            .scrub_response(|response| response.replace("Maria", "Jane"))
    };
    let server = Server::start([whole("{\"value\": \"Maria\"}")]).await;
    let client = builder(&server.url(), scrubbed(Cassette::record(&path))).build().unwrap();
    assert_eq!(client.extract::<String>("Maria is here.").await.unwrap(), "Maria");
    assert!(!std::fs::read_to_string(&path).unwrap().contains("Maria"));

    let client = builder("http://127.0.0.1:9", scrubbed(Cassette::replay(&path))).build().unwrap();
    assert_eq!(client.extract::<String>("Maria is here.").await.unwrap(), "Jane");
}

#[tokio::test]
async fn a_changed_request_is_explained_and_not_sent() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    let server = Server::start([whole("{\"value\": 7}")]).await;
    recording(&server, &path).extract::<u8>("There were seven.").await.unwrap();

    let error = builder(&server.url(), Cassette::replay(&path)).build().unwrap();
    let error = error.extract::<u8>("There were eight.").temperature(0.5).await.unwrap_err();
    let message = not_recorded(&error);
    for part in [
        "POST /chat/completions: 2 differences from recorded exchange 1",
        "/temperature: not recorded, found 0.5",
        "seven.",
        "eight.",
        "EXTRACT_CASSETTE=record",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_reply_that_was_not_read_to_its_end_is_cut_in_the_replay() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    let reply = saying(Protocol::Chat, &["{\"value\": ", "[1, ", "2", "]}"]);
    let half: Vec<u8> = reply.events[..2].concat();
    let server = Server::start([Act::Answer(chunked(reply.media_type, &half, false))]).await;
    let error = recording(&server, &path).extract::<Vec<u8>>("1, 2").stream().finish().await;
    assert!(error.is_err());
    let error = replaying(&path).extract::<Vec<u8>>("1, 2").stream().finish().await.unwrap_err();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind, ProviderErrorKind::Interrupted);
}

#[test]
fn files_that_cannot_be_used_are_errors_of_the_configuration() {
    let folder = tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{").unwrap();
    let newer = folder.path().join("newer.json");
    std::fs::write(&newer, r#"{"version": 2, "exchanges": []}"#).unwrap();
    for (cassette, part) in [
        (Cassette::replay(folder.path().join("absent.json")), "record it with"),
        (Cassette::record(folder.path().join("no/folder.json")), "folder.json"),
        (Cassette::replay(broken), "broken.json"),
        (Cassette::replay(newer), "expected version 1, found 2"),
    ] {
        let error = builder("http://127.0.0.1:9", cassette).build().unwrap_err();
        let ErrorKind::Config(ConfigError::Cassette { message }) = error.kind() else {
            panic!("{error}")
        };
        assert!(message.contains(part), "{part}: {message}");
    }
}
