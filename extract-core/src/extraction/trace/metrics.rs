//! Counters and histograms of attempts and extractions, for the recorder of the crate `metrics`.

use std::time::{Duration, Instant};

use metrics::{Label, Unit};

use super::names;
use super::names::metric;
use crate::conversation::{Output, Request, Usage};
use crate::extraction::ledger::{Attempt, Ledger};
use crate::model::Profile;

/// The names of the metrics that have an older form. The conventions for generative AI gave them new names in
/// version 0.1.0, and many dashboards still ask for the older ones. See
/// [`metric_names`](crate::Extraction::metric_names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MetricNames {
    /// Those of version 0.1.0: `gen_ai.client.inference.operation.duration` and
    /// `gen_ai.client.inference.operation.input_tokens`, for example.
    #[default]
    Current,
    /// Those before version 0.1.0: `gen_ai.client.operation.duration` and `gen_ai.client.token.usage`.
    Older,
    /// Both, while dashboards change.
    Both,
}

impl MetricNames {
    fn current(self) -> bool {
        self != Self::Older
    }

    fn older(self) -> bool {
        self != Self::Current
    }
}

/// The bounds that the conventions recommend for histograms in seconds: 0.01 s to 81.92 s, each twice the one
/// before.
pub const SECONDS_BUCKETS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// The bounds that the conventions recommend for histograms of tokens: 1 to 67,108,864, each four times the one
/// before.
pub const TOKEN_BUCKETS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Tells the recorder the unit and the meaning of each metric. Call it once, after the recorder is installed.
///
/// ```
/// use extract_llm::extraction::describe_metrics;
///
/// // PrometheusBuilder::new().install()?;
/// describe_metrics();
/// ```
pub fn describe_metrics() {
    for (name, unit, meaning) in metric::HISTOGRAMS {
        metrics::describe_histogram!(name, unit, meaning);
    }
    for (name, meaning) in metric::COUNTERS {
        metrics::describe_counter!(name, Unit::Count, meaning);
    }
}

/// The metrics of an attempt, while it runs.
#[derive(Debug, Clone)]
pub(super) struct AttemptMetrics {
    labels: Vec<Label>,
    names: MetricNames,
    mode: String,
}

impl AttemptMetrics {
    pub(super) fn start(profile: &Profile, request: &Request, names: MetricNames) -> Self {
        let mut labels = vec![
            Label::new(names::OPERATION, names::CHAT),
            Label::new(names::PROVIDER, names::provider(&profile.provider).to_owned()),
            Label::new(names::REQUEST_MODEL, profile.model.clone()),
        ];
        if let Some((address, port)) = &profile.server {
            labels.push(Label::new(names::SERVER_ADDRESS, address.clone()));
            labels.push(Label::new(names::SERVER_PORT, port.to_string()));
        }
        let mode = Output::mode(&request.output).to_string();
        Self { labels, names, mode }
    }

    /// Records the attempt. `error` is the name of the error's kind, if there is no reply that counts.
    pub(super) fn end(mut self, attempt: &Attempt, error: Option<&str>) {
        if let Some(model) = &attempt.model {
            self.labels.push(Label::new(names::RESPONSE_MODEL, model.clone()));
        }
        self.record_own(attempt);
        if let Some(usage) = &attempt.usage {
            self.record_usage(usage);
        }
        if let Some(time) = attempt.time_to_first_delta {
            let names = (metric::TIME_TO_FIRST_CHUNK, metric::OLDER_TIME_TO_FIRST_CHUNK);
            self.record_seconds(names, time);
        }
        self.labels.extend(error.map(|kind| Label::new(names::ERROR_TYPE, kind.to_owned())));
        let names = (metric::DURATION, metric::OLDER_DURATION);
        self.record_seconds(names, attempt.latency);
    }

    /// Records a time under its current name, its older one, or both.
    fn record_seconds(&self, (current, older): (&'static str, &'static str), time: Duration) {
        let names = [(current, self.names.current()), (older, self.names.older())];
        for (name, _) in names.into_iter().filter(|(_, is_chosen)| *is_chosen) {
            metrics::histogram!(name, self.labels.clone()).record(time.as_secs_f64());
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of tokens are below 2^53")]
    fn record_usage(&self, usage: &Usage) {
        let by_kind = [
            (metric::INPUT_TOKENS, usage.input_tokens),
            (metric::OUTPUT_TOKENS, usage.output_tokens),
            (metric::CACHE_READ_TOKENS, usage.cached_input_tokens),
            (metric::CACHE_WRITE_TOKENS, usage.cache_write_tokens),
            (metric::REASONING_TOKENS, usage.reasoning_tokens),
        ];
        let (input, output) = (usage.input_tokens as f64, usage.output_tokens as f64);
        if self.names.current() {
            for (name, tokens) in by_kind {
                metrics::counter!(name, self.labels.clone()).increment(tokens);
            }
            metrics::histogram!(metric::OPERATION_INPUT_TOKENS, self.labels.clone()).record(input);
            metrics::histogram!(metric::OPERATION_OUTPUT_TOKENS, self.labels.clone())
                .record(output);
        }
        if self.names.older() {
            for (kind, tokens) in [("input", input), ("output", output)] {
                let mut labels = self.labels.clone();
                labels.push(Label::new(names::TOKEN_TYPE, kind));
                metrics::histogram!(metric::OLDER_TOKENS, labels).record(tokens);
            }
        }
    }

    /// Records what the conventions have no names for.
    fn record_own(&self, attempt: &Attempt) {
        let mut labels = self.labels.clone();
        labels.push(Label::new(names::MODE, self.mode.clone()));
        labels.push(Label::new(names::OUTCOME, names::outcome(attempt.outcome)));
        metrics::counter!(metric::ATTEMPTS, labels).increment(1);
        let counts = [
            (metric::REPAIRS, attempt.repairs.len() as u64),
            (metric::PROBLEMS, attempt.problems.len() as u64),
            (metric::TRANSPORT_RETRIES, u64::from(attempt.transport_retries)),
        ];
        for (name, number) in counts.into_iter().filter(|(_, number)| *number > 0) {
            metrics::counter!(name, self.labels.clone()).increment(number);
        }
        if attempt.waited > Duration::ZERO {
            let waited = attempt.waited.as_secs_f64();
            metrics::histogram!(metric::WAIT, self.labels.clone()).record(waited);
        }
        if let Some(cost) = attempt.cost {
            metrics::histogram!(metric::COST, self.labels.clone()).record(cost.0);
        }
    }
}

/// Records the end of an extraction. `error` is the name of the error's kind.
pub(super) fn end_extraction(
    type_name: &str,
    started: Instant,
    ledger: &Ledger,
    error: Option<&str>,
) {
    let labels = vec![Label::new(names::TYPE, type_name.to_owned())];
    let cached = ledger.attempts.iter().filter(|attempt| attempt.cached.is_some()).count();
    let counts = [
        (metric::CACHE_HITS, cached as u64),
        (metric::PASSED_OVER, ledger.passed_over.len() as u64),
    ];
    for (name, number) in counts.into_iter().filter(|(_, number)| *number > 0) {
        metrics::counter!(name, labels.clone()).increment(number);
    }
    let mut labels = labels;
    labels.extend(error.map(|kind| Label::new(names::ERROR_TYPE, kind.to_owned())));
    metrics::histogram!(metric::EXTRACTION_DURATION, labels)
        .record(started.elapsed().as_secs_f64());
}
