//! The counters and histograms of the feature `metrics`.

use std::collections::BTreeMap;

use extract_llm::conversation::Prices;
use extract_llm::extraction::{MetricNames, describe_metrics};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;

/// A guest of a hotel.
#[derive(Debug, PartialEq, Extract)]
struct Guest {
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

/// The values of a metric with its labels: the sum of a counter, or the values of a histogram.
type Metrics = BTreeMap<String, Vec<(BTreeMap<String, String>, Vec<f64>)>>;

/// Runs a future with a recorder, and returns its output with what was recorded.
fn recorded<O>(future: impl Future<Output = O>) -> (O, Metrics) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let output = metrics::with_local_recorder(&recorder, || {
        describe_metrics();
        runtime.block_on(future)
    });
    (output, by_name(&snapshotter))
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn by_name(snapshotter: &Snapshotter) -> Metrics {
    let mut metrics = Metrics::new();
    for (key, unit, meaning, value) in snapshotter.snapshot().into_vec() {
        let name = key.key().name().to_owned();
        assert!(unit.is_some() && meaning.is_some(), "{name} is not described");
        let label = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let labels = key.key().labels().map(label).collect();
        let values = match value {
            DebugValue::Counter(sum) => vec![sum as f64],
            DebugValue::Histogram(values) => values.into_iter().map(f64::from).collect(),
            DebugValue::Gauge(_) => panic!("{name} is a gauge"),
        };
        metrics.entry(name).or_default().push((labels, values));
    }
    metrics
}

/// Returns the values of a metric under all labels.
fn all(metrics: &Metrics, name: &str) -> Vec<f64> {
    let Some(found) = metrics.get(name) else { return Vec::new() };
    let mut values: Vec<f64> = found.iter().flat_map(|(_, values)| values.clone()).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn two_attempts() -> Scripted {
    Scripted::new([
        reply::tool(json!({"name": "Maria", "age": 340})).usage(120, 14),
        reply::tool(json!({"name": "Maria", "age": 34})).usage(150, 6),
    ])
}

#[test]
fn attempts_are_counted_with_their_tokens_and_costs() {
    let client = Client::builder().prices(Prices::new(1.0, 10.0)).with_model(two_attempts());
    let (value, metrics) = recorded(async { client.extract::<Guest>("Maria is 34.").await });
    assert_eq!(value.unwrap(), Guest { name: "Maria".into(), age: 34 });

    for (name, expected) in [
        ("gen_ai.client.inference.usage.input_tokens", vec![270.0]),
        ("gen_ai.client.inference.usage.output_tokens", vec![20.0]),
        ("gen_ai.client.inference.usage.reasoning.output_tokens", vec![0.0]),
        ("gen_ai.client.inference.operation.input_tokens", vec![120.0, 150.0]),
        ("gen_ai.client.inference.operation.output_tokens", vec![6.0, 14.0]),
        ("extract.attempts", vec![1.0, 1.0]),
        ("extract.problems", vec![1.0]),
        ("extract.repairs", vec![]),
        ("gen_ai.client.token.usage", vec![]),
        ("gen_ai.client.operation.duration", vec![]),
    ] {
        assert_eq!(all(&metrics, name), expected, "{name}");
    }
    let costs = all(&metrics, "extract.attempt.cost");
    let expected = [0.000_21, 0.000_26];
    assert!(costs.iter().zip(expected).all(|(cost, by)| (cost - by).abs() < 1e-12), "{costs:?}");
    assert_eq!(all(&metrics, "extract.duration").len(), 1);

    let duration = &metrics["gen_ai.client.inference.operation.duration"];
    assert_eq!(duration.len(), 1, "the attempts have the same labels: {duration:?}");
    let labels = &duration[0].0;
    for (label, expected) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "scripted"),
        ("gen_ai.request.model", "scripted"),
    ] {
        assert_eq!(labels.get(label).map(String::as_str), Some(expected), "{label}: {labels:?}");
    }
    let outcomes =
        metrics["extract.attempts"].iter().map(|(labels, _)| labels["extract.outcome"].as_str());
    let mut outcomes: Vec<&str> = outcomes.collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["accepted", "rejected"]);
}

#[test]
fn an_error_is_a_label_of_the_durations() {
    let model = Scripted::new([reply::status(400)]);
    let client = Client::with_model(model);
    let (value, metrics) = recorded(async { client.extract::<Guest>("Maria is 34.").await });
    let kind = value.unwrap_err().kind().name().to_owned();
    for name in ["gen_ai.client.inference.operation.duration", "extract.duration"] {
        assert_eq!(metrics[name][0].0["error.type"], kind, "{name}");
    }
}

#[test]
fn older_names_are_a_setting() {
    let older = ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"];
    let current = [
        "gen_ai.client.inference.operation.duration",
        "gen_ai.client.inference.usage.input_tokens",
        "gen_ai.client.inference.operation.input_tokens",
    ];
    for (names, has_older, has_current) in [
        (MetricNames::Current, false, true),
        (MetricNames::Older, true, false),
        (MetricNames::Both, true, true),
    ] {
        let client = Client::builder().metric_names(names).with_model(two_attempts());
        let (value, metrics) = recorded(async { client.extract::<Guest>("Maria is 34.").await });
        value.unwrap();
        for name in older {
            assert_eq!(metrics.contains_key(name), has_older, "{names:?}: {name}");
        }
        for name in current {
            assert_eq!(metrics.contains_key(name), has_current, "{names:?}: {name}");
        }
        if has_older {
            let by_kind = metrics["gen_ai.client.token.usage"].iter();
            let by_kind: BTreeMap<&str, usize> = by_kind
                .map(|(labels, values)| (labels["gen_ai.token.type"].as_str(), values.len()))
                .collect();
            assert_eq!(by_kind, BTreeMap::from([("input", 2), ("output", 2)]));
        }
    }
}

#[test]
fn the_time_to_the_first_part_of_a_stream_is_measured() {
    let client = Client::builder().metric_names(MetricNames::Both).with_model(two_attempts());
    let (value, metrics) = recorded(async {
        let done = client.extract::<Guest>("Maria is 34.").stream().report().await?;
        Ok::<_, extract_llm::Error>(done.ledger)
    });
    let ledger = value.unwrap();
    for attempt in &ledger.attempts {
        let first = attempt.time_to_first_delta.unwrap();
        assert!(first <= attempt.latency, "{first:?} of {:?}", attempt.latency);
    }
    for name in [
        "gen_ai.client.inference.operation.time_to_first_chunk",
        "gen_ai.client.operation.time_to_first_chunk",
    ] {
        assert_eq!(all(&metrics, name).len(), 2, "{name}");
    }
    // The time is kept with the ledger.
    let kept: extract_llm::Ledger =
        serde_json::from_value(serde_json::to_value(&ledger).unwrap()).unwrap();
    assert!(kept.attempts.iter().all(|attempt| attempt.time_to_first_delta.is_some()));
}
