//! The stable start of the prompt over a loopback server: cache points of the plan, the order of the
//! messages, and re-asks behind it.

use std::collections::BTreeMap;

use extract_core::Client;
use extract_core::conversation::{Message, Mode, Part, PromptCache};
use extract_core::extraction::{ClientBuilder, Ledger, Reask};
use extract_core::model::{Preset, presets};
use extract_core::wire::Protocol;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::exchanges::{KEY, hello};
use crate::support::server::{Act, Server, answer};
use crate::wire_encode::keep;

const RULES: &str = "Only ages that the text names.";
const DOCUMENT: &str = "The document: Maria is 41.";

/// Returns a reply with a text that every mode reads.
fn says(protocol: Protocol, text: &str) -> Act {
    let body = if protocol == Protocol::Bedrock {
        json!({"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
            "stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 2}})
        .to_string()
    } else {
        hello(protocol).0
    };
    let escaped = json!(text).to_string();
    answer(200, "", &body.replace("Hello", escaped.trim_matches('"')))
}

fn client(server: &Server, provider: &str, model: &str) -> ClientBuilder {
    Client::builder().model(format!("{provider}/{model}")).base_url(server.url()).api_key(KEY)
}

fn schema() -> Value {
    json!({"type": "object", "title": "Person", "required": ["age"], "additionalProperties": false,
        "properties": {"age": {"type": "integer"}}})
}

fn examples() -> [Message; 2] {
    [Message::user("Tom is 7."), Message::assistant(r#"{"age": 7}"#)]
}

fn bodies(server: &Server) -> Vec<String> {
    let requests = server.requests();
    requests.iter().map(|it| it.split_once("\r\n\r\n").unwrap().1.to_owned()).collect()
}

fn parsed(server: &Server) -> Vec<Value> {
    bodies(server).iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

/// The fields of a body as they are written, without the list of messages, and the elements of that list.
fn fields(body: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
    let messages = ["messages", "input", "contents"].iter().find_map(|name| fields.remove(*name));
    let messages: Vec<Box<RawValue>> = serde_json::from_str(messages.unwrap().get()).unwrap();
    let text = |raw: Box<RawValue>| raw.get().to_owned();
    let fields = fields.into_iter().map(|(name, raw)| (name, text(raw))).collect();
    (fields, messages.into_iter().map(text).collect())
}

/// Returns a model of a provider, and whether its start of the prompt is marked.
fn model_of(preset: &Preset) -> (&'static str, bool) {
    match preset.name {
        "openai" | "openai-responses" => ("gpt-6-luna", true),
        "anthropic" => ("claude-sonnet-4-5", true),
        "openrouter" => ("anthropic/claude", true),
        "bedrock" => ("us.anthropic.claude-sonnet-4-5-v1:0", true),
        _ => ("some-model", false),
    }
}

#[tokio::test]
async fn a_reask_repeats_the_bytes_of_the_first_request() {
    let mut checked = 0;
    for preset in presets() {
        let (model, is_marked) = model_of(preset);
        for mode in preset.facts(model).modes {
            let server = Server::start([
                says(preset.protocol, r#"{"age": "unknown"}"#),
                says(preset.protocol, r#"{"age": 41}"#),
            ])
            .await;
            let client =
                client(&server, preset.name, model).system(RULES).prompt_cache(PromptCache::Long);
            let client = client.build().unwrap();
            let asked = client.extract_value(schema(), DOCUMENT).examples(&examples()).mode(*mode);
            let what = format!("{} {mode}", preset.name);
            let done = asked.report().await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(done.value["age"], 41, "{what}");

            parsed(&server).iter().for_each(|body| keep(preset.name, body));
            let sent = bodies(&server);
            let ((first, start), (second, all)) = (fields(&sent[0]), fields(&sent[1]));
            assert_eq!(first, second, "{what}");
            assert_eq!(start, all[..start.len()], "{what}");
            assert!(all.len() > start.len(), "{what}");
            // Everything up to the first difference is the same text.
            let end = sent[0].find(DOCUMENT).unwrap() + DOCUMENT.len();
            assert_eq!(sent[0][..end], sent[1][..end], "{what}");

            // The document is last, behind the cache points.
            assert!(start.last().unwrap().contains(DOCUMENT), "{what}");
            assert!(!start.last().unwrap().contains("cache"), "{what}");
            let marks = ["\"cache_control\"", "\"cachePoint\"", "\"prompt_cache_breakpoint\""];
            let count: usize = marks.iter().map(|mark| sent[0].matches(mark).count()).sum();
            let on_tools = *mode == Mode::Tools && !preset.name.starts_with("openai");
            let expected = if is_marked { 2 + usize::from(on_tools) } else { 0 };
            assert_eq!(count, expected, "{what}: {}", sent[0]);
            checked += 1;
        }
    }
    assert!(checked > 70, "{checked}");
}

/// The schema of parts is another one, which would change the start.
#[tokio::test]
async fn a_reask_keeps_the_schema_of_a_cached_prompt() {
    let long = json!({"type": "array", "items": {"type": "integer"}});
    let good: Vec<Value> = (1_000..1_400).map(Value::from).collect();
    let mut bad = good.clone();
    bad[7] = "seven".into();
    let (good, bad) = (json!({"value": good}).to_string(), json!({"value": bad}).to_string());
    for mode in [Mode::JsonSchema, Mode::Tools] {
        let server = Server::start([
            says(Protocol::Anthropic, &bad),
            says(Protocol::Anthropic, &good),
            says(Protocol::Anthropic, &bad),
            says(Protocol::Anthropic, &good),
            says(Protocol::Anthropic, &bad),
            says(Protocol::Anthropic, &good),
        ])
        .await;
        let client = client(&server, "anthropic", "claude-sonnet-4-5").system(RULES).mode(mode);
        let client = client.build().unwrap();
        let cached = PromptCache::Short;
        client.extract_value(long.clone(), DOCUMENT).prompt_cache(cached).await.unwrap();
        client.extract_value(long.clone(), DOCUMENT).await.unwrap();
        let parts = client.extract_value(long.clone(), DOCUMENT).prompt_cache(cached);
        parts.reask(Reask::Parts).await.unwrap();
        let sent = parsed(&server);
        let schema = |at: usize| (&sent[at]["tools"], &sent[at]["output_config"]);
        assert_eq!(schema(0), schema(1), "{mode}");
        assert_ne!(schema(2), schema(3), "{mode}");
        assert_ne!(schema(4), schema(5), "{mode}");
    }
}

#[tokio::test]
async fn cache_points_of_leading_system_messages_are_kept() {
    for (provider, model, protocol) in [
        ("anthropic", "claude-sonnet-4-5", Protocol::Anthropic),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-v1:0", Protocol::Bedrock),
        ("openrouter", "anthropic/claude", Protocol::Chat),
        ("openai", "gpt-5.6-sol", Protocol::Chat),
        ("openai-responses", "gpt-5.6-sol", Protocol::Responses),
    ] {
        let server = Server::start([says(protocol, r#"{"age": 41}"#)]).await;
        let client = client(&server, provider, model).system(RULES).mode(Mode::Text);
        let input = [
            Message::system("The long list of names.").cached(),
            Message::system("Today is Monday."),
            Message::user(DOCUMENT),
        ];
        client.build().unwrap().extract_value(schema(), input).await.unwrap();
        let body = &parsed(&server)[0];
        let system = match protocol {
            Protocol::Chat => &body["messages"][0]["content"],
            Protocol::Responses => &body["input"][0]["content"],
            _ => &body["system"],
        };
        let system = system.as_array().unwrap_or_else(|| panic!("{provider}: {body}"));
        let first = format!("{RULES}\n\nThe long list of names.");
        assert_eq!(system[0]["text"], json!(first), "{provider}");
        let last = system.last().unwrap();
        let rest = last["text"].as_str().unwrap();
        assert!(rest.starts_with("\n\nToday is Monday.\n\nAnswer with"), "{provider}: {rest}");
        let count = body.to_string().matches("cache").count();
        assert_eq!(count, 1, "{provider}: {body}");
        assert!(!last.to_string().contains("cache"), "{provider}: {body}");
    }
    // Other providers get one text, as without a cache point.
    let server = Server::start([says(Protocol::Gemini, r#"{"age": 41}"#)]).await;
    let client = client(&server, "google", "gemini-3.5-flash").system(RULES).build().unwrap();
    let input = [Message::system("Names.").cached(), Message::system("Monday."), "?".user()];
    client.extract_value(schema(), input).await.unwrap();
    let system = &parsed(&server)[0]["systemInstruction"]["parts"];
    assert_eq!(*system, json!([{"text": format!("{RULES}\n\nNames.\n\nMonday.")}]));
}

trait User {
    fn user(&self) -> Message;
}

impl User for str {
    fn user(&self) -> Message {
        Message::user(self)
    }
}

/// Examples stand between the instructions and the input, also if the input begins with instructions.
#[tokio::test]
async fn instructions_of_the_input_stand_before_the_examples() {
    let server = Server::start([says(Protocol::Chat, r#"{"age": 41}"#)]).await;
    let client = client(&server, "openai", "gpt-4.1").system(RULES).mode(Mode::JsonObject);
    let input = [Message::system("In years."), Message::user(DOCUMENT)];
    let client = client.build().unwrap();
    client.extract_value(schema(), input).examples(&examples()).await.unwrap();
    let body = &parsed(&server)[0];
    let roles: Vec<&str> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with(&format!("{RULES}\n\nIn years.\n\nAnswer with")), "{system}");
}

#[tokio::test]
async fn at_most_four_cache_points_are_sent() {
    let part = |text: &str| [Part::text(text), Part::CachePoint];
    let parts: Vec<Part> = ["a", "b", "c", "d"].iter().flat_map(|text| part(text)).collect();
    let input = [Message::user(parts), Message::user(DOCUMENT)];
    let server = Server::start([says(Protocol::Anthropic, r#"{"age": 41}"#)]).await;
    let client = client(&server, "anthropic", "claude-sonnet-4-5").system(RULES);
    let client = client.mode(Mode::Tools).prompt_cache(PromptCache::Short).build().unwrap();
    let done = client.extract_value(schema(), input).examples(&examples()).report().await.unwrap();
    let body = &parsed(&server)[0];
    let is_marked = |value: &Value| value.get("cache_control").is_some();
    assert!(!is_marked(&body["tools"][0]), "{body}");
    assert!(is_marked(&body["system"][0]), "{body}");
    let blocks: Vec<&Value> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|turn| turn["content"].as_array().unwrap())
        .collect();
    let marked: Vec<&str> = blocks
        .into_iter()
        .filter(|block| is_marked(block))
        .map(|block| block["text"].as_str().unwrap())
        .collect();
    assert_eq!(marked, ["b", "c", "d"]);
    let notes = [
        "anthropic takes at most 4 cache points: not sent behind the tools",
        "anthropic takes at most 4 cache points: not sent in message 3",
        "anthropic takes at most 4 cache points: not sent in message 4",
    ];
    assert_eq!(done.ledger.notes, notes);
}

#[tokio::test]
async fn the_ledger_notes_a_cache_setting_without_effect() {
    let server = Server::start([says(Protocol::Chat, r#"{"age": 41}"#)]).await;
    let custom = Client::builder().base_url(server.url()).model("m").system(RULES);
    let custom = custom.prompt_cache(PromptCache::Short).build().unwrap();
    let done = custom.extract_value(schema(), DOCUMENT).report().await.unwrap();
    let note = "`prompt_cache` has no effect: no prompt cache of custom is known";
    assert_eq!(done.ledger.notes, [note]);
    let off = custom.extract_value(schema(), DOCUMENT).prompt_cache(PromptCache::Off);
    assert_eq!(off.report().await.unwrap().ledger.notes, [""; 0]);

    let server = Server::start([says(Protocol::Anthropic, r#"{"age": 41}"#)]).await;
    let client = client(&server, "anthropic", "claude-opus-5-5").prompt_cache(PromptCache::Short);
    let client = client.mode(Mode::JsonSchema).build().unwrap();
    let done = client.extract_value(schema(), DOCUMENT).report().await.unwrap();
    let note = "`prompt_cache` marks nothing: there is no system prompt and no example";
    assert_eq!(done.ledger.notes, [note]);
    let done = client.extract_value(schema(), DOCUMENT).system(RULES).report().await.unwrap();
    assert_eq!(done.ledger.notes, [""; 0]);
}

/// Nothing is marked, and no key is sent, unless it is asked for.
#[tokio::test]
async fn nothing_is_cached_by_default() {
    for preset in presets() {
        let (model, _) = model_of(preset);
        let server = Server::start([says(preset.protocol, r#"{"age": 41}"#)]).await;
        let client = client(&server, preset.name, model).system(RULES).build().unwrap();
        client.extract_value(schema(), DOCUMENT).examples(&examples()).await.unwrap();
        let request = server.requests()[0].to_ascii_lowercase();
        assert!(!request.contains("cache") && !request.contains("conv-id"), "{request}");
    }
}

#[tokio::test]
async fn the_key_is_sent_in_the_header_of_xai() {
    let server = Server::start([says(Protocol::Chat, r#"{"age": 41}"#)]).await;
    let client = client(&server, "xai", "grok-4.7").system(RULES);
    let client = client.prompt_cache(PromptCache::Short).build().unwrap();
    let header = |request: String| {
        let mut lines = request.lines().map(str::to_owned);
        lines.find_map(|line| Some(line.strip_prefix("x-grok-conv-id: ")?.to_owned()))
    };
    for document in [DOCUMENT, "Another document."] {
        client.extract_value(schema(), document).await.unwrap();
    }
    client.extract_value(schema(), DOCUMENT).prompt_cache_key("tenant-7").await.unwrap();
    client.extract_value(schema(), DOCUMENT).header("x-grok-conv-id", "mine").await.unwrap();
    let keys: Vec<String> = server.requests().into_iter().filter_map(header).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys[0].starts_with("extract-"), "{keys:?}");
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[2..], ["tenant-7", "mine"]);
    assert!(!bodies(&server).concat().contains("prompt_cache"));

    let refused = client.extract_value(schema(), DOCUMENT).prompt_cache_key("not\na header");
    assert!(refused.await.unwrap_err().to_string().contains("x-grok-conv-id"));
}

#[tokio::test]
async fn the_ledger_shows_reads_and_writes_of_the_cache() {
    let reply = |text: &str, read: u32, written: u32| {
        let body = json!({"type": "message", "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 20, "output_tokens": 5,
            "cache_read_input_tokens": read, "cache_creation_input_tokens": written}});
        answer(200, "", &body.to_string())
    };
    let server = Server::start([
        reply(r#"{"age": "unknown"}"#, 0, 1500),
        reply(r#"{"age": "unknown"}"#, 1500, 0),
        reply(r#"{"age": 41}"#, 1500, 30),
    ])
    .await;
    let client = client(&server, "anthropic", "claude-opus-5-5").system(RULES);
    let client = client.prompt_cache(PromptCache::Short).build().unwrap();
    let done = client.extract_value(schema(), DOCUMENT).report().await.unwrap();
    let ledger = &done.ledger;
    let lines: Vec<String> = ledger.attempts.iter().map(ToString::to_string).collect();
    assert!(lines[0].contains(", 1520 tokens in (1500 written to the cache), 5 out"), "{lines:?}");
    assert!(lines[1].contains(", 1520 tokens in (1500 read from the cache), 5 out"), "{lines:?}");
    let both = ", 1550 tokens in (1500 read from the cache, 30 written to it), 5 out";
    assert!(lines[2].contains(both), "{lines:?}");

    let json = serde_json::to_value(ledger).unwrap();
    for (at, read, written) in [("/usage", 3000, 1530), ("/attempts/1/usage", 1500, 0)] {
        let usage = json.pointer(at).unwrap();
        assert_eq!(usage["cached_input_tokens"], read, "{at}");
        assert_eq!(usage["cache_write_tokens"], written, "{at}");
    }
    assert_eq!(serde_json::from_value::<Ledger>(json).unwrap(), *ledger);
}
