//! Refusals of modes, schemas and settings, as servers phrase them in public reports.

use std::sync::Arc;
use std::time::Duration;

use extract_core::conversation::{
    Feature, Message, Mode, Output, ProviderError, ProviderErrorKind as Kind, Request, Tool, Tools,
};
use extract_core::model::{Limits, Model, Provider, ProviderOptions, RetryPolicy};
use serde_json::{Value, json};

use crate::support::server::{Act, Server, answer, chunked};

fn provider(server: &Server) -> Provider {
    let mut options = ProviderOptions::default();
    options.model = "openai/m".into();
    options.base_url = Some(server.url());
    options.key = Some("sk-0123456789abcdef".to_owned().into());
    options.limits = Limits::off();
    options.retry = RetryPolicy::times(2).first_wait(Duration::from_millis(1));
    Provider::new(options).unwrap()
}

fn request(mode: Mode) -> Request {
    let tool = Arc::new(Tool::new("t", json!({"type": "object"})));
    let mut request = Request::new(vec![Message::user("Say hello.")]);
    request.output = match mode {
        Mode::Tools => Output::Tools(Tools::one(tool)),
        Mode::JsonSchema => Output::JsonSchema(tool),
        Mode::JsonObject => Output::JsonObject,
        _ => Output::Text,
    };
    request
}

/// Returns the error of a server that answers with this status and body.
async fn refused(status: u16, body: &Value, mode: Mode) -> (ProviderError, usize) {
    let server = Server::start([answer(status, "", &body.to_string())]).await;
    let error = provider(&server).respond(&request(mode)).await.unwrap_err();
    (error, server.count())
}

fn openai(message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}})
}

fn with_param(message: &str, param: &str, code: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})
}

fn llama(code: u16, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "type": "server_error"}})
}

/// A violation as pydantic reports it. It repeats the whole request.
fn violation(kind: &str, location: &Value, message: &str) -> Value {
    json!({"type": kind, "loc": location, "msg": message,
        "input": {"messages": [], "tools": [], "tool_choice": "auto", "response_format": {}, "seed": 1}})
}

/// Returns refusals of modes: status, body and mode of the request.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(crate) fn refused_modes() -> Vec<(u16, Value, Mode)> {
    use Mode::{JsonObject, JsonSchema, Tools};
    let literal = || {
        violation(
            "literal_error",
            &json!(["body", "response_format", "type"]),
            "Input should be 'text' or 'json_object'",
        )
    };
    let extra = |field: &str| {
        violation("extra_forbidden", &json!(["body", field]), "Extra inputs are not permitted")
    };
    vec![
        // llama.cpp, ik_llama.cpp and servers built on them
        (
            500,
            llama(
                500,
                "response_format type must be one of \"text\" or \"json_object\", but got: json_schema",
            ),
            JsonSchema,
        ),
        (500, llama(500, "tools param requires --jinja flag"), Tools),
        (500, llama(500, "Unsupported param: tools"), Tools),
        (500, llama(500, "Cannot use both json_schema and grammar"), JsonSchema),
        (
            501,
            llama(501, "response_format json_schema is not supported: only json_object is"),
            JsonSchema,
        ),
        // vLLM, SGLang and other servers with pydantic
        (
            400,
            json!({"object": "error", "message": "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "type": "BadRequestError", "param": null, "code": 400}),
            Tools,
        ),
        (
            400,
            json!({"object": "error", "message": "tool_choice=\"required\" requires --tool-call-parser to be set", "type": "BadRequestError", "param": null, "code": 400}),
            Tools,
        ),
        (
            400,
            json!({"object": "error", "type": "BadRequestError", "code": 400, "message": "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema', 'ctx': {}}]"}),
            JsonSchema,
        ),
        (422, json!({"detail": [literal()]}), JsonSchema),
        (
            422,
            json!({"object": "error", "message": {"detail": [literal()]}, "type": "invalid_request_error"}),
            JsonSchema,
        ),
        (400, json!({"object": "error", "message": [literal()], "code": 40001}), JsonSchema),
        (422, json!({"detail": [extra("tools")]}), Tools),
        (
            422,
            json!({"object": "Error", "message": [extra("tool_choice")], "detail": [extra("tool_choice")], "code": 3001}),
            Tools,
        ),
        (422, json!({"detail": [extra("response_format")]}), JsonObject),
        (
            422,
            json!({"error": "Input validation error: `response_format` is not supported", "error_type": "validation"}),
            JsonSchema,
        ),
        (
            422,
            json!({"error": "Failed to deserialize the JSON body into the target type: response_format: missing field `value` at line 1 column 168"}),
            JsonSchema,
        ),
        // gateways: litellm, OpenRouter, dify, Fireworks, one-api
        (
            400,
            openai(
                "litellm.UnsupportedParamsError: m does not support parameters: ['response_format'], for model=m. To drop these, set `litellm.drop_params=True`",
            ),
            JsonSchema,
        ),
        (
            400,
            openai(
                "litellm.UnsupportedParamsError: m does not support parameters: ['tools', 'tool_choice']. To drop unsupported params set `litellm.drop_params = True`",
            ),
            Tools,
        ),
        (
            500,
            json!({"error": {"message": "litellm.APIConnectionError: mistral does not support parameters: {'response_format': {'type': 'json_object'}}", "type": null, "code": "500"}}),
            JsonObject,
        ),
        (
            404,
            json!({"error": {"message": "No endpoints found that support tool use. To learn more about provider routing, visit the documentation", "code": 404}}),
            Tools,
        ),
        (
            404,
            json!({"error": {"message": "No endpoints found that support the provided 'tool_choice' value.", "code": 404}}),
            Tools,
        ),
        (
            400,
            json!({"error": {"message": "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later", "type": "", "param": "", "code": "BadRequest"}}),
            JsonSchema,
        ),
        (
            500,
            json!({"args": {}, "error_type": "TypeError", "message": "Completions.create() got an unexpected keyword argument 'response_format'"}),
            JsonSchema,
        ),
        (
            400,
            openai(
                "1 request validation errors: Extra inputs are not permitted, field: 'response_format.json_schema', value: {}",
            ),
            JsonSchema,
        ),
        (400, openai("当前模型不支持 response_format 参数"), JsonSchema),
        (400, openai("Unrecognized request argument supplied: tool_choice"), Tools),
        (
            400,
            openai("Additional properties are not allowed ('response_format' was unexpected)"),
            JsonObject,
        ),
        (
            400,
            openai(
                "response_format: value is not a valid enumeration member; permitted: 'text', 'json_object'",
            ),
            JsonSchema,
        ),
        (
            400,
            llama(400, "Either \"json_schema\" or \"grammar\" can be specified, but not both"),
            JsonSchema,
        ),
        (
            400,
            with_param(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                "messages",
                "x",
            ),
            JsonObject,
        ),
        (
            400,
            with_param(
                "Unknown parameter: 'response_format.json_schema.strict'.",
                "response_format.json_schema.strict",
                "unknown_parameter",
            ),
            JsonSchema,
        ),
        (
            400,
            openai(
                "The tool_choice parameter does not support being set to required in thinking mode",
            ),
            Tools,
        ),
        (
            400,
            json!({"message": "toolConfig.toolChoice.any is not supported by this model."}),
            Tools,
        ),
        (
            400,
            json!({"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "{\"error\":{\"message\":\"response_format is not supported\"}}"}}}),
            JsonSchema,
        ),
        // providers
        (
            400,
            with_param(
                "Invalid parameter: 'response_format' must be one of 'json_object', 'text'.",
                "response_format",
                "invalid_value",
            ),
            JsonSchema,
        ),
        (
            400,
            with_param(
                "Invalid value: 'json_schema'. Supported values are: 'json_object' and 'text'.",
                "response_format.type",
                "invalid_value",
            ),
            JsonSchema,
        ),
        (
            400,
            with_param(
                "'response_format' of type 'json_schema' is not supported with this model.",
                "response_format",
                "unsupported_value",
            ),
            JsonSchema,
        ),
        (
            400,
            openai(
                "'response_format' : one of the following must be satisfied[('response_format.type' : value is not one of the allowed values ['text']) OR ('response_format.name' : property 'name' is missing)]",
            ),
            JsonSchema,
        ),
        (400, openai("This response_format type is unavailable now"), JsonSchema),
        (
            400,
            openai(
                "Failed to deserialize the JSON body into the target type: response_format.type: unknown variant `json_schema`, expected `text` or `json_object`",
            ),
            JsonSchema,
        ),
        (
            400,
            json!({"error": "'response_format.type' must be 'json_schema' or 'text'"}),
            JsonObject,
        ),
        (
            400,
            json!({"error": {"message": "registry.ollama.ai/library/m does not support tools", "type": "api_error", "param": null, "code": null}}),
            Tools,
        ),
        (400, json!({"error": "m does not support tools"}), Tools),
        (
            400,
            json!({"error": {"code": 400, "message": "Json mode is not enabled for models/m", "status": "INVALID_ARGUMENT"}}),
            JsonObject,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "Function calling is not enabled for models/m", "status": "INVALID_ARGUMENT"}}),
            Tools,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "Function calling mode `ANY` is not enabled for api version v1beta", "status": "INVALID_ARGUMENT"}}),
            Tools,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.", "status": "INVALID_ARGUMENT"}}),
            JsonSchema,
        ),
        (
            400,
            json!({"error": {"message": "m is not supported for JSON mode/function calling", "type": "invalid_request_error"}}),
            JsonObject,
        ),
        (
            400,
            json!({"error": {"message": "m is not supported for JSON mode/function calling", "type": "invalid_request_error"}}),
            Tools,
        ),
        (
            400,
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "tools.0.custom.strict: Extra inputs are not permitted"}}),
            Tools,
        ),
        (
            400,
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "output_format: Extra inputs are not permitted"}}),
            JsonSchema,
        ),
        (400, json!({"message": "This model doesn't support tool use."}), Tools),
        (
            403,
            json!({"error": {"message": "Structured outputs are not available for this organization.", "type": "permission_error"}}),
            JsonSchema,
        ),
    ]
}

#[tokio::test]
async fn a_refused_mode_is_recognised_by_its_field() {
    for (status, body, mode) in refused_modes() {
        let (error, sent) = refused(status, &body, mode).await;
        assert_eq!(error.unsupported, Some(Feature::Mode(mode)), "{status} {body}: {error}");
        assert_eq!(
            (error.kind, error.status, sent),
            (Kind::Unsupported, Some(status), 1),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_refused_schema_is_told_from_a_refused_mode() {
    use Mode::{JsonSchema, Tools};
    let cases = [
        (
            400,
            llama(
                400,
                "JSON schema conversion failed:\nPattern must start with '^' and end with '$'",
            ),
            JsonSchema,
        ),
        (
            400,
            llama(
                400,
                "JSON schema conversion failed:\nUnrecognized schema: {\"description\":\"d\"}",
            ),
            Tools,
        ),
        (400, llama(400, "Failed to initialize samplers: failed to parse grammar"), JsonSchema),
        (
            500,
            json!({"error": {"message": "Grammar error: Unimplemented keys: [\"propertyNames\"]", "type": "InternalServerError", "code": 500}}),
            JsonSchema,
        ),
        (
            400,
            json!({"object": "error", "message": "The provided JSON schema contains features not supported by xgrammar.", "type": "BadRequestError", "code": 400}),
            JsonSchema,
        ),
        (
            400,
            with_param(
                "Invalid schema for response_format 't': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'api_key'.",
                "response_format",
                "x",
            ),
            JsonSchema,
        ),
        (
            400,
            with_param(
                "Invalid schema for function 't': In context=('properties', 'fields'), 'additionalProperties' is required to be supplied and to be false.",
                "tools[0].parameters",
                "invalid_function_parameters",
            ),
            Tools,
        ),
        (
            400,
            openai("tools.0.custom: For 'array' type, property 'maxItems' is not supported"),
            Tools,
        ),
        (400, openai("tools.0.custom.input_schema.type: Field required"), Tools),
        (
            400,
            json!({"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \"const\" at 'generation_config.response_schema.properties[0].value': Cannot find field.", "status": "INVALID_ARGUMENT"}}),
            JsonSchema,
        ),
        (
            400,
            json!({"error": "'response_format.json_schema.schema' must be an object"}),
            JsonSchema,
        ),
        (
            400,
            openai(
                "guided decoding: the regex of this schema has a lookaround, which is not supported",
            ),
            JsonSchema,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "The specified schema produces a constraint that has too many states for serving.", "status": "INVALID_ARGUMENT"}}),
            JsonSchema,
        ),
        // Without a reason, only this schema is known to be refused.
        (400, openai("Something about response_format went away"), JsonSchema),
        (422, openai("no luck with tool_choice"), Tools),
        (400, with_param("Bad value.", "response_format", "x"), JsonSchema),
        (
            400,
            json!({"error": {"message": "Invalid 'tools[0].function.name'.", "type": "invalid_request_error", "param": "tools[0].function.name"}}),
            Tools,
        ),
    ];
    for (status, body, mode) in cases {
        let (error, sent) = refused(status, &body, mode).await;
        assert_eq!(error.unsupported, Some(Feature::Schema(mode)), "{status} {body}: {error}");
        assert_eq!((error.kind, sent), (Kind::Unsupported, 1), "{body}");
    }
}

#[tokio::test]
async fn other_complaints_are_no_refusal_of_the_mode() {
    use Mode::{JsonObject, JsonSchema, Tools};
    let repeats =
        |location: &Value| json!({"detail": [violation("missing", location, "Field required")]});
    let python = "[{'type': 'missing', 'loc': ('body', 'model'), 'msg': 'Field required', 'input': {'tools': [], 'response_format': {}}}]";
    let cases = [
        (400, openai("messages: field must not be empty"), JsonSchema, Kind::InvalidRequest),
        (422, repeats(&json!(["body", "model"])), JsonSchema, Kind::InvalidRequest),
        (422, repeats(&json!(["body", "messages", 0, "content"])), Tools, Kind::InvalidRequest),
        (
            400,
            json!({"object": "error", "message": python, "code": 400}),
            Tools,
            Kind::InvalidRequest,
        ),
        (
            400,
            json!({"object": "error", "message": python, "code": 400}),
            JsonObject,
            Kind::InvalidRequest,
        ),
        (
            400,
            openai(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
            ),
            Tools,
            Kind::InvalidRequest,
        ),
        (
            400,
            with_param(
                "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                "messages.[3].role",
                "x",
            ),
            Tools,
            Kind::InvalidRequest,
        ),
        (
            400,
            openai("Function call is missing a thought_signature in functionCall parts."),
            Tools,
            Kind::InvalidRequest,
        ),
        (
            400,
            openai("Invalid 'temperature': decimal above maximum value. Expected a value <= 2."),
            JsonSchema,
            Kind::InvalidRequest,
        ),
        (
            400,
            openai(
                "messages.1.content.0: unexpected `tool_use_id` found in `tool_result` blocks: x.",
            ),
            Tools,
            Kind::InvalidRequest,
        ),
        (
            400,
            with_param(
                "max_tokens is too large: 99999. This model supports at most 4096 completion tokens",
                "max_tokens",
                "x",
            ),
            JsonSchema,
            Kind::InvalidRequest,
        ),
        (500, openai("'NoneType' object has no attribute 'tools'"), Tools, Kind::Server),
        // The subject is another mode than the one that was sent.
        (400, openai("This model does not support tools"), JsonSchema, Kind::InvalidRequest),
        (400, openai("response_format is not supported"), Tools, Kind::InvalidRequest),
        (400, openai("response_format is not supported"), Mode::Text, Kind::InvalidRequest),
        (404, openai("The model `my-tools` does not exist"), Tools, Kind::NotFound),
        (500, openai("Failed to parse tool call arguments as JSON"), Tools, Kind::Server),
        (
            500,
            openai("The structured output service is temporarily unavailable"),
            JsonSchema,
            Kind::Server,
        ),
        (
            503,
            openai("response_format is not supported at the moment"),
            JsonSchema,
            Kind::Overloaded,
        ),
        (429, openai("tools are not available: slow down"), Tools, Kind::RateLimited),
        (401, openai("tools are not allowed without a key"), Tools, Kind::Authentication),
    ];
    for (status, body, mode, kind) in cases {
        let (error, _) = refused(status, &body, mode).await;
        assert_eq!((error.kind, &error.unsupported), (kind, &None), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_refused_setting_is_not_a_refused_mode() {
    let unsupported = "Unsupported parameter: 'stop' is not supported with this model.";
    let cases = [
        (with_param(unsupported, "stop", "unsupported_parameter"), "stop"),
        (openai("temperature: Extra inputs are not permitted"), "temperature"),
        (openai("m doesn't support temperature=0.1 while reasoning is active."), "temperature"),
        (
            json!({"detail": [violation("extra_forbidden", &json!(["body", "seed"]), "Extra inputs are not permitted")]}),
            "seed",
        ),
    ];
    for (body, name) in cases {
        for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
            let (error, sent) = refused(400, &body, mode).await;
            let expected = Some(Feature::Setting(name.to_owned()));
            assert_eq!((&error.unsupported, sent), (&expected, 1), "{mode} {body}");
        }
    }
    // Both are named: the mode can be changed.
    let both = openai("m does not support parameters: ['response_format', 'seed']");
    let (error, _) = refused(400, &both, Mode::JsonSchema).await;
    assert_eq!(error.unsupported, Some(Feature::Mode(Mode::JsonSchema)));
}

#[tokio::test]
async fn a_refusal_in_a_successful_response_counts_as_well() {
    let body = json!({"error": {"message": "response_format is not supported", "code": 400}});
    let event = format!("data: {body}\n\n");
    let server = Server::start([
        answer(200, "content-type: application/json\r\n", &body.to_string()),
        Act::Answer(chunked("text/event-stream", event.as_bytes(), true)),
    ])
    .await;
    let (provider, request) = (provider(&server), request(Mode::JsonSchema));
    let whole = provider.respond(&request).await.unwrap_err();
    let streamed = provider.stream(&request).await.map(|_| ()).unwrap_err();
    for error in [whole, streamed] {
        assert_eq!(error.unsupported, Some(Feature::Mode(Mode::JsonSchema)), "{error}");
        assert_eq!(error.kind, Kind::Unsupported);
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn errors_do_not_repeat_the_request() {
    let mut body = violation("missing", &json!(["body", "model"]), "Field required");
    body["input"]["messages"] = json!([{"role": "user", "content": "a private text"}]);
    for body in [json!({"detail": [body]}), json!({"message": {"detail": [body]}})] {
        let (error, _) = refused(422, &body, Mode::JsonSchema).await;
        assert_eq!(error.message, "model: Field required (missing)");
        assert_eq!(error.param.as_deref(), Some("model"));
    }
}
