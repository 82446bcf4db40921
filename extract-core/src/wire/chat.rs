//! OpenAI's Chat Completions protocol, and the many servers that speak it.
//!
//! Source of the request's shape: OpenAI's API reference for `POST /v1/chat/completions`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::failure::{ErrorBody, beginning};
use crate::conversation::{
    Block, Message, Output, Part, ProviderError, ProviderErrorKind, ReasoningEffort, Reply,
    Request, Role, StopReason, Tool, ToolCall, Usage, Usd,
};

/// The name of the field that bounds the length of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxTokensField {
    /// `max_completion_tokens`: OpenAI, whose reasoning models refuse the older name.
    MaxCompletionTokens,
    /// `max_tokens`: nearly everybody else.
    MaxTokens,
}

/// How a call of the one tool is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoiceForm {
    /// `{"type": "function", "function": {"name": …}}`.
    Named,
    /// `"required"`: for servers that read the object as `auto`, as llama.cpp does.
    Required,
    /// `"any"`: Mistral's word.
    Any,
    /// `"auto"`: for models that refuse to be forced.
    Auto,
}

/// How a server's dialect of the protocol differs from OpenAI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// How to bound the reply's length.
    pub max_tokens: MaxTokensField,
    /// How to demand the tool.
    pub tool_choice: ToolChoiceForm,
    /// Whether `parallel_tool_calls: false` may be sent.
    pub parallel_tool_calls: bool,
    /// Whether `strict` may be sent.
    pub strict: bool,
}

impl Quirks {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        max_tokens: MaxTokensField::MaxCompletionTokens,
        tool_choice: ToolChoiceForm::Named,
        parallel_tool_calls: true,
        strict: true,
    };

    /// A server of which only the protocol is known.
    pub const COMPATIBLE: Self = Self {
        max_tokens: MaxTokensField::MaxTokens,
        tool_choice: ToolChoiceForm::Required,
        parallel_tool_calls: false,
        strict: true,
    };
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[ToolEntry<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: WireFunctionCall<'a>,
}

#[derive(Serialize)]
struct WireFunctionCall<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    r#type: &'static str,
    function: FunctionDefinition<'a>,
}

#[derive(Serialize)]
struct FunctionDefinition<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolChoice<'a> {
    Word(&'static str),
    Named { r#type: &'static str, function: FunctionName<'a> },
}

#[derive(Serialize)]
struct FunctionName<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// The body of a request.
pub fn encode(request: &Request, model: &str, quirks: &Quirks) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let strict = |tool: &Tool| (quirks.strict && tool.strict).then_some(true);
    let (bound, older_bound) = match quirks.max_tokens {
        MaxTokensField::MaxCompletionTokens => (settings.max_tokens, None),
        MaxTokensField::MaxTokens => (None, settings.max_tokens),
    };
    let mut body = Body {
        model,
        messages: request.messages.iter().flat_map(wire_messages).collect(),
        tools: None,
        tool_choice: None,
        parallel_tool_calls: None,
        response_format: None,
        max_completion_tokens: bound,
        max_tokens: older_bound,
        temperature: settings.temperature,
        top_p: settings.top_p,
        seed: settings.seed,
        stop: &settings.stop,
        reasoning_effort: settings.reasoning_effort.map(ReasoningEffort::as_str),
    };
    match &request.output {
        Output::Tool(tool) => {
            body.tools = Some([ToolEntry {
                r#type: "function",
                function: FunctionDefinition {
                    name: &tool.name,
                    description: tool.description.as_deref(),
                    parameters: &tool.schema,
                    strict: strict(tool),
                },
            }]);
            body.tool_choice = Some(match quirks.tool_choice {
                ToolChoiceForm::Named => ToolChoice::Named {
                    r#type: "function",
                    function: FunctionName { name: &tool.name },
                },
                ToolChoiceForm::Required => ToolChoice::Word("required"),
                ToolChoiceForm::Any => ToolChoice::Word("any"),
                ToolChoiceForm::Auto => ToolChoice::Word("auto"),
            });
            body.parallel_tool_calls = quirks.parallel_tool_calls.then_some(false);
        }
        Output::JsonSchema(tool) => {
            body.response_format = Some(ResponseFormat::JsonSchema {
                json_schema: NamedSchema {
                    name: &tool.name,
                    description: tool.description.as_deref(),
                    schema: &tool.schema,
                    strict: strict(tool),
                },
            });
        }
        Output::JsonObject => body.response_format = Some(ResponseFormat::JsonObject),
        Output::Text => {}
    }
    let encode_error =
        |error: serde_json::Error| ProviderError::new(ProviderErrorKind::Encode, error.to_string());
    if settings.extra_body.is_empty() {
        return serde_json::to_vec(&body).map_err(encode_error);
    }
    let mut body = serde_json::to_value(&body).map_err(encode_error)?;
    if let Value::Object(body) = &mut body {
        lay_over(body, &settings.extra_body);
    }
    serde_json::to_vec(&body).map_err(encode_error)
}

/// Lays the user's extra fields over the body: objects are merged, everything else is replaced.
fn lay_over(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (key, value) in extra {
        match (body.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => lay_over(inner, more),
            _ => {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}

/// A turn as the protocol has it: every tool result is a message of its own.
fn wire_messages(message: &Message) -> impl Iterator<Item = WireMessage<'_>> {
    let mut texts = Vec::new();
    let mut tool_calls = Vec::new();
    let mut results = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(&**text),
            Part::ToolCall(call) => tool_calls.push(WireCall {
                id: &call.id,
                r#type: "function",
                function: WireFunctionCall { name: &call.name, arguments: &call.arguments },
            }),
            Part::ToolResult(result) => results.push(WireMessage {
                role: "tool",
                content: Some(Content::Text(&result.content)),
                tool_calls: Vec::new(),
                tool_call_id: Some(&result.call_id),
            }),
        }
    }
    let content = match texts.as_slice() {
        [] => None,
        [text] => Some(Content::Text(text)),
        several => {
            let parts = several.iter().map(|text| ContentPart::Text { text });
            Some(Content::Parts(parts.collect()))
        }
    };
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let speaks = content.is_some() || !tool_calls.is_empty();
    let turn = speaks.then_some(WireMessage { role, content, tool_calls, tool_call_id: None });
    turn.into_iter().chain(results)
}

#[derive(Deserialize)]
struct ReplyBody {
    #[serde(default)]
    choices: Vec<Choice>,
    model: Option<String>,
    usage: Option<UsageBody>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<ReplyMessage>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ReplyMessage {
    content: Option<ReplyContent>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Vec<ReplyCall>>,
}

/// Text, or a list of chunks as Mistral's thinking models send it.
#[derive(Deserialize)]
#[serde(untagged)]
enum ReplyContent {
    Text(String),
    Chunks(Vec<ReplyChunk>),
}

#[derive(Deserialize)]
struct ReplyChunk {
    #[serde(default)]
    r#type: String,
    text: Option<String>,
    thinking: Option<Value>,
}

#[derive(Deserialize)]
struct ReplyCall {
    id: Option<String>,
    function: Option<ReplyFunction>,
}

#[derive(Deserialize)]
struct ReplyFunction {
    name: Option<String>,
    /// A string of JSON; some servers send the object itself.
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct UsageBody {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// OpenRouter gives dollars; Perplexity an object.
    cost: Option<Value>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

/// The reply in the body of a 200.
pub fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let body: ReplyBody = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a chat completion: {error}; it begins {}", beginning(body)))
    })?;
    if let Some(error) = body.error.filter(|error| !error.is_null()) {
        // Some gateways answer 200 and put the failure of the server behind them into the body.
        let wrapped = Value::Object([("error".to_owned(), error)].into_iter().collect());
        let read = ErrorBody::read(&wrapped);
        let status = read.code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(500);
        return Err(read.into_error(status));
    }
    let Some(choice) = body.choices.into_iter().next() else {
        return Err(malformed(String::from("the reply has no choices")));
    };
    let Some(message) = choice.message else {
        return Err(malformed(String::from("the reply's first choice has no message")));
    };
    let mut blocks = Vec::new();
    let reasoning = message.reasoning_content.or(message.reasoning);
    blocks.extend(reasoning.filter(|text| !text.is_empty()).map(Block::Reasoning));
    match message.content {
        Some(ReplyContent::Text(text)) if !text.is_empty() => blocks.push(Block::Text(text)),
        Some(ReplyContent::Chunks(chunks)) => {
            blocks.extend(chunks.into_iter().filter_map(chunk_block));
        }
        _ => {}
    }
    blocks.extend(message.refusal.filter(|text| !text.is_empty()).map(Block::Refusal));
    blocks.extend(message.tool_calls.into_iter().flatten().map(call_block));
    let stop = stop_reason(choice.finish_reason.as_deref(), &blocks);
    let mut reply = Reply::new(blocks, stop);
    reply.model = body.model;
    reply.cost = body.usage.as_ref().and_then(stated_cost);
    reply.usage = body.usage.map(|usage| usage_of(&usage));
    Ok(reply)
}

fn chunk_block(chunk: ReplyChunk) -> Option<Block> {
    if chunk.r#type == "thinking" {
        let text = match chunk.thinking? {
            Value::String(text) => text,
            Value::Array(parts) => {
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()
            }
            _ => return None,
        };
        return Some(Block::Reasoning(text));
    }
    chunk.text.filter(|text| !text.is_empty()).map(Block::Text)
}

fn call_block(call: ReplyCall) -> Block {
    let (name, arguments) = match call.function {
        Some(function) => (function.name.unwrap_or_default(), function.arguments),
        None => (String::new(), None),
    };
    let arguments = match arguments {
        Some(Value::String(text)) => text,
        Some(Value::Null) | None => String::new(),
        Some(object) => object.to_string(),
    };
    Block::ToolCall(ToolCall::new(call.id.unwrap_or_default(), name, arguments))
}

fn stop_reason(raw: Option<&str>, blocks: &[Block]) -> StopReason {
    // A refusal ends with `stop` (OpenAI); what was said decides.
    if blocks.iter().any(|block| matches!(block, Block::Refusal(_))) {
        return StopReason::Refusal;
    }
    match raw {
        Some("stop" | "eos" | "end_turn") => StopReason::Stop,
        Some("length" | "max_tokens" | "model_length") => StopReason::Length,
        Some("tool_calls" | "function_call") => StopReason::ToolCalls,
        Some("content_filter") => StopReason::ContentFilter,
        Some("refusal") => StopReason::Refusal,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}

fn usage_of(body: &UsageBody) -> Usage {
    let mut usage =
        Usage::new(body.prompt_tokens.unwrap_or(0), body.completion_tokens.unwrap_or(0));
    if let Some(details) = &body.prompt_tokens_details {
        usage.cached_input_tokens = details.cached_tokens.unwrap_or(0);
        usage.cache_write_tokens = details.cache_write_tokens.unwrap_or(0);
    }
    if let Some(details) = &body.completion_tokens_details {
        usage.reasoning_tokens = details.reasoning_tokens.unwrap_or(0);
    }
    usage
}

fn stated_cost(usage: &UsageBody) -> Option<Usd> {
    match usage.cost.as_ref()? {
        Value::Number(dollars) => dollars.as_f64().map(Usd),
        Value::Object(parts) => parts.get("total_cost")?.as_f64().map(Usd),
        _ => None,
    }
}
