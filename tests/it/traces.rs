//! The spans and events of extractions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind;
use extract_llm::extraction::{Event, FallbackOn, Listener, TraceContent};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

type Fields = BTreeMap<String, String>;

/// What was traced.
#[derive(Debug, Default)]
struct Traced {
    /// The spans by their ids, with the id of the span around each, in the order of their start.
    spans: Vec<(u64, Option<u64>, Fields)>,
    /// The spans that have ended.
    ended: Vec<u64>,
    /// The lines, with the id of their span.
    lines: Vec<(Option<u64>, Fields)>,
}

/// Keeps what is traced on each thread.
struct OfThread;

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for OfThread {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != "extract_llm" {
            return;
        }
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let around = context.current_span().id().map(Id::into_u64);
        TRACED.with_borrow_mut(|traced| traced.spans.push((id.into_u64(), around, fields)));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        TRACED.with_borrow_mut(|traced| {
            let span = traced.spans.iter_mut().find(|(known, _, _)| *known == id.into_u64());
            if let Some((_, _, fields)) = span {
                record.record(&mut Reader(fields));
            }
        });
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "extract_llm" {
            return;
        }
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        fields.insert("level".to_owned(), event.metadata().level().to_string());
        let span = context.current_span().id().map(Id::into_u64);
        TRACED.with_borrow_mut(|traced| traced.lines.push((span, fields)));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        TRACED.with_borrow_mut(|traced| traced.ended.push(id.into_u64()));
    }
}

/// A guest of a hotel.
#[derive(Debug, PartialEq, Extract)]
struct Guest {
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

thread_local! {
    /// The spans and lines of this thread.
    static TRACED: RefCell<Traced> = RefCell::default();
}

/// Runs a future, and returns its output with what was traced. There is one subscriber for all threads, because
/// places of code that are first reached while there is none stay disabled.
fn traced<O>(future: impl Future<Output = O>) -> (O, Traced) {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(OfThread);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    TRACED.take();
    let output = runtime.block_on(future);
    (output, TRACED.take())
}

fn fields<'a>(span: &'a Fields, names: &[&str]) -> Vec<Option<&'a str>> {
    names.iter().map(|name| span.get(*name).map(String::as_str)).collect()
}

#[test]
fn an_extraction_has_a_span_and_each_attempt_has_one_in_it() {
    let model = Scripted::new([
        reply::tool(json!({"name": "Maria", "age": 340})).usage(120, 14),
        reply::tool(json!({"name": "Maria", "age": 34})).usage(150, 6),
    ]);
    let client = Client::builder().max_tokens(300).temperature(0.5).with_model(model);
    let (value, traced) = traced(async { client.extract::<Guest>("Maria is 34.").await });
    assert_eq!(value.unwrap(), Guest { name: "Maria".into(), age: 34 });

    let [(outer, None, extraction), first, second] = traced.spans.as_slice() else {
        panic!("{traced:?}");
    };
    let of = ["otel.name", "otel.kind", "extract.type", "extract.attempts", "extract.answered_by"];
    assert_eq!(
        fields(extraction, &of),
        ["extract Guest", "internal", "Guest", "2", "scripted/scripted"].map(Some)
    );
    assert_eq!(extraction["gen_ai.usage.input_tokens"], "270");
    assert!(!extraction.contains_key("error.type"), "{extraction:?}");

    assert_eq!((first.1, second.1), (Some(*outer), Some(*outer)));
    let of = ["otel.name", "otel.kind", "gen_ai.operation.name", "gen_ai.provider.name"];
    let names = ["chat scripted", "client", "chat", "scripted"].map(Some);
    assert_eq!((fields(&first.2, &of), fields(&second.2, &of)), (names.to_vec(), names.to_vec()));
    for (field, expected) in [
        ("gen_ai.request.model", "scripted"),
        ("gen_ai.request.max_tokens", "300"),
        ("gen_ai.request.temperature", "0.5"),
        ("gen_ai.request.stream", "false"),
        ("gen_ai.output.type", "json"),
        ("gen_ai.usage.input_tokens", "120"),
        ("gen_ai.usage.output_tokens", "14"),
        ("gen_ai.usage.cache_read.input_tokens", "0"),
        ("gen_ai.response.finish_reasons", "[\"tool_calls\"]"),
        ("extract.mode", "tools"),
        ("extract.attempt", "1"),
        ("extract.outcome", "rejected"),
        ("extract.problems", "\"/age\" (schema)"),
    ] {
        assert_eq!(first.2.get(field).map(String::as_str), Some(expected), "{field}: {first:?}");
    }
    assert_eq!(second.2["extract.outcome"], "accepted");
    assert!(!second.2.contains_key("extract.problems"));
    // Every span has ended, and the texts are nowhere.
    assert_eq!(traced.ended.len(), 3);
    assert!(!format!("{traced:?}").contains("Maria"), "{traced:?}");
}

#[test]
fn each_attempt_is_a_line_at_info() {
    let model = Scripted::new([
        reply::tool(json!({"name": "Maria", "age": 340})).usage(120, 14),
        reply::status(503),
    ]);
    let client = Client::with_model(model);
    let (value, traced) = traced(async { client.extract::<Guest>("Maria is 34.").await });
    value.unwrap_err();
    let lines: Vec<&str> = traced
        .lines
        .iter()
        .filter(|(_, line)| line["level"] == "INFO")
        .map(|(_, line)| line["message"].as_str())
        .collect();
    let [first, second] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(first.starts_with("scripted/scripted: 120 in, 14 out, tool_calls, "), "{first}");
    assert!(first.ends_with(" ms, cost unknown: rejected (1 problem)"), "{first}");
    assert!(second.ends_with(": no reply"), "{second}");
    let failed = &traced.spans[2].2;
    assert_eq!(failed["error.type"], "overloaded", "{failed:?}");
    assert_eq!(failed["otel.status_code"], "ERROR");
    assert_eq!(traced.spans[0].2["error.type"], "overloaded");
}

#[test]
fn extractions_side_by_side_are_told_apart() {
    let replies = (0..4).map(|number| reply::tool(json!({"value": number})));
    let client = Client::with_model(Scripted::new(replies));
    let ((), traced) = traced(async {
        let asked = (0..4).map(|number| {
            let client = client.clone();
            async move { client.extract::<u8>(format!("number {number}")).await.unwrap() }
        });
        futures_util::future::join_all(asked).await;
    });
    let outer: Vec<u64> =
        traced.spans.iter().filter(|(_, around, _)| around.is_none()).map(|span| span.0).collect();
    let mut inner: Vec<u64> = traced.spans.iter().filter_map(|(_, around, _)| *around).collect();
    inner.sort_unstable();
    assert_eq!((outer.len(), inner.len()), (4, 4));
    let mut sorted = outer.clone();
    sorted.sort_unstable();
    assert_eq!(inner, sorted, "each attempt is in the span of its extraction");
    let mut numbers: Vec<&String> =
        traced.spans.iter().filter_map(|(_, _, fields)| fields.get("extract.number")).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
}

#[test]
fn texts_are_traced_when_they_are_asked_for_bounded_and_redacted() {
    let model = Scripted::new([reply::tool(json!({"name": "Maria", "age": 34}))]);
    let content = TraceContent::up_to(60).redact(|text| text.replace("Maria", "[name]"));
    let client = Client::builder().trace_content(content).with_model(model);
    let text = format!("Maria is 34. {}", "ö".repeat(100));
    let (value, traced) = traced(async { client.extract::<Guest>(text).await });
    value.unwrap();
    let of = |name: &str| {
        let found = traced.lines.iter().find_map(|(_, line)| line.get(name));
        found.unwrap_or_else(|| panic!("{traced:?}")).clone()
    };
    let (input, output) = (of("gen_ai.input.messages"), of("gen_ai.output.messages"));
    let input: serde_json::Value = serde_json::from_str(&input).unwrap();
    let sent = input.as_array().unwrap().last().unwrap();
    assert_eq!(sent["role"], "user");
    let text = sent["parts"][0]["content"].as_str().unwrap();
    assert!(text.contains("[name] is 34.") && text.ends_with('…'), "{text}");
    assert!(text.len() <= 60 + '…'.len_utf8(), "{text}");
    assert!(output.contains("[name]") && !format!("{traced:?}").contains("Maria"), "{output}");
}

/// Returns the events that a listener gets.
fn events(run: impl AsyncFnOnce(Listener)) -> Vec<Event> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&kept);
    let listener = Listener::new(move |event| keeping.lock().unwrap().push(event));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(listener.clone()));
    assert!(listener.flush(Duration::from_secs(60)));
    let mut kept = kept.lock().unwrap();
    std::mem::take(&mut *kept)
}

fn names(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Request { .. } => "request",
        Event::Wait { .. } => "wait",
        Event::Attempt { .. } => "attempt",
        Event::CacheHit { .. } => "cache hit",
        Event::PassedOver { .. } => "passed over",
        Event::Done { .. } => "done",
        _ => "other",
    };
    events.iter().map(name).collect()
}

#[test]
fn a_listener_gets_what_happens_in_its_order() {
    let events = events(async |listener| {
        let first = Client::builder().on_event(&listener).with_model(Scripted::new([
            reply::tool(json!({"name": "Maria", "age": 340})),
            reply::status(503),
        ]));
        let right = reply::tool(json!({"name": "Maria", "age": 34}));
        let second = Client::with_model(Scripted::new([right]));
        let guest = first.extract::<Guest>("Maria is 34.");
        guest.fallback_to(&second, FallbackOn::default()).await.unwrap();
    });
    assert_eq!(
        names(&events),
        ["request", "attempt", "request", "attempt", "passed over", "request", "attempt", "done"]
    );
    let Event::Attempt { attempt, .. } = &events[1] else { panic!() };
    assert_eq!((attempt.number, attempt.problems[0].pointer.as_str()), (1, "/age"));
    let Event::Done { type_name, ledger, error: None, .. } = &events[7] else { panic!() };
    assert!(ledger.latency > Duration::ZERO);
    assert_eq!((type_name.as_str(), ledger.attempts.len()), ("Guest", 3));
    let number = events[0].extraction();
    assert!(events.iter().all(|event| event.extraction() == number));
}

#[test]
fn a_failure_reaches_the_listener() {
    let events = events(async |listener| {
        let client = Client::with_model(Scripted::new([reply::refusal("No.")]));
        client.extract::<Guest>("Maria.").on_event(&listener).await.unwrap_err();
        client.extract::<Guest>("").on_event(&listener).await.unwrap_err();
    });
    assert_eq!(names(&events), ["request", "attempt", "done", "done"]);
    let kinds = [2, 3].map(|place| match &events[place] {
        Event::Done { error: Some((kind, _)), .. } => *kind,
        other => panic!("{other:?}"),
    });
    assert_eq!(kinds, ["refused", "input"]);
}

#[test]
fn a_listener_that_panics_or_is_slow_harms_nothing() {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let counts = Arc::new(Mutex::new((0_u64, 0_u64)));
    let counted = Arc::clone(&counts);
    let mut is_first = true;
    let listener = Listener::new(move |event| {
        if std::mem::take(&mut is_first) {
            // Until all extractions have ended.
            wait.recv().unwrap();
            panic!("a listener with a fault");
        }
        let mut counts = counted.lock().unwrap();
        match event {
            Event::Lost(events) => counts.1 += events,
            _ => counts.0 += 1,
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows = 2_000;
    let replies = (0..rows).map(|_| reply::tool(json!({"value": 7})));
    let client = Client::builder().on_event(&listener).with_model(Scripted::new(replies));
    runtime.block_on(async {
        for _ in 0..rows {
            assert_eq!(client.extract::<u8>("Seven.").await.unwrap(), 7);
        }
    });
    release.send(()).unwrap();
    assert!(listener.flush(Duration::from_secs(60)));
    // One more event says how many were lost before it.
    let done = runtime.block_on(async { client.extract::<u8>("Seven.").await });
    done.unwrap_err();
    assert!(listener.flush(Duration::from_secs(60)));
    let (taken, lost) = *counts.lock().unwrap();
    assert_eq!(taken + lost + 1, 3 * (rows + 1), "{taken} taken, {lost} lost");
    assert!(lost > 0);
}

#[test]
fn settings_are_changed_before_each_request_and_begin_with_those_of_the_call() {
    let model = Scripted::new([
        reply::tool(json!({"name": "Maria", "age": 340})),
        reply::tool(json!({"name": "Maria", "age": 34})),
    ]);
    let client = Client::builder()
        .max_tokens(100)
        .before_request(|next, settings| {
            settings.max_tokens = settings.max_tokens.map(|tokens| tokens + next.attempt);
            let user = format!("{} {}", next.type_name, next.attempt);
            settings.extra_body.insert("user".into(), user.into());
        })
        .before_request(|_, settings| {
            settings.max_tokens = None;
            panic!("a function with a fault");
        })
        .with_model(model.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { client.extract::<Guest>("Maria is 34.").await.unwrap() });
    let sent: Vec<_> = model
        .seen()
        .iter()
        .map(|seen| (seen.body["user"].clone(), seen.request.settings.max_tokens))
        .collect();
    assert_eq!(sent, [(json!("Guest 1"), Some(101)), (json!("Guest 2"), Some(102))]);
}

#[test]
fn waits_are_told() {
    let events = events(async |listener| {
        let server = wiremock::MockServer::start().await;
        let busy = wiremock::ResponseTemplate::new(429)
            .insert_header("retry-after-ms", "5")
            .set_body_json(json!({"error": {"message": "Slow down."}}));
        wiremock::Mock::given(wiremock::matchers::any()).respond_with(busy).mount(&server).await;
        let client = Client::builder()
            .base_url(server.uri())
            .model("m")
            .max_limit_wait(Duration::from_secs(1))
            .on_event(&listener)
            .build()
            .unwrap();
        let error = client.extract::<u8>("Seven.").await.unwrap_err();
        let kind = match error.kind() {
            extract_llm::ErrorKind::Provider(error) => error.kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind, ProviderErrorKind::RateLimited);
    });
    let waits = events.iter().filter_map(|event| match event {
        Event::Wait { failure: Some(failure), wait: Some(_), .. } => Some(failure),
        _ => None,
    });
    assert!(waits.clone().count() > 0, "{events:?}");
    assert!(
        waits.clone().all(|failure| failure.kind == ProviderErrorKind::RateLimited
            && failure.message.contains("Slow down.")),
        "{events:?}"
    );
}
