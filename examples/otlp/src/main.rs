//! Sends the traces of an extraction over OTLP to a receiver, and prints what it got. The receiver runs in this
//! program, so that the example needs nothing; in production, `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
//!
//! ```text
//! cargo run -p extract-otlp-example
//! ```

use extract_llm::conversation::Prices;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use mock_collector::{MockServer, Protocol};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

type Error = Box<dyn std::error::Error>;

/// A guest of a hotel.
#[derive(Debug, Extract)]
struct Guest {
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let receiver = MockServer::builder().protocol(Protocol::Grpc).start().await?;
    let traces = export_to(&format!("http://{}", receiver.addr()))?;

    // A model whose first answer fails a check. With `Client::new("openai/gpt-6-luna")`, it is a real one.
    let model = Scripted::new([
        reply::tool(json!({"name": "Maria", "age": 340})).usage(120, 14),
        reply::tool(json!({"name": "Maria", "age": 34})).usage(150, 6),
    ]);
    let client = Client::builder().prices(Prices::new(0.1, 0.5)).with_model(model);
    let guest: Guest = client.extract("Maria is 34.").await?;
    println!("{guest:?}\n");

    traces.shutdown()?; // sends what is left
    receiver
        .with_collector(|collector| {
            collector.spans().iter().for_each(|received| print_span(received.span()));
            for (name, outcome) in [("chat scripted", "rejected"), ("chat scripted", "accepted")] {
                collector
                    .expect_span_with_name(name)
                    .with_attributes([
                        ("extract.outcome", outcome),
                        ("gen_ai.operation.name", "chat"),
                    ])
                    .assert_count(1);
            }
            collector
                .expect_span_with_name("extract Guest")
                .with_attributes([("extract.type", "Guest")])
                .assert_count(1);
            let tokens = collector.spans().iter().flat_map(|received| &received.span().attributes);
            let tokens = tokens.filter(|attribute| attribute.key == "gen_ai.usage.input_tokens");
            let tokens: Vec<_> =
                tokens.filter_map(|attribute| attribute.value.clone()?.value).collect();
            assert_eq!(tokens, [120, 150, 270].map(Value::IntValue), "numbers, not texts");
        })
        .await;
    Ok(())
}

/// Sends the spans to a receiver, and writes the lines of each call to stdout.
fn export_to(endpoint: &str) -> Result<SdkTracerProvider, Error> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let traces = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = traces.tracer("example");
    let lines = tracing_subscriber::fmt::layer().without_time().with_ansi(false);
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(tracer))
        // Without the fields of the spans around it, a line is short.
        .with(lines.with_filter(filter_fn(|metadata| !metadata.is_span())))
        .init();
    Ok(traces)
}

/// Prints a span: its name, its place, its attributes.
fn print_span(span: &Span) {
    let place = if span.parent_span_id.is_empty() { "the root" } else { "in the root" };
    println!("{} ({place})", span.name);
    for attribute in &span.attributes {
        let value = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => format!("{text:?}"),
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::DoubleValue(number)) => number.to_string(),
            Some(Value::BoolValue(truth)) => truth.to_string(),
            other => format!("{other:?}"),
        };
        if ["gen_ai.", "extract.", "error."].iter().any(|prefix| attribute.key.starts_with(prefix))
        {
            println!("  {} = {value}", attribute.key);
        }
    }
}
