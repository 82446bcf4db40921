//! Deviations of servers and gateways from their protocols, over real sockets: unknown reasons to stop,
//! events that hold nothing, repeated events, empty and cut bodies, and bytes that are no UTF-8. Whole and
//! streamed replies are treated alike.

use extract_core::conversation::{ProviderError, ProviderErrorKind as Kind, Reply};
use extract_core::wire::Protocol;
use serde_json::{Value, json};

use crate::support::exchanges::{OVER, amazon_event, hello, provider, respond, stream};
use crate::support::server::{Act, Server, answer, chunked, stream_head};

const SSE: &str = "text/event-stream";

fn sse(events: &[Value]) -> Vec<u8> {
    events.iter().flat_map(|event| format!("data: {event}\n\n").into_bytes()).collect()
}

/// Returns the reply to a request whose answer has this body.
async fn whole_of(model: &str, body: &str) -> Result<Reply, ProviderError> {
    let server = Server::start([answer(200, "content-type: application/json\r\n", body)]).await;
    respond(&provider(&server, model)).await
}

/// Returns the reply to a streamed request whose answer has these bytes.
async fn stream_of(model: &str, media_type: &str, bytes: &[u8]) -> Result<Reply, ProviderError> {
    let server = Server::start([Act::Answer(chunked(media_type, bytes, true))]).await;
    stream(&provider(&server, model)).await
}

/// Replaces a text in bytes that hold UTF-8.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    text.replace(from, to).into_bytes()
}

#[tokio::test]
async fn an_unknown_reason_to_stop_is_an_error_that_names_it() {
    for (protocol, model) in OVER {
        let known = match protocol {
            Protocol::Chat | Protocol::Ollama => "\"stop\"",
            Protocol::Anthropic => "\"end_turn\"",
            Protocol::Gemini => "\"STOP\"",
            Protocol::Cohere => "\"COMPLETE\"",
            _ => "\"completed\"",
        };
        let (body, media_type, events) = hello(protocol);
        let unknown = "\"worker_lost\"";
        let body = body.replace(known, unknown);
        let events = replaced(&events, known, unknown);
        let whole = Server::start([answer(200, "", &body)]).await;
        let streamed = Server::start([Act::Answer(chunked(media_type, &events, true))]).await;
        for (server, reply) in [
            (&whole, respond(&provider(&whole, model)).await),
            (&streamed, stream(&provider(&streamed, model)).await),
        ] {
            let error = reply.expect_err(model);
            assert_eq!((error.kind, server.count()), (Kind::Interrupted, 1), "{protocol}: {error}");
            assert!(error.message.contains("worker_lost"), "{protocol}: {error}");
        }
    }
}

#[tokio::test]
async fn gateways_pass_on_the_reasons_of_other_protocols() {
    let (body, media_type, events) = hello(Protocol::Chat);
    for reason in ["STOP", "end_turn", "COMPLETE", "eos_token", "completed"] {
        let reason = format!("\"{reason}\"");
        let whole = whole_of("openai/m", &body.replace("\"stop\"", &reason)).await.unwrap();
        assert_eq!(whole.text(), "Hello", "{reason}");
        let events = replaced(&events, "\"stop\"", &reason);
        let streamed = stream_of("openai/m", media_type, &events).await.unwrap();
        assert_eq!(streamed.text(), "Hello", "{reason}");
    }
}

#[tokio::test]
async fn events_that_hold_nothing_change_nothing() {
    for (protocol, model) in OVER {
        let (_, media_type, events) = hello(protocol);
        let mut fillers =
            vec![": a comment", "data: : a comment sent as data", "data:", "retry: 5"];
        match protocol {
            Protocol::Ollama => fillers = vec!["", " "],
            Protocol::Chat => fillers.extend([
                r#"data: {"id":"c","choices":null}"#,
                r#"data: {"id":"c","model":"scripted"}"#,
                r#"data: {"choices":[null]}"#,
                r#"data: {"choices":[{"index":0}]}"#,
                r#"data: {"choices":[{"index":0,"delta":null,"finish_reason":""}]}"#,
                "data: {}",
            ]),
            _ => {}
        }
        let plain = stream_of(model, media_type, &events).await.unwrap();
        let text = String::from_utf8(events).unwrap().replace("\r\n", "\n");
        let end = if protocol == Protocol::Ollama { "\n" } else { "\n\n" };
        for filler in fillers {
            let events = text.split_inclusive(end).flat_map(|event| [filler, end, event]);
            let filled: String = events.collect();
            let reply = stream_of(model, media_type, filled.as_bytes()).await;
            let reply = reply.unwrap_or_else(|error| panic!("{protocol} {filler}: {error}"));
            assert_eq!(reply, plain, "{protocol} {filler}");
        }
    }
}

#[tokio::test]
async fn chunks_without_an_answer_are_no_reply() {
    for chunk in [json!({"id": "x", "choices": null}), json!({"id": "x"}), json!({"choices": []})] {
        let bytes = [sse(std::slice::from_ref(&chunk)), b"data: [DONE]\n\n".to_vec()].concat();
        let server = Server::start([Act::Answer(chunked(SSE, &bytes, true))]).await;
        let reply = stream(&provider(&server, "openai/m")).await.unwrap();
        assert!(reply.blocks.is_empty() && reply.raw_stop.is_none(), "{chunk}: {reply:?}");
        let error = whole_of("openai/m", &chunk.to_string()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Malformed, "{chunk}");
    }
}

#[tokio::test]
async fn a_failure_in_a_field_of_its_own_is_an_error() {
    for (protocol, model) in OVER.into_iter().filter(|(protocol, _)| *protocol != Protocol::Ollama)
    {
        let (_, media_type, events) = hello(protocol);
        let text = String::from_utf8(events).unwrap().replace("\r\n", "\n");
        let at = text.find("Hel").unwrap();
        let begun = &text[..at + text[at..].find("\n\n").unwrap() + 2];
        let failure = r#"{"code":503,"message":"slot went away","type":"server_error"}"#;
        for written in
            [format!("error: {failure}\n\n"), format!("event: error\ndata: {failure}\n\n")]
        {
            let bytes = format!("{begun}{written}");
            let error = stream_of(model, media_type, bytes.as_bytes()).await.unwrap_err();
            assert!(error.message.contains("slot went away"), "{protocol} {written}: {error}");
            assert!(matches!(error.kind, Kind::Server | Kind::Overloaded), "{protocol}: {error}");
        }
    }
}

/// Returns the events of a stream that calls tools by these pieces.
fn calls(pieces: &[Value]) -> Vec<u8> {
    let mut events: Vec<Value> = pieces
        .iter()
        .map(|piece| json!({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}))
        .collect();
    events.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}));
    [sse(&events), b"data: [DONE]\n\n".to_vec()].concat()
}

#[tokio::test]
async fn pieces_of_calls_are_joined_by_what_the_server_repeats() {
    let piece = |name: &str, arguments: &str| {
        let mut function = json!({ "arguments": arguments });
        if !name.is_empty() {
            function["name"] = name.into();
        }
        json!({ "function": function })
    };
    let cases = [
        (
            "the name in every chunk",
            vec![piece("t", r#"{"a": "}"#), piece("t", r#"\""#), piece("t", r#" 1"}"#)],
            vec![("t", r#"{"a": "}\" 1"}"#)],
        ),
        (
            "the name before the arguments",
            vec![piece("t", ""), piece("t", r#"{"a": "#), piece("t", "1}")],
            vec![("t", r#"{"a": 1}"#)],
        ),
        (
            "the name in the first chunk",
            vec![piece("t", r#"{"a": "#), piece("", "1}")],
            vec![("t", r#"{"a": 1}"#)],
        ),
        (
            "two whole calls",
            vec![piece("t", r#"{"a": 1}"#), piece("t", r#"{"a": 2}"#)],
            vec![("t", r#"{"a": 1}"#), ("t", r#"{"a": 2}"#)],
        ),
        (
            "two names",
            vec![piece("t", r#"{"a": "#), piece("u", r#"{"b": 2}"#)],
            vec![("t", r#"{"a": "#), ("u", r#"{"b": 2}"#)],
        ),
    ];
    for (case, pieces, expected) in cases {
        let reply = stream_of("openai/m", SSE, &calls(&pieces)).await.unwrap();
        let found: Vec<(&str, &str)> =
            reply.tool_calls().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!(found, expected, "{case}");
    }
}

#[tokio::test]
async fn arguments_without_a_name_belong_to_the_call_before_them() {
    let part = |call: Value| json!({ "functionCall": call });
    let cases = [
        (
            "name first",
            vec![part(json!({"name": "t", "args": {}})), part(json!({"args": {"a": 1}}))],
            Ok(vec![("t", r#"{"a":1}"#)]),
        ),
        (
            "name without arguments",
            vec![part(json!({"name": "t"})), part(json!({"args": {"a": 1}}))],
            Ok(vec![("t", r#"{"a":1}"#)]),
        ),
        (
            "no arguments",
            vec![part(json!({"name": "t", "args": {}})), part(json!({"name": "u"}))],
            Ok(vec![("t", "{}"), ("u", "{}")]),
        ),
        (
            "an empty part",
            vec![part(json!({"name": "t", "args": {"a": 1}})), part(json!({"args": {}}))],
            Ok(vec![("t", r#"{"a":1}"#)]),
        ),
        (
            "two sets of arguments",
            vec![part(json!({"name": "t", "args": {"a": 1}})), part(json!({"args": {"b": 2}}))],
            Err(Kind::Malformed),
        ),
    ];
    for (case, parts, expected) in cases {
        let candidate = |parts: &[Value], stop: Option<&str>| json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": stop}]});
        let body = candidate(&parts, Some("STOP"));
        let mut chunks: Vec<Value> =
            parts.iter().map(|part| candidate(std::slice::from_ref(part), None)).collect();
        chunks.push(candidate(&[], Some("STOP")));
        for reply in [
            whole_of("google/m", &body.to_string()).await,
            stream_of("google/m", SSE, &sse(&chunks)).await,
        ] {
            let reply = reply.map_err(|error| error.kind);
            let found = reply.as_ref().map(|reply| {
                let calls = reply.tool_calls();
                calls.map(|call| (call.name.as_str(), call.arguments.as_str())).collect::<Vec<_>>()
            });
            assert_eq!(found.map_err(|kind| *kind), expected, "{case}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_repeated_events_is_read_once() {
    let numbered = [
        json!({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
            "item": {"type": "message", "id": "a", "role": "assistant", "content": []}}),
        json!({"type": "response.output_text.delta", "sequence_number": 2, "item_id": "a", "delta": "ll"}),
        json!({"type": "response.output_text.delta", "sequence_number": 3, "item_id": "a", "delta": "ll"}),
        json!({"type": "response.completed", "sequence_number": 4,
            "response": {"status": "completed", "output": []}}),
    ];
    let opened = [
        json!({"type": "response.created", "response": {"status": "in_progress"}}),
        json!({"type": "response.output_text.delta", "item_id": "a", "delta": "ll"}),
        json!({"type": "response.output_text.delta", "item_id": "a", "delta": "ll"}),
        json!({"type": "response.completed", "response": {"status": "completed", "output": []}}),
    ];
    let cohere = [
        json!({"type": "message-start", "delta": {}}),
        json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "ll"}}}}),
        json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "ll"}}}}),
        json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}),
    ];
    let anthropic = [
        json!({"type": "message_start", "message": {}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "c", "name": "ll"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "1"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "1"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    ];
    let interactions = [
        json!({"event_type": "interaction.created", "interaction": {"id": "i", "status": "in_progress"}}),
        json!({"event_type": "step.start", "index": 0, "step": {"type": "model_output"}}),
        json!({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "ll"}}),
        json!({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "ll"}}),
        json!({"event_type": "step.stop", "index": 0}),
        json!({"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}}),
    ];
    let cases: [(&str, &[Value]); 5] = [
        ("openai-responses/m", &numbered),
        ("openai-responses/m", &opened),
        ("cohere/m", &cohere),
        ("anthropic/m", &anthropic),
        ("google-interactions/m", &interactions),
    ];
    for (model, events) in cases {
        let once = stream_of(model, SSE, &sse(events)).await.unwrap();
        let written =
            once.text() + &once.tool_calls().map(|call| call.arguments.clone()).collect::<String>();
        assert!(matches!(written.as_str(), "llll" | "11"), "{model}: {once:?}");
        let twice: Vec<Value> =
            events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
        let reply = stream_of(model, SSE, &sse(&twice)).await.unwrap();
        assert_eq!(reply, once, "{model}");
    }
    let bedrock = |times: usize| {
        let events = [
            ("messageStart", r#"{"role":"assistant"}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"ll"}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"ll"}}"#),
            ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
            ("messageStop", r#"{"stopReason":"end_turn"}"#),
            ("metadata", r#"{"usage":{"inputTokens":3,"outputTokens":2}}"#),
        ];
        let events = events.iter().map(|(name, data)| amazon_event(name, data).repeat(times));
        events.collect::<Vec<_>>().concat()
    };
    for times in [1, 2] {
        let bytes = bedrock(times);
        let reply = stream_of("bedrock/m", "application/vnd.amazon.eventstream", &bytes).await;
        assert_eq!(reply.unwrap().text(), "llll", "{times}");
    }
}

#[tokio::test]
async fn the_final_item_of_responses_wins_over_its_deltas() {
    let message = |phase: Option<&str>, text: &str| {
        json!({"type": "message", "id": "a", "role": "assistant", "phase": phase,
            "content": [{"type": "output_text", "text": text}]})
    };
    let delta =
        |text: &str| json!({"type": "response.output_text.delta", "item_id": "a", "delta": text});
    let done = |item: &Value| json!({"type": "response.output_item.done", "item": item});
    let completed = |output: &[Value]| json!({"type": "response.completed", "response": {"status": "completed", "output": output}});
    let whole = completed(&[message(None, "Hello")]);
    let (hello, aside) = (message(None, "Hello"), message(Some("commentary"), "Hello"));
    let cases = [
        (
            "twice",
            vec![
                delta("Hel"),
                delta("Hel"),
                delta("lo"),
                delta("lo"),
                done(&hello),
                completed(&[]),
            ],
            "Hello",
        ),
        ("in the response", vec![delta("Hel"), delta("Hel"), whole.clone()], "Hello"),
        ("other text", vec![delta("Hallo"), done(&hello), whole], "Hello"),
        ("the rest", vec![delta("Hel"), done(&hello), completed(&[])], "Hello"),
        ("no text", vec![delta("Hello"), done(&message(None, "")), completed(&[])], "Hello"),
        ("commentary", vec![delta("Hello"), done(&aside), completed(&[])], ""),
    ];
    for (case, events, expected) in cases {
        let reply = stream_of("openai-responses/m", SSE, &sse(&events)).await;
        let reply = reply.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(reply.text(), expected, "{case}");
    }
}

#[tokio::test]
async fn the_last_line_of_ollama_may_lack_its_mark() {
    let line = |last: Value| {
        let first = json!({"model": "m", "message": {"content": "Hello"}, "done": false});
        format!("{first}\n{last}\n").into_bytes()
    };
    let media_type = "application/x-ndjson";
    let without = line(json!({"message": {"content": ""}, "done_reason": "stop"}));
    assert_eq!(stream_of("ollama-native/m", media_type, &without).await.unwrap().text(), "Hello");
    for open in [json!({"done": false, "done_reason": "stop"}), json!({"message": {"content": ""}})]
    {
        let error = stream_of("ollama-native/m", media_type, &line(open)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Interrupted);
    }
}

#[tokio::test]
async fn an_empty_body_is_one_error_whole_and_streamed() {
    for (_, model) in OVER {
        for (status, body) in [(200, ""), (200, " \r\n"), (200, "\u{feff}"), (204, "")] {
            for media_type in ["application/json", SSE, "application/x-ndjson"] {
                let headers = format!("content-type: {media_type}\r\n");
                let server = Server::start([answer(status, &headers, body)]).await;
                let provider = provider(&server, model);
                for reply in [respond(&provider).await, stream(&provider).await] {
                    let error = reply.unwrap_err();
                    assert_eq!(
                        error.kind,
                        Kind::Interrupted,
                        "{model} {status} {media_type}: {error}"
                    );
                    assert_eq!(error.status, Some(status), "{model} {media_type}");
                    assert!(error.message.contains("empty"), "{model} {media_type}: {error}");
                }
                assert_eq!(server.count(), 6, "both are sent again");
            }
        }
    }
}

#[tokio::test]
async fn a_cut_body_is_one_error_with_and_without_a_length() {
    for (protocol, model) in OVER {
        let (body, ..) = hello(protocol);
        let cut = &body[..body.len() - 9];
        let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{cut}", body.len());
        let bodies = [
            ("with a length", length.into_bytes()),
            ("in chunks", chunked("application/json", cut.as_bytes(), false)),
            ("until the end", [stream_head("application/json"), cut.into()].concat()),
        ];
        for (case, bytes) in bodies {
            let server = Server::start([Act::Answer(bytes), answer(200, "", &body)]).await;
            let reply = respond(&provider(&server, model)).await;
            let reply = reply.unwrap_or_else(|error| panic!("{protocol} {case}: {error}"));
            assert_eq!((reply.text().as_str(), server.count()), ("Hello", 2), "{protocol} {case}");
        }
        let only =
            Server::start([Act::Answer([stream_head("application/json"), cut.into()].concat())]);
        let error = respond(&provider(&only.await, model)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Interrupted, "{protocol}: {error}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_one_error_whole_and_streamed() {
    for (protocol, model) in OVER {
        let (body, media_type, events) = hello(protocol);
        let broken = |bytes: &[u8]| {
            let at = bytes.windows(3).position(|window| window == b"Hel").unwrap();
            let mut bytes = bytes.to_vec();
            bytes[at + 1] = 0xE9;
            bytes
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let whole = [head.into_bytes(), broken(body.as_bytes())].concat();
        let streamed = chunked(media_type, &broken(&events), true);
        let (whole, streamed) = (
            Server::start([Act::Answer(whole)]).await,
            Server::start([Act::Answer(streamed)]).await,
        );
        for reply in
            [respond(&provider(&whole, model)).await, stream(&provider(&streamed, model)).await]
        {
            let error = reply.unwrap_err();
            assert_eq!(error.kind, Kind::Malformed, "{protocol}: {error}");
            let named = error.message.contains("UTF-8") && error.message.contains("0xE9");
            assert!(named, "{protocol}: {error}");
        }
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    for (protocol, model) in OVER {
        let (body, media_type, events) = hello(protocol);
        let marked = format!("\u{feff}{body}");
        assert_eq!(whole_of(model, &marked).await.unwrap().text(), "Hello", "{protocol}");
        let events = ["\u{feff}".as_bytes(), &events].concat();
        for media_type in [media_type, "application/json"] {
            let reply = stream_of(model, media_type, &events).await;
            let reply = reply.unwrap_or_else(|error| panic!("{protocol} {media_type}: {error}"));
            assert_eq!(reply.text(), "Hello", "{protocol} {media_type}");
        }
        let headers = "content-type: application/json\r\n";
        let error = "\u{feff}{\"error\": {\"message\": \"No.\", \"code\": \"invalid_api_key\"}}";
        let server =
            Server::start([answer(401, headers, error), answer(200, headers, &marked)]).await;
        let refused = respond(&provider(&server, model)).await.unwrap_err();
        assert!(refused.message.starts_with("No."), "{protocol}: {refused}");
        assert_eq!(stream(&provider(&server, model)).await.unwrap().text(), "Hello", "{protocol}");
    }
}

#[test]
fn an_exception_whose_payload_is_no_object_is_an_error() {
    for payload in ["1", "[]", "\"gone\"", "null", "", "{"] {
        let mut stream = Protocol::Bedrock.stream();
        let error = stream.event(Some("throttlingException"), payload).expect_err(payload);
        assert_eq!(error.kind, Kind::RateLimited, "{payload}: {error}");
        assert_eq!(error.code.as_deref(), Some("throttlingException"), "{payload}");
    }
}

#[test]
fn a_step_that_is_no_object_takes_deltas() {
    for step in [json!(7), json!([]), json!("thought"), Value::Null] {
        let mut stream = Protocol::Interactions.stream();
        for event in [
            json!({"event_type": "step.start", "index": 0, "step": step}),
            json!({"event_type": "step.delta", "index": 0,
                "delta": {"type": "thought_signature", "signature": "ab"}}),
            json!({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hi"}}),
        ] {
            stream.event(None, &event.to_string()).unwrap();
        }
    }
}

/// Lists of calls are searched for every piece, so their length is bounded.
#[test]
fn a_reply_of_very_many_calls_is_refused_soon() {
    let calls: Vec<Value> = (0..6_000)
        .map(|n| json!({"index": n, "id": format!("c{n}"), "function": {"name": "f"}}))
        .collect();
    let items: Vec<Value> = (0..6_000)
        .map(|n| json!({"type": "function_call", "id": format!("i{n}"), "call_id": "c", "name": "f"}))
        .collect();
    let chat = json!({"choices": [{"message": {"tool_calls": calls}, "finish_reason": "stop"}]});
    let details: Vec<Value> = (0..6_000).map(|n| json!({"index": n, "type": "t"})).collect();
    let details = json!({"choices": [{"message": {"reasoning_details": details}}]});
    let responses = json!({"status": "completed", "output": items});
    for (protocol, body) in
        [(Protocol::Chat, chat), (Protocol::Chat, details), (Protocol::Responses, responses)]
    {
        let error = protocol.decode(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.kind, Kind::TooLarge, "{protocol}: {error}");
    }
    let mut stream = Protocol::Responses.stream();
    let failed = (0..6_000).find_map(|n| {
        let item = json!({"type": "function_call", "id": format!("i{n}"), "name": "f"});
        let event = json!({"type": "response.output_item.added", "item": item});
        stream.event(None, &event.to_string()).err()
    });
    assert_eq!(failed.unwrap().kind, Kind::TooLarge);
}
