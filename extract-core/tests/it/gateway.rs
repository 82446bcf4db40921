//! Tests against a gateway in front of the embedded model: a foreign server with generateContent,
//! Interactions, Messages and Responses. `EXTRACT_GATEWAY` names its program (the proxy of
//! `litellm`). Without the variable the test prints a notice and passes.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use extract_core::Client;
use extract_core::conversation::{
    Message, Mode, Output, ProviderErrorKind, Reply, Request, StopReason, Tool, ToolResult, Tools,
};
use extract_core::model::{Model, Provider, ProviderOptions, collect};
use extract_core::wire::Protocol;
use serde_json::{Value, json};

const KEY: &str = "sk-gateway-0123456789";

/// The gateway process, which runs until this is dropped.
struct Gateway {
    child: Child,
    port: u16,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateway {
    fn start(program: &Path, model: &str, behind: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let seen = directory.join("gateway.log");
        let seen = seen.display();
        let config = directory.join("gateway.json");
        let entry = json!({
            "model": format!("openai/{model}"), "api_base": behind, "api_key": "none",
            // The gateway converts Responses and Interactions to Chat Completions for the server
            // behind it.
            "use_chat_completions_api": true,
        });
        let settings = json!({
            "model_list": [{"model_name": "local", "litellm_params": entry}],
            "general_settings": {"master_key": KEY},
            "litellm_settings": {"telemetry": false, "num_retries": 0},
        });
        // JSON is also valid YAML.
        std::fs::write(&config, settings.to_string()).unwrap();
        let log = std::fs::File::create(directory.join("gateway.log")).unwrap();
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--config"])
            .arg(&config)
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Self { child, port };
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the gateway ended ({ended:?}): see {seen}");
            std::thread::sleep(Duration::from_millis(200));
        }
        let _ = child.kill();
        panic!("the gateway does not listen: see {seen}");
    }

    fn options(&self, protocol: Protocol) -> ProviderOptions {
        let mut options = ProviderOptions::default();
        options.model = "local".into();
        options.key = Some(KEY.to_owned().into());
        options.protocol = Some(protocol);
        let version = match protocol {
            Protocol::Gemini | Protocol::Interactions => "v1beta",
            _ => "v1",
        };
        options.base_url = Some(format!("http://127.0.0.1:{}/{version}", self.port));
        options.transport.timeout = Duration::from_secs(120);
        options
    }

    fn provider(&self, protocol: Protocol) -> Provider {
        Provider::new(self.options(protocol)).unwrap()
    }
}

fn tool() -> Arc<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    });
    Arc::new(Tool::new("person", schema).description("A person."))
}

fn request(output: Output) -> Request {
    let mut request =
        Request::new(vec![Message::user("My neighbour Tom Hill, aged 51, repairs bicycles.")]);
    request.output = output;
    request.settings.max_tokens = Some(80);
    request.settings.temperature = Some(0.0);
    request
}

/// Sends the same request twice, whole and streamed, and returns both replies.
async fn both(provider: &Provider, request: &Request) -> [Reply; 2] {
    [
        provider.respond(request).await.unwrap(),
        collect(provider.stream(request).await.unwrap()).await.unwrap(),
    ]
}

fn age(json: &str) -> Value {
    let value: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    value["age"].clone()
}

/// Over these protocols the gateway forwards a native schema.
async fn native_schemas(gateway: &Gateway) {
    for protocol in [Protocol::Gemini, Protocol::Responses] {
        let provider = gateway.provider(protocol);
        for reply in both(&provider, &request(Output::JsonSchema(tool()))).await {
            assert_eq!(age(&reply.text()), 51, "{protocol}: {reply:?}");
            assert_eq!(reply.stop, StopReason::Stop, "{protocol}");
            assert!(reply.usage.is_some(), "{protocol}");
        }
    }
}

/// Makes a call, and a second one after the first was rejected. The model repeats itself if several
/// calls are allowed, so only the first call counts.
async fn tools_and_a_re_ask(gateway: &Gateway) {
    for protocol in [Protocol::Gemini, Protocol::Anthropic, Protocol::Responses] {
        let provider = gateway.provider(protocol);
        let mut request = request(Output::Tools(Tools::one(tool())));
        let replies = both(&provider, &request).await;
        for reply in &replies {
            let call = reply.tool_calls().next().unwrap_or_else(|| panic!("{protocol}: {reply:?}"));
            assert_eq!(call.name, "person", "{protocol}");
            assert_eq!(age(&call.arguments), 51, "{protocol}");
        }
        request.messages.push(replies[0].to_message());
        for call in replies[0].tool_calls() {
            let result = ToolResult::new(call, "the name is too long", true);
            request.messages.push(Message::tool(result));
        }
        let again = provider.respond(&request).await.unwrap();
        assert!(again.tool_calls().next().is_some(), "{protocol}: {again:?}");
    }
}

/// Over Interactions the gateway forwards neither schemas nor tool choice, but it sends its reply
/// as steps.
async fn steps(gateway: &Gateway) {
    let provider = gateway.provider(Protocol::Interactions);
    let mut request = request(Output::Text);
    request.settings.max_tokens = Some(8);
    let [whole, streamed] = both(&provider, &request).await;
    assert_eq!(whole.stop, StopReason::Length, "{whole:?}");
    assert_eq!(whole.usage.unwrap().output_tokens, 8);
    for reply in [&whole, &streamed] {
        assert!(reply.text().contains("Tom"), "{reply:?}");
        assert!(reply.request_id.is_some(), "{reply:?}");
    }
    request.messages.push(whole.to_message());
    request.messages.push(Message::user("And his age?"));
    assert!(!provider.respond(&request).await.unwrap().text().is_empty());
}

/// Checks the gateway's refusals, which have their own messages and codes.
async fn refusals(gateway: &Gateway) {
    for protocol in [Protocol::Gemini, Protocol::Anthropic, Protocol::Responses] {
        let mut options = gateway.options(protocol);
        options.model = "nosuch".into();
        let refused = Provider::new(options).unwrap().respond(&request(Output::Text)).await;
        let error = refused.unwrap_err();
        let told = [ProviderErrorKind::NotFound, ProviderErrorKind::InvalidRequest];
        assert!(told.contains(&error.kind), "{protocol}: {error:?}");
        assert!(!error.is_retryable() && error.message.contains("nosuch"), "{protocol}: {error}");
    }
}

/// Runs whole extractions over the two protocols that forward a schema.
async fn extractions(gateway: &Gateway) {
    for protocol in [Protocol::Gemini, Protocol::Responses] {
        let options = gateway.options(protocol);
        let client = Client::builder()
            .base_url(options.base_url.unwrap())
            .protocol(protocol)
            .model("local")
            .api_key(KEY)
            .mode(Mode::JsonSchema)
            .build()
            .unwrap();
        let text = "My neighbour Tom Hill, aged 51, repairs bicycles.";
        let schema = tool().schema.clone();
        let done = client.extract_value(schema, text).temperature(0.0).max_tokens(80).await;
        assert_eq!(done.unwrap()["age"], 51, "{protocol}");
    }
}

#[tokio::test]
async fn the_same_model_behind_a_gateway_over_every_protocol() {
    let Some(program) = std::env::var_os("EXTRACT_GATEWAY") else {
        eprintln!("skipped: EXTRACT_GATEWAY is not set");
        return;
    };
    let connect = || extract_local::connect(&extract_local::Options::from_env()?);
    let server = tokio::task::spawn_blocking(connect).await.unwrap().unwrap();
    let gateway = Gateway::start(Path::new(&program), server.model(), server.base_url());
    native_schemas(&gateway).await;
    tools_and_a_re_ask(&gateway).await;
    steps(&gateway).await;
    refusals(&gateway).await;
    extractions(&gateway).await;
}
