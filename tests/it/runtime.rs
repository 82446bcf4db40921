//! Extractions outside of a tokio runtime, or in one without timers or I/O: an error, not a panic.

use std::net::TcpListener;
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, ErrorKind};
use futures_util::FutureExt as _;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const LONG: Duration = Duration::from_secs(60);

/// Returns a client with a scripted model that answers once.
fn scripted() -> Client {
    Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]))
}

/// Returns a client of a server that accepts connections and does not answer.
fn provider(server: &TcpListener) -> Client {
    let url = format!("http://{}/v1", server.local_addr().unwrap());
    Client::builder().base_url(url).model("m").transport_retries(1).build().unwrap()
}

/// Runs a future to its end: in the runtime, or by one poll outside of any.
fn run<F: Future>(runtime: Option<&Runtime>, future: F) -> F::Output {
    match runtime {
        Some(runtime) => runtime.block_on(future),
        None => future.now_or_never().expect("it ends at once"),
    }
}

/// Asserts that the error is about the runtime and says how to correct it.
fn says(error: &Error, lack: &str) {
    let ErrorKind::Provider(provider) = error.kind() else { panic!("{error:?}") };
    assert_eq!(provider.kind, ProviderErrorKind::Runtime, "{error}");
    let text = error.to_string();
    for words in [lack, "no suitable tokio runtime", "#[tokio::main]", "Builder::enable_all"] {
        assert!(text.contains(words), "no {words:?} in: {text}");
    }
    assert!(!error.is_retryable());
}

/// Checks everything that needs timers.
fn check_timers(runtime: Option<&Runtime>, lack: &str) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let asked = provider(&server).extract::<u8>("seven").into_future();
    says(&run(runtime, asked).unwrap_err(), lack);
    let mut deltas = provider(&server).extract::<u8>("seven").deltas();
    says(&run(runtime, deltas.next()).unwrap().unwrap_err(), lack);

    let asked = scripted().extract::<u8>("seven").deadline(LONG).into_future();
    says(&run(runtime, asked).unwrap_err(), lack);
    let mut deltas = scripted().extract::<u8>("seven").first_token_timeout(LONG).deltas();
    says(&run(runtime, deltas.next()).unwrap().unwrap_err(), lack);
    let slow = Scripted::new([reply::tool(json!({"value": 7})).after(LONG)]);
    let asked = Client::with_model(slow).extract::<u8>("seven").into_future();
    says(&run(runtime, asked).unwrap_err(), lack);

    let asked = Client::local().extract::<u8>("seven").into_future();
    says(&run(runtime, asked).unwrap_err(), lack);

    // An extraction without timers and sockets needs neither.
    let asked = scripted().extract::<u8>("seven").into_future();
    assert_eq!(run(runtime, asked).unwrap(), 7);
}

#[test]
fn outside_of_a_runtime() {
    check_timers(None, "this thread is in none");
}

#[test]
fn in_a_runtime_without_timers() {
    let runtime = Builder::new_current_thread().build().unwrap();
    check_timers(Some(&runtime), "has no timers");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
    check_timers(Some(&runtime), "has no timers");
}

#[test]
fn in_a_runtime_without_sockets() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    for _ in 0..2 {
        let asked = provider(&server).extract::<u8>("seven").into_future();
        says(&runtime.block_on(asked).unwrap_err(), "has no I/O");
        let mut deltas = provider(&server).extract::<u8>("seven").deltas();
        says(&runtime.block_on(deltas.next()).unwrap().unwrap_err(), "has no I/O");
    }
    let asked = scripted().extract::<u8>("seven").deadline(LONG).into_future();
    assert_eq!(runtime.block_on(asked).unwrap(), 7);
}
