//! The spans of an extraction and of its attempts.

use std::time::Duration;

use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::content::TraceContent;
use super::line::Line;
use super::names;
use crate::contract::{Problem, ProblemKind};
use crate::conversation::{Output, Request, Usd};
use crate::extraction::ledger::{Attempt, Ledger};
use crate::extraction::options::Options;
use crate::model::Profile;

/// The most problems that a span names.
const MOST_PROBLEMS: usize = 20;

/// The span of an extraction.
#[derive(Debug, Clone)]
pub(in crate::extraction) struct ExtractionSpan {
    span: Span,
    #[cfg(feature = "metrics")]
    started: (String, std::time::Instant),
}

impl ExtractionSpan {
    /// Starts the span of an extraction of this type, with its number in this process.
    pub(in crate::extraction) fn start(type_name: &str, number: u64) -> Self {
        let span = tracing::info_span!(
            target: names::TARGET,
            "extraction",
            { names::OTEL_NAME } = format!("extract {type_name}"),
            { names::OTEL_KIND } = "internal",
            { names::OTEL_STATUS } = Empty,
            { names::OTEL_STATUS_TEXT } = Empty,
            { names::TYPE } = type_name,
            { names::NUMBER } = integer(number),
            { names::ATTEMPTS } = Empty,
            { names::ANSWERED_BY } = Empty,
            { names::CACHE_HITS } = Empty,
            { names::INPUT_TOKENS } = Empty,
            { names::OUTPUT_TOKENS } = Empty,
            { names::COST } = Empty,
            { names::WAIT } = Empty,
            { names::ERROR_TYPE } = Empty,
        );
        Self {
            span,
            #[cfg(feature = "metrics")]
            started: (type_name.to_owned(), std::time::Instant::now()),
        }
    }

    /// Runs a future in the span.
    pub(in crate::extraction) async fn within<F: Future>(&self, future: F) -> F::Output {
        future.instrument(self.span.clone()).await
    }

    /// Records the end. `error` is the name of the error's kind and its text.
    pub(in crate::extraction) fn end(&self, ledger: &Ledger, error: Option<(&str, String)>) {
        #[cfg(feature = "metrics")]
        {
            let (type_name, started) = &self.started;
            let kind = error.as_ref().map(|(kind, _)| *kind);
            super::metrics::end_extraction(type_name, *started, ledger, kind);
        }
        if self.span.is_disabled() {
            return;
        }
        let cached = ledger.attempts.iter().filter(|attempt| attempt.cached.is_some());
        self.span.record(names::ATTEMPTS, integer(ledger.attempts.len()));
        self.span.record(names::CACHE_HITS, integer(cached.count()));
        if let Some(address) = ledger.answered_by().filter(|_| error.is_none()) {
            self.span.record(names::ANSWERED_BY, address);
        }
        if let Some(usage) = ledger.known_usage() {
            self.span.record(names::INPUT_TOKENS, integer(usage.input_tokens));
            self.span.record(names::OUTPUT_TOKENS, integer(usage.output_tokens));
        }
        if let Some(cost) = ledger.cost() {
            self.span.record(names::COST, dollars(cost));
        }
        let waited = ledger.attempts.iter().map(|attempt| attempt.waited).sum();
        self.span.record(names::WAIT, seconds(waited));
        if let Some((kind, text)) = error {
            record_error(&self.span, kind, &text);
        }
    }
}

/// The span of an attempt, from its request to the end of its checks.
#[derive(Debug, Clone)]
pub(in crate::extraction) struct AttemptSpan {
    span: Span,
    content: Option<TraceContent>,
    #[cfg(feature = "metrics")]
    metrics: Option<super::metrics::AttemptMetrics>,
}

impl AttemptSpan {
    /// A span that is not there.
    pub(in crate::extraction) fn none() -> Self {
        Self {
            span: Span::none(),
            content: None,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    /// Starts the span of an attempt.
    pub(in crate::extraction) fn start(
        number: u32,
        profile: &Profile,
        request: &Request,
        is_streamed: bool,
        options: &Options,
    ) -> Self {
        let settings = &request.settings;
        let span = tracing::info_span!(
            target: names::TARGET,
            "attempt",
            { names::OTEL_NAME } = format!("{} {}", names::CHAT, profile.model),
            { names::OTEL_KIND } = "client",
            { names::OTEL_STATUS } = Empty,
            { names::OTEL_STATUS_TEXT } = Empty,
            { names::OPERATION } = names::CHAT,
            { names::PROVIDER } = names::provider(&profile.provider),
            { names::REQUEST_MODEL } = profile.model.as_str(),
            { names::OUTPUT_TYPE } = output_type(&request.output),
            { names::REQUEST_MAX_TOKENS } = settings.max_tokens.map(i64::from),
            { names::REQUEST_TEMPERATURE } = settings.temperature,
            { names::REQUEST_TOP_P } = settings.top_p,
            { names::REQUEST_SEED } = settings.seed.map(integer),
            { names::REQUEST_STREAM } = is_streamed,
            { names::SERVER_ADDRESS } = profile.server.as_ref().map(|(address, _)| address.as_str()),
            { names::SERVER_PORT } = profile.server.as_ref().map(|(_, port)| i64::from(*port)),
            { names::MODE } = tracing::field::display(request.output.mode()),
            { names::ATTEMPT } = i64::from(number),
            { names::RESPONSE_MODEL } = Empty,
            { names::FINISH_REASONS } = Empty,
            { names::TIME_TO_FIRST_CHUNK } = Empty,
            { names::INPUT_TOKENS } = Empty,
            { names::OUTPUT_TOKENS } = Empty,
            { names::CACHE_READ_TOKENS } = Empty,
            { names::CACHE_WRITE_TOKENS } = Empty,
            { names::REASONING_TOKENS } = Empty,
            { names::COST } = Empty,
            { names::WAIT } = Empty,
            { names::TRANSPORT_RETRIES } = Empty,
            { names::REQUEST_ID } = Empty,
            { names::OUTCOME } = Empty,
            { names::REPAIRS } = Empty,
            { names::PROBLEMS } = Empty,
            { names::ERROR_TYPE } = Empty,
        );
        let started = Self {
            span,
            content: options.trace_content.clone(),
            #[cfg(feature = "metrics")]
            metrics: Some(super::metrics::AttemptMetrics::start(
                profile,
                request,
                options.metric_names,
            )),
        };
        if let Some(content) = &started.content {
            let _inside = started.span.enter();
            content.write_input(request);
        }
        started
    }

    /// Runs a future in the span.
    pub(in crate::extraction) async fn within<F: Future>(&self, future: F) -> F::Output {
        future.instrument(self.span.clone()).await
    }

    /// Ends the span with the entry of the attempt in the ledger, and writes the line. `error` is the name of
    /// the error's kind, if there is no reply that counts.
    pub(in crate::extraction) fn end(&mut self, attempt: &Attempt, error: Option<&str>) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.metrics.take() {
            metrics.end(attempt, error);
        }
        let Self { span, content, .. } = std::mem::replace(self, Self::none());
        if span.is_none() {
            return;
        }
        record(&span, attempt);
        if let Some(kind) = error {
            let text = attempt.error.clone().unwrap_or_else(|| attempt.outcome.to_string());
            record_error(&span, kind, &text);
        }
        let _inside = span.enter();
        if let Some(content) = &content {
            content.write_output(&attempt.reply);
        }
        tracing::info!(target: names::TARGET, "{}", Line(attempt));
    }
}

/// Records what the ledger says about an attempt.
fn record(span: &Span, attempt: &Attempt) {
    if span.is_disabled() {
        return;
    }
    if let Some(model) = &attempt.model {
        span.record(names::RESPONSE_MODEL, model.as_str());
    }
    let stop = attempt.stop.as_ref().map(ToString::to_string);
    span.record(names::FINISH_REASONS, format!("[{:?}]", stop.as_deref().unwrap_or("error")));
    if let Some(time) = attempt.time_to_first_delta {
        span.record(names::TIME_TO_FIRST_CHUNK, seconds(time));
    }
    if let Some(usage) = attempt.usage {
        span.record(names::INPUT_TOKENS, integer(usage.input_tokens));
        span.record(names::OUTPUT_TOKENS, integer(usage.output_tokens));
        span.record(names::CACHE_READ_TOKENS, integer(usage.cached_input_tokens));
        span.record(names::CACHE_WRITE_TOKENS, integer(usage.cache_write_tokens));
        span.record(names::REASONING_TOKENS, integer(usage.reasoning_tokens));
    }
    if let Some(cost) = attempt.cost {
        span.record(names::COST, dollars(cost));
    }
    span.record(names::WAIT, seconds(attempt.waited));
    span.record(names::TRANSPORT_RETRIES, i64::from(attempt.transport_retries));
    if let Some(id) = &attempt.request_id {
        span.record(names::REQUEST_ID, id.as_str());
    }
    span.record(names::OUTCOME, names::outcome(attempt.outcome));
    span.record(names::REPAIRS, integer(attempt.repairs.len()));
    if !attempt.problems.is_empty() {
        span.record(names::PROBLEMS, problems(&attempt.problems));
    }
}

/// Returns a number as exporters know it: OpenTelemetry has no unsigned numbers, and gets their texts.
fn integer(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Returns a time in seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// Returns a cost in dollars, to the billionth: sums have digits behind that mean nothing.
fn dollars(cost: Usd) -> f64 {
    (cost.0 * 1e9).round() / 1e9
}

fn record_error(span: &Span, kind: &str, text: &str) {
    span.record(names::ERROR_TYPE, kind);
    span.record(names::OTEL_STATUS, "ERROR");
    span.record(names::OTEL_STATUS_TEXT, text);
}

/// Returns the places of problems with the layers that found them. Values are not part of it.
fn problems(problems: &[Problem]) -> String {
    let shown = problems.iter().take(MOST_PROBLEMS);
    let shown: Vec<String> =
        shown.map(|problem| format!("{:?} ({})", problem.pointer, layer(problem.kind))).collect();
    match problems.len().saturating_sub(MOST_PROBLEMS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn layer(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "unreadable",
        ProblemKind::Reading => "reading",
        ProblemKind::Schema => "schema",
        ProblemKind::Type => "type",
        ProblemKind::Rule => "rule",
    }
}

fn output_type(output: &Output) -> &'static str {
    match output {
        Output::Text => "text",
        _ => "json",
    }
}
