//! The request body of each protocol, for every output mode and every kind of part. With
//! `EXTRACT_BODIES_DIR` the bodies are saved, to be checked against the providers' official types.

use std::io::Write;
use std::sync::Arc;

use extract_core::conversation::{
    Block, Effort, Feature, Message, Output, Part, ProviderErrorKind, ProviderState, Reply,
    Request, Settings, StopReason, Tool, ToolCall, ToolChoice, ToolResult, Tools,
};
use extract_core::model::{Facts, presets};
use extract_core::wire::{Delivery, Protocol, Quirks, ToolChoiceForm};
use serde_json::{Value, json};

/// Encodes a request for a preset's model, and saves the body for that check.
pub(crate) fn encode(provider: &str, model: &str, request: &Request, delivery: Delivery) -> Value {
    let preset = presets().iter().find(|preset| preset.name == provider).unwrap();
    let facts: Facts = preset.facts(model);
    let body = preset.protocol.encode(request, model, &facts.quirks, delivery).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    keep(provider, &body);
    body
}

/// Saves the body of a request for that check.
pub(crate) fn keep(provider: &str, body: &Value) {
    // Only these presets use the reference form of their protocol.
    let kind = match provider {
        "openai" => Some("openai-chat"),
        "openai-responses" => Some("openai-responses"),
        "anthropic" => Some("anthropic-messages"),
        "google" => Some("google-generate"),
        "google-interactions" => Some("google-interactions"),
        _ => None,
    };
    // The official types are of a later version, without sampling settings.
    let sampled = provider == "anthropic" && body.get("temperature").is_some();
    let kind = kind.filter(|_| !sampled);
    let (Some(kind), Some(dir)) = (kind, std::env::var_os("EXTRACT_BODIES_DIR")) else { return };
    let path = std::path::Path::new(&dir).join(format!("{kind}.jsonl"));
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
}

const MODELS: [(&str, &str); 9] = [
    ("openai", "gpt-4.1-mini"),
    ("openai-responses", "gpt-5.4"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-3-flash"),
    ("google-interactions", "gemini-3-flash"),
    ("mistral", "mistral-large-latest"),
    ("cohere", "command-a-03-2025"),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-v1:0"),
    ("ollama-native", "qwen3"),
];

fn tool() -> Arc<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": false,
    });
    Arc::new(Tool::new("person", schema).description("A person.").strict(true))
}

fn request(output: Output) -> Request {
    let messages = vec![Message::system("Be exact."), Message::user("Maria is 34.")];
    let mut request = Request::new(messages);
    request.output = output;
    request
}

#[test]
fn every_mode_over_every_protocol() {
    let outputs = [
        Output::Tools(Tools::one(tool())),
        Output::JsonSchema(tool()),
        Output::JsonObject,
        Output::Text,
    ];
    for (provider, model) in MODELS {
        for output in &outputs {
            for delivery in [Delivery::Whole, Delivery::Streamed] {
                let body = encode(provider, model, &request(output.clone()), delivery);
                assert!(body.is_object());
                let said = body.to_string();
                assert!(said.contains("Maria is 34.") && said.contains("Be exact."), "{said}");
                let schema = matches!(output, Output::Tools(_) | Output::JsonSchema(_));
                assert_eq!(said.contains("additionalProperties"), schema, "{said}");
            }
        }
    }
}

#[test]
fn the_schema_is_at_the_pointer_of_each_protocol() {
    let schema = &tool().schema;
    let native: [(&str, &str, &str); 6] = [
        ("openai", "gpt-4.1", "/response_format/json_schema/schema"),
        ("openai-responses", "gpt-4.1", "/text/format/schema"),
        ("anthropic", "claude-opus-5-5", "/output_config/format/schema"),
        ("google", "gemini-3-flash", "/generationConfig/responseJsonSchema"),
        ("google-interactions", "gemini-3-flash", "/response_format/schema"),
        ("cohere", "command-a-03-2025", "/response_format/json_schema"),
    ];
    for (provider, model, pointer) in native {
        let body = encode(provider, model, &request(Output::JsonSchema(tool())), Delivery::Whole);
        assert_eq!(body.pointer(pointer), Some(schema), "{body}");
    }
    let bedrock = encode(
        "bedrock",
        "us.anthropic.claude-sonnet-4-5-v1:0",
        &request(Output::JsonSchema(tool())),
        Delivery::Whole,
    );
    let text = bedrock.pointer("/outputConfig/textFormat/structure/jsonSchema/schema").unwrap();
    assert_eq!(serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap(), *schema);

    let choices: [(&str, &str, &str, Value); 8] = [
        (
            "openai",
            "gpt-4.1",
            "/tool_choice",
            json!({"type": "function", "function": {"name": "person"}}),
        ),
        (
            "openai-responses",
            "gpt-5.4",
            "/tool_choice",
            json!({"type": "function", "name": "person"}),
        ),
        (
            "anthropic",
            "claude-sonnet-4-6",
            "/tool_choice",
            json!({"type": "tool", "name": "person", "disable_parallel_tool_use": true}),
        ),
        (
            "anthropic",
            "claude-opus-5-5",
            "/tool_choice",
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (
            "google",
            "gemini-3-flash",
            "/toolConfig/functionCallingConfig",
            json!({"mode": "ANY", "allowedFunctionNames": ["person"]}),
        ),
        (
            "google-interactions",
            "gemini-3-flash",
            "/generation_config/tool_choice",
            json!({"allowed_tools": {"mode": "any", "tools": ["person"]}}),
        ),
        ("mistral", "mistral-large-latest", "/tool_choice", json!("any")),
        ("deepseek", "deepseek-v4-flash", "/tool_choice", json!("auto")),
    ];
    for (provider, model, pointer, expected) in choices {
        let body =
            encode(provider, model, &request(Output::Tools(Tools::one(tool()))), Delivery::Whole);
        assert_eq!(body.pointer(pointer), Some(&expected), "{provider} {model}: {body}");
    }
}

/// Returns a request with two tools and this tool choice.
fn two(choice: ToolChoice, parallel: bool) -> Request {
    let mut tools = Tools::one(tool());
    let schema = json!({
        "type": "object",
        "properties": {"reason": {"type": "string"}},
        "required": ["reason"],
        "additionalProperties": false,
    });
    tools.tools.push(Arc::new(Tool::new("nobody", schema).description("Nobody.").strict(true)));
    tools.choice = choice;
    tools.parallel = parallel;
    request(Output::Tools(tools))
}

/// Returns the names of the tools that a body offers, in any protocol.
fn offered(body: &Value) -> Vec<String> {
    let lists = ["/tools/0/functionDeclarations", "/toolConfig/tools", "/tools"];
    let list = lists.iter().find_map(|at| body.pointer(at)?.as_array()).unwrap();
    let names = ["/name", "/function/name", "/toolSpec/name"];
    list.iter()
        .map(|tool| names.iter().find_map(|at| tool.pointer(at)?.as_str()).unwrap().to_owned())
        .collect()
}

const CHOICES: [ToolChoice; 3] = [ToolChoice::Any, ToolChoice::Only(1), ToolChoice::Auto];

#[test]
fn a_tool_choice_is_encoded_for_each_protocol() {
    // The expected values that demand any tool, demand the second one, and leave the choice free.
    // Providers that cannot demand the second tool by name are offered it alone.
    let gemini = |mode: &str, names: &[&str]| {
        let mut config = json!({"mode": mode});
        if !names.is_empty() {
            config["allowedFunctionNames"] = json!(names);
        }
        config
    };
    let chat = json!({"type": "function", "function": {"name": "nobody"}});
    let rows: [(&str, &str, &str, [Value; 3], bool); 9] = [
        ("openai", "gpt-4.1", "/tool_choice", [json!("required"), chat, json!("auto")], false),
        (
            "openai-responses",
            "gpt-5.4",
            "/tool_choice",
            [json!("required"), json!({"type": "function", "name": "nobody"}), json!("auto")],
            false,
        ),
        (
            "anthropic",
            "claude-sonnet-4-6",
            "/tool_choice/type",
            [json!("any"), json!("tool"), json!("auto")],
            false,
        ),
        (
            "anthropic",
            "claude-opus-5-5",
            "/tool_choice/type",
            [(); 3].map(|()| "auto".into()),
            true,
        ),
        (
            "google",
            "gemini-3-flash",
            "/toolConfig/functionCallingConfig",
            [gemini("ANY", &["person", "nobody"]), gemini("ANY", &["nobody"]), gemini("AUTO", &[])],
            false,
        ),
        ("mistral", "m", "/tool_choice", [json!("any"), json!("any"), json!("auto")], true),
        ("cohere", "c", "/tool_choice", [json!("REQUIRED"), json!("REQUIRED"), json!(null)], true),
        (
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-v1:0",
            "/toolConfig/toolChoice",
            [json!({"any": {}}), json!({"tool": {"name": "nobody"}}), json!({"auto": {}})],
            false,
        ),
        ("ollama-native", "qwen3", "/tool_choice", [(); 3].map(|()| Value::Null), true),
    ];
    for (provider, model, pointer, expected, alone) in rows {
        for (choice, expected) in CHOICES.into_iter().zip(expected) {
            for parallel in [false, true] {
                let body = encode(provider, model, &two(choice, parallel), Delivery::Whole);
                let said = body.pointer(pointer).cloned().unwrap_or_default();
                assert_eq!(said, expected, "{provider} {model} {choice:?}: {body}");
                let both: &[&str] = match choice {
                    ToolChoice::Only(_) if alone => &["nobody"],
                    _ => &["person", "nobody"],
                };
                assert_eq!(offered(&body), both, "{provider} {model} {choice:?}");
            }
        }
    }
}

#[test]
fn every_form_of_demand_over_every_protocol() {
    let forms = [
        ToolChoiceForm::Named,
        ToolChoiceForm::Required,
        ToolChoiceForm::Any,
        ToolChoiceForm::Auto,
        ToolChoiceForm::Omitted,
    ];
    for (provider, model) in MODELS {
        let preset = presets().iter().find(|preset| preset.name == provider).unwrap();
        for form in forms {
            let mut quirks = preset.facts(model).quirks;
            quirks.tool_choice = form;
            let write = |request: &Request| {
                let body = preset.protocol.encode(request, model, &quirks, Delivery::Whole);
                serde_json::from_slice::<Value>(&body.unwrap()).unwrap()
            };
            // A protocol that cannot name a tool is offered only that tool.
            let named =
                form == ToolChoiceForm::Named && !matches!(provider, "cohere" | "ollama-native");
            let only = write(&two(ToolChoice::Only(1), false));
            assert_eq!(offered(&only).len(), if named { 2 } else { 1 }, "{provider} {form:?}");
            assert_eq!(offered(&only).last().unwrap(), "nobody", "{provider} {form:?}");

            let words = |body: &Value| {
                let places =
                    ["/tool_choice", "/toolConfig/toolChoice", "/generation_config/tool_choice"];
                let gemini = "/toolConfig/functionCallingConfig";
                let said = places.iter().find_map(|at| body.pointer(at));
                said.or(body.pointer(gemini)).map(|said| said.to_string().to_lowercase())
            };
            let free = words(&write(&two(ToolChoice::Auto, false)));
            let any = words(&write(&two(ToolChoice::Any, false)));
            match (form, provider) {
                (ToolChoiceForm::Omitted, _) | (_, "ollama-native") => {
                    assert_eq!((free, any), (None, None), "{provider} {form:?}");
                }
                (ToolChoiceForm::Auto, _) => assert_eq!(free, any, "{provider}"),
                (_, "cohere") => assert_eq!((free, any.unwrap().as_str()), (None, "\"required\"")),
                _ => {
                    assert!(free.unwrap().contains("auto"), "{provider} {form:?}");
                    let any = any.unwrap();
                    assert!(any.contains("any") || any.contains("required"), "{provider}: {any}");
                }
            }
        }
    }
}

#[test]
fn parallel_calls_are_allowed_on_request_if_the_protocol_can_say_so() {
    let rows: [(&str, &str, &str, bool); 4] = [
        ("openai", "gpt-4.1", "/parallel_tool_calls", true),
        ("openai-responses", "gpt-5.4", "/parallel_tool_calls", true),
        ("mistral", "m", "/parallel_tool_calls", true),
        ("anthropic", "claude-sonnet-4-6", "/tool_choice/disable_parallel_tool_use", false),
    ];
    for (provider, model, pointer, means_parallel) in rows {
        for choice in CHOICES {
            for parallel in [false, true] {
                let body = encode(provider, model, &two(choice, parallel), Delivery::Streamed);
                let said = body.pointer(pointer).and_then(Value::as_bool);
                let said = said.is_none_or(|said| said == means_parallel);
                assert_eq!(said, parallel, "{provider} {choice:?}: {body}");
            }
        }
    }
    // One tool that may be called several times is not demanded by name, because for some providers
    // that means one call.
    let mut often = Tools::one(tool());
    often.parallel = true;
    let body = encode("openai", "gpt-4.1", &request(Output::Tools(often)), Delivery::Whole);
    assert_eq!(body["tool_choice"], "required");
    // Unknown servers are not sent fields that they may not accept.
    let body = encode("together", "llama", &two(ToolChoice::Any, true), Delivery::Whole);
    assert_eq!(body.get("parallel_tool_calls"), None);
}

#[test]
fn a_tool_that_is_not_there_cannot_be_demanded() {
    for (provider, model) in MODELS {
        let preset = presets().iter().find(|preset| preset.name == provider).unwrap();
        let quirks = preset.facts(model).quirks;
        let request = two(ToolChoice::Only(2), false);
        let refused = preset.protocol.encode(&request, model, &quirks, Delivery::Whole);
        assert_eq!(refused.unwrap_err().kind, ProviderErrorKind::Encode, "{provider}");
    }
}

#[test]
fn results_of_good_and_bad_calls_over_every_protocol() {
    let calls = [ToolCall::new("a", "person", "{}"), ToolCall::new("b", "nobody", "{}")];
    let blocks = calls.iter().cloned().map(Block::ToolCall).collect();
    let turn = Reply::new(blocks, StopReason::ToolCalls).to_message();
    let mut request = two(ToolChoice::Any, true);
    request.messages.push(turn);
    request.messages.push(Message::tool(ToolResult::new(&calls[0], "accepted", false)));
    request.messages.push(Message::tool(ToolResult::new(&calls[1], "reason is missing", true)));
    for (provider, model) in MODELS {
        let said = encode(provider, model, &request, Delivery::Whole).to_string();
        assert!(said.contains("accepted") && said.contains("reason is missing"), "{provider}");
    }
    let body = encode("anthropic", "claude-sonnet-4-6", &request, Delivery::Whole);
    let results = &body["messages"][2]["content"];
    assert_eq!((&results[0]["tool_use_id"], results[0].get("is_error")), (&json!("a"), None));
    assert_eq!((&results[1]["tool_use_id"], &results[1]["is_error"]), (&json!("b"), &json!(true)));
}

#[test]
fn settings_are_sent_in_their_fields_and_nothing_else_is_sent() {
    let mut request = request(Output::Text);
    let bare = encode("openai", "gpt-4.1", &request, Delivery::Whole);
    let fields: Vec<&String> = bare.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["model", "messages"]);

    let mut settings = Settings::default();
    settings.max_tokens = Some(300);
    settings.temperature = Some(0.5);
    settings.top_p = Some(0.9);
    settings.seed = Some(7);
    settings.stop = vec!["END".into()];
    settings.service_tier = Some("flex".into());
    request.settings = settings;
    let find = |provider: &str, model: &str, pointer: &str| {
        let request = placed(provider, model, &request);
        let body = encode(provider, model, &request, Delivery::Whole);
        encode(provider, model, &request, Delivery::Streamed);
        body.pointer(pointer).cloned().unwrap_or_default()
    };
    assert_eq!(find("openai", "gpt-4.1", "/max_completion_tokens"), 300);
    assert_eq!(find("groq", "llama", "/max_completion_tokens"), 300);
    assert_eq!(find("together", "llama", "/max_tokens"), 300);
    assert_eq!(find("mistral", "m", "/random_seed"), 7);
    assert_eq!(find("openrouter", "m", "/provider/require_parameters"), true);
    let interactions = |pointer: &str| find("google-interactions", "gemini-3-flash", pointer);
    assert_eq!(interactions("/generation_config/max_output_tokens"), 300);
    assert_eq!(interactions("/service_tier"), "flex");
    assert_eq!(find("ollama-native", "m", "/options/num_predict"), 300);
    assert_eq!(find("bedrock", "m", "/inferenceConfig/maxTokens"), 300);
    assert_eq!(find("cohere", "m", "/stop_sequences/0"), "END");
    assert_eq!(find("openai", "gpt-4.1", "/service_tier"), "flex");
    assert_eq!(find("openai-responses", "gpt-4.1", "/service_tier"), "flex");
    assert_eq!(find("anthropic", "claude-sonnet-4-6", "/service_tier"), "standard_only");
    assert_eq!(find("google", "gemini-3-flash", "/serviceTier"), "flex");
    assert_eq!(find("groq", "llama", "/service_tier"), "flex");
    assert_eq!(find("bedrock", "m", "/serviceTier"), json!({"type": "flex"}));
}

/// Returns the names of the settings that a provider's model does not accept.
fn out_of_place(provider: &str) -> &'static [&'static str] {
    match provider {
        name if name.ends_with("-responses") => &["seed", "stop"],
        "anthropic" => &["seed"],
        "bedrock" => &["thinking", "seed"],
        "cohere" | "mistral" => &["thinking", "service_tier"],
        "deepseek" => &["thinking"],
        "ollama-native" | "ollama" | "llamacpp" | "vllm" | "lmstudio" | "perplexity" => {
            &["service_tier"]
        }
        _ => &[],
    }
}

/// Returns a service tier that the provider accepts.
fn tier(provider: &str) -> &'static str {
    if provider == "anthropic" { "standard_only" } else { "flex" }
}

/// Returns the request without the settings that the model does not accept, after checking that
/// each of these is refused by name.
fn placed(provider: &str, model: &str, request: &Request) -> Request {
    let preset = presets().iter().find(|preset| preset.name == provider).unwrap();
    let encode = |request: &Request| {
        preset.protocol.encode(request, model, &preset.facts(model).quirks, Delivery::Whole)
    };
    let mut placed = request.clone();
    placed.settings.service_tier = Some(tier(provider).into());
    let is_set = |name: &&&str| **name != "thinking" || request.settings.thinking.is_some();
    for name in out_of_place(provider).iter().filter(is_set) {
        let error = encode(&placed).unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Unsupported, "{provider}");
        assert_eq!(error.unsupported, Some(Feature::Setting((*name).to_owned())), "{provider}");
        let settings = &mut placed.settings;
        match *name {
            "seed" => settings.seed = None,
            "stop" => settings.stop.clear(),
            "service_tier" => settings.service_tier = None,
            _ => settings.thinking = None,
        }
    }
    encode(&placed).unwrap();
    placed
}

#[test]
fn every_setting_is_sent_or_refused_by_name() {
    let mut request = request(Output::Text);
    request.settings.seed = Some(7);
    request.settings.stop = vec!["THE-END".into()];
    request.settings.thinking = Some(Effort::Low.into());
    request.settings.service_tier = Some("flex".into());
    for preset in presets() {
        let placed = placed(preset.name, "some-model", &request);
        let said = encode(preset.name, "some-model", &placed, Delivery::Whole).to_string();
        let settings = &placed.settings;
        assert_eq!(said.contains(":7"), settings.seed.is_some(), "{}: {said}", preset.name);
        assert_eq!(said.contains("THE-END"), !settings.stop.is_empty(), "{}: {said}", preset.name);
        assert_eq!(
            said.contains(tier(preset.name)),
            settings.service_tier.is_some(),
            "{}",
            preset.name
        );
        let thinking = said.to_ascii_lowercase().contains("low\"") || said.contains("think");
        assert_eq!(thinking, settings.thinking.is_some(), "{}: {said}", preset.name);
    }
}

/// Returns the conversation of a re-ask: a question, a call, and its errors.
fn re_ask() -> Vec<Message> {
    let call = ToolCall::new("call_1", "person", r#"{"name":"Maria"}"#);
    let reply = Reply::new(
        vec![Block::Text("Here.".into()), Block::ToolCall(call.clone())],
        StopReason::ToolCalls,
    );
    vec![
        Message::system("Be exact."),
        Message::user("Maria is 34."),
        reply.to_message(),
        Message::tool(ToolResult::new(&call, "age is missing", true)),
    ]
}

#[test]
fn a_re_ask_appends_and_changes_nothing_before_it() {
    for (provider, model) in MODELS {
        let history = re_ask();
        let mut first = Request::new(history[..2].to_vec());
        first.output = Output::Tools(Tools::one(tool()));
        let mut second = Request::new(history);
        second.output = Output::Tools(Tools::one(tool()));
        let first = encode(provider, model, &first, Delivery::Whole);
        let second = encode(provider, model, &second, Delivery::Whole);
        let list = |body: &Value| {
            ["messages", "input", "contents"]
                .iter()
                .find_map(|name| body.get(name)?.as_array().cloned())
                .unwrap()
        };
        let (before, after) = (list(&first), list(&second));
        assert!(after.len() > before.len(), "{provider}");
        assert_eq!(after[..before.len()], before[..], "{provider}");
        assert!(after[before.len()..].iter().any(|turn| turn.to_string().contains("missing")));
        for (name, value) in first.as_object().unwrap() {
            if !["messages", "input", "contents"].contains(&name.as_str()) {
                assert_eq!(&second[name], value, "{provider}: {name}");
            }
        }
    }
}

#[test]
fn results_of_all_calls_are_sent_together_and_first() {
    let calls = [ToolCall::new("a", "person", "{}"), ToolCall::new("b", "person", "{}")];
    let blocks = calls.iter().cloned().map(Block::ToolCall).collect();
    let mut messages =
        vec![Message::user("Two."), Reply::new(blocks, StopReason::ToolCalls).to_message()];
    messages.extend(calls.iter().map(|call| Message::tool(ToolResult::new(call, "wrong", true))));
    messages.push(Message::user("Again."));
    let mut request = Request::new(messages);
    request.output = Output::Tools(Tools::one(tool()));
    let body = encode("anthropic", "claude-sonnet-4-6", &request, Delivery::Whole);
    let last = &body["messages"][2];
    let kinds: Vec<&str> = last["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
    for (provider, model) in MODELS {
        encode(provider, model, &request, Delivery::Whole);
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj";
const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0";

#[test]
fn media_are_encoded_for_each_protocol() {
    let image = || Part::image_bytes(PNG).unwrap();
    let parts: Vec<(Part, Vec<&str>)> = vec![
        (
            image(),
            vec![
                "openai",
                "openai-responses",
                "anthropic",
                "google",
                "google-interactions",
                "mistral",
                "cohere",
                "bedrock",
                "ollama-native",
            ],
        ),
        (
            Part::image_url("https://example.org/a.png"),
            vec![
                "openai",
                "openai-responses",
                "anthropic",
                "google",
                "google-interactions",
                "mistral",
                "cohere",
            ],
        ),
        (
            Part::document_bytes(PDF).unwrap(),
            vec![
                "openai",
                "openai-responses",
                "anthropic",
                "google",
                "google-interactions",
                "mistral",
                "bedrock",
            ],
        ),
        (
            Part::document_url("https://example.org/a.pdf"),
            vec!["openai-responses", "anthropic", "google", "google-interactions", "mistral"],
        ),
        (
            Part::document_bytes("Plain words.").unwrap(),
            vec![
                "openai",
                "openai-responses",
                "anthropic",
                "google",
                "google-interactions",
                "mistral",
                "cohere",
                "bedrock",
                "ollama-native",
            ],
        ),
        (
            Part::document_id("file-1"),
            vec!["openai", "openai-responses", "google", "google-interactions"],
        ),
        (
            Part::audio_bytes(WAV).unwrap(),
            vec!["openai", "google", "google-interactions", "mistral"],
        ),
    ];
    for (part, takers) in parts {
        let message = Message::user([Part::text("Look."), part.clone(), Part::CachePoint]);
        let request = Request::new(vec![message]);
        for (provider, model) in MODELS {
            let preset = presets().iter().find(|preset| preset.name == provider).unwrap();
            let quirks = preset.facts(model).quirks;
            if takers.contains(&provider) {
                let body = encode(provider, model, &request, Delivery::Whole);
                assert!(body.to_string().contains("Look."));
                continue;
            }
            let refused = preset.protocol.encode(&request, model, &quirks, Delivery::Whole);
            if let Err(error) = refused {
                assert_eq!(error.kind, ProviderErrorKind::Unsupported, "{provider}");
                assert!(matches!(error.unsupported, Some(Feature::Media(_))));
            }
        }
    }
    let body =
        encode("openai", "gpt-4.1", &Request::new(vec![Message::user(image())]), Delivery::Whole);
    let url = body.pointer("/messages/0/content/0/image_url/url").unwrap().as_str().unwrap();
    assert!(url.starts_with("data:image/png;base64,iVBOR"), "{url}");
}

#[test]
fn cache_points_are_marked_if_the_protocol_supports_it() {
    let request = Request::new(vec![
        Message::system("A long rule.").cached(),
        Message::user([Part::text("A long text."), Part::CachePoint, Part::text("Its question.")]),
    ]);
    let body = encode("anthropic", "claude-opus-5-5", &request, Delivery::Whole);
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["messages"][0]["content"][1].get("cache_control"), None);
    let body = encode("openrouter", "anthropic/claude", &request, Delivery::Whole);
    assert_eq!(body["messages"][1]["content"][0]["cache_control"]["type"], "ephemeral");
    let body = encode("openai", "gpt-4.1", &request, Delivery::Whole);
    assert!(!body.to_string().contains("cache"));
}

/// A provider's state is replayed byte for byte, and sent to no other provider.
#[test]
fn state_is_replayed_unchanged() {
    let thinking = r#"{"type":"thinking","thinking":"Let me see …","signature":"EqQB\/+=="}"#;
    let call = r#"{"type":"tool_use","id":"toolu_1","name":"person","input":{"age": 3.40, "big": 12345678901234567890123}}"#;
    let body = format!(
        r#"{{"type":"message","role":"assistant","model":"m","content":[{thinking},{call}],
            "stop_reason":"tool_use","usage":{{"input_tokens":1,"output_tokens":2}}}}"#
    );
    let reply = Protocol::Anthropic.decode(body.as_bytes()).unwrap();
    assert_eq!(
        reply.tool_calls().next().unwrap().arguments,
        r#"{"age": 3.40, "big": 12345678901234567890123}"#
    );
    let call_made = reply.tool_calls().next().unwrap().clone();
    let mut again = Request::new(vec![
        Message::user("Who?"),
        reply.to_message(),
        Message::tool(ToolResult::new(&call_made, "no", true)),
    ]);
    again.output = Output::Tools(Tools::one(tool()));
    again.settings.extra_body.insert("metadata".into(), json!({"user_id": "u"}));
    let quirks = Quirks::OPENAI;
    let sent = Protocol::Anthropic.encode(&again, "m", &quirks, Delivery::Whole).unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains(&format!("[{thinking},{call}]")), "{sent}");
    assert!(sent.contains(r#""metadata":{"user_id":"u"}"#));
    for protocol in [Protocol::Chat, Protocol::Responses, Protocol::Gemini, Protocol::Bedrock] {
        let sent = protocol.encode(&again, "m", &quirks, Delivery::Whole).unwrap();
        let sent = String::from_utf8(sent).unwrap();
        assert!(!sent.contains("Let me see") && sent.contains("person"), "{sent}");
    }
    encode("anthropic", "claude-sonnet-4-5", &again, Delivery::Whole);

    let part =
        r#"{"functionCall":{"name":"person","args":{"age":3.40}},"thoughtSignature":"CiQBAA=="}"#;
    let body = format!(
        r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}},"finishReason":"STOP","index":0}}]}}"#
    );
    let reply = Protocol::Gemini.decode(body.as_bytes()).unwrap();
    assert_eq!(reply.stop, StopReason::ToolCalls);
    let again = Request::new(vec![Message::user("Who?"), reply.to_message()]);
    let sent = Protocol::Gemini.encode(&again, "m", &quirks, Delivery::Whole).unwrap();
    assert!(String::from_utf8(sent).unwrap().contains(part));
    encode("google", "gemini-3-flash", &again, Delivery::Whole);

    let reasoning =
        r#"{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAA+/="}"#;
    let item = r#"{"id":"fc_1","type":"function_call","call_id":"call_1","name":"person","arguments":"{}","status":"completed"}"#;
    let response = |store: &str, reasoning: &str| {
        format!(
            r#"{{"object":"response","status":"completed","store":{store},"output":[{reasoning},{item}]}}"#
        )
    };
    let reply = Protocol::Responses.decode(response("false", reasoning).as_bytes()).unwrap();
    let again = Request::new(vec![Message::user("Who?"), reply.to_message()]);
    let sent = Protocol::Responses.encode(&again, "m", &quirks, Delivery::Whole).unwrap();
    assert!(String::from_utf8(sent).unwrap().contains(&format!("{reasoning},{item}")));
    encode("openai-responses", "gpt-5.4", &again, Delivery::Whole);

    // Reasoning that was not stored cannot be referred to.
    let lost = r#"{"id":"rs_1","type":"reasoning","summary":[]}"#;
    let reply = Protocol::Responses.decode(response("false", lost).as_bytes()).unwrap();
    assert_eq!(reply.state, None);
    let reply = Protocol::Responses.decode(response("true", lost).as_bytes()).unwrap();
    assert!(reply.state.is_some());
}

#[test]
fn extra_fields_of_a_chat_turn_are_replayed_to_providers_that_need_them() {
    let body = json!({"choices": [{"message": {
        "role": "assistant", "content": "Yes.", "reasoning_content": "Hmm.",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "index": 0}],
    }, "finish_reason": "stop"}]});
    let reply = Protocol::Chat.decode(body.to_string().as_bytes()).unwrap();
    let request = Request::new(vec![Message::user("?"), reply.to_message(), Message::user("!")]);
    let turn =
        |provider: &str| encode(provider, "m", &request, Delivery::Whole)["messages"][1].clone();
    assert_eq!(turn("openai"), json!({"role": "assistant", "content": "Yes."}));
    assert_eq!(turn("deepseek")["reasoning_content"], "Hmm.");
    assert_eq!(turn("openrouter")["reasoning_details"][0]["data"], "x");
    assert_eq!(turn("openrouter").get("reasoning_content"), None);

    let chunks = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]},
        {"type": "text", "text": "Yes."},
    ]);
    let body = json!({"choices": [{"message": {"role": "assistant", "content": chunks}}]});
    let reply = Protocol::Chat.decode(body.to_string().as_bytes()).unwrap();
    assert_eq!(reply.text(), "Yes.");
    let request = Request::new(vec![Message::user("?"), reply.to_message()]);
    let body = encode("mistral", "m", &request, Delivery::Whole);
    assert_eq!(body["messages"][1]["content"], chunks);
}

#[test]
fn state_that_is_not_json_is_an_error_before_sending() {
    let mut message = Message::user("x");
    message.parts = vec![Part::State(ProviderState::new("gemini", "{not json"))];
    let refused = Protocol::Gemini.encode(
        &Request::new(vec![message]),
        "m",
        &Quirks::OPENAI,
        Delivery::Whole,
    );
    assert_eq!(refused.unwrap_err().kind, ProviderErrorKind::Encode);
}
