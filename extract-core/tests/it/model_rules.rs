//! What single models accept, over a loopback server: thinking, sampling parameters, later system messages
//! and forced calls.

use extract_core::Client;
use extract_core::conversation::{
    Conversation, Effort, Feature, Media, MediaKind, Message, Mode, Part, ProviderErrorKind,
    Thinking,
};
use extract_core::extraction::{ErrorKind, Extraction};
use serde_json::{Value, json};

use crate::support::server::{Server, answer};

fn client(server: &Server, model: &str) -> Client {
    let builder = Client::builder().base_url(server.url()).model(model);
    builder.api_key("key-0123456789").build().unwrap()
}

fn schema() -> Value {
    json!({"type": "object", "title": "Person", "required": ["age"], "additionalProperties": false,
        "properties": {"age": {"type": "integer"}}})
}

/// Returns the bodies of the requests.
fn bodies(server: &Server) -> Vec<Value> {
    let body =
        |request: String| serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    server.requests().into_iter().map(body).collect()
}

type Configure = fn(Extraction<Value>) -> Extraction<Value>;

/// Sends one request to a server that refuses it. Returns the body, or the error of a request that was not
/// sent.
async fn sent(
    model: &str,
    input: impl Into<Conversation>,
    configure: impl Fn(Extraction<Value>) -> Extraction<Value>,
) -> Result<Value, extract_core::Error> {
    let server = Server::start([answer(402, "", r#"{"error": {"message": "No."}}"#)]).await;
    let client = client(&server, model);
    let error = configure(client.extract_value(schema(), input)).await.unwrap_err();
    bodies(&server).pop().ok_or(error)
}

/// Returns the setting that an error refuses, and its message.
fn refused(error: &extract_core::Error) -> (String, String) {
    match error.kind() {
        ErrorKind::Provider(error) if error.kind == ProviderErrorKind::Unsupported => {
            match &error.unsupported {
                Some(Feature::Setting(name)) => (name.clone(), error.message.clone()),
                other => panic!("{other:?}"),
            }
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn thinking_is_said_in_the_form_of_each_model() {
    use Effort::{High, Low, Max, Minimal, XHigh};
    use Thinking::{Adaptive, Budget, Off};
    let cases: &[(&str, Thinking, &str, Value)] = &[
        ("openai/gpt-5.1", Low.into(), "/reasoning_effort", json!("low")),
        ("openai/gpt-5.6-sol", Off, "/reasoning_effort", json!("none")),
        ("openai/gpt-5.6-sol", Adaptive, "/reasoning_effort", Value::Null),
        ("openai/gpt-4.1", Off, "/reasoning_effort", Value::Null),
        ("openai-responses/gpt-6-astra", Max.into(), "/reasoning/effort", json!("max")),
        ("openai-responses/gpt-5-mini", Minimal.into(), "/reasoning/effort", json!("minimal")),
        ("anthropic/claude-opus-5-5", Max.into(), "", json!({"output_config/effort": "max"})),
        ("anthropic/claude-opus-5", Off, "/thinking", json!({"type": "disabled"})),
        ("anthropic/claude-haiku-5-5", Off, "/thinking", json!({"type": "disabled"})),
        ("anthropic/claude-sonnet-5-5", Off, "/thinking", json!({"type": "between_tools"})),
        ("anthropic/claude-opus-4-7", Off, "/thinking", Value::Null),
        ("anthropic/claude-fable-5-2", Adaptive, "/thinking", json!({"type": "adaptive"})),
        ("anthropic/claude-sonnet-4-6", High.into(), "/thinking", json!({"type": "adaptive"})),
        ("anthropic/claude-sonnet-4-6", High.into(), "/output_config/effort", json!("high")),
        (
            "anthropic/claude-haiku-4-5",
            Budget(2_000),
            "/thinking",
            json!({"type": "enabled", "budget_tokens": 2000}),
        ),
        ("anthropic/claude-opus-4-5", Low.into(), "/thinking", Value::Null),
        ("anthropic/claude-opus-4-5", Low.into(), "/output_config/effort", json!("low")),
        (
            "bedrock/anthropic.claude-opus-4-6-v1:0",
            Low.into(),
            "/additionalModelRequestFields",
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        ),
        (
            "google/gemini-2.5-flash",
            Off,
            "/generationConfig/thinkingConfig",
            json!({"thinkingBudget": 0}),
        ),
        (
            "google/gemini-2.5-pro",
            Adaptive,
            "/generationConfig/thinkingConfig",
            json!({"thinkingBudget": -1}),
        ),
        (
            "google/gemini-2.5-flash",
            High.into(),
            "/generationConfig/thinkingConfig",
            json!({"thinkingBudget": 24_576}),
        ),
        (
            "google/gemini-3-flash",
            Minimal.into(),
            "/generationConfig/thinkingConfig",
            json!({"thinkingLevel": "MINIMAL"}),
        ),
        ("google/gemini-3-flash", Adaptive, "/generationConfig/thinkingConfig", Value::Null),
        (
            "google-interactions/gemini-4-hydrogen",
            XHigh.into(),
            "/generation_config/thinking_level",
            json!("xhigh"),
        ),
        ("cohere/command-a", Budget(500), "/thinking/token_budget", json!(500)),
        ("cohere/command-a", Off, "/thinking/type", json!("disabled")),
        ("deepseek/deepseek-v4-pro", Off, "/thinking/type", json!("disabled")),
        ("deepseek/deepseek-v4-pro", Adaptive, "/thinking/type", json!("enabled")),
        ("openrouter/m", Budget(500), "/reasoning", json!({"max_tokens": 500})),
        ("openrouter/m", Off, "/reasoning", json!({"effort": "none"})),
        ("openrouter/m", Adaptive, "/reasoning", json!({"enabled": true})),
        ("ollama-native/m", Off, "/think", json!(false)),
        ("ollama-native/m", Low.into(), "/think", json!("low")),
    ];
    for (model, thinking, pointer, expected) in cases {
        let body = sent(model, "aged 41", |it| it.thinking(*thinking)).await;
        let body = body.unwrap_or_else(|error| panic!("{model} {thinking}: {error}"));
        let pairs = match (pointer, expected) {
            (&"", Value::Object(pairs)) => {
                pairs.iter().map(|(at, value)| (format!("/{at}"), value.clone())).collect()
            }
            (pointer, expected) => vec![((*pointer).to_owned(), expected.clone())],
        };
        for (pointer, expected) in pairs {
            let found = body.pointer(&pointer).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{model} {thinking}: {body}");
        }
    }
}

#[tokio::test]
async fn what_a_model_cannot_be_told_about_thinking_is_refused_before_it_is_sent() {
    use Effort::{Max, Medium, Minimal, XHigh};
    use Thinking::{Adaptive, Budget, Off};
    for (model, thinking, words) in [
        ("openai/gpt-6-astra", Off, "`Effort::Low`"),
        ("openai/gpt-5.6-sol", Max.into(), "`Effort::XHigh`"),
        ("openai-responses/gpt-5.1", XHigh.into(), "`Off`, `Effort::Low`"),
        ("openai-responses/gpt-5.2", Adaptive, "`Off`, `Effort::Low`"),
        ("openai-responses/gpt-5-pro", Medium.into(), "`Effort::High`"),
        ("openai/gpt-4.1", Medium.into(), "`Off`"),
        ("openai/gpt-5.6-sol", Budget(100), "`Effort::Low`"),
        ("anthropic/claude-opus-5-5", Off, "`Adaptive`"),
        ("anthropic/claude-fable-5-1", Off, "`Adaptive`"),
        ("anthropic/claude-opus-5", Budget(2_000), "`Adaptive`"),
        ("anthropic/claude-opus-4-6", XHigh.into(), "`Effort::Max`"),
        ("anthropic/claude-haiku-4-5", Adaptive, "`Budget`"),
        ("anthropic/claude-haiku-4-5", Medium.into(), "`Budget`"),
        ("google/gemini-2.5-pro", Off, "`Budget`"),
        ("google/gemini-3-flash", Off, "`Effort::Minimal`"),
        ("google/gemini-3-flash", Budget(100), "`Effort::Minimal`"),
        ("google/gemini-3.8-flash", Minimal.into(), "`Effort::Low`"),
        ("bedrock/amazon.nova", Adaptive, "none of them"),
        ("mistral/m", Medium.into(), "none of them"),
        ("deepseek/deepseek-v4-pro", Medium.into(), "`Off`, `Adaptive`"),
    ] {
        let error = sent(model, "aged 41", |it| it.thinking(thinking)).await.unwrap_err();
        let (name, message) = refused(&error);
        assert_eq!(name, "thinking", "{model} {thinking}: {message}");
        assert!(message.contains(words), "{model} {thinking}: {message}");
        assert!(message.contains("lenient_settings"), "{message}");
    }
    // A budget needs room for the answer.
    let budget = |it: Extraction<Value>| it.thinking(Budget(2_000)).max_tokens(2_000);
    let error = sent("anthropic/claude-haiku-4-5", "aged 41", budget).await.unwrap_err();
    assert!(refused(&error).1.contains("max_tokens"), "{error}");
}

#[tokio::test]
async fn sampling_depends_on_the_model_and_its_thinking() {
    let cold: Configure = |it| it.temperature(0.0);
    let cold_and_off: Configure = |it| it.temperature(0.0).thinking(Thinking::Off);
    let cold_and_low: Configure = |it| it.temperature(0.0).thinking(Effort::Low);
    let one: Configure = |it| it.temperature(1.0);
    for (model, configure, passes) in [
        ("openai/gpt-4.1", cold, true),
        ("openai/gpt-5-mini", cold, false),
        ("openai/gpt-5.1", cold, true),
        ("openai/gpt-5.1", cold_and_low, false),
        ("openai/gpt-5.6-sol", cold, false),
        ("openai/gpt-5.6-sol", cold_and_off, true),
        ("openai/gpt-6-luna", cold, false),
        ("openai/gpt-6-luna", cold_and_off, true),
        ("openai/gpt-6-astra", cold, false),
        ("openai/gpt-6-astra", one, true),
        ("anthropic/claude-opus-5-5", cold, false),
        ("anthropic/claude-opus-5", cold_and_off, false),
        ("anthropic/claude-sonnet-4-6", cold, true),
        ("anthropic/claude-sonnet-4-6", cold_and_low, false),
        ("google/gemini-3.8-flash", cold, false),
        ("google/gemini-2.5-flash", cold, true),
    ] {
        match (sent(model, "aged 41", configure).await, passes) {
            (Ok(_), true) => {}
            (Err(error), false) => assert_eq!(refused(&error).0, "temperature", "{model}"),
            (got, _) => panic!("{model}: {got:?}"),
        }
    }
}

#[tokio::test]
async fn lenient_settings_are_changed_or_left_out_with_a_note() {
    let cases: [(&str, Configure, &[&str], Value); 6] = [
        ("openai/gpt-6-luna", |it| it.temperature(0.0), &["`temperature` is left out"], json!({})),
        (
            "openai/gpt-6-astra",
            |it| it.temperature(0.0).thinking(Thinking::Off),
            &["`thinking` is effort low", "`temperature` is left out"],
            json!({"reasoning_effort": "low"}),
        ),
        (
            "openai/gpt-5.6-sol",
            |it| it.thinking(Effort::Max),
            &["`thinking` is effort xhigh"],
            json!({"reasoning_effort": "xhigh"}),
        ),
        (
            "mistral/m",
            |it| it.thinking(Effort::Low).service_tier("flex").seed(7),
            &["`thinking` is left out", "`service_tier` is left out"],
            json!({"random_seed": 7}),
        ),
        (
            "openai-responses/gpt-4.1",
            |it| it.stop("END").seed(7).top_p(0.5),
            &["`seed` is left out", "`stop` is left out"],
            json!({"top_p": 0.5}),
        ),
        (
            "openai/gpt-4.1",
            |it| it.temperature(0.0).seed(7),
            &[],
            json!({"temperature": 0.0, "seed": 7}),
        ),
    ];
    for (model, configure, notes, fields) in cases {
        let server = Server::start([answer(402, "", r#"{"error": {"message": "No."}}"#)]).await;
        let extraction = client(&server, model).extract_value(schema(), "aged 41");
        let error = configure(extraction).lenient_settings().await.unwrap_err();
        let body = bodies(&server).pop().unwrap_or_else(|| panic!("{model}: {error}"));
        let found = &error.ledger().notes;
        assert_eq!(found.len(), notes.len(), "{model}: {found:?}");
        for (note, found) in notes.iter().zip(found) {
            assert!(found.starts_with(note), "{model}: {found}");
        }
        for name in ["temperature", "top_p", "seed", "random_seed", "stop", "reasoning_effort"] {
            assert_eq!(body.get(name), fields.get(name), "{model} {name}: {body}");
        }
    }
}

#[tokio::test]
async fn a_setting_that_the_server_refuses_is_left_out_and_remembered() {
    let message = "Unsupported value: 'temperature' does not support 0 with this model.";
    let refusal = json!({"error": {"message": message, "param": "temperature",
        "type": "invalid_request_error", "code": "unsupported_value"}});
    let value = json!({"choices": [{"message": {"role": "assistant", "content": r#"{"age": 41}"#},
        "finish_reason": "stop"}]});
    let start = || {
        Server::start([answer(400, "", &refusal.to_string()), answer(200, "", &value.to_string())])
    };
    let server = start().await;
    let plain = client(&server, "groq/some-model");
    let error = plain.extract_value(schema(), "aged 41").temperature(0.0).await.unwrap_err();
    assert_eq!(refused(&error).0, "temperature");
    assert_eq!(server.count(), 1);

    let server = start().await;
    let builder = Client::builder().base_url(server.url()).model("groq/some-model");
    let lenient = builder.api_key("key-0123456789").lenient_settings().build().unwrap();
    for expected in [2, 3] {
        let cold = lenient.extract_value(schema(), "aged 41").temperature(0.0);
        let done = cold.report().await.unwrap();
        assert_eq!(done.value, json!({"age": 41}));
        assert!(done.ledger.notes[0].starts_with("`temperature` is left out"));
        assert_eq!(server.count(), expected);
    }
    let has =
        bodies(&server).iter().map(|body| body.get("temperature").is_some()).collect::<Vec<_>>();
    assert_eq!(has, [true, false, false]);
}

/// Returns a conversation with a system message between the turns.
fn interrupted() -> Vec<Message> {
    vec![
        Message::system("Be exact."),
        Message::user("Maria is 34."),
        Message::assistant("I see."),
        Message::user("She was 33 last year."),
        Message::system("Count in years."),
    ]
}

#[tokio::test]
async fn a_later_system_message_never_changes_the_beginning_of_a_request() {
    for model in [
        "openai/gpt-4.1",
        "openai-responses/gpt-4.1",
        "anthropic/claude-sonnet-5",
        "anthropic/claude-opus-5",
        "google/gemini-3-flash",
        "google-interactions/gemini-3-flash",
        "bedrock/amazon.nova",
        "cohere/command-a",
        "ollama-native/m",
    ] {
        let before = sent(model, &interrupted()[..4], |it| it).await.unwrap();
        let with = sent(model, &interrupted()[..], |it| it).await.unwrap();
        for front in ["system", "systemInstruction", "system_instruction", "tools"] {
            assert_eq!(before.get(front), with.get(front), "{model}");
        }
        let turns = |body: &Value| {
            let lists = ["messages", "input", "contents"];
            lists.iter().find_map(|list| body.get(list)?.as_array().cloned()).unwrap()
        };
        let (before, with) = (turns(&before), turns(&with));
        let last = before.len() - 1;
        assert_eq!(before[..last], with[..last], "{model}");
        assert!(with[last..].iter().any(|turn| turn.to_string().contains("Count in years.")));
    }
}

#[tokio::test]
async fn a_later_system_message_has_its_own_turn_only_where_the_model_honours_it() {
    for (model, messages, role) in [
        ("anthropic/claude-opus-5", interrupted(), "system"),
        ("anthropic/claude-opus-4-8", interrupted(), "system"),
        ("anthropic/claude-fable-5-2", interrupted(), "system"),
        ("anthropic/claude-sonnet-5", interrupted(), "user"),
        ("anthropic/claude-haiku-5-5", interrupted(), "user"),
        ("anthropic/claude-opus-4-6", interrupted(), "user"),
        // Such a turn may not stand behind one of the assistant, or in front of one of the user.
        ("anthropic/claude-opus-5", [&interrupted()[..3], &interrupted()[4..]].concat(), "user"),
        (
            "anthropic/claude-opus-5",
            [interrupted(), vec![Message::user("How old is she?")]].concat(),
            "user",
        ),
    ] {
        let body = sent(model, &messages[..], |it| it).await.unwrap();
        let turns = body["messages"].as_array().unwrap();
        let turn = turns.iter().find(|turn| turn.to_string().contains("Count in years.")).unwrap();
        assert_eq!(turn["role"], role, "{model}: {body}");
        assert!(!body["system"].to_string().contains("Count in years."), "{model}: {body}");
    }
}

#[tokio::test]
async fn a_model_that_cannot_be_forced_is_told_to_call_the_tool() {
    let tools: Configure = |it| it.mode(Mode::Tools);
    let budget: Configure = |it| it.mode(Mode::Tools).thinking(Thinking::Budget(2_000));
    let replaced: Configure = |it| it.mode(Mode::Tools).instructions(|_| String::from("Appelle."));
    for (model, configure, told) in [
        ("anthropic/claude-opus-5-5", tools, Some("Answer with a call of the tool `Person`.")),
        ("anthropic/claude-opus-5-5", replaced, Some("Appelle.")),
        ("anthropic/claude-haiku-4-5", tools, None),
        ("anthropic/claude-haiku-4-5", budget, Some("Answer with a call of the tool `Person`.")),
        ("bedrock/anthropic.claude-opus-5-5", tools, Some("Answer with a call of the tool")),
        ("bedrock/meta.llama4", tools, Some("Answer with a call of the tool `Person`.")),
        ("deepseek/deepseek-v4-pro", tools, Some("Answer with a call of the tool `Person`.")),
        ("ollama-native/m", tools, Some("Answer with a call of the tool `Person`.")),
        ("openai/gpt-4.1", tools, None),
        ("google/gemini-3-flash", tools, None),
    ] {
        let body = sent(model, "aged 41", configure).await.unwrap().to_string();
        assert_eq!(
            body.contains("Answer with a call"),
            told.is_some_and(|told| told != "Appelle.")
        );
        assert!(told.is_none_or(|told| body.contains(told)), "{model}: {body}");
        let choice = serde_json::from_str::<Value>(&body).unwrap()["tool_choice"].clone();
        let forced = matches!(choice["type"].as_str(), Some("tool" | "any" | "function"));
        assert!(told.is_none() || !forced, "{model}: {choice}");
    }
}

#[tokio::test]
async fn responses_store_nothing_and_repeat_their_encrypted_reasoning() {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [],
        "encrypted_content": "gAAAAB"});
    let message = |text: &str| {
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})
    };
    let reply = |text: &str| {
        let body = json!({"id": "resp_1", "status": "completed", "store": false,
            "output": [reasoning, message(text)]});
        answer(200, "", &body.to_string())
    };
    let server = Server::start([reply(r#"{"age": "old"}"#), reply(r#"{"age": 41}"#)]).await;
    let client = client(&server, "openai-responses/gpt-6-sol");
    let value = client.extract_value(schema(), "aged 41").await.unwrap();
    assert_eq!(value["age"], 41);
    let sent = bodies(&server);
    for body in &sent {
        assert_eq!(body["store"], false, "{body}");
        assert_eq!(body["include"], json!(["reasoning.encrypted_content"]), "{body}");
    }
    let again = sent[1]["input"].as_array().unwrap();
    assert!(again.contains(&reasoning), "{:?}", sent[1]);

    // A model that does not think refuses to be asked for its reasoning; an unknown server is told
    // neither.
    let plain = self::sent("openai-responses/gpt-4.1", "aged 41", |it| it).await.unwrap();
    assert_eq!((&plain["store"], plain.get("include")), (&json!(false), None));
    let kept = |it: Extraction<Value>| it.extra_body("store", true);
    let kept = self::sent("openai-responses/gpt-6-sol", "aged 41", kept).await.unwrap();
    assert_eq!(kept["store"], true);
}

#[tokio::test]
async fn a_full_context_window_is_no_limit_of_the_reply() {
    let replies = [
        (
            "anthropic/claude-opus-5",
            json!({"type": "message", "role": "assistant",
                "content": [{"type": "text", "text": "{\"age\": 4"}],
                "stop_reason": "model_context_window_exceeded",
                "usage": {"input_tokens": 9, "output_tokens": 4}}),
        ),
        (
            "mistral/m",
            json!({"choices": [{"message": {"role": "assistant", "content": "{\"age\": 4"},
                "finish_reason": "model_length"}]}),
        ),
    ];
    for (model, reply) in replies {
        let server = Server::start([answer(200, "", &reply.to_string())]).await;
        let extraction = client(&server, model).extract_value(schema(), "aged 41");
        let error = extraction.retry_truncated(50_000).await.unwrap_err();
        let ErrorKind::Provider(provider) = error.kind() else { panic!("{error}") };
        assert_eq!(provider.kind, ProviderErrorKind::ContextTooLong, "{model}: {error}");
        assert!(error.to_string().contains("context window"), "{error}");
        assert_eq!(error.ledger().attempts[0].reply, "{\"age\": 4");
        assert_eq!(server.count(), 1, "{model}");
    }
}

#[tokio::test]
async fn media_at_a_url_without_an_ending_need_a_type_for_gemini() {
    let image = Media::url(MediaKind::Image, "https://store.example/receipt");
    let input = |media: Media| vec![Message::user([Part::from("Read this."), Part::Media(media)])];
    let model = "google/gemini-3-flash";
    let error = sent(model, input(image.clone()), |it| it).await.unwrap_err();
    let ErrorKind::Provider(provider) = error.kind() else { panic!("{error}") };
    assert_eq!(provider.unsupported, Some(Feature::Media(MediaKind::Image)), "{error}");
    assert!(error.to_string().contains("media_type"), "{error}");
    let typed = sent(model, input(image.media_type("image/png")), |it| it).await.unwrap();
    assert!(typed.to_string().contains("image/png"), "{typed}");
}
