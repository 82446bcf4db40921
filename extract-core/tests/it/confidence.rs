//! Confidence by field: the tokens of each value, the choice between few values, re-asks, runs, and servers
//! that give no log-probabilities.

use extract_llm::conversation::Thinking;
use extract_llm::extraction::{Confidence, ConfidenceSource, Reask};
use extract_llm::pipeline::Origin;
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, Extract, Mode, Report};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Extract)]
#[serde(rename_all = "lowercase")]
enum Status {
    Paid,
    Pending,
    Open,
}

#[derive(Debug, Clone, PartialEq, Extract)]
struct Invoice {
    vendor: String,
    #[extract(range(min = 0.0, max = 1000.0))]
    total: f64,
    status: Status,
    sure: bool,
    tags: Vec<String>,
}

const MODEL: &str = "openai/gpt-4.1-mini";

/// A token of the reply: its bytes, its probability, and the other tokens of its place.
type Piece<'a> = (&'a [u8], f64, &'a [(&'a str, f64)]);

fn plain(text: &str, probability: f64) -> Piece<'_> {
    (text.as_bytes(), probability, &[])
}

fn logprobs(pieces: &[Piece<'_>]) -> Value {
    let one = |bytes: &[u8], probability: f64| {
        json!({
            "token": String::from_utf8_lossy(bytes),
            "bytes": bytes,
            "logprob": if probability > 0.0 { probability.ln() } else { -9999.0 },
        })
    };
    let tokens = pieces.iter().map(|(bytes, probability, others)| {
        let mut token = one(bytes, *probability);
        token["top_logprobs"] =
            others.iter().map(|(text, probability)| one(text.as_bytes(), *probability)).collect();
        token
    });
    tokens.collect()
}

fn text_of(pieces: &[Piece<'_>]) -> String {
    String::from_utf8(pieces.iter().flat_map(|(bytes, ..)| bytes.to_vec()).collect()).unwrap()
}

/// A reply of Chat Completions with these tokens.
fn body(pieces: &[Piece<'_>]) -> ScriptedReply {
    with_text(&text_of(pieces), pieces)
}

fn with_text(text: &str, pieces: &[Piece<'_>]) -> ScriptedReply {
    reply::body(json!({"choices": [{
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": {"content": logprobs(pieces)},
    }]}))
}

fn client(model: &str, replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let script = Scripted::new(replies).provider(model).unwrap();
    (Client::with_model(script.clone()), script)
}

fn invoice() -> Vec<Piece<'static>> {
    vec![
        plain("{\"", 0.1),
        plain("vendor", 0.2),
        plain("\":", 0.3),
        plain(" \"", 0.4),
        (b"Zo\xC3", 0.9, &[]),
        (b"\xAB", 0.8, &[]),
        plain("\",\"total\":", 0.5),
        plain(" 12", 0.6),
        plain(".5", 0.7),
        plain(",\"status\":\"", 0.5),
        (b"p", 0.25, &[("p", 0.25), ("op", 0.05), ("P", 0.5)]),
        (b"aid\"", 0.3, &[("aid\"", 0.3), ("ending", 0.1), ("AID", 0.4)]),
        plain(",\"sure\":", 0.5),
        (b" true", 0.6, &[(" true", 0.6), (" false", 0.2), (" yes", 0.1)]),
        plain(",\"tags\":", 0.5),
        plain(" []", 0.75),
        plain("}", 0.5),
    ]
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn assert_confidence(found: Option<Confidence>, mean: f64, least: f64, tokens: usize) {
    let found = found.expect("a confidence");
    assert!(near(found.mean, mean) && near(found.least, least), "{found:?}, not {mean} {least}");
    assert_eq!((found.tokens, found.source), (tokens, ConfidenceSource::LogProbabilities));
}

fn assert_invoice(done: &Report<Invoice>) {
    assert_confidence(done.confidence("/vendor"), (0.9f64 * 0.8).sqrt(), 0.8, 2);
    assert_confidence(done.confidence("/total"), (0.6f64 * 0.7).sqrt(), 0.6, 2);
    // `p` leads to two values of the enum, `op` to one, `P` to none. `aid"` and `ending` lead to one each.
    let (first, second): (f64, f64) = (0.25 / 0.3, 0.3 / 0.4);
    assert_confidence(done.confidence("/status"), (first * second).sqrt(), second, 2);
    assert_confidence(done.confidence("/sure"), 0.75, 0.75, 1);
    assert_confidence(done.confidence("/tags"), 0.75, 0.75, 1);
    let all: f64 = 0.9 * 0.8 * 0.6 * 0.7 * first * second * 0.75 * 0.75;
    assert_confidence(done.confidence(""), all.powf(1.0 / 8.0), 0.6, 8);
    assert_eq!(done.confidence("/nothing"), None);
}

#[tokio::test]
async fn a_field_has_the_probability_of_its_own_tokens() {
    let (client, model) = client(MODEL, [body(&invoice())]);
    let done = client.extract::<Invoice>("…").doubt_below(0.71).report().await.unwrap();
    assert_eq!(done.value.vendor, "Zoë");
    assert_invoice(&done);
    let doubts: Vec<&str> = done.doubts().iter().map(|doubt| doubt.pointer.as_str()).collect();
    assert_eq!(doubts, ["/total"]);
    let request = &model.seen()[0].body;
    assert_eq!((&request["logprobs"], &request["top_logprobs"]), (&json!(true), &json!(5)));
    assert_eq!(request["response_format"]["type"], "json_schema");
    assert_eq!(request.get("tools"), None);
    // The ledger is read back as it was.
    let json = serde_json::to_value(&done.ledger).unwrap();
    assert_eq!(json["confidences"]["/sure"]["tokens"], 1);
    let ledger: extract_llm::Ledger = serde_json::from_value(json).unwrap();
    assert_eq!(ledger.doubts, done.ledger.doubts);
    assert!(near(ledger.confidences.get("").unwrap().mean, done.confidence("").unwrap().mean));
}

#[tokio::test]
async fn a_stream_has_the_same_confidences() {
    let pieces = invoice();
    let mut events = String::new();
    for chunk in pieces.chunks(2) {
        // A chunk ends at a character.
        let text: Vec<u8> = chunk.iter().flat_map(|(bytes, ..)| bytes.to_vec()).collect();
        let text = String::from_utf8(text).unwrap();
        let event = json!({"choices": [{
            "index": 0, "delta": {"content": text}, "finish_reason": null,
            "logprobs": {"content": logprobs(chunk)},
        }]});
        events += &format!("data: {event}\n\n");
    }
    let end =
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": null}]});
    events += &format!("data: {end}\n\ndata: [DONE]\n\n");
    for size in [1, 7, 4096] {
        let (client, model) = client(MODEL, [reply::events(events.clone()).chunks_of(size)]);
        let stream = client.extract::<Invoice>("…").confidence(true).stream();
        let done = stream.report().await.unwrap();
        assert!(model.seen()[0].streamed);
        assert_invoice(&done);
    }
}

#[tokio::test]
async fn a_fence_that_the_server_removes_does_not_matter() {
    let mut pieces = invoice();
    pieces.insert(0, plain("```json\n", 0.5));
    pieces.push(plain("\n```", 0.5));
    let (client, _) = client("llamacpp/m", [with_text(&text_of(&invoice()), &pieces)]);
    let done = client.extract::<Invoice>("…").confidence(true).report().await.unwrap();
    assert_invoice(&done);
}

#[tokio::test]
async fn tokens_of_another_text_are_no_confidence() {
    let (other, none): (Vec<Piece<'_>>, Vec<Piece<'_>>) =
        (vec![plain("{\"vendor\":\"B\"}", 0.9)], Vec::new());
    for (pieces, words) in [(other, "are not those of the text"), (none, "sent no log-prob")] {
        let (client, _) = client(MODEL, [with_text(&text_of(&invoice()), &pieces)]);
        let done = client.extract::<Invoice>("…").doubt_below(0.9).report().await.unwrap();
        assert_eq!(done.confidence("/vendor"), None);
        assert!(done.doubts().is_empty() && done.ledger.confidences.is_empty());
        assert!(done.ledger.notes.iter().any(|note| note.contains(words)), "{:?}", done.ledger);
    }
}

#[tokio::test]
async fn a_token_without_a_figure_is_as_probable_as_the_last_alternative_at_most() {
    let text: Vec<Piece<'_>> = vec![
        plain("{\"value\":[\"", 0.9),
        (b"A", 0.0, &[("B", 0.5), ("C", 0.125)]),
        plain("\",\"", 0.9),
        (b"D", 0.0, &[]),
        plain("\"]}", 0.9),
    ];
    let (client, _) = client(MODEL, [body(&text)]);
    let done = client.extract::<Vec<String>>("…").confidence(true).report().await.unwrap();
    assert_confidence(done.confidence("/0"), 0.125, 0.125, 1);
    assert_eq!((done.confidence("/1"), done.confidence("")), (None, None));
    assert_eq!(done.ledger.confidences.unknown().collect::<Vec<_>>(), ["/1"]);
}

#[tokio::test]
async fn a_value_that_the_schema_forces_has_no_doubt() {
    #[derive(Debug, Extract)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    #[allow(dead_code, reason = "only read")]
    enum Shape {
        Round { size: Size },
        Long { size: Size },
    }
    #[derive(Debug, Extract)]
    enum Size {
        #[serde(rename = "one")]
        One,
    }
    let text: Vec<Piece<'_>> = vec![
        plain("{\"value\":{\"kind\":\"", 0.2),
        (b"long", 0.01, &[("Long", 0.9), ("round", 0.03), ("long", 0.01)]),
        plain("\",\"size\":\"", 0.2),
        (b"one", 0.001, &[("One", 0.9)]),
        plain("\"}}", 0.2),
    ];
    let (client, _) = client("llamacpp/m", [body(&text)]);
    let done = client.extract::<Shape>("…").confidence(true).report().await.unwrap();
    assert_confidence(done.confidence("/kind"), 0.25, 0.25, 1);
    assert_confidence(done.confidence("/size"), 1.0, 1.0, 0);
}

#[tokio::test]
async fn a_number_of_an_enum_that_begins_another_one_is_decided_behind_it() {
    let schema =
        json!({"type": "object", "properties": {"n": {"enum": [1, 10]}}, "required": ["n"]});
    let text: Vec<Piece<'_>> = vec![
        plain("{\"n\":", 0.9),
        (b"1", 0.9, &[("1", 0.9), ("2", 0.1)]),
        (b"}", 0.3, &[("}", 0.3), ("0", 0.6), ("5", 0.1)]),
    ];
    let (client, _) = client("llamacpp/m", [body(&text)]);
    let asked = client.extract_value(schema, "…");
    let done = asked.confidence(true).report().await.unwrap();
    assert_confidence(done.confidence("/n"), 0.3 / 0.9, 0.3 / 0.9, 1);
}

#[tokio::test]
async fn each_part_has_the_confidence_of_the_reply_that_wrote_it() {
    let mut first = invoice();
    first[8] = plain("345", 0.7); // 12345 is more than 1000
    let second = [plain("{\"corrected_total\":", 0.1), plain(" 12", 0.95), plain("}", 0.1)];
    let (client, _) = client(MODEL, [body(&first), body(&second)]);
    let asked = client.extract::<Invoice>("…").confidence(true).reask(Reask::Parts);
    let done = asked.report().await.unwrap();
    assert_eq!(done.ledger.attempts[1].parts, ["/total"], "{}", done.ledger);
    assert_confidence(done.confidence("/total"), 0.95, 0.95, 1);
    assert_confidence(done.confidence("/vendor"), (0.9f64 * 0.8).sqrt(), 0.8, 2);
    assert_confidence(done.confidence("/sure"), 0.75, 0.75, 1);
}

#[tokio::test]
async fn a_part_of_unknown_tokens_leaves_the_other_fields_as_they_are() {
    let mut first = invoice();
    first[8] = plain("345", 0.7);
    let second = with_text("{\"corrected_total\": 12}", &[]);
    let (client, _) = client(MODEL, [body(&first), second]);
    let asked = client.extract::<Invoice>("…").confidence(true).reask(Reask::Parts);
    let done = asked.report().await.unwrap();
    assert_eq!((done.confidence("/total"), done.confidence("")), (None, None));
    assert_confidence(done.confidence("/vendor"), (0.9f64 * 0.8).sqrt(), 0.8, 2);
    assert!(done.ledger.notes[0].contains("sent no log-probabilities"), "{}", done.ledger);
}

#[tokio::test]
async fn a_whole_answer_replaces_all_confidences() {
    let mut first = invoice();
    first[8] = plain("345", 0.7);
    let (client, _) = client(MODEL, [body(&first), body(&invoice())]);
    let asked = client.extract::<Invoice>("…").confidence(true).reask(Reask::Whole);
    assert_invoice(&asked.report().await.unwrap());
}

#[tokio::test]
async fn a_server_that_refuses_them_is_asked_without_them() {
    for message in [
        "This model does not support the 'logprobs' parameter.",
        "logprobs are not supported with reasoning models.",
        "Logprobs is not enabled for models/m",
        "You are not allowed to request logprobs from this model",
        "No endpoints found that can handle the requested parameters.",
    ] {
        let error = json!({"error": {"message": message, "type": "invalid_request_error"}});
        let replies = [reply::failure(400, error), body(&invoice()), body(&invoice())];
        let (client, model) = client("vllm/m", replies);
        let done = client.extract::<Invoice>("…").confidence(true).report().await.unwrap();
        assert_eq!(done.value.vendor, "Zoë");
        assert!(done.ledger.notes[0].contains("confidence is unknown"), "{:?}", done.ledger.notes);
        let again = client.extract::<Invoice>("…").confidence(true).report().await.unwrap();
        assert!(
            again.ledger.notes[0].contains("confidence is unknown"),
            "{:?}",
            again.ledger.notes
        );
        let asked: Vec<bool> =
            model.seen().iter().map(|seen| seen.body.get("logprobs").is_some()).collect();
        assert_eq!(asked, [true, false, false], "{message}");
        assert_eq!(model.seen()[1].body["response_format"]["type"], "json_schema");
    }
}

#[tokio::test]
async fn only_models_that_give_them_are_asked() {
    let data = json!({"vendor": "A", "total": 1.0, "status": "paid", "sure": true, "tags": []});
    for (model, thinking, expected) in [
        ("openai/gpt-4.1-mini", None, Ok(json!(true))),
        ("openai/gpt-5.1", None, Ok(json!(true))),
        ("openai/gpt-5.6-sol", Some(Thinking::Off), Ok(json!(true))),
        ("openai/gpt-5.6-sol", None, Err("while it thinks: it does with `Thinking::Off` only")),
        ("openai/o3", None, Err("while it thinks")),
        ("openai/gpt-6-astra", None, Err("while it thinks")),
        ("deepseek/deepseek-v4-flash", None, Ok(json!(true))),
        ("openrouter/openai/gpt-4.1-mini", None, Ok(json!(true))),
        ("together/m", None, Ok(json!(5))),
        ("vllm/m", None, Ok(json!(true))),
        ("ollama-native/m", None, Ok(json!(true))),
        ("anthropic/claude-sonnet-4-5", None, Err("gives no log-probabilities over")),
        ("cohere/command-a-03-2025", None, Err("gives no log-probabilities over")),
        ("groq/openai/gpt-oss-20b", None, Err("gives no log-probabilities over")),
        ("google/gemini-2.5-flash", None, Err("gives no log-probabilities over")),
    ] {
        let (client, script) = client(model, [reply::json(data.clone())]);
        let mut asked = client.extract::<Invoice>("…").mode(Mode::Text).confidence(true);
        if let Some(thinking) = thinking {
            asked = asked.thinking(thinking);
        }
        let done = asked.report().await.unwrap();
        let sent = script.seen()[0].body.get("logprobs").cloned();
        let notes = done.ledger.notes.join("\n");
        match expected {
            Ok(field) => assert_eq!(sent, Some(field), "{model}: {notes}"),
            Err(words) => {
                assert_eq!(sent, None, "{model}");
                assert!(
                    notes.contains("confidence is unknown") && notes.contains(words),
                    "{notes}"
                );
            }
        }
    }
    let (client, script) = client("openai-responses/gpt-4.1-mini", [reply::json(data)]);
    client.extract::<Invoice>("…").confidence(true).await.unwrap();
    let body = &script.seen()[0].body;
    assert_eq!(body["include"], json!(["message.output_text.logprobs"]));
    assert_eq!(body["top_logprobs"], 5);
}

#[tokio::test]
async fn calls_of_tools_have_no_confidence() {
    let data = json!({"vendor": "A", "total": 1.0, "status": "paid", "sure": true, "tags": []});
    let (client, script) = client(MODEL, [reply::tool(data)]);
    let asked = client.extract::<Invoice>("…").mode(Mode::Tools).confidence(true);
    let done = asked.report().await.unwrap();
    assert_eq!(script.seen()[0].body.get("logprobs"), None);
    assert!(done.ledger.notes[0].contains("do not cover the arguments of tools"));
}

#[tokio::test]
async fn rows_keep_their_doubts_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    for (replies, origin) in [(vec![body(&invoice())], Origin::Asked), (vec![], Origin::Journal)] {
        let (client, _) = client(MODEL, replies);
        let run = client.extract_many::<Invoice, _>([("a", "…")]).journal(&path);
        let mut run = run.each(|row| row.doubt_below(0.71));
        let row = run.next().await.unwrap().unwrap();
        assert_eq!(row.origin, origin);
        assert_eq!(row.doubts().len(), 1);
        assert_eq!(row.doubts()[0].pointer, "/total");
        assert!(row.ledger().confidences.get("/vendor").is_some());
        assert!(run.next().await.is_none());
        let summary = run.summary();
        assert_eq!((summary.done, summary.doubtful), (1, 1));
        assert!(summary.to_string().contains("1 are in doubt"), "{summary}");
    }
}

#[tokio::test]
async fn a_cached_reply_has_its_confidence() {
    let script = Scripted::new([body(&invoice())]).provider(MODEL).unwrap();
    let cache = extract_llm::cache::Cache::memory(1 << 20);
    let client = Client::builder().cache(cache).with_model(script.clone());
    for _ in 0..2 {
        let done = client.extract::<Invoice>("…").confidence(true).report().await.unwrap();
        assert_invoice(&done);
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn samples_give_a_confidence_too() {
    let sample = |n: u8| reply::json(json!({"value": [7, n]}));
    let (client, script) = client(MODEL, [sample(3), sample(4), sample(3)]);
    let agreed = client.extract::<(u8, u8)>("…").doubt_below(0.7).agree(3).await.unwrap();
    let second = agreed.confidence("/1").unwrap();
    assert_eq!((second.tokens, second.source), (0, ConfidenceSource::Agreement));
    assert!(near(second.mean, 2.0 / 3.0));
    let both = agreed.confidence("").unwrap();
    assert!(near(both.mean, 2.5 / 3.0) && near(both.least, 2.0 / 3.0));
    assert_eq!(agreed.doubts[0].pointer, "/1");
    assert_eq!(agreed.doubts.len(), 1);
    // The samples are asked for no log-probabilities.
    assert_eq!(script.seen()[0].body.get("logprobs"), None);
}
