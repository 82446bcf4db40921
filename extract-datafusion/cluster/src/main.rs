//! The roles of the cluster, and a demonstration that starts all of them on this machine.
//!
//! ```text
//! cargo run -p extract-cluster-example                          # the demonstration
//! extract-cluster-example model PORT DELAY_MS                   # a fake model that counts its calls
//! extract-cluster-example scheduler PORT
//! extract-cluster-example executor FLIGHT_PORT GRPC_PORT
//! ```
//!
//! Scheduler and executors take `MODEL_URL`, `JOURNAL` (a folder) and `CONCURRENCY` from the environment, and
//! executors `SCHEDULER_PORT` too.

use std::path::Path;
use std::time::{Duration, Instant};

use datafusion::dataframe::DataFrameWriteOptions;
use extract_cluster_example::cluster::Cluster;
use extract_cluster_example::roles::{Ports, executor, scheduler};
use extract_cluster_example::ticket::Settings;
use extract_cluster_example::{Result, data, model};

const ROWS: usize = 2_000;

const QUERY: &str = "select id, x['value']['customer'] as customer, x['value']['number'] as number,
    x['error']['message'] as error from (select id, extract_ticket(body) as x from docs)";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["model", port, delay] => {
            model::serve(port.parse()?, Duration::from_millis(delay.parse()?)).await
        }
        ["scheduler", port] => scheduler(port.parse()?, &settings()?).await,
        ["executor", flight, grpc] => {
            let ports = Ports {
                scheduler: variable("SCHEDULER_PORT")?.parse()?,
                flight: flight.parse()?,
                grpc: grpc.parse()?,
            };
            executor(ports, 4, &settings()?).await
        }
        [] => demonstrate().await,
        _ => Err(
            "expected `model PORT DELAY_MS`, `scheduler PORT` or `executor FLIGHT_PORT GRPC_PORT`"
                .into(),
        ),
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("the variable {name} is missing").into())
}

fn settings() -> Result<Settings> {
    Ok(Settings {
        model_url: variable("MODEL_URL")?,
        journal: std::env::var("JOURNAL").unwrap_or_default(),
        concurrency: variable("CONCURRENCY")?.parse()?,
    })
}

/// Runs queries on clusters of this machine and prints their times and calls.
async fn demonstrate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs)?;
    data::write(&docs, ROWS, 8).await?;
    let quick = Duration::from_millis(50);

    println!("{ROWS} rows in 8 files, 2 executors with 20 calls in flight each, 50 ms a call");
    for (name, sql) in [
        ("all rows, two fields", QUERY),
        ("limit 10", "select extract_ticket(body)['value']['customer'] from docs limit 10"),
        (
            "two fields over a cheap filter: 250 rows",
            "select x['value']['customer'], x['value']['number']
             from (select id, extract_ticket(body) as x from docs) where id % 8 = 3",
        ),
        (
            "aggregate over a field",
            "select x['value']['customer'] as customer, count(*)
             from (select extract_ticket(body) as x from docs) group by 1",
        ),
    ] {
        let cluster = Cluster::start(&program()?, quick, "").await?;
        run(name, &cluster, &docs, sql).await?;
    }

    let cluster = Cluster::start(&program()?, quick, "").await?;
    let started = Instant::now();
    let out = folder.path().join("out").display().to_string();
    let query = cluster.session(&docs).await?.sql(QUERY).await?;
    query.write_parquet(&out, DataFrameWriteOptions::new(), None).await?;
    print("written to Parquet by the executors", started, &cluster).await?;
    drop(cluster);

    for journal in ["", "journal"] {
        let path = folder.path().join(journal).display().to_string();
        let journal = if journal.is_empty() { journal } else { &path };
        let mut cluster = Cluster::start(&program()?, Duration::from_millis(200), journal).await?;
        let session = cluster.session(&docs).await?;
        let started = Instant::now();
        let running = tokio::spawn(async move { session.sql(QUERY).await?.collect().await });
        cluster.wait_for_calls(ROWS as u64 / 2).await?;
        cluster.kill_executor()?;
        running.await??;
        let with = if journal.is_empty() { "without" } else { "with" };
        print(&format!("200 ms a call, one executor killed, {with} a journal"), started, &cluster)
            .await?;
        drop(cluster);
        if !journal.is_empty() {
            let cluster = Cluster::start(&program()?, quick, journal).await?;
            run("the same on a fresh cluster", &cluster, &docs, QUERY).await?;
        }
    }
    Ok(())
}

fn program() -> Result<std::path::PathBuf> {
    Ok(std::env::current_exe()?)
}

async fn run(name: &str, cluster: &Cluster, docs: &Path, sql: &str) -> Result<()> {
    let session = cluster.session(docs).await?;
    let started = Instant::now();
    session.sql(sql).await?.collect().await?;
    print(name, started, cluster).await
}

async fn print(name: &str, started: Instant, cluster: &Cluster) -> Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let (calls, most) = cluster.calls().await?;
    println!("{name}: {seconds:.2} s, {calls} calls, at most {most} at a time");
    Ok(())
}
