//! Refusals of a mode. The client of these cells has `Mode::Auto`.

use extract_core::conversation::Mode;
use extract_core::wire::Protocol::{self, Anthropic, Bedrock, Gemini, Ollama, Responses};

use crate::faults::case::{Case, answers, sized};
use crate::faults::row::Expect::{self, Other, Passes, Stays};
use crate::faults::row::{Chapter, Outcome, Row};

/// Returns the field of the first mode.
fn field(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Responses => "text.format",
        Protocol::Anthropic => "tool_choice",
        Protocol::Gemini => "response_schema",
        Protocol::Bedrock => "outputConfig",
        Protocol::Ollama => "format json_schema",
        _ => "response_format json_schema",
    }
}

/// A row of failures with this status and message, whose `{field}` is the field of the first mode.
fn refusal(
    title: &str,
    status: u16,
    message: &'static str,
    expect: impl Fn(Case) -> Expect + Send + Sync + 'static,
) -> Row {
    Row::plain(format!("{status}: {title}"), move |case| {
        let message = message.replace("{field}", field(case.protocol()));
        let body = case.failure("invalid_request_error", None, &message).to_string();
        let headers = "content-type: application/json\r\n";
        Some((answers(sized(status, headers, body.as_bytes())), expect(case)))
    })
    .mode(Mode::Auto)
}

pub(super) fn chapter() -> Chapter {
    // The words of the refusal name the fields of some of the next modes as well.
    let stepped =
        |kind, requests| Other(Outcome::new("value, noted", 2), Outcome::new(kind, requests));
    let field = move |case: Case| match case.protocol() {
        Responses | Anthropic | Bedrock => stepped("invalid_request", 2),
        Gemini | Ollama => stepped("invalid_request", 3),
        _ => stepped("invalid_request", 4),
    };
    let schema = move |case: Case| match case.protocol() {
        Anthropic => stepped("invalid_request", 2),
        Gemini | Bedrock | Ollama => stepped("invalid_request", 3),
        _ => stepped("invalid_request", 4),
    };
    let rows = vec![
        refusal(
            "the field of the mode is not supported.",
            400,
            "{field} is not supported with this model.",
            field,
        ),
        refusal(
            "the field of the mode is not supported.",
            500,
            "{field} is not supported with this model.",
            move |_| stepped("server", 4),
        ),
        refusal(
            "this schema is refused.",
            400,
            "Invalid schema for {field}: schema contains unsupported keywords.",
            schema,
        ),
        refusal(
            "a setting is refused.",
            400,
            "temperature: Extra inputs are not permitted.",
            |_| Stays("unsupported"),
        ),
        refusal("something else is refused.", 400, "messages: field must not be empty.", |_| {
            Stays("invalid_request")
        }),
        refusal("there is no such model.", 404, "The model `m` does not exist.", |_| {
            Stays("not_found")
        }),
        refusal(
            "the key is refused, with the name of the field.",
            401,
            "{field} is not allowed without a key.",
            |_| Stays("authentication"),
        ),
        refusal(
            "a passing failure, with the name of the field.",
            503,
            "{field} is unavailable, try again later.",
            |_| Passes("overloaded"),
        ),
    ];
    Chapter {
        title: "1.5 Refused modes",
        about: "`Mode::Auto` steps down if a failure refuses the field of the mode or this schema, and no further than \
            the feature that it names. The ledger notes it. Other failures are not about the mode. The server's good \
            answer is read in every mode.",
        rows,
    }
}
