//! Black-box tests of the command `extract-llm`, against a server on a loopback socket.

#[cfg(unix)]
mod batches;
mod csv;
mod eval;
mod failures;
mod jsonl;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "parquet")]
mod parquet;
mod plan;
mod resume;
#[cfg(unix)]
mod stopping;
mod support;
mod usage;
