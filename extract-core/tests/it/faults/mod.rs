//! The matrix of faults: every fault of a server × every protocol × whole or streamed × the first request
//! only or every request. Each cell is an extraction through the client, over a real socket.
//!
//! `docs/faults.md` is generated from the outcomes:
//! `UPDATE_DOCS=1 cargo test -p extract-core --test it faults::` rewrites it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use extract_core::conversation::Mode;
use extract_core::extraction::ErrorKind;
use extract_core::http::TransportOptions;
use extract_core::http::reqwest;
use extract_core::model::{Limits, RetryPolicy};
use extract_core::{Client, Error};
use extract_llm::Extract;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::exchanges::KEY;
use crate::support::tls;
use case::Case;
use http2::{Http2, Http2Server};
use row::{Expect, Fault, Outcome, RETRIES, Row, Trust};
use server::{Script, ScriptServer};

mod case;
mod connections;
mod http2;
mod page;
mod row;
mod rows;
mod server;
mod statuses;

/// The time after which an extraction counts as hanging.
const DEADLINE: Duration = Duration::from_secs(40);

/// The number of cells that run at once. Those that wait for a timeout run apart from those that compute.
const PARALLEL: usize = 24;
const WAITING: usize = 128;

/// The result of a cell.
struct Cell {
    case: Case,
    always: bool,
    outcome: Outcome,
    /// The text of the error; empty if there is none.
    shown: String,
    /// The violated rules.
    faults: Vec<String>,
}

/// The type that every cell extracts.
#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

/// A running server.
enum Running {
    Script(ScriptServer, &'static str),
    Http2(Http2Server),
}

impl Running {
    /// Starts the server of a fault. Requests after the first one get a good reply, unless the fault comes
    /// `always`.
    fn start(fault: Fault, case: Case, always: bool) -> Self {
        let scripts = |script: Script| {
            if always { vec![script] } else { vec![script, case.good()] }
        };
        match fault {
            Fault::Plain(script) => {
                Self::Script(ScriptServer::start(scripts(script), None), "http")
            }
            Fault::NoTls(script) => {
                let from = if always { usize::MAX } else { 1 };
                let tls = Some((from, tls::server_config(false, &[])));
                Self::Script(ScriptServer::start(scripts(script), tls), "https")
            }
            Fault::Tls(script, trust) => {
                let config = tls::server_config(trust == Trust::ClientCertificate, &[]);
                Self::Script(ScriptServer::start(scripts(script), Some((0, config))), "https")
            }
            Fault::Http2(act) => {
                let good = Http2::Answer(case.media_type(), case.body());
                let acts = if always { vec![act] } else { vec![act, good] };
                Self::Http2(Http2Server::start(acts))
            }
        }
    }

    fn url(&self, host: &str) -> String {
        match self {
            Self::Script(server, scheme) => format!("{scheme}://{host}:{}", server.port),
            Self::Http2(server) => format!("https://{host}:{}", server.port),
        }
    }

    fn requests(&self) -> usize {
        match self {
            Self::Script(server, _) => server.count(),
            Self::Http2(server) => server.requests(),
        }
    }
}

/// Returns the options of a connection.
fn transport(is_impatient: bool, trust: Option<Trust>) -> TransportOptions {
    let limit = Duration::from_secs(if is_impatient { 3 } else { 30 });
    let options = TransportOptions::default()
        .timeout(limit)
        .read_timeout(limit)
        .connect_timeout(limit)
        .max_reply_bytes(1 << 20);
    let Some(trust) = trust else { return options };
    options.http_client(move |client| {
        let certificate = reqwest::Certificate::from_der(&tls::certificate()).unwrap();
        let trusted = if trust == Trust::UnknownIssuer { None } else { Some(certificate) };
        let address = ([127, 0, 0, 1], 0).into();
        client.tls_certs_only(trusted).resolve("models.example", address)
    })
}

fn client(case: Case, url: String, mode: Mode, transport: TransportOptions) -> Client {
    let wait = Duration::from_millis(5);
    let retries = u32::try_from(RETRIES).unwrap();
    let policy = RetryPolicy::times(retries).first_wait(wait).longest_wait(wait);
    Client::builder()
        .base_url(url)
        .protocol(case.protocol())
        .model("m")
        .api_key(KEY)
        .mode(mode)
        .validation_retries(0)
        .transport(transport)
        .retry_policy(policy)
        .limits(Limits::off())
        .build()
        .unwrap()
}

/// Extracts the person. Returns `value` or the name of the error, the error's text and the violated rules.
async fn extract(client: &Client, streamed: bool) -> (String, String, Vec<String>) {
    let call = client.extract::<Person>("Ida is 41.");
    let running =
        async { if streamed { call.stream().report().await } else { call.report().await } };
    let Ok(done) = tokio::time::timeout(DEADLINE, running).await else {
        return (String::from("hangs"), String::new(), vec![format!("no end in {DEADLINE:?}")]);
    };
    let mut faults = Vec::new();
    match done {
        Ok(done) => {
            if done.value != (Person { name: String::from("Ida"), age: 41 }) {
                faults.push(format!("the value is {:?}", done.value));
            }
            let noted = if done.ledger.notes.is_empty() { "value" } else { "value, noted" };
            (noted.to_owned(), String::new(), faults)
        }
        Err(error) => {
            if format!("{error} {error:?} {error:#?}").contains(&KEY[..8]) {
                faults.push(String::from("the key is in the error"));
            }
            (name_of(&error), error.to_string(), faults)
        }
    }
}

/// Returns the name of an error's kind.
fn name_of(error: &Error) -> String {
    let name = match error.kind() {
        ErrorKind::Provider(error) => error.kind.name(),
        ErrorKind::Invalid { .. } => "invalid",
        ErrorKind::Refused { .. } => "refused",
        ErrorKind::ContentFiltered { .. } => "content_filtered",
        ErrorKind::Truncated { .. } => "truncated",
        ErrorKind::Deadline { .. } => "deadline",
        _ => "other",
    };
    name.to_owned()
}

/// Runs one cell.
async fn run(fault: Fault, setup: Setup, case: Case, always: bool) -> Cell {
    let trust = match &fault {
        Fault::Plain(_) => None,
        Fault::Tls(_, trust) => Some(*trust),
        Fault::NoTls(_) | Fault::Http2(_) => Some(Trust::Trusted),
    };
    let host = match (&fault, trust) {
        (_, Some(Trust::OtherHost)) => "models.example",
        (_, Some(_)) => "localhost",
        _ => "127.0.0.1",
    };
    let server = Running::start(fault, case, always);
    let transport = transport(setup.is_impatient, trust);
    let client = client(case, server.url(host), setup.mode, transport);
    let (result, shown, faults) = extract(&client, case.streamed).await;
    let mut outcome = Outcome { result, requests: server.requests() };
    // The server's alert comes behind the handshake. A connection that closes before the client has read it
    // may only have been cut, so the request is sent again; the error then names the alert.
    if trust == Some(Trust::ClientCertificate) && outcome.requests == 2 {
        outcome.requests = 1;
    }
    Cell { case, always, outcome, shown, faults }
}

/// Waits so that not all cells start at once: a start takes time to compute, and the others wait for
/// timeouts meanwhile.
async fn start_of_cell() {
    static START: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _start = START.lock().await;
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// The settings of a row's client.
#[derive(Clone, Copy)]
struct Setup {
    mode: Mode,
    is_impatient: bool,
}

/// Runs all cells of a row. Returns their outcomes.
async fn run_row(row: &Row, permits: &Arc<Semaphore>) -> Vec<Cell> {
    let setup = Setup { mode: row.mode, is_impatient: row.is_impatient };
    let mut runs = JoinSet::new();
    for case in Case::all() {
        for always in [false, true] {
            let Some((fault, expect)) = (row.make)(case) else { continue };
            let permits = Arc::clone(permits);
            runs.spawn(async move {
                let _permit = permits.acquire_owned().await.unwrap();
                start_of_cell().await;
                (run(fault, setup, case, always).await, expect)
            });
        }
    }
    let mut cells = Vec::new();
    while let Some(done) = runs.join_next().await {
        let (mut cell, expect): (Cell, Expect) = done.expect("a cell panicked");
        check(&mut cell, &expect, row.mode);
        cells.push(cell);
    }
    cells.sort_by_key(|cell| (cell.case, cell.always));
    check_repetitions(&mut cells);
    cells
}

/// Checks the outcome of one cell.
fn check(cell: &mut Cell, expect: &Expect, mode: Mode) {
    let expected = expect.outcome(cell.always);
    if cell.outcome != expected {
        cell.faults.push(format!("expected {expected}, found {}", cell.outcome));
    }
    // Each mode of `Mode::Auto` is a request of its own.
    let most = if mode == Mode::Auto { 4 } else { 1 } + RETRIES;
    if cell.outcome.requests > most {
        cell.faults.push(format!("{} requests", cell.outcome.requests));
    }
}

/// Checks that a fault which passes does no harm the first time, and that one that stays is not retried.
fn check_repetitions(cells: &mut [Cell]) {
    for pair in cells.chunks_mut(2) {
        let [first, always] = pair else { panic!("a cell is missing") };
        let is_retried = !always.outcome.is_value() && always.outcome.requests == RETRIES + 1;
        if is_retried && !first.outcome.is_value() {
            first.faults.push(String::from("a passing fault does not pass"));
        }
        if always.outcome.is_value() && !first.outcome.is_value() {
            first.faults.push(String::from("the first time is worse than always"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_outcome() {
    let chapters = Arc::new(rows::chapters());
    let mut outcomes = BTreeMap::new();
    for (is_impatient, most) in [(true, WAITING), (false, PARALLEL)] {
        let permits = Arc::new(Semaphore::new(most));
        let mut runs = JoinSet::new();
        for (at, chapter) in chapters.iter().enumerate() {
            let rows = chapter.rows.iter().enumerate();
            for (number, _) in rows.filter(|(_, row)| row.is_impatient == is_impatient) {
                let (chapters, permits) = (Arc::clone(&chapters), Arc::clone(&permits));
                runs.spawn(async move {
                    ((at, number), run_row(&chapters[at].rows[number], &permits).await)
                });
            }
        }
        while let Some(done) = runs.join_next().await {
            let (at, cells) = done.unwrap();
            outcomes.insert(at, cells);
        }
    }
    let mut faults: BTreeMap<String, (Vec<&str>, &str)> = BTreeMap::new();
    for (at, cells) in &outcomes {
        let row = &chapters[at.0].rows[at.1];
        for cell in cells {
            let delivery = if cell.case.streamed { "streamed" } else { "whole" };
            let times = if cell.always { "always" } else { "once" };
            for fault in &cell.faults {
                let wrong = format!("{} ({times}, {delivery}): {fault}", row.title);
                let (names, _) = faults.entry(wrong).or_insert((Vec::new(), &cell.shown));
                names.push(case::name(cell.case.protocol()));
            }
        }
    }
    let wrong: Vec<String> = faults
        .iter()
        .map(|(fault, (names, shown))| format!("{fault} [{}] {shown}", names.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "{} wrong outcomes:\n{}", wrong.len(), wrong.join("\n"));
    let statuses = statuses::outcomes(PARALLEL).await;
    page::check(&chapters, &outcomes, &statuses);
}

type Outcomes = BTreeMap<(usize, usize), Vec<Cell>>;
