//! Every preset in every mode that it supports, against every kind of server answer: the number of
//! requests, the outcome, and the ledger. `docs/providers.md` is generated from the results:
//! `UPDATE_DOCS=1 cargo test -p extract-tests providers::` rewrites it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::support::{bodies, server};
use extract_core::model::{Auth, MediaSupport, Preset, presets};
use extract_core::wire::{
    CacheForm, CacheKeyField, Delivery, MaxTokensField, Sampling, SystemPlace, ThinkingSupport,
    TierField, ToolChoiceForm,
};
use extract_llm::contract::Contract;
use extract_llm::conversation::{Output, ProviderErrorKind, Request, Tools};
use extract_llm::extraction::Outcome;
use extract_llm::model::RetryPolicy;
use extract_llm::model::{AskingForm, Protocol};
use extract_llm::{Client, Error, ErrorKind, Extract, Message, Mode};
use serde_json::{Value, json};

pub(crate) mod answers;
pub(crate) mod streams;

use crate::support::server::{Act, Server};
use answers::{Stop, answer, stopped};

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

/// The server's behaviour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Case {
    Good,
    BadThenGood,
    AlwaysBad,
    Refusal,
    Truncation,
    Filter,
    Unauthorized,
    BusyThenGood,
    FailsThenGood,
    KeepsFailing,
    NotJson,
    CutThenGood,
    StreamGood,
    StreamBadThenGood,
    StreamCutBeforeThenGood,
    StreamCut,
    StreamNotJson,
}

const CASES: [Case; 17] = [
    Case::Good,
    Case::BadThenGood,
    Case::AlwaysBad,
    Case::Refusal,
    Case::Truncation,
    Case::Filter,
    Case::Unauthorized,
    Case::BusyThenGood,
    Case::FailsThenGood,
    Case::KeepsFailing,
    Case::NotJson,
    Case::CutThenGood,
    Case::StreamGood,
    Case::StreamBadThenGood,
    Case::StreamCutBeforeThenGood,
    Case::StreamCut,
    Case::StreamNotJson,
];

const PAGE: &str = "<html>\n<body>Sign in</body>\n</html>\n";

impl Case {
    fn words(self) -> &'static str {
        match self {
            Self::Good => "good first time",
            Self::BadThenGood => "one bad answer, then a good one",
            Self::AlwaysBad => "bad answers only (`validation_retries(1)`)",
            Self::Refusal => "a refusal",
            Self::Truncation => "truncated at the token limit",
            Self::Filter => "stopped by the content filter",
            Self::Unauthorized => "401",
            Self::BusyThenGood => "429 with a wait, then good",
            Self::FailsThenGood => "500, then good",
            Self::KeepsFailing => "500 only (2 transport retries)",
            Self::NotJson => "200 with an HTML page",
            Self::CutThenGood => "a truncated body, then a good one",
            Self::StreamGood => "streamed: good first time",
            Self::StreamBadThenGood => "streamed: one bad answer, then a good one",
            Self::StreamCutBeforeThenGood => "streamed: cut before the first delta, then good",
            Self::StreamCut => "streamed: cut after the answer, before the end marker",
            Self::StreamNotJson => "streamed: 200 with an HTML page",
        }
    }

    /// Returns the expected number of requests and the outcome.
    fn expected(self) -> (usize, &'static str) {
        match self {
            Self::Good | Self::StreamGood => (1, "the value"),
            Self::BadThenGood
            | Self::BusyThenGood
            | Self::FailsThenGood
            | Self::CutThenGood
            | Self::StreamBadThenGood
            | Self::StreamCutBeforeThenGood => (2, "the value"),
            Self::AlwaysBad => (2, "`ErrorKind::Invalid`"),
            Self::Refusal => (1, "`ErrorKind::Refused`"),
            Self::Truncation => (1, "`ErrorKind::Truncated`"),
            Self::Filter => (1, "`ErrorKind::ContentFiltered`"),
            Self::Unauthorized | Self::NotJson | Self::StreamCut | Self::StreamNotJson => {
                (1, "`ErrorKind::Provider`")
            }
            Self::KeepsFailing => (3, "`ErrorKind::Provider`"),
        }
    }

    fn is_streamed(self) -> bool {
        matches!(
            self,
            Self::StreamGood
                | Self::StreamBadThenGood
                | Self::StreamCutBeforeThenGood
                | Self::StreamCut
                | Self::StreamNotJson
        )
    }

    /// Returns the server's answers in this protocol, or `None` if the protocol cannot express the
    /// case.
    fn answers(self, protocol: Protocol, mode: Mode) -> Option<Vec<Act>> {
        let ok = |body: Value| {
            server::answer(200, "content-type: application/json\r\n", &body.to_string())
        };
        let (whole, part) = (json!({"name": "Maria", "age": 34}), json!({"name": "Maria"}));
        let good = || ok(answer(protocol, mode, &whole, Stop::Done));
        let bad = || ok(answer(protocol, mode, &part, Stop::Done));
        let failure = |status, headers: &str| {
            server::answer(status, headers, &json!({"error": {"message": "no"}}).to_string())
        };
        let stream = |value: &Value| streams::whole(protocol, mode, value);
        Some(match self {
            Self::Good => vec![good()],
            Self::BadThenGood => vec![bad(), good()],
            Self::AlwaysBad => vec![bad(), bad(), bad()],
            Self::Refusal => vec![ok(stopped(protocol, Stop::Refused)?), good()],
            Self::Truncation => vec![ok(stopped(protocol, Stop::Cut)?), good()],
            Self::Filter => vec![ok(stopped(protocol, Stop::Filtered)?), good()],
            Self::Unauthorized => vec![failure(401, ""), good()],
            Self::BusyThenGood => vec![failure(429, "retry-after-ms: 3\r\n"), good()],
            Self::FailsThenGood => vec![failure(500, ""), good()],
            Self::KeepsFailing => {
                vec![failure(500, ""), failure(500, ""), failure(500, ""), good()]
            }
            Self::NotJson => vec![server::answer(200, "", "<html>hello</html>"), good()],
            Self::StreamNotJson => {
                vec![server::answer(200, "content-type: text/html\r\n", PAGE), stream(&whole)]
            }
            Self::CutThenGood => {
                let Act::Answer(mut bytes) = good() else { unreachable!("it is an answer") };
                bytes.truncate(bytes.len() - 3);
                vec![Act::Answer(bytes), good()]
            }
            Self::StreamGood => vec![stream(&whole)],
            Self::StreamBadThenGood => vec![stream(&part), stream(&whole)],
            Self::StreamCutBeforeThenGood => vec![streams::silent(protocol), stream(&whole)],
            Self::StreamCut => vec![streams::endless(protocol, mode, &whole), stream(&whole)],
        })
    }
}

fn client_for(preset: &Preset, url: String) -> Client {
    let mut quick = RetryPolicy::times(2);
    quick.first_wait = std::time::Duration::from_millis(1);
    Client::builder()
        .base_url(url)
        .model(format!("{}/some-model", preset.name))
        .api_key("test-key-0123456789")
        .retry_policy(quick)
        .build()
        .unwrap()
}

/// Returns the turns of a request in any protocol.
fn turns(body: &Value) -> &[Value] {
    ["messages", "input", "contents"].iter().find_map(|key| body[*key].as_array()).unwrap()
}

fn ending<T>(result: &Result<T, Error>) -> &'static str {
    match result.as_ref().map_err(Error::kind) {
        Ok(_) => "the value",
        Err(ErrorKind::Invalid { .. }) => "`ErrorKind::Invalid`",
        Err(ErrorKind::Refused { .. }) => "`ErrorKind::Refused`",
        Err(ErrorKind::Truncated { .. }) => "`ErrorKind::Truncated`",
        Err(ErrorKind::ContentFiltered { .. }) => "`ErrorKind::ContentFiltered`",
        Err(ErrorKind::Provider(_)) => "`ErrorKind::Provider`",
        Err(_) => "something else",
    }
}

/// Returns the name of the official types that check this preset's request bodies, or `None`.
fn oracle_kind(preset: &Preset) -> Option<&'static str> {
    match preset.name {
        "openai" => Some("openai-chat"),
        "openai-responses" => Some("openai-responses"),
        "anthropic" => Some("anthropic-messages"),
        "google" => Some("google-generate"),
        "google-interactions" => Some("google-interactions"),
        _ => None,
    }
}

/// Runs one case. Returns the number of requests that the server saw, and the outcome.
async fn run(preset: &Preset, mode: Mode, case: Case, answers: Vec<Act>) -> (usize, &'static str) {
    let what = format!("{} {mode} {case:?}", preset.name);
    let server = Server::start(answers).await;
    let client = client_for(preset, server.url());
    let extraction = client.extract::<Person>("Maria is 34.").mode(mode).validation_retries(1);
    let done = if case.is_streamed() {
        extraction.deltas().report().await
    } else {
        extraction.report().await
    };

    let requests = server.requests();
    let (heads, bodies): (Vec<&str>, Vec<Value>) = requests
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap())
        .map(|(head, body)| (head, serde_json::from_str(body).unwrap()))
        .unzip();
    if let Some(kind) = oracle_kind(preset) {
        bodies.iter().for_each(|body| bodies::keep_as(kind, body));
    }
    let attempts = match &done {
        Ok(done) => {
            assert_eq!(done.value, Person { name: "Maria".into(), age: 34 }, "{what}");
            assert_eq!(done.ledger.attempts.last().unwrap().outcome, Outcome::Accepted, "{what}");
            assert_eq!(
                done.ledger.attempts.last().unwrap().usage.unwrap().output_tokens,
                4,
                "{what}"
            );
            done.ledger.attempts.len()
        }
        Err(error) => error.ledger().attempts.len(),
    };
    match case {
        Case::BadThenGood | Case::AlwaysBad | Case::StreamBadThenGood => {
            assert_eq!(attempts, 2, "{what}");
            let (first, second) = (turns(&bodies[0]), turns(&bodies[1]));
            assert_eq!(second[..first.len()], *first, "{what}: a re-ask only appends");
            assert!(second.len() > first.len(), "{what}");
            let appended = Value::from(second[first.len()..].to_vec()).to_string();
            assert!(appended.contains("/age"), "{what}: {appended}");
        }
        // The transport's retries belong to one attempt, and send the same bytes.
        _ => {
            assert_eq!(attempts, 1, "{what}");
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{what}");
        }
    }
    if case == Case::StreamNotJson {
        let Some(error) = done.as_ref().err().and_then(Error::provider_error) else {
            panic!("{what}: {done:?}")
        };
        assert_eq!(error.kind, ProviderErrorKind::Malformed, "{what}: {error}");
        assert!(error.message.contains("<html>"), "{what}: {error}");
        assert!(error.message.contains("content type text/html"), "{what}: {error}");
    }
    if case == Case::StreamCut {
        let Err(failed) = &done else { panic!("{what}: {done:?}") };
        let error = failed.provider_error().unwrap();
        let ledger = failed.ledger();
        assert_eq!(error.kind, ProviderErrorKind::Interrupted, "{what}: {error}");
        assert!(ledger.attempts[0].reply.contains("Maria"), "{what}: the partial reply is kept");
    }
    if let (Some(head), Auth::Header(name)) = (heads.first(), preset.auth) {
        let head = head.to_ascii_lowercase();
        assert!(head.contains(&format!("\r\n{name}: test-key-0123456789")), "{what}: {head}");
        assert!(!head.contains("\r\nauthorization:"), "{what}");
    }
    (requests.len(), ending(&done))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_preset_in_every_mode_has_the_expected_requests_and_outcome() {
    let mut seen: BTreeMap<(String, Case), (usize, &'static str)> = BTreeMap::new();
    for preset in presets() {
        let mut runs = tokio::task::JoinSet::new();
        for &mode in preset.facts("some-model").modes {
            for case in CASES {
                let Some(answers) = case.answers(preset.protocol, mode) else { continue };
                runs.spawn(async move { (mode, case, run(preset, mode, case, answers).await) });
            }
        }
        while let Some(done) = runs.join_next().await {
            let (mode, case, got) = done.unwrap();
            assert_eq!(got, case.expected(), "{} {mode} {case:?}", preset.name);
            seen.insert((preset.protocol.to_string(), case), got);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let document = document(&seen);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/providers.md is stale: UPDATE_DOCS=1 cargo test -p extract-tests providers::"
    );
}

fn document(seen: &BTreeMap<(String, Case), (usize, &'static str)>) -> String {
    let mut page = String::from(
        "<!-- Generated by tests/it/providers.rs: UPDATE_DOCS=1 cargo test -p extract-tests providers:: -->\n\n\
         # Providers\n\n\
         `Client::new(\"provider/model\")` accepts the names in the table. For any other server, set its base URL and,\n\
         unless it speaks Chat Completions, its protocol:\n\
         `Client::builder().base_url(\"…\").protocol(Protocol::Anthropic).model(\"…\")`.\n\n\
         Modes are listed best first, in the order in which `Mode::Auto` tries them. Rules for single models are in\n\
         the next section. If a server refuses a mode, the client uses the next one, remembers it, and the ledger\n\
         notes it.\n\n\
         | provider | protocol | base URL | key | modes | native schema | tools | media | on the wire |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for preset in presets() {
        let facts = preset.facts("some-model");
        let modes: Vec<String> = facts.modes.iter().map(ToString::to_string).collect();
        let takes = |mode, dialect: &str, strict| match (facts.modes.contains(&mode), strict) {
            (false, _) => String::from("–"),
            (true, true) => format!("{dialect}, enforced"),
            (true, false) => String::from(dialect),
        };
        let mut keys = match preset.key_variables {
            [] => String::from("none"),
            names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "),
        };
        if preset.signed_for.is_some() {
            keys += ", or AWS credentials (feature `bedrock-sigv4`)";
        }
        let _ = writeln!(
            page,
            "| `{}` | {} | `{}` | {keys} | {} | {} | {} | {} | {} |",
            preset.name,
            preset.protocol,
            preset.base_url,
            modes.join(", "),
            takes(Mode::JsonSchema, facts.schema_dialect.name(), facts.schema_strict),
            takes(Mode::Tools, facts.tool_dialect.name(), facts.tool_strict),
            media(&facts.media),
            quirks(preset),
        );
    }
    page += &local();
    page += "\n## Rules for single models\n\n| provider | models | differences |\n|---|---|---|\n";
    for preset in presets() {
        for rule in preset.all_rules() {
            let models: Vec<String> =
                rule.models.iter().map(|model| format!("`{model}`")).collect();
            let _ =
                writeln!(page, "| `{}` | {} | {} |", preset.name, models.join(" "), differs(rule));
        }
    }
    page += &defaults();
    page += "\n## Results by answer\n\n\
             `tests/it/providers.rs` observes these results over a socket, for every preset above and each of its\n\
             modes. Rows marked \"streamed\" use `deltas`; the others receive the whole reply. Re-asks and transport\n\
             retries have separate limits: a 429 or a 500 that passes is one attempt in the ledger. A re-ask only\n\
             appends to the conversation.\n\n\
             | server's answer | requests | result | protocols without it |\n|---|---|---|---|\n";
    let protocols: std::collections::BTreeSet<&String> =
        seen.keys().map(|(protocol, _)| protocol).collect();
    for case in CASES {
        let (requests, ending) = case.expected();
        let missing: Vec<&str> = protocols
            .iter()
            .filter(|protocol| !seen.contains_key(&((**protocol).clone(), case)))
            .map(|protocol| protocol.as_str())
            .collect();
        let missing = if missing.is_empty() { "none" } else { &missing.join(", ") };
        let _ = writeln!(page, "| {} | {requests} | {ending} | {missing} |", case.words());
    }
    page
}

/// Returns the row of the embedded model, which is not a preset and has its own profile.
fn local() -> String {
    let client = Client::new("local").unwrap();
    let profile = client.model().profile();
    let modes: Vec<String> = profile.modes.iter().map(ToString::to_string).collect();
    format!(
        "| `local` | Chat Completions | a server on this machine, set up at the first request | none | \
         {} | {} | {} | {} | the schema is also sent as text; temperature 0 and at most {} tokens \
         unless set; needs the feature `local` |\n",
        modes.join(", "),
        profile.dialect.name(),
        profile.tool_dialect.name(),
        media(&MediaSupport::TEXT),
        profile.settings.max_tokens.unwrap(),
    )
}

/// Returns the differences of a provider from OpenAI on the wire.
fn quirks(preset: &Preset) -> String {
    let facts = &preset.facts;
    let quirks = &facts.quirks;
    let mut notes = Vec::new();
    notes.push(match quirks.tool_choice {
        ToolChoiceForm::Named => "the tool is chosen by name",
        ToolChoiceForm::Required => "`required` in place of the tool's name",
        ToolChoiceForm::Any => "`any` in place of the tool's name",
        ToolChoiceForm::Auto => "tools cannot be forced",
        _ => "tools are not chosen",
    });
    if preset.protocol == Protocol::Chat && quirks.max_tokens == MaxTokensField::MaxTokens {
        notes.push("`max_tokens`");
    }
    match quirks.sampling {
        Sampling::Accepted => {}
        Sampling::WithoutThinking => notes.push("sampling parameters only without thinking"),
        _ => notes.push("no sampling parameters"),
    }
    if quirks.cache == CacheForm::Marked {
        notes.push("cache points are marked");
    }
    match quirks.cache_key {
        CacheKeyField::PromptCacheKey => notes.push("`prompt_cache_key`"),
        CacheKeyField::Header("x-grok-conv-id") => {
            notes.push("the cache key is in the header `x-grok-conv-id`");
        }
        CacheKeyField::Header(other) => panic!("{other}"),
        _ => {}
    }
    if quirks.service_tier == TierField::None {
        notes.push("no service tier");
    }
    if !quirks.replay.is_empty() {
        notes.push("requires its reasoning in the next request");
    }
    if facts.asking == AskingForm::MembersBehindText {
        notes.push("json_object and text ask in a sentence behind the text");
    }
    format!("{}; thinking: {}", notes.join("; "), thinking(&quirks.thinking))
}

/// Returns what a model can be told about its thinking.
fn thinking(support: &ThinkingSupport) -> String {
    let if_told_nothing = if support.by_default { ", thinks if told nothing" } else { "" };
    format!("{}{if_told_nothing}", support.words())
}

/// Returns the table of the fields that are sent although the caller set nothing, as they are in the body.
fn defaults() -> String {
    let mut page = String::from(
        "\n## What is sent unless you set it\n\n\
         The fields of a request's body beside the conversation, the schema and its mode, for the first mode\n\
         of each model. A setting, or `extra_body`, replaces them. Every request also has the header\n\
         `user-agent: extract-llm/…`; Anthropic's has `anthropic-version` as well.\n\n\
         | provider | model | whole reply | added for a stream |\n|---|---|---|---|\n",
    );
    for preset in presets() {
        let models = match preset.name {
            "openai" | "openai-responses" => &["gpt-4.1", "gpt-6-luna"][..],
            "anthropic" => &["claude-opus-5-5", "claude-3-haiku"],
            _ => &["some-model"],
        };
        for model in models {
            let whole = fields(preset, model, Delivery::Whole);
            let mut streamed = fields(preset, model, Delivery::Streamed);
            streamed.retain(|name, value| whole.get(name) != Some(value));
            let json = |fields: serde_json::Map<String, Value>| {
                if fields.is_empty() {
                    String::from("–")
                } else {
                    format!("`{}`", Value::Object(fields))
                }
            };
            let (whole, streamed) = (json(whole), json(streamed));
            let _ = writeln!(page, "| `{}` | `{model}` | {whole} | {streamed} |", preset.name);
        }
    }
    let local = Client::new("local").unwrap().model().profile().settings;
    let (tokens, temperature) = (local.max_tokens.unwrap(), local.temperature.unwrap());
    let _ = writeln!(
        page,
        "| `local` | the embedded one | `{{\"max_tokens\":{tokens},\"temperature\":{temperature:?}}}` | as `llamacpp` |"
    );
    page
}

/// Returns the fields of a body that say neither the conversation nor the form of the answer.
fn fields(preset: &Preset, model: &str, delivery: Delivery) -> serde_json::Map<String, Value> {
    let facts = preset.facts(model);
    let contract = Contract::of::<Person>().unwrap();
    let mut request = Request::new(vec![Message::user("Maria is 34.")]);
    request.settings.max_tokens = facts.max_tokens;
    request.output = match facts.modes[0] {
        Mode::JsonSchema => {
            let form = contract.lowered(facts.schema_dialect, facts.schema_strict).unwrap();
            Output::JsonSchema(form.tool.clone())
        }
        Mode::Tools => {
            let form = contract.lowered(facts.tool_dialect, facts.tool_strict).unwrap();
            let mut tools = Tools::default();
            tools.tools = vec![form.tool.clone()];
            Output::Tools(tools)
        }
        _ => Output::JsonObject,
    };
    let body = preset.protocol.encode(&request, model, &facts.quirks, delivery).unwrap();
    let mut body: serde_json::Map<String, Value> = serde_json::from_slice(&body).unwrap();
    let conversation = ["model", "messages", "input", "contents"];
    let answer = ["tools", "toolConfig", "response_format", "text", "output_config", "format"];
    for name in conversation.iter().chain(&answer) {
        body.remove(*name);
    }
    if let Some(Value::Object(config)) = body.get_mut("generationConfig") {
        config.retain(|name, _| !name.starts_with("response"));
    }
    body.retain(|_, value| value.as_object().is_none_or(|object| !object.is_empty()));
    body
}

fn media(support: &extract_core::model::MediaSupport) -> String {
    let kinds =
        [("images", support.image), ("audio", support.audio), ("documents", support.document)];
    let words: Vec<String> = kinds
        .iter()
        .filter_map(|(kind, ways)| {
            let ways: Vec<&str> = [(ways.bytes, "bytes"), (ways.url, "URL"), (ways.id, "file id")]
                .iter()
                .filter_map(|(taken, word)| taken.then_some(*word))
                .collect();
            (!ways.is_empty()).then(|| format!("{kind} by {}", ways.join(", ")))
        })
        .collect();
    if words.is_empty() { String::from("text only") } else { words.join("; ") }
}

fn differs(rule: &extract_core::model::Rule) -> String {
    let mut words = Vec::new();
    if let Some(modes) = rule.modes {
        let modes: Vec<String> = modes.iter().map(ToString::to_string).collect();
        words.push(format!("modes {}", modes.join(", ")));
    }
    if let Some((dialect, strict)) = rule.schema {
        words.push(format!(
            "native schema {}{}",
            dialect.name(),
            if strict { ", enforced" } else { "" }
        ));
    }
    if let Some((dialect, strict)) = rule.tool {
        words.push(format!("tools {}{}", dialect.name(), if strict { ", enforced" } else { "" }));
    }
    if let Some(choice) = rule.tool_choice {
        words.push(format!("tool choice {choice:?}").to_lowercase());
    }
    match rule.sampling {
        None => {}
        Some(Sampling::Accepted) => words.push("takes sampling parameters".into()),
        Some(Sampling::WithoutThinking) => {
            words.push("takes sampling parameters only without thinking".into());
        }
        Some(_) => words.push("refuses sampling parameters".into()),
    }
    if let Some(tokens) = rule.max_tokens {
        words.push(format!("at most {tokens} tokens unless set"));
    }
    if let Some(support) = &rule.media {
        words.push(media(support));
    }
    if rule.max_tokens_field.is_some() {
        words.push("token limit in `max_tokens`".into());
    }
    if let Some(support) = &rule.thinking {
        words.push(format!("thinking: {}", thinking(support)));
    }
    if rule.system == Some(SystemPlace::Turn) {
        words.push("later system messages have their own turn".into());
    }
    match rule.cache {
        Some(CacheForm::MarkedMessages) => {
            words.push("cache points are marked, not on tools".into());
        }
        Some(_) => words.push("cache points are marked".into()),
        None => {}
    }
    if rule.asking == Some(AskingForm::MembersBehindText) {
        words.push("json_object and text ask in a sentence behind the text".into());
    }
    if rule.schema_field.is_some() {
        words.push("the schema is in another field".into());
    }
    words.join("; ")
}

#[test]
fn every_preset_has_a_contract_for_its_dialects() {
    let contract = Contract::of::<Person>().unwrap();
    for preset in presets() {
        let facts = preset.facts("some-model");
        for (dialect, strict) in
            [(facts.schema_dialect, facts.schema_strict), (facts.tool_dialect, facts.tool_strict)]
        {
            contract
                .lowered(dialect, strict)
                .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
        }
    }
}
