use serde_json::json;

use super::*;

const FORMS: [BatchForm; 4] =
    [BatchForm::OpenAi, BatchForm::Anthropic, BatchForm::Gemini, BatchForm::Mistral];

#[test]
fn lines_hold_the_body_as_it_is() {
    let body = br#"{"model":"m","n":1.0}"#;
    let expected = [
        r#"{"custom_id":"a-1","method":"POST","url":"/v1/responses","body":{"model":"m","n":1.0}}"#,
        r#"{"custom_id":"a-1","params":{"model":"m","n":1.0}}"#,
        r#"{"key":"a-1","request":{"model":"m","n":1.0}}"#,
        r#"{"custom_id":"a-1","body":{"model":"m","n":1.0}}"#,
    ];
    for (form, expected) in FORMS.into_iter().zip(expected) {
        let line = form.of().unwrap().line("a-1", "/v1/responses", body);
        assert_eq!(String::from_utf8(line).unwrap(), format!("{expected}\n"), "{form:?}");
    }
}

#[test]
fn anthropic_gets_the_lines_in_the_request() {
    let service = BatchForm::Anthropic.of().unwrap();
    let mut lines = service.line("a-1", "", br#"{"text":"one\ntwo"}"#);
    lines.extend(service.line("b-2", "", b"{}"));
    let creation = Creation { model: "m", path: "", file: None, lines: &lines, label: "l" };
    let body: Value = serde_json::from_slice(&service.create(&creation).body).unwrap();
    let first = json!({"custom_id": "a-1", "params": {"text": "one\ntwo"}});
    assert_eq!(body, json!({"requests": [first, {"custom_id": "b-2", "params": {}}]}));
}

#[test]
fn states_are_read() {
    let openai = |status: &str| json!({"status": status});
    let mistral = openai;
    let anthropic = |status: &str| json!({"processing_status": status});
    let gemini = |state: &str| json!({"metadata": {"state": state}});
    let cases: Vec<(BatchForm, Value, Option<Stage>)> = vec![
        (BatchForm::OpenAi, openai("validating"), Some(Stage::Waiting)),
        (BatchForm::OpenAi, openai("in_progress"), Some(Stage::Running)),
        (BatchForm::OpenAi, openai("finalizing"), Some(Stage::Running)),
        (BatchForm::OpenAi, openai("cancelling"), Some(Stage::Cancelling)),
        (BatchForm::OpenAi, openai("completed"), Some(Stage::Completed)),
        (BatchForm::OpenAi, openai("failed"), Some(Stage::Failed)),
        (BatchForm::OpenAi, openai("expired"), Some(Stage::Expired)),
        (BatchForm::OpenAi, openai("cancelled"), Some(Stage::Cancelled)),
        (BatchForm::OpenAi, openai("new"), None),
        (BatchForm::Anthropic, anthropic("in_progress"), Some(Stage::Running)),
        (BatchForm::Anthropic, anthropic("canceling"), Some(Stage::Cancelling)),
        (BatchForm::Anthropic, anthropic("ended"), Some(Stage::Completed)),
        (BatchForm::Gemini, gemini("BATCH_STATE_PENDING"), Some(Stage::Waiting)),
        (BatchForm::Gemini, gemini("JOB_STATE_RUNNING"), Some(Stage::Running)),
        (BatchForm::Gemini, gemini("BATCH_STATE_SUCCEEDED"), Some(Stage::Completed)),
        (BatchForm::Gemini, gemini("JOB_STATE_PARTIALLY_SUCCEEDED"), Some(Stage::Completed)),
        (BatchForm::Gemini, gemini("BATCH_STATE_FAILED"), Some(Stage::Failed)),
        (BatchForm::Gemini, gemini("BATCH_STATE_CANCELLED"), Some(Stage::Cancelled)),
        (BatchForm::Gemini, gemini("BATCH_STATE_EXPIRED"), Some(Stage::Expired)),
        (BatchForm::Gemini, json!({"done": true, "error": {"code": 3}}), Some(Stage::Failed)),
        (BatchForm::Gemini, json!({"done": false}), None),
        (BatchForm::Mistral, mistral("QUEUED"), Some(Stage::Waiting)),
        (BatchForm::Mistral, mistral("RUNNING"), Some(Stage::Running)),
        (BatchForm::Mistral, mistral("CANCELLATION_REQUESTED"), Some(Stage::Cancelling)),
        (BatchForm::Mistral, mistral("SUCCESS"), Some(Stage::Completed)),
        (BatchForm::Mistral, mistral("FAILED"), Some(Stage::Failed)),
        (BatchForm::Mistral, mistral("TIMEOUT_EXCEEDED"), Some(Stage::Expired)),
        (BatchForm::Mistral, mistral("CANCELLED"), Some(Stage::Cancelled)),
    ];
    for (form, answer, stage) in cases {
        let info = form.of().unwrap().info(answer.to_string().as_bytes());
        assert_eq!(info.ok().map(|info| info.stage), stage, "{form:?} {answer}");
    }
    // Google writes counts as texts.
    let stats =
        json!({"requestCount": "3", "successfulRequestCount": "2", "failedRequestCount": "1"});
    let answer = json!({"metadata": {"state": "BATCH_STATE_SUCCEEDED", "batchStats": stats,
        "output": {"responsesFile": "files/r"}}});
    let info = BatchForm::Gemini.of().unwrap().info(answer.to_string().as_bytes()).unwrap();
    assert_eq!(info.counts, Counts { succeeded: 2, failed: 1 });
    assert_eq!(info.results, ["files/r"]);
}

#[test]
fn lines_of_results_are_read() {
    let response = |status: u16, body: Value| {
        Some(Outcome::Response { status, body: body.to_string().into_bytes(), request_id: None })
    };
    let error = json!({"message": "No."});
    for (form, line, expected) in [
        (
            BatchForm::OpenAi,
            json!({"custom_id": "a", "response": {"status_code": 200, "body": {"x": 1}}, "error": null}),
            response(200, json!({"x": 1})),
        ),
        (
            BatchForm::OpenAi,
            json!({"custom_id": "a", "response": {"status_code": 400, "body": {"error": error}}, "error": null}),
            response(400, json!({"error": error})),
        ),
        (
            BatchForm::OpenAi,
            json!({"custom_id": "a", "response": null, "error": {"code": "batch_expired"}}),
            Some(Outcome::Expired),
        ),
        (
            BatchForm::OpenAi,
            json!({"custom_id": "a", "response": null, "error": {"code": "batch_cancelled"}}),
            Some(Outcome::Cancelled),
        ),
        (
            BatchForm::OpenAi,
            json!({"custom_id": "a", "response": null, "error": {"code": "other"}}),
            response(500, json!({"error": {"code": "other"}})),
        ),
        (BatchForm::OpenAi, json!({"custom_id": "a"}), None),
        (BatchForm::OpenAi, json!({"response": {"body": {}}}), None),
        (
            BatchForm::Mistral,
            json!({"custom_id": "a", "response": {"status_code": 200, "body": {}}}),
            response(200, json!({})),
        ),
        (
            BatchForm::Anthropic,
            json!({"custom_id": "a", "result": {"type": "succeeded", "message": {"x": 1}}}),
            response(200, json!({"x": 1})),
        ),
        (
            BatchForm::Anthropic,
            json!({"custom_id": "a", "result": {"type": "errored",
                "error": {"type": "error", "error": {"type": "overloaded_error"}}}}),
            response(529, json!({"type": "error", "error": {"type": "overloaded_error"}})),
        ),
        (
            BatchForm::Anthropic,
            json!({"custom_id": "a", "result": {"type": "expired"}}),
            Some(Outcome::Expired),
        ),
        (BatchForm::Anthropic, json!({"custom_id": "a", "result": {"type": "new"}}), None),
        (
            BatchForm::Gemini,
            json!({"key": "a", "response": {"candidates": []}}),
            response(200, json!({"candidates": []})),
        ),
        (
            BatchForm::Gemini,
            json!({"metadata": {"key": "a"}, "error": {"code": 8, "message": "No."}}),
            response(429, json!({"error": {"code": 8, "message": "No."}})),
        ),
        (BatchForm::Gemini, json!({"key": "a", "error": {"code": 1}}), Some(Outcome::Cancelled)),
    ] {
        let read = form.of().unwrap().read_line(line.to_string().as_bytes());
        assert_eq!(read.map(|read| read.outcome), expected, "{form:?} {line}");
    }
    for form in FORMS {
        for line in [&b""[..], b"{", b"[]", b"null", b"{\"custom_id\": 1}"] {
            assert_eq!(form.of().unwrap().read_line(line), None, "{form:?}");
        }
    }
}
