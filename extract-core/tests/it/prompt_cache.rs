//! Cache points, cache keys and the usage of caches on the wire of each protocol.

use std::sync::Arc;

use extract_core::conversation::{
    Assembly, Message, Output, Part, PromptCache, ProviderErrorKind, Request, Role, Tool, ToolCall,
    ToolChoice, ToolResult, Tools, Usage,
};
use extract_core::model::presets;
use extract_core::wire::{Delivery, Protocol};
use serde_json::{Value, json};

use crate::support::exchanges::hello;
use crate::wire_encode::encode as encode_as;

const CLAUDE_ON_BEDROCK: &str = "us.anthropic.claude-sonnet-4-5-v1:0";

fn encode(provider: &str, model: &str, request: &Request) -> Value {
    encode_as(provider, model, request, Delivery::Whole)
}

fn tool(name: &str) -> Arc<Tool> {
    let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}},
        "required": ["age"], "additionalProperties": false});
    Arc::new(Tool::new(name, schema))
}

/// Returns a request with a cache point behind the tools, the system prompt, an example and a part of the
/// input.
fn marked(cache: Option<PromptCache>) -> Request {
    let mut request = Request::new(vec![
        Message::system("A long rule.").cached(),
        Message::user("An example."),
        Message::assistant("Its answer.").cached(),
        Message::user([Part::text("A long text."), Part::CachePoint, Part::text("Its question.")]),
    ]);
    let mut tools = Tools::one(tool("person"));
    tools.tools.push(tool("look_up"));
    tools.cached = 2;
    request.output = Output::Tools(tools);
    request.settings.prompt_cache = cache;
    request
}

/// Returns the JSON pointers of the marks in a body, and the marks.
fn marks(body: &Value) -> Vec<(String, Value)> {
    fn find(value: &Value, at: &str, into: &mut Vec<(String, Value)>) {
        let members: Vec<(String, &Value)> = match value {
            Value::Object(object) => object.iter().map(|(name, it)| (name.clone(), it)).collect(),
            Value::Array(list) => {
                list.iter().enumerate().map(|(index, it)| (index.to_string(), it)).collect()
            }
            _ => return,
        };
        for (name, member) in members {
            if ["cache_control", "cachePoint", "prompt_cache_breakpoint"].contains(&&*name) {
                into.push((at.to_owned(), member.clone()));
            }
            find(member, &format!("{at}/{name}"), into);
        }
    }
    let mut found = Vec::new();
    find(body, "", &mut found);
    found
}

#[test]
fn each_provider_gets_cache_points_in_its_form() {
    let ephemeral = json!({"type": "ephemeral"});
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let point = json!({"type": "default"});
    let point_hour = json!({"type": "default", "ttl": "1h"});
    let explicit = json!({"mode": "explicit"});
    let explicit_12h = json!({"mode": "explicit", "ttl": "12h"});
    let anthropic = ["/messages/1/content/0", "/messages/2/content/0", "/system/0", "/tools/1"];
    let nova = ["/messages/1/content/1", "/messages/2/content/1", "/system/1"];
    let bedrock = [&nova[..], &["/toolConfig/tools/2"]].concat();
    let openrouter =
        ["/messages/0/content/0", "/messages/2/content/0", "/messages/3/content/0", "/tools/1"];
    // OpenAI marks no tool and no part of the model.
    let openai = ["/messages/0/content/0", "/messages/1/content/0", "/messages/3/content/0"];
    let responses = ["/input/0/content/0", "/input/1/content/0", "/input/3/content/0"];
    for (provider, model, places, short, long) in [
        ("anthropic", "claude-opus-5-5", &anthropic[..], &ephemeral, &hour),
        ("openrouter", "anthropic/claude", &openrouter[..], &ephemeral, &hour),
        ("bedrock", CLAUDE_ON_BEDROCK, &bedrock[..], &point, &point_hour),
        ("bedrock", "amazon.nova-pro-v1:0", &nova[..], &point, &point),
        ("openai", "gpt-5.6-sol", &openai[..], &explicit, &explicit),
        ("openai-responses", "gpt-6-luna", &responses[..], &explicit, &explicit_12h),
    ] {
        for (cache, mark) in
            [(None, short), (Some(PromptCache::Short), short), (Some(PromptCache::Long), long)]
        {
            let body = encode(provider, model, &marked(cache));
            let mut found = marks(&body);
            found.sort_by(|one, other| one.0.cmp(&other.0));
            let expected: Vec<(String, Value)> =
                places.iter().map(|place| ((*place).to_owned(), mark.clone())).collect();
            assert_eq!(found, expected, "{provider} {model} {cache:?}: {body}");
        }
        let body = encode(provider, model, &marked(Some(PromptCache::Off)));
        assert_eq!(marks(&body), [], "{provider} {model}");
    }
    for (provider, model) in [
        ("openai", "gpt-4.1"),
        ("openai-responses", "gpt-5.4"),
        ("google", "gemini-3.5-flash"),
        ("google-interactions", "gemini-3.5-flash"),
        ("mistral", "mistral-large-latest"),
        ("deepseek", "deepseek-v4-flash"),
        ("xai", "grok-4.7"),
        ("groq", "openai/gpt-oss-20b"),
        ("cohere", "command-a-03-2025"),
        ("bedrock", "meta.llama4-v1:0"),
        ("ollama-native", "qwen3"),
    ] {
        let body = encode(provider, model, &marked(Some(PromptCache::Long)));
        assert_eq!(marks(&body), [], "{provider}");
    }
}

#[test]
fn a_cache_point_stays_between_the_texts_of_a_system_prompt() {
    let parts = [Part::text("Rules."), Part::CachePoint, Part::text("\n\nOf today.")];
    let request = Request::new(vec![Message::new(Role::System, parts), Message::user("?")]);
    let body = encode("anthropic", "claude-opus-5-5", &request);
    assert_eq!(body["system"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["system"][1].get("cache_control"), None);
    let body = encode("bedrock", CLAUDE_ON_BEDROCK, &request);
    let expected = json!([{"text": "Rules."}, {"cachePoint": {"type": "default"}},
        {"text": "\n\nOf today."}]);
    assert_eq!(body["system"], expected);
}

/// Bedrock refuses a cache point without a block before it, and two in a row.
#[test]
fn bedrock_gets_no_cache_point_without_a_block() {
    let request = Request::new(vec![
        Message::system(" ").cached(),
        Message::user([Part::CachePoint, Part::text("?"), Part::CachePoint, Part::CachePoint]),
    ]);
    let body = encode("bedrock", CLAUDE_ON_BEDROCK, &request);
    assert_eq!(body.get("system"), None);
    let expected = json!([{"text": "?"}, {"cachePoint": {"type": "default"}}]);
    assert_eq!(body["messages"][0]["content"], expected);
}

#[test]
fn results_of_tools_are_marked() {
    let call = ToolCall::new("call_1", "person", "{}");
    let result = Message::tool(ToolResult::new(&call, "no", true)).cached();
    let turn = Message::new(Role::Assistant, [Part::ToolCall(call)]);
    let request = Request::new(vec![Message::user("?"), turn, result]);
    for (provider, model, place) in [
        ("anthropic", "claude-opus-5-5", "/messages/2/content/0"),
        ("openrouter", "anthropic/claude", "/messages/2/content/0"),
        ("bedrock", CLAUDE_ON_BEDROCK, "/messages/2/content/1"),
        ("openai", "gpt-5.6-sol", "/messages/2/content/0"),
        ("openai-responses", "gpt-6-luna", "/input/2/output/0"),
    ] {
        let body = encode(provider, model, &request);
        let found: Vec<String> = marks(&body).into_iter().map(|(place, _)| place).collect();
        assert_eq!(found, [place], "{provider}: {body}");
    }
}

/// A replayed turn keeps its bytes: the mark is added to its last block.
#[test]
fn replayed_turns_are_marked() {
    let thinking = r#"{"type":"thinking","thinking":"Let me see","signature":"EqQB\/+=="}"#;
    let call = r#"{"type":"tool_use","id":"toolu_1","name":"person","input":{"age": 3.40}"#;
    let body = format!(
        r#"{{"type":"message","role":"assistant","content":[{thinking},{call}}}],
            "stop_reason":"tool_use","usage":{{"input_tokens":1,"output_tokens":2}}}}"#
    );
    let turn = Protocol::Anthropic.decode(body.as_bytes()).unwrap().to_message().cached();
    let request = Request::new(vec![Message::user("Who?"), turn]);
    let quirks = presets().iter().find(|it| it.name == "anthropic").unwrap().facts("m").quirks;
    let sent = Protocol::Anthropic.encode(&request, "m", &quirks, Delivery::Whole).unwrap();
    let expected = format!(r#"[{thinking},{call},"cache_control":{{"type":"ephemeral"}}}}]"#);
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains(&expected), "{sent}");
    encode("anthropic", "claude-sonnet-4-5", &request);
}

/// The tool of a request for parts stands behind the tools of the first request.
#[test]
fn the_cache_point_of_the_tools_stays_where_it_was() {
    let mut tools = Tools::one(tool("person"));
    tools.cached = 1;
    let mut request = Request::new(vec![Message::user("?")]);
    request.output = Output::Tools(tools.clone());
    let first = encode("anthropic", "claude-sonnet-4-5", &request);
    tools.tools.push(tool("person_parts"));
    tools.choice = ToolChoice::Only(1);
    request.output = Output::Tools(tools.clone());
    let second = encode("anthropic", "claude-sonnet-4-5", &request);
    assert_eq!(first["tools"][0], second["tools"][0]);
    assert_eq!(first["tools"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(second["tools"][1].get("cache_control"), None);
    // This model cannot be told which tool to call, so only that tool is offered.
    let body = encode("anthropic", "claude-opus-5-5", &request);
    assert_eq!(body["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(marks(&body), []);
    tools.choice = ToolChoice::Only(0);
    request.output = Output::Tools(tools);
    let body = encode("anthropic", "claude-opus-5-5", &request);
    assert_eq!(body["tools"][0], first["tools"][0]);
}

/// OpenAI's newer models write the end of the newest message as well, unless they are told not to.
#[test]
fn only_marked_prefixes_are_written_at_openai() {
    let options = |model: &str, cache, request: fn(Option<PromptCache>) -> Request| {
        let request = request(cache);
        let chat = encode("openai", model, &request).get("prompt_cache_options").cloned();
        let responses =
            encode("openai-responses", model, &request).get("prompt_cache_options").cloned();
        assert_eq!(chat, responses, "{model}");
        chat
    };
    let unmarked = |cache| {
        let mut request = Request::new(vec![Message::user("?")]);
        request.settings.prompt_cache = cache;
        request
    };
    let explicit = Some(json!({"mode": "explicit"}));
    assert_eq!(options("gpt-5.6-sol", None, marked), None);
    assert_eq!(options("gpt-5.6-sol", Some(PromptCache::Short), marked), explicit);
    assert_eq!(options("gpt-6.1-terra", Some(PromptCache::Long), marked), explicit);
    // Without cache points, this would turn the cache off.
    assert_eq!(options("gpt-6-luna", Some(PromptCache::Short), unmarked), None);
    assert_eq!(options("gpt-6-luna", Some(PromptCache::Off), unmarked), explicit);
    assert_eq!(options("gpt-5.5", Some(PromptCache::Off), unmarked), None);
    assert_eq!(options("gpt-4.1", Some(PromptCache::Short), marked), None);
}

#[test]
fn the_key_is_that_of_the_rules_and_the_schema() {
    let request = |rules: &str, name: &str, input: &str| {
        let mut request = Request::new(vec![Message::system(rules), Message::user(input)]);
        request.output = Output::JsonSchema(tool(name));
        request.settings.prompt_cache = Some(PromptCache::Short);
        request
    };
    let key = |provider: &str, request: &Request| {
        encode(provider, "some-model", request).get("prompt_cache_key").cloned()
    };
    let one = request("Rules.", "person", "Maria");
    let first = key("openai", &one).unwrap();
    assert_eq!(first, "extract-269e016a-c94935be", "the same in every process");
    assert_eq!(key("openai", &request("Rules.", "person", "Tom")), Some(first.clone()));
    assert_ne!(key("openai", &request("Rules!", "person", "Maria")), Some(first.clone()));
    assert_ne!(key("openai", &request("Rules.", "order", "Maria")), Some(first.clone()));
    for provider in ["openai-responses", "azure", "azure-responses", "mistral", "xai-responses"] {
        assert_eq!(key(provider, &one), Some(first.clone()), "{provider}");
    }
    // xAI takes it in a header over Chat Completions.
    for provider in ["xai", "anthropic", "google", "groq", "deepseek", "openrouter", "ollama"] {
        assert_eq!(key(provider, &one), None, "{provider}");
    }

    let mut own = one.clone();
    own.settings.prompt_cache_key = Some("tenant-7".into());
    assert_eq!(key("openai", &own), Some("tenant-7".into()));
    own.settings.prompt_cache = None;
    assert_eq!(key("mistral", &own), Some("tenant-7".into()));
    let mut without = one;
    for cache in [None, Some(PromptCache::Off)] {
        without.settings.prompt_cache = cache;
        assert_eq!(key("openai", &without), None);
    }
}

#[test]
fn a_key_of_the_caller_is_refused_where_no_field_carries_it() {
    let mut request = Request::new(vec![Message::user("?")]);
    request.settings.prompt_cache_key = Some("tenant-7".into());
    for preset in presets() {
        let quirks = preset.facts("some-model").quirks;
        let encoded = preset.protocol.encode(&request, "some-model", &quirks, Delivery::Whole);
        let takes = ["openai", "azure", "mistral", "xai"];
        if takes.iter().any(|name| preset.name.starts_with(name)) {
            assert!(encoded.is_ok(), "{}", preset.name);
            continue;
        }
        let error = encoded.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Unsupported, "{}", preset.name);
        assert!(error.to_string().contains("`prompt_cache_key`"), "{error}");
    }
}

/// Returns usage objects from recorded exchanges, with the tokens in, read and written.
fn recorded_usages() -> [(Protocol, Value, [u64; 3]); 10] {
    let openrouter = json!({"prompt_tokens": 3329, "completion_tokens": 53, "total_tokens": 3382,
        "prompt_tokens_details": {"cache_write_tokens": 115, "cached_tokens": 3211}});
    let deepseek = json!({"prompt_tokens": 976, "completion_tokens": 61, "total_tokens": 1037,
        "prompt_cache_hit_tokens": 896, "prompt_cache_miss_tokens": 80});
    let mistral = json!({"prompt_tokens": 64, "completion_tokens": 6, "num_cached_tokens": 32});
    let gateway = json!({"prompt_tokens": 5810, "completion_tokens": 16,
        "cache_read_input_tokens": 5700, "cache_creation_input_tokens": 108});
    let responses = json!({"input_tokens": 1144, "output_tokens": 3, "total_tokens": 1147,
        "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100}});
    let anthropic = json!({"input_tokens": 10, "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 1, "output_tokens": 21,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 0}});
    let bedrock = json!({"cacheReadInputTokens": 7, "cacheWriteInputTokens": 1028,
        "inputTokens": 11, "outputTokens": 264, "totalTokens": 1310});
    let gemini = json!({"promptTokenCount": 3797, "candidatesTokenCount": 656,
        "cachedContentTokenCount": 3055, "thoughtsTokenCount": 1549});
    let interactions = json!({"total_input_tokens": 30, "total_output_tokens": 5,
        "total_cached_tokens": 4, "total_tokens": 35});
    let cohere =
        json!({"tokens": {"input_tokens": 614, "output_tokens": 13}, "cached_tokens": 480});
    [
        (Protocol::Chat, openrouter, [3329, 3211, 115]),
        (Protocol::Chat, deepseek, [976, 896, 0]),
        (Protocol::Chat, mistral, [64, 32, 0]),
        (Protocol::Chat, gateway, [5810, 5700, 108]),
        (Protocol::Responses, responses, [1144, 1024, 100]),
        (Protocol::Anthropic, anthropic, [13, 1, 2]),
        (Protocol::Bedrock, bedrock, [1046, 7, 1028]),
        (Protocol::Gemini, gemini, [3797, 3055, 0]),
        (Protocol::Interactions, interactions, [30, 4, 0]),
        (Protocol::Cohere, cohere, [614, 480, 0]),
    ]
}

#[test]
fn reads_and_writes_of_the_cache_are_counted() {
    for (protocol, usage, expected) in recorded_usages() {
        let body = if protocol == Protocol::Bedrock {
            json!({"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
                "stopReason": "end_turn"})
            .to_string()
        } else {
            hello(protocol).0
        };
        let mut body: Value = serde_json::from_str(&body).unwrap();
        let field = if protocol == Protocol::Gemini { "usageMetadata" } else { "usage" };
        body[field] = usage.clone();
        let reply = protocol.decode(body.to_string().as_bytes()).unwrap();
        let Usage { input_tokens, cached_input_tokens, cache_write_tokens, .. } =
            reply.usage.unwrap();
        let found = [input_tokens, cached_input_tokens, cache_write_tokens];
        assert_eq!(found, expected, "{protocol} {usage}");
    }
}

/// The counts of the cache stand in the first event, and the last one does not repeat them.
#[test]
fn reads_and_writes_of_a_streamed_reply_are_counted() {
    let events = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1,
            "cache_creation_input_tokens":1200,"cache_read_input_tokens":300}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let mut decoder = Protocol::Anthropic.stream();
    let mut assembly = Assembly::new();
    for event in events {
        decoder.event(None, event).unwrap().into_iter().for_each(|delta| assembly.push(delta));
    }
    decoder.end().unwrap().into_iter().for_each(|delta| assembly.push(delta));
    let usage = assembly.finish().unwrap().usage.unwrap();
    assert_eq!((usage.cached_input_tokens, usage.cache_write_tokens), (300, 1200));
    assert_eq!((usage.input_tokens, usage.output_tokens), (1510, 2));
}
