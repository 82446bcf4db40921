//! The three protocols of llama.cpp, against the embedded model's real server.

use std::sync::Arc;
use std::time::Duration;

use extract_core::conversation::{
    Message, Output, Request, StopReason, Tool, ToolChoice, ToolResult, Tools,
};
use extract_core::model::{Model, Provider, ProviderOptions, collect};
use extract_core::wire::Protocol;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Held by one test at a time. Concurrent requests change each other's numbers slightly, and
/// thereby their replies.
static TURN: Mutex<()> = Mutex::const_new(());

/// Starts or joins the embedded server, which runs until this is dropped.
async fn server() -> extract_local::Server {
    let connect = || extract_local::connect(&extract_local::Options::from_env()?);
    tokio::task::spawn_blocking(connect).await.unwrap().unwrap()
}

fn provider(server: &extract_local::Server, protocol: Protocol) -> Provider {
    let mut options = ProviderOptions::default();
    server.model().clone_into(&mut options.model);
    options.base_url = Some(server.base_url().to_owned());
    options.protocol = Some(protocol);
    options.transport.timeout = Duration::from_secs(120);
    Provider::new(options).unwrap()
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
    let mut request =
        Request::new(vec![Message::user("My neighbour Tom Hill, aged 51, repairs bicycles.")]);
    request.output = Output::Tools(Tools::one(tool()));
    request.settings.max_tokens = Some(80);
    request.settings.temperature = Some(0.0);
    request
}

#[tokio::test]
async fn a_tool_call_whole_streamed_and_asked_again() {
    let _turn = TURN.lock().await;
    let server = server().await;
    for protocol in [Protocol::Chat, Protocol::Anthropic, Protocol::Responses] {
        let provider = provider(&server, protocol);
        let mut request = request();
        let whole = provider.respond(&request).await.unwrap();
        let call = whole.tool_calls().next().unwrap_or_else(|| panic!("{protocol}: {whole:?}"));
        assert_eq!(call.name, "person", "{protocol}");
        let value: Value = serde_json::from_str(&call.arguments).unwrap();
        assert_eq!(value["age"], 51, "{protocol}: {value}");
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
    let _turn = TURN.lock().await;
    let server = server().await;
    let provider = provider(&server, Protocol::Chat);
    let mut request = request();
    request.output = Output::JsonSchema(tool());
    for reply in [
        provider.respond(&request).await.unwrap(),
        collect(provider.stream(&request).await.unwrap()).await.unwrap(),
    ] {
        let value: Value = serde_json::from_str(&reply.text()).unwrap();
        assert_eq!(value["age"], 51, "{value}");
        assert_eq!(reply.stop, StopReason::Stop);
    }
    request.settings.max_tokens = Some(4);
    assert_eq!(provider.respond(&request).await.unwrap().stop, StopReason::Length);
    let streamed = collect(provider.stream(&request).await.unwrap()).await.unwrap();
    assert_eq!(streamed.stop, StopReason::Length);
}

#[tokio::test]
async fn several_tools_under_every_choice() {
    let _turn = TURN.lock().await;
    let server = server().await;
    let schema = json!({
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    });
    let town = Arc::new(Tool::new("town", schema).description("A town."));
    for protocol in [Protocol::Chat, Protocol::Anthropic, Protocol::Responses] {
        let provider = provider(&server, protocol);
        for choice in [ToolChoice::Any, ToolChoice::Only(1), ToolChoice::Auto] {
            for parallel in [false, true] {
                let mut tools = Tools::one(tool());
                tools.tools.push(Arc::clone(&town));
                (tools.choice, tools.parallel) = (choice, parallel);
                let mut request = request();
                request.output = Output::Tools(tools);
                let reply = match provider.respond(&request).await {
                    Ok(reply) => reply,
                    // The server accepts the request. Without the limit of one call, this small
                    // model sometimes writes a text that the server cannot parse.
                    Err(error) if error.message.contains("does not match the expected") => {
                        assert!(parallel || choice == ToolChoice::Auto, "{protocol} {choice:?}");
                        continue;
                    }
                    Err(error) => panic!("{protocol} {choice:?}: {error:?}"),
                };
                let names: Vec<&str> = reply.tool_calls().map(|call| call.name.as_str()).collect();
                let allowed: &[&str] = match choice {
                    ToolChoice::Only(_) => &["town"],
                    _ => &["person", "town"],
                };
                assert!(names.iter().all(|name| allowed.contains(name)), "{protocol}: {names:?}");
                assert!(!names.is_empty() || choice == ToolChoice::Auto, "{protocol}: {reply:?}");
            }
        }
    }
}
