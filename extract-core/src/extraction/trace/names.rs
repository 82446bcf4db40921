//! The names of spans, fields and metrics. Those that begin with `gen_ai` are from version 0.1.0 of
//! OpenTelemetry's conventions for generative AI
//! (<https://github.com/open-telemetry/semantic-conventions-genai>), which are under development. `error.type` and
//! `server.*` are from the core conventions. Those that begin with `extract` are of this crate.

use crate::extraction::ledger::Outcome;

/// The target of all spans and lines.
pub(super) const TARGET: &str = "extract_llm";

pub(super) const OTEL_NAME: &str = "otel.name";
pub(super) const OTEL_KIND: &str = "otel.kind";
pub(super) const OTEL_STATUS: &str = "otel.status_code";
pub(super) const OTEL_STATUS_TEXT: &str = "otel.status_description";

/// The operation of all requests.
pub(super) const CHAT: &str = "chat";

pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const OUTPUT_TYPE: &str = "gen_ai.output.type";
pub(super) const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
pub(super) const REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";
pub(super) const REQUEST_TOP_P: &str = "gen_ai.request.top_p";
pub(super) const REQUEST_SEED: &str = "gen_ai.request.seed";
pub(super) const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub(super) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(super) const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(super) const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_write.input_tokens";
pub(super) const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
/// A label of the token metric before version 0.1.0.
#[cfg(feature = "metrics")]
pub(super) const TOKEN_TYPE: &str = "gen_ai.token.type";
pub(super) const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub(super) const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";

pub(super) const TYPE: &str = "extract.type";
pub(super) const NUMBER: &str = "extract.number";
pub(super) const MODE: &str = "extract.mode";
pub(super) const ATTEMPT: &str = "extract.attempt";
pub(super) const ATTEMPTS: &str = "extract.attempts";
pub(super) const OUTCOME: &str = "extract.outcome";
pub(super) const PROBLEMS: &str = "extract.problems";
pub(super) const REPAIRS: &str = "extract.repairs";
pub(super) const COST: &str = "extract.cost_usd";
pub(super) const WAIT: &str = "extract.wait_seconds";
pub(super) const TRANSPORT_RETRIES: &str = "extract.transport_retries";
pub(super) const REQUEST_ID: &str = "extract.request_id";
pub(super) const ANSWERED_BY: &str = "extract.answered_by";
pub(super) const CACHE_HITS: &str = "extract.cache_hits";

/// The names of metrics.
#[cfg(feature = "metrics")]
pub(super) mod metric {
    use metrics::Unit;

    pub(in super::super) const DURATION: &str = "gen_ai.client.inference.operation.duration";
    pub(in super::super) const OPERATION_INPUT_TOKENS: &str =
        "gen_ai.client.inference.operation.input_tokens";
    pub(in super::super) const OPERATION_OUTPUT_TOKENS: &str =
        "gen_ai.client.inference.operation.output_tokens";
    pub(in super::super) const INPUT_TOKENS: &str = "gen_ai.client.inference.usage.input_tokens";
    pub(in super::super) const OUTPUT_TOKENS: &str = "gen_ai.client.inference.usage.output_tokens";
    pub(in super::super) const CACHE_READ_TOKENS: &str =
        "gen_ai.client.inference.usage.cache_read.input_tokens";
    pub(in super::super) const CACHE_WRITE_TOKENS: &str =
        "gen_ai.client.inference.usage.cache_write.input_tokens";
    pub(in super::super) const REASONING_TOKENS: &str =
        "gen_ai.client.inference.usage.reasoning.output_tokens";

    pub(in super::super) const TIME_TO_FIRST_CHUNK: &str =
        "gen_ai.client.inference.operation.time_to_first_chunk";

    /// Those before version 0.1.0.
    pub(in super::super) const OLDER_DURATION: &str = "gen_ai.client.operation.duration";
    pub(in super::super) const OLDER_TIME_TO_FIRST_CHUNK: &str =
        "gen_ai.client.operation.time_to_first_chunk";
    pub(in super::super) const OLDER_TOKENS: &str = "gen_ai.client.token.usage";

    pub(in super::super) const ATTEMPTS: &str = "extract.attempts";
    pub(in super::super) const REPAIRS: &str = "extract.repairs";
    pub(in super::super) const PROBLEMS: &str = "extract.problems";
    pub(in super::super) const TRANSPORT_RETRIES: &str = "extract.transport_retries";
    pub(in super::super) const CACHE_HITS: &str = "extract.cache_hits";
    pub(in super::super) const PASSED_OVER: &str = "extract.passed_over";
    pub(in super::super) const WAIT: &str = "extract.attempt.wait";
    pub(in super::super) const COST: &str = "extract.attempt.cost";
    pub(in super::super) const EXTRACTION_DURATION: &str = "extract.duration";

    pub(in super::super) const HISTOGRAMS: [(&str, Unit, &str); 10] = [
        (DURATION, Unit::Seconds, "The time of an attempt."),
        (OPERATION_INPUT_TOKENS, Unit::Count, "The tokens that an attempt sends."),
        (OPERATION_OUTPUT_TOKENS, Unit::Count, "The tokens that an attempt receives."),
        (TIME_TO_FIRST_CHUNK, Unit::Seconds, "The time to the first part of a stream."),
        (OLDER_TIME_TO_FIRST_CHUNK, Unit::Seconds, "The time to the first part of a stream."),
        (OLDER_DURATION, Unit::Seconds, "The time of an attempt."),
        (OLDER_TOKENS, Unit::Count, "The tokens of an attempt."),
        (WAIT, Unit::Seconds, "The time that an attempt waits, for limits and before retries."),
        (COST, Unit::Count, "The cost of an attempt, in dollars."),
        (EXTRACTION_DURATION, Unit::Seconds, "The time of an extraction."),
    ];

    pub(in super::super) const COUNTERS: [(&str, &str); 11] = [
        (INPUT_TOKENS, "The tokens sent, those of caches included."),
        (OUTPUT_TOKENS, "The tokens received, those of reasoning included."),
        (CACHE_READ_TOKENS, "The tokens read from the provider's cache."),
        (CACHE_WRITE_TOKENS, "The tokens written to the provider's cache."),
        (REASONING_TOKENS, "The tokens of reasoning."),
        (ATTEMPTS, "The attempts, by mode and outcome."),
        (REPAIRS, "The repairs that were needed to read replies."),
        (PROBLEMS, "The problems of rejected values."),
        (TRANSPORT_RETRIES, "The requests that were repeated after a fault."),
        (CACHE_HITS, "The replies from the cache of the client."),
        (PASSED_OVER, "The models that were passed over for the next one."),
    ];
}

/// Returns the name that the conventions have for a provider: that of its row, if they have none.
pub(super) fn provider(name: &str) -> &str {
    match name {
        "openai-responses" => "openai",
        "google" | "google-interactions" => "gcp.gemini",
        "vertex" => "gcp.vertex_ai",
        "bedrock" => "aws.bedrock",
        "azure" | "azure-responses" => "azure.ai.openai",
        "mistral" => "mistral_ai",
        "xai" | "xai-responses" => "x_ai",
        other => other,
    }
}

/// Returns the name of an outcome.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Called => "called",
        Outcome::Continued => "continued",
        Outcome::Rejected => "rejected",
        Outcome::Unchecked => "unchecked",
        Outcome::Refused => "refused",
        Outcome::Filtered => "filtered",
        Outcome::Truncated => "truncated",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    }
}
