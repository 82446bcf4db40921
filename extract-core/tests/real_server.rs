//! The three protocols that llama.cpp speaks, against a real server. Needs `EXTRACT_LOCAL_SERVER`,
//! its address without a path; without it the tests say so and pass.

use std::sync::Arc;
use std::time::Duration;

use extract_core::conversation::{Message, Output, Request, StopReason, Tool, ToolResult};
use extract_core::model::{Model, Provider, ProviderOptions, collect};
use extract_core::wire::Protocol;
use serde_json::{Value, json};

fn provider(protocol: Protocol) -> Option<Provider> {
    let Ok(server) = std::env::var("EXTRACT_LOCAL_SERVER") else {
        eprintln!("skipped: EXTRACT_LOCAL_SERVER is not set");
        return None;
    };
    let mut options = ProviderOptions::default();
    options.model = "smollm2".into();
    options.base_url = Some(format!("{server}/v1"));
    options.protocol = Some(protocol);
    options.transport.timeout = Duration::from_secs(120);
    Some(Provider::new(options).unwrap())
}

fn tool() -> Arc<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    });
    Arc::new(Tool::new("person", schema).description("A person."))
}

fn request() -> Request {
    let mut request = Request::new(vec![Message::user("Maria Lopez is 34 years old.")]);
    request.output = Output::Tool(tool());
    request.settings.max_tokens = Some(80);
    request.settings.temperature = Some(0.0);
    request
}

#[tokio::test]
async fn a_tool_call_whole_streamed_and_asked_again() {
    for protocol in [Protocol::Chat, Protocol::Anthropic, Protocol::Responses] {
        let Some(provider) = provider(protocol) else { return };
        let mut request = request();
        let whole = provider.respond(&request).await.unwrap();
        let call = whole.tool_calls().next().unwrap_or_else(|| panic!("{protocol}: {whole:?}"));
        assert_eq!(call.name, "person", "{protocol}");
        let value: Value = serde_json::from_str(&call.arguments).unwrap();
        assert_eq!(value["age"], 34, "{protocol}: {value}");
        assert_eq!(whole.stop, StopReason::ToolCalls, "{protocol}");
        assert!(whole.usage.is_some_and(|usage| usage.output_tokens > 0), "{protocol}");

        let streamed = collect(provider.stream(&request).await.unwrap()).await.unwrap();
        let again = streamed.tool_calls().next().unwrap();
        let repeated: Value = serde_json::from_str(&again.arguments).unwrap();
        assert_eq!(repeated, value, "{protocol}");
        assert_eq!(streamed.stop, whole.stop, "{protocol}");

        request.messages.push(whole.to_message());
        request.messages.push(Message::tool(ToolResult::new(call, "the name is too long", true)));
        let re_asked = provider.respond(&request).await.unwrap();
        assert!(re_asked.tool_calls().next().is_some(), "{protocol}: {re_asked:?}");
    }
}

#[tokio::test]
async fn a_native_schema_and_a_reply_that_is_cut() {
    let Some(provider) = provider(Protocol::Chat) else { return };
    let mut request = request();
    request.output = Output::JsonSchema(tool());
    for reply in [
        provider.respond(&request).await.unwrap(),
        collect(provider.stream(&request).await.unwrap()).await.unwrap(),
    ] {
        let value: Value = serde_json::from_str(&reply.text()).unwrap();
        assert_eq!(value["age"], 34, "{value}");
        assert_eq!(reply.stop, StopReason::Stop);
    }
    request.settings.max_tokens = Some(4);
    assert_eq!(provider.respond(&request).await.unwrap().stop, StopReason::Length);
    let streamed = collect(provider.stream(&request).await.unwrap()).await.unwrap();
    assert_eq!(streamed.stop, StopReason::Length);
}
