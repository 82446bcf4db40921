//! The whole library: a scripted model answers with a text, in a mode and a dialect, whole or
//! streamed. Knows nothing of breaks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use extract_llm::extraction::Layout;
use extract_llm::model::Profile;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Extraction, Mode, Report};
use serde::Serialize;
use serde_json::Value;

/// The mode, dialect and transport for sending a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) mode: Mode,
    pub(crate) dialect: &'static Dialect,
    pub(crate) transport: Transport,
}

/// The delivery of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Whole,
    Streamed,
    /// Streamed, and the connection ends before the stop reason.
    Interrupted,
    /// Streamed, and the provider gives no stop reason.
    Unstated,
}

/// The outcome of one request.
pub(crate) struct Answer {
    /// The value as JSON, or the error.
    pub(crate) value: Result<Value, Refusal>,
    /// The reported repairs.
    pub(crate) repairs: Vec<String>,
    /// The partial values of the stream.
    pub(crate) partials: Vec<Value>,
}

/// An error or a panic.
pub(crate) struct Refusal {
    pub(crate) text: String,
    /// The pointers of the problems, if the value was invalid.
    pub(crate) pointers: Option<Vec<String>>,
    pub(crate) panicked: bool,
}

impl Answer {
    fn refused(text: String, pointers: Option<Vec<String>>, panicked: bool) -> Self {
        let value = Err(Refusal { text, pointers, panicked });
        Self { value, repairs: Vec::new(), partials: Vec::new() }
    }

    fn of<T: Serialize>(done: Result<Report<T>, Error>) -> Self {
        match done {
            Ok(done) => Self {
                value: Ok(serde_json::to_value(&done.value).unwrap()),
                repairs: done.ledger.repairs().iter().map(|repair| format!("{repair:?}")).collect(),
                partials: Vec::new(),
            },
            Err(error) => {
                let pointers = match error.kind() {
                    ErrorKind::Invalid { problems, .. } => {
                        Some(problems.iter().map(|problem| problem.pointer.clone()).collect())
                    }
                    _ => None,
                };
                Self::refused(error.to_string(), pointers, false)
            }
        }
    }
}

fn client(setup: &Setup, text: &str) -> Client {
    let mut profile = Profile::new("scripted", "scripted");
    (profile.dialect, profile.tool_dialect) = (setup.dialect, setup.dialect);
    profile.strict = setup.dialect.enforced();
    profile.tool_strict = setup.dialect.enforced();
    let answer = match setup.mode {
        Mode::Tools => reply::tool_text(text),
        _ => reply::text(text),
    };
    let model = match setup.transport {
        Transport::Whole | Transport::Streamed => Scripted::new([answer]),
        Transport::Interrupted => Scripted::new([answer.cut_before_end()]).pieces_of(64),
        Transport::Unstated => Scripted::new([answer.unstated()]).pieces_of(64),
    };
    Client::with_model(model.with_profile(profile))
}

/// Sends a text as the answer for a Rust type.
pub(crate) fn ask<T: Extract + Serialize>(_: &Arc<Contract>, setup: &Setup, text: &str) -> Answer {
    run(setup, client(setup, text).extract::<T>("text"))
}

/// Sends a text as the answer for a run-time schema.
pub(crate) fn ask_value(contract: &Arc<Contract>, setup: &Setup, text: &str) -> Answer {
    run(setup, client(setup, text).extract_value(contract, "text"))
}

fn run<T: Extract + Serialize>(setup: &Setup, asked: Extraction<T>) -> Answer {
    let asked = asked.mode(setup.mode).layout(Layout::Whole).validation_retries(0);
    if setup.transport == Transport::Whole {
        return block_on(Box::pin(async move { Answer::of(asked.report().await) }));
    }
    block_on(Box::pin(async move {
        let (mut stream, mut partials) = (asked.stream(), Vec::new());
        while let Some(shown) = stream.next().await {
            match shown {
                Ok(partial) => partials.push(partial.json()),
                Err(error) => return Answer::of::<()>(Err(error)),
            }
        }
        Answer { partials, ..Answer::of(stream.report().await) }
    }))
}

fn block_on(future: BoxLocal<Answer>) -> Answer {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    let answer =
        catch_unwind(AssertUnwindSafe(|| RUNTIME.with(|runtime| runtime.block_on(future))));
    answer.unwrap_or_else(|_| Answer::refused("it panicked".to_owned(), None, true))
}

type BoxLocal<T> = futures_util::future::LocalBoxFuture<'static, T>;
