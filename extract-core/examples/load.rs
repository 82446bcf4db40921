//! Measures many extractions at once against a server with rate limits or faults.
//!
//! ```text
//! cargo run --release -p extract-core --example load -- per_second=500
//! ```
//!
//! Arguments, each as `name=value`:
//! - `extractions` (10000) and `in_flight` (1000)
//! - `per_second`, `per_minute`: the limits of the server; without them it has none
//! - `says`: what the server says about them: `nothing`, `seconds`, `millis` (default) or `all`
//! - `latency`: the time of an answer, in milliseconds (20)
//! - `faults=yes`: 2 % get a 429 with a wait, 1 % a 500, 1 % a reset, 2 % no JSON, 1 % are slow
//! - `limits=off`: turns the limits of the client off
//! - `concurrency`, `rpm`: settings of the client
//! - `processes=2`: several processes share the extractions and the limit

#![expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

#[path = "../tests/it/support/limited.rs"]
mod limited;

use std::collections::{BTreeMap, HashMap};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use extract_core::Client;
use extract_core::conversation::Mode;
use extract_core::extraction::{Error, ErrorKind};
use extract_core::model::Limits;
use futures_util::{StreamExt, stream};
use limited::{LimitedServer, Rules, Says};

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read() -> Self {
        let pairs = std::env::args().skip(1).filter_map(|argument| {
            argument.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        });
        Self(pairs.collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name).map(|value| value.parse().expect("a number"))
    }
}

fn main() {
    let arguments = Arguments::read();
    if let Some(url) = arguments.0.get("url") {
        client_process(&arguments, url);
        return;
    }
    let server_runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let windows = [("per_second", 1), ("per_minute", 60)];
    let limits = windows.iter().filter_map(|(name, seconds)| {
        Some((arguments.number(name)?, Duration::from_secs(*seconds)))
    });
    let rules = Rules {
        limits: limits.collect(),
        says: match arguments.text("says") {
            "nothing" => Says::Nothing,
            "seconds" => Says::WholeSeconds,
            "all" => Says::All,
            _ => Says::Millis,
        },
        latency: Duration::from_millis(u64::from(arguments.number("latency").unwrap_or(20))),
        faults: arguments.text("faults") == "yes",
    };
    let server = server_runtime.block_on(LimitedServer::start(rules.clone()));
    let extractions = arguments.number("extractions").unwrap_or(10_000);
    let started = Instant::now();
    let processes = arguments.number("processes").unwrap_or(1);
    if processes == 1 {
        client_process(&arguments, &server.url());
    } else {
        several_processes(&server.url(), processes, extractions);
    }
    let wall = started.elapsed();
    let counts = server.counts();
    let asked_again = counts.answers.values().filter(|count| **count > 1).count();
    println!(
        "server: {} requests, {} refused ({:.2} %), {} other faults, at most {} at once",
        counts.received,
        counts.refused,
        100.0 * counts.refused as f64 / counts.received as f64,
        counts.faults,
        counts.most_running
    );
    println!("server: {} items answered, {asked_again} of them twice", counts.answers.len());
    let wall = wall.as_secs_f64();
    // At the full rate of the limits; and at least, because the last window need not end.
    let times = rules.limits.iter().map(|(limit, length)| {
        let windows = f64::from(extractions) / f64::from(*limit);
        (length.as_secs_f64() * windows, length.as_secs_f64() * (windows.ceil() - 1.0))
    });
    let longest = times.reduce(|a, b| if a.0 >= b.0 { a } else { b });
    if let Some((at_rate, least)) = longest {
        let share = 100.0 * wall / at_rate;
        println!(
            "wall {wall:.1} s: {share:.0} % of {at_rate:.1} s at the rate of the limit, which needs at least {least:.1} s"
        );
    } else {
        println!("wall {wall:.1} s");
    }
}

/// Runs this program several times against one server.
fn several_processes(url: &str, processes: u32, extractions: u32) {
    let program = std::env::current_exe().expect("the path of this program");
    let children: Vec<_> = (0..processes)
        .map(|number| {
            let each = extractions / processes;
            Command::new(&program)
                .args(std::env::args().skip(1))
                .args([
                    format!("url={url}"),
                    format!("extractions={each}"),
                    format!("first={}", number * each),
                ])
                .stdout(Stdio::inherit())
                .spawn()
                .expect("a process")
        })
        .collect();
    children.into_iter().for_each(|mut child| drop(child.wait()));
}

#[tokio::main]
async fn client_process(arguments: &Arguments, url: &str) {
    let mut builder = Client::builder().base_url(url).model("m").mode(Mode::Text);
    if arguments.text("limits") == "off" {
        builder = builder.limits(Limits::off());
    }
    if let Some(requests) = arguments.number("concurrency") {
        builder = builder.concurrency(requests);
    }
    if let Some(requests) = arguments.number("rpm") {
        builder = builder.requests_per_minute(requests);
    }
    let client = builder.build().expect("a client");
    let extractions = arguments.number("extractions").unwrap_or(10_000);
    let in_flight = arguments.number("in_flight").unwrap_or(1_000) as usize;
    let first = arguments.number("first").unwrap_or(0);
    let started = Instant::now();
    let mut done = stream::iter(first..first + extractions)
        .map(|item| {
            let client = client.clone();
            let run =
                async move { (item, client.extract::<u32>(format!("item-{item}")).report().await) };
            async { tokio::spawn(run).await.expect("no panic") }
        })
        .buffer_unordered(in_flight);
    let (mut values, mut wrong, mut sent, mut waited) = (0_u32, 0_u32, 0_u64, Duration::ZERO);
    let mut errors = BTreeMap::<String, u32>::new();
    let mut count = 0;
    while let Some((item, result)) = done.next().await {
        match result {
            Ok(report) => {
                values += 1;
                wrong += u32::from(report.value != item);
                waited += report.ledger.limit_wait();
                let attempts = &report.ledger.attempts;
                sent += attempts.iter().map(|it| u64::from(it.transport_retries) + 1).sum::<u64>();
            }
            Err(error) => *errors.entry(reason(&error)).or_default() += 1,
        }
        count += 1;
        if count % (extractions / 4).max(1) == 0 {
            println!("{count}: {:.1} s, {} KiB", started.elapsed().as_secs_f64(), memory());
        }
    }
    println!(
        "client: {values} values ({wrong} wrong), {} errors, {sent} requests for the values, {:.2} s of waits in the limits on average",
        errors.values().sum::<u32>(),
        waited.as_secs_f64() / f64::from(values.max(1)),
    );
    for (error, count) in errors {
        println!("  {count} times {error}");
    }
}

fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::Provider(error) => format!("{:?} (status {:?})", error.kind, error.status),
        ErrorKind::Invalid { .. } => String::from("invalid"),
        _ => error.to_string(),
    }
}

/// Returns the resident memory of this process in KiB, on Linux.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
