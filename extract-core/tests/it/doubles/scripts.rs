//! Scripts in the wire form of every protocol, of every shape.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind;
use extract_llm::scripted::{Scripted, ScriptedReply, SeenRequest, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Mode};
use serde_json::json;

/// A model of every protocol.
const MODELS: [&str; 8] = [
    "openai/gpt-4.1-mini",
    "openai-responses/gpt-4.1-mini",
    "anthropic/claude-sonnet-4-5",
    "google/gemini-2.5-flash",
    "google-interactions/gemini-2.5-flash",
    "cohere/command-a-03-2025",
    "bedrock/anthropic.claude-sonnet-4-5",
    "ollama-native/qwen3",
];

#[derive(Debug, Clone, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

fn maria() -> Person {
    Person { name: String::from("María ✓"), age: 34 }
}

fn data() -> serde_json::Value {
    json!({"name": "María ✓", "age": 34})
}

/// Extracts a person from a script, whole and streamed.
async fn both(
    model: &str,
    mode: Mode,
    scripted: impl Fn() -> ScriptedReply,
) -> [Result<Person, Error>; 2] {
    let client = |reply: ScriptedReply| {
        let script = Scripted::new([reply]).provider(model).unwrap().mode(mode);
        (Client::builder().validation_retries(0).with_model(script.clone()), script)
    };
    let (whole, script) = client(scripted());
    let whole = whole.extract::<Person>("María is 34.").await;
    assert!(!script.seen()[0].streamed);
    let (streamed, script) = client(scripted());
    let streamed = streamed.extract::<Person>("María is 34.").stream().finish().await;
    assert!(script.seen()[0].streamed);
    [whole, streamed]
}

fn provider_error(error: &Error) -> &extract_llm::conversation::ProviderError {
    match error.kind() {
        ErrorKind::Provider(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_protocol_carries_calls_and_texts_whole_and_streamed() {
    for model in MODELS {
        for (mode, scripted) in [
            (Mode::Tools, reply::tool(data())),
            (Mode::Tools, reply::tool(data()).chunks_of(1)),
            (Mode::Text, reply::json(data())),
            (Mode::Text, reply::json(data()).chunks_of(7)),
            (Mode::Text, reply::text("").pieces(["{\"name\": \"Mar", "ía ✓\", \"age\"", ": 34}"])),
        ] {
            for read in both(model, mode, || scripted.clone()).await {
                assert_eq!(read.unwrap(), maria(), "{model} {mode} {scripted:?}");
            }
        }
    }
}

#[tokio::test]
async fn usage_and_model_are_reported_in_every_protocol() {
    for model in MODELS {
        let script =
            Scripted::new([reply::tool(data()).usage(70, 30).header("x-request-id", "req-1")]);
        let script = script.provider(model).unwrap().mode(Mode::Tools);
        let done = Client::with_model(script).extract::<Person>("María").report().await.unwrap();
        let usage = done.ledger.usage();
        assert_eq!((usage.input_tokens, usage.output_tokens), (70, 30), "{model}");
        assert_eq!(done.ledger.attempts[0].request_id.as_deref(), Some("req-1"), "{model}");
    }
}

#[tokio::test]
async fn usage_that_is_left_out_is_not_known_in_every_protocol() {
    for model in MODELS {
        let answer = || reply::tool(data()).without_usage();
        let script = Scripted::new([answer(), answer()]).provider(model).unwrap().mode(Mode::Tools);
        let client = Client::with_model(script);
        let whole = client.extract::<Person>("María").report().await.unwrap();
        let mut stream = client.extract::<Person>("María").stream();
        while let Some(partial) = stream.next().await {
            partial.unwrap();
        }
        let streamed = stream.report().await.unwrap();
        for done in [whole, streamed] {
            assert_eq!(done.value, maria(), "{model}");
            assert_eq!(done.ledger.known_usage(), None, "{model}");
        }
    }
}

#[tokio::test]
async fn refusals_and_limits_have_their_kind_in_every_protocol() {
    for model in MODELS {
        for error in both(model, Mode::Text, || reply::truncated("{\"name\": \"Mar")).await {
            let error = error.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{model}: {error}");
        }
        let without_refusals = ["google/", "google-interactions/", "cohere/", "ollama-native/"];
        for error in both(model, Mode::Text, || reply::refusal("I cannot do that.")).await {
            let error = error.unwrap_err();
            let is_refusal = matches!(error.kind(), ErrorKind::Refused { .. });
            let is_text = without_refusals.iter().any(|start| model.starts_with(start));
            assert_eq!(is_refusal, !is_text, "{model}: {error}");
        }
    }
}

#[tokio::test]
async fn failures_have_the_kind_of_their_status_in_every_protocol() {
    use ProviderErrorKind::{Authentication, NotFound, Overloaded, RateLimited, Server};
    for model in MODELS {
        for (status, kinds) in [
            (401, vec![Authentication]),
            (404, vec![NotFound]),
            (429, vec![RateLimited]),
            (500, vec![Server]),
            (503, vec![Overloaded, Server]),
        ] {
            let scripted = || reply::status(status).header("retry-after", "2");
            for error in both(model, Mode::Text, scripted).await {
                let error = error.unwrap_err();
                let error = provider_error(&error);
                assert!(kinds.contains(&error.kind), "{model} {status}: {error:?}");
                assert_eq!(error.status, Some(status), "{model}");
                assert_eq!(error.retry_after, Some(Duration::from_secs(2)), "{model}");
            }
        }
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_anywhere_is_never_a_value() {
    for model in MODELS {
        for mode in [Mode::Tools, Mode::Text] {
            let scripted =
                || if mode == Mode::Tools { reply::tool(data()) } else { reply::json(data()) };
            for cut in [0, 1, 20, 60, 90] {
                for (read, way) in both(model, mode, || scripted().cut_at(cut))
                    .await
                    .into_iter()
                    .zip(["whole", "streamed"])
                {
                    let error = read.unwrap_err();
                    let kind = provider_error(&error).kind;
                    assert_eq!(
                        kind,
                        ProviderErrorKind::Interrupted,
                        "{model} {way} at {cut}: {error}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_function_answers_by_what_was_asked() {
    let model = Scripted::with(|request| match request.number {
        1 => reply::tool(json!({"name": "María"})),
        _ => {
            assert!(request.text().contains("/age"), "{}", request.text());
            reply::tool(data())
        }
    });
    let person: Person = Client::with_model(model.clone()).extract("María").await.unwrap();
    assert_eq!(person, Person { name: String::from("María ✓"), age: 34 });
    assert_eq!(model.seen().len(), 2);
}

#[tokio::test]
async fn a_script_that_ran_dry_says_what_was_asked() {
    let model = Scripted::new([reply::tool(json!({"name": "María"}))]);
    let error = Client::with_model(model).extract::<Person>("María").await.unwrap_err();
    let message = &provider_error(&error).message;
    for part in ["request 2", "it had 1", "/age", "Scripted::with", "validation_retries"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
#[should_panic(expected = "1 replies of the script are left after 0 requests")]
fn replies_that_are_left_fail_the_assertion() {
    Scripted::new([reply::text("7")]).assert_done();
}

#[tokio::test]
async fn mistakes_in_a_script_are_named() {
    for (reply, part) in [
        (reply::status(429).header("a b", "c"), "is not a header"),
        (reply::status(500).pieces(["a"]), "`pieces` are for answers"),
        (reply::tools([String::from("{}"), String::from("{}")]).pieces(["a"]), "one call"),
        (reply::status(500).usage(1, 1), "`usage` is for answers"),
        (reply::bytes("{}").without_usage(), "`without_usage` is for answers"),
        (reply::status(500).unstated(), "`unstated` is for answers"),
        (reply::bytes("{}").cut_before_end(), "`cut_before_end` is for answers"),
        (reply::tool(data()).cut_at(100_000), "behind the body's"),
    ] {
        let model = Scripted::new([reply]);
        let error = Client::with_model(model).extract::<Person>("María").await.unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let model = Scripted::new([reply::filtered()]).provider("ollama-native/qwen3").unwrap();
    let error = Client::with_model(model).extract::<Person>("María").await.unwrap_err();
    assert!(error.to_string().contains("no content filter"), "{error}");
    assert!(Scripted::new([]).provider("nosuch/model").is_err());
}

#[tokio::test]
async fn raw_bytes_go_through_the_decoder() {
    let page = reply::bytes("<html>Bad gateway</html>");
    let error = Client::with_model(Scripted::new([page])).extract::<u8>("7").await.unwrap_err();
    assert_eq!(provider_error(&error).kind, ProviderErrorKind::Malformed);

    let event = |content: &str| {
        format!("data: {}\n\n", json!({"choices": [{"delta": {"content": content}}]}))
    };
    let end =
        "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n";
    let stream = format!("{}{}{end}", event("{\"value\":"), event(" 7}"));
    let model = Scripted::new([reply::events(stream).chunks_of(3)]).mode(Mode::Text);
    let n: u8 = Client::with_model(model).extract("7").stream().finish().await.unwrap();
    assert_eq!(n, 7);
}

#[tokio::test]
async fn a_provider_brings_its_own_defaults() {
    let claude =
        Scripted::new([reply::tool(data())]).provider("anthropic/claude-sonnet-4-5").unwrap();
    let _: Person = Client::with_model(claude.clone()).extract("María").await.unwrap();
    let body = &claude.seen()[0].body;
    assert!(body["max_tokens"].is_u64(), "{body}");
    assert_eq!(body["model"], "claude-sonnet-4-5");
    claude.assert_done();

    let image = extract_llm::Part::image_url("https://example.org/a.png");
    let deepseek = Scripted::new([reply::json(data())]).provider("deepseek/deepseek-chat").unwrap();
    let error = Client::with_model(deepseek.clone()).extract::<Person>(image).await.unwrap_err();
    assert!(error.to_string().contains("does not support image"), "{error}");
    assert_eq!(deepseek.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_without_its_end_is_interrupted_in_every_protocol() {
    for model in MODELS {
        for mode in [Mode::Tools, Mode::Text] {
            let scripted =
                || if mode == Mode::Tools { reply::tool(data()) } else { reply::json(data()) };
            for read in both(model, mode, || scripted().cut_before_end()).await {
                let error = read.unwrap_err();
                let kind = provider_error(&error).kind;
                assert_eq!(kind, ProviderErrorKind::Interrupted, "{model} {mode}: {error}");
            }
            let [whole, streamed] = both(model, mode, || scripted().unstated()).await;
            if model.starts_with("google-interactions/") {
                let error = whole.unwrap_err().to_string();
                assert!(error.contains("no answer without a status"), "{error}");
                continue;
            }
            assert_eq!(whole.unwrap(), maria(), "{model} {mode}");
            let error = streamed.unwrap_err();
            let kind = provider_error(&error).kind;
            assert_eq!(kind, ProviderErrorKind::Interrupted, "{model} {mode}: {error}");
        }
    }
}

#[tokio::test]
async fn a_cut_before_the_end_leaves_the_whole_answer() {
    for model in MODELS {
        let answer = reply::json(data()).cut_before_end();
        let script = Scripted::new([answer]).provider(model).unwrap().mode(Mode::Text);
        let mut stream = Client::with_model(script).extract::<Person>("María is 34.").stream();
        let mut last = None;
        let error = loop {
            match stream.next().await.expect("an error is the last item") {
                Ok(partial) => last = Some(partial.json()),
                Err(error) => break error,
            }
        };
        assert_eq!(last, Some(data()), "{model}: {error}");
    }
}

#[tokio::test]
async fn every_request_is_shown_before_its_reply() {
    let shown: Arc<Mutex<Vec<SeenRequest>>> = Arc::default();
    let kept = Arc::clone(&shown);
    let script = Scripted::new([reply::tool(json!({"name": "María"})), reply::tool(data())]);
    let quiet = script.clone();
    let script = script.inspect(move |request| kept.lock().unwrap().push(request.clone()));
    let person: Person = Client::with_model(script.clone()).extract("María").await.unwrap();
    assert_eq!(person.age, 34);
    let error = Client::with_model(script.clone()).extract::<Person>("María").await.unwrap_err();
    assert!(provider_error(&error).message.contains("no reply"), "{error}");
    Client::with_model(quiet).extract::<Person>("María").await.unwrap_err();

    let shown = shown.lock().unwrap();
    assert_eq!(shown.iter().map(|seen| seen.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(shown[1].text().contains("/age"), "{}", shown[1].text());
    assert_eq!(script.seen().len(), 4, "a clone that was made before shows nothing");
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_are_counted_until_they_end_or_are_dropped() {
    let script = Scripted::with(|_| reply::tool(data()).after(Duration::from_secs(60)));
    let client = Client::with_model(script.clone());
    let three = futures_util::future::join_all((0..3).map(|_| {
        let extraction = client.extract::<Person>("María");
        async move { extraction.await.unwrap() }
    }));
    assert_eq!(three.await.len(), 3);
    assert_eq!((script.in_flight(), script.most_in_flight()), (0, 3));

    let one = async { client.extract::<Person>("María").await };
    let second = Duration::from_secs(1);
    assert!(tokio::time::timeout(second, one).await.is_err());
    assert_eq!((script.in_flight(), script.most_in_flight()), (0, 3));

    // A stream is in flight until it ends, also one of a body that is not streamed.
    let whole =
        json!({"choices": [{"message": {"content": data().to_string()}, "finish_reason": "stop"}]});
    for reply in [reply::json(data()), reply::body(whole)] {
        let script = Scripted::new([reply]).mode(Mode::Text).pieces_of(4);
        let client = Client::with_model(script.clone());
        let mut stream = client.extract::<Person>("María").stream();
        assert_eq!(script.in_flight(), 0);
        stream.next().await.unwrap().unwrap();
        assert_eq!(script.in_flight(), 1);
        stream.finish().await.unwrap();
        assert_eq!((script.in_flight(), script.most_in_flight()), (0, 1));
    }
}

#[tokio::test]
async fn the_wire_form_of_a_reply_is_what_its_provider_sends() {
    use extract_llm::model::Protocol;

    let protocols = [
        Protocol::Chat,
        Protocol::Responses,
        Protocol::Anthropic,
        Protocol::Gemini,
        Protocol::Interactions,
        Protocol::Cohere,
        Protocol::Bedrock,
        Protocol::Ollama,
    ];
    for (protocol, model) in protocols.into_iter().zip(MODELS) {
        for (mode, reply) in
            [(Mode::Tools, reply::call("Person", data())), (Mode::Text, reply::json(data()))]
        {
            let form = reply.wire_form(protocol).unwrap();
            let (body, events) = (form.body.unwrap(), form.events.unwrap());
            assert_ne!(form.media_type, "application/json");
            let script = Scripted::new([reply::bytes(body), reply::events(events.concat())]);
            let script = script.provider(model).unwrap().mode(mode);
            let client = Client::with_model(script);
            let whole = client.extract::<Person>("María is 34.").await;
            assert_eq!(whole.unwrap(), maria(), "{model} {mode}");
            let streamed = client.extract::<Person>("María is 34.").stream().finish().await;
            assert_eq!(streamed.unwrap(), maria(), "{model} {mode}");
        }
        let failure = reply::status(429).wire_form(protocol).unwrap();
        let failure_body = String::from_utf8(failure.body.unwrap()).unwrap();
        assert!(failure_body.contains("scripted status 429"), "{model}: {failure_body}");
        assert!(failure.events.is_none());
    }

    let halves = reply::text("").pieces(["sev", "en"]).wire_form(Protocol::Chat).unwrap();
    let events = halves.events.unwrap();
    assert_eq!(events.iter().filter(|event| contains(event, "sev")).count(), 1);
    let error = reply::tool(data()).wire_form(Protocol::Chat).unwrap_err();
    assert!(error.message.contains("`reply::call`"), "{error}");
    let error = reply::status(500).unstated().wire_form(Protocol::Chat).unwrap_err();
    assert!(error.message.contains("`unstated` is for answers"), "{error}");
    let error = reply::filtered().wire_form(Protocol::Ollama).unwrap_err();
    assert!(error.message.contains("no content filter"), "{error}");
    let broken = reply::call("Person", json!("{")).wire_form(Protocol::Anthropic).unwrap();
    assert!(broken.body.is_none() && broken.events.is_some());
}

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}
