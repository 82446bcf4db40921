//! Replies and streams that deviate from their protocol.

use extract_core::wire::Protocol::{
    self, Anthropic, Bedrock, Chat, Cohere, Gemini, Interactions, Ollama,
};
use serde_json::json;

use crate::faults::case::{Case, answers, chunked, head, sized};
use crate::faults::row::Expect::{self, Passes, Stays, Value};
use crate::faults::row::{Chapter, Row};
use crate::faults::server::Script;

/// Returns a protocol's reason for a natural end, as JSON.
fn natural_end(protocol: Protocol) -> &'static str {
    match protocol {
        Anthropic | Bedrock => "\"end_turn\"",
        Gemini => "\"STOP\"",
        Cohere => "\"COMPLETE\"",
        Chat | Ollama => "\"stop\"",
        _ => "\"completed\"",
    }
}

/// Returns the script of a reply with another text in its body. `None` if the events are binary.
fn replaced(case: Case, from: &str, to: &str) -> Option<Script> {
    let body = String::from_utf8(case.body()).ok()?;
    assert!(body.contains(from), "{from} is not in {body}");
    Some(case.replies(body.replace(from, to).as_bytes()))
}

/// A row of streams with this event before each event.
fn filler(title: &str, event: &'static str, protocols: fn(Case) -> bool) -> Row {
    Row::plain(title, move |case| {
        let events = case.saying().events;
        let body: Vec<u8> =
            events.iter().flat_map(|own| [event.as_bytes(), own.as_slice()].concat()).collect();
        (case.streamed && protocols(case)).then(|| (case.replies(&body), Value))
    })
}

/// A whole reply shows its end itself; a stream needs the reason.
fn without_reason(case: Case) -> Expect {
    match (case.streamed, case.protocol()) {
        (true, _) => Stays("interrupted"),
        (false, Interactions) => Stays("malformed"),
        (false, _) => Value,
    }
}

/// Rows of streams with events that hold nothing.
fn fillers() -> Vec<Row> {
    vec![
        filler("Comments between the events.", ": a comment\n\n", Case::is_sse),
        filler(
            "Comments as data between the events: `data: : comment`.",
            "data: : comment\n\n",
            Case::is_sse,
        ),
        filler("Empty events between the events: `data:`.", "data:\n\n", Case::is_sse),
        filler("Blank lines between the lines.", "\n \n", |case| case.is(&[Ollama])),
        filler(
            "Chunks with `choices: null`.",
            "data: {\"id\":\"c\",\"choices\":null}\n\n",
            |case| case.is(&[Chat]),
        ),
        filler("Chunks without `choices`.", "data: {\"id\":\"c\",\"model\":\"m\"}\n\n", |case| {
            case.is(&[Chat])
        }),
        filler(
            "Chunks with an empty delta and an empty `finish_reason`.",
            "data: {\"choices\":[{\"index\":0,\"delta\":null,\"finish_reason\":\"\"}]}\n\n",
            |case| case.is(&[Chat]),
        ),
    ]
}

pub(super) fn chapter() -> Chapter {
    let mut rows = vec![
        Row::plain("The reason to stop is unknown: `worker_lost`.", |case| {
            let script = replaced(case, natural_end(case.protocol()), "\"worker_lost\"")?;
            Some((script, Stays("interrupted")))
        }),
        Row::plain("The reason to stop is empty.", |case| {
            let script = replaced(case, natural_end(case.protocol()), "\"\"")?;
            Some((script, without_reason(case)))
        }),
        Row::plain("A field `error:` after the first piece of the text.", |case| {
            let failure =
                json!({"code": 503, "message": "The slot went away.", "type": "server_error"});
            let body = [
                &case.body()[..case.after_first_piece()],
                format!("error: {failure}\n\n").as_bytes(),
            ]
            .concat();
            (case.streamed && case.is_sse()).then(|| (case.replies(&body), Stays("overloaded")))
        }),
        Row::plain("Every event comes twice.", |case| {
            let events = case.saying().events;
            let body: Vec<u8> = events.iter().flat_map(|event| event.repeat(2)).collect();
            let is_known = !case.is(&[Chat, Gemini, Ollama]);
            case.streamed
                .then(|| (case.replies(&body), if is_known { Value } else { Stays("invalid") }))
        }),
        Row::plain("A byte order mark in front of the body.", |case| {
            let body = ["\u{feff}".as_bytes(), &case.body()].concat();
            (!case.streamed || !case.is(&[Bedrock])).then(|| (case.replies(&body), Value))
        }),
        Row::plain("Bytes that are not UTF-8.", |case| {
            let mut body = case.body();
            let at = body.windows(3).position(|window| window == b"Ida")?;
            body[at + 1] = 0xE9;
            Some((case.replies(&body), Stays("malformed")))
        }),
        Row::plain("Lines that end with CR LF.", |case| {
            let body =
                String::from_utf8(case.body()).ok()?.replace("\r\n", "\n").replace('\n', "\r\n");
            case.streamed.then(|| (case.replies(body.as_bytes()), Value))
        }),
        Row::plain("Status 204.", |_| Some((answers(head(204, "")), Passes("interrupted")))),
        Row::plain("Status 200 with an empty body.", |case| {
            let headers = format!("content-type: {}\r\n", case.media_type());
            Some((answers(sized(200, &headers, b"")), Passes("interrupted")))
        }),
        Row::plain("Status 200 with a blank body.", |case| {
            let headers = format!("content-type: {}\r\n", case.media_type());
            (!case.streamed || !case.is(&[Bedrock]))
                .then(|| (answers(sized(200, &headers, b" \r\n")), Passes("interrupted")))
        }),
        Row::plain("A body without a content type.", |case| {
            Some((answers(sized(200, "", &case.body())), Value))
        }),
        Row::plain("A stream that is labelled as JSON.", |case| {
            (case.streamed && !case.is(&[Bedrock]))
                .then(|| (answers(chunked("application/json", &case.body(), true)), Value))
        }),
        Row::plain("A whole reply instead of a stream.", |case| {
            let body = case.saying().body;
            let headers = "content-type: application/json\r\n";
            case.streamed.then(|| (answers(sized(200, headers, body.as_bytes())), Value))
        }),
    ];
    for (how, reason, expect) in [
        ("no `done`, but a `done_reason`", json!({"done_reason": "stop"}), Value),
        ("neither `done` nor a `done_reason`", json!({}), Stays("interrupted")),
        ("`done: false`", json!({"done": false, "done_reason": "stop"}), Stays("interrupted")),
    ] {
        rows.push(Row::plain(format!("The last line has {how}."), move |case| {
            let mut events = case.saying().events;
            *events.last_mut()? = format!("{reason}\n").into_bytes();
            (case.streamed && case.is(&[Ollama]))
                .then(|| (case.replies(&events.concat()), expect.clone()))
        }));
    }
    rows.extend(fillers());
    rows.extend(cut_bodies());
    Chapter {
        title: "1.2 Odd replies and streams",
        about: "A reply that deviates from its protocol and is still whole is read. Any other is one error, the same \
            for whole and streamed replies.",
        rows,
    }
}

/// Rows of bodies that end early: before the first piece of the text, and after it.
fn cut_bodies() -> Vec<Row> {
    /// Returns the response with a part of the body.
    type Respond = fn(Case, &[u8]) -> Vec<u8>;
    let framings: [(&str, Respond); 3] = [
        ("with a content length", |case, part| {
            let headers = format!(
                "content-type: {}\r\ncontent-length: {}\r\n",
                case.media_type(),
                case.body().len()
            );
            [&head(200, &headers), part].concat()
        }),
        ("in chunks", |case, part| chunked(case.media_type(), part, false)),
        ("until the connection closes", |case, part| {
            [&head(200, &format!("content-type: {}\r\n", case.media_type())), part].concat()
        }),
    ];
    framings
        .into_iter()
        .flat_map(|(framing, respond)| {
            let before = Row::plain(
                format!(
                    "A body {framing} breaks off in the middle of the first piece of the text."
                ),
                move |case| {
                    let at = if case.streamed { case.before_first_piece() + 20 } else { 20 };
                    let bytes = respond(case, &case.body()[..at]);
                    Some((answers(bytes), Passes("interrupted")))
                },
            );
            let after = Row::plain(
                format!("A body {framing} breaks off after the first piece of the text."),
                move |case| {
                    let bytes = respond(case, &case.body()[..case.after_first_piece() + 9]);
                    let expect =
                        if case.streamed { Stays("interrupted") } else { Passes("interrupted") };
                    Some((answers(bytes), expect))
                },
            );
            [before, after]
        })
        .collect()
}
