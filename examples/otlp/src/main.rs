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
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
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
    let collector = receiver.collector();
    let collector = collector.read().await;
    for received in collector.spans() {
        let span = received.span();
        println!(
            "{} ({})",
            span.name,
            if span.parent_span_id.is_empty() { "root" } else { "child" }
        );
        for attribute in &span.attributes {
            let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
            if attribute.key.starts_with("gen_ai.") || attribute.key.starts_with("extract.") {
                println!("  {} = {}", attribute.key, text_of(value));
            }
        }
    }
    collector
        .expect_span_with_name("chat scripted")
        .with_attributes([("extract.outcome", "rejected"), ("gen_ai.operation.name", "chat")])
        .assert_count(1);
    collector
        .expect_span_with_name("extract Guest")
        .with_attributes([("extract.type", "Guest")])
        .assert_count(1);
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
        .with(lines.with_span_events(tracing_subscriber::fmt::format::FmtSpan::NONE))
        .init();
    Ok(traces)
}

/// Returns a value of the protocol as text, without the name of its kind.
fn text_of(value: Option<impl std::fmt::Debug>) -> String {
    let text = value.map(|value| format!("{value:?}")).unwrap_or_default();
    let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(&text).to_owned()
}
