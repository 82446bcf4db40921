//! A query on two executors ends well when one of them is killed, and nothing is paid twice.

use std::path::Path;
use std::time::Duration;

use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use extract_cluster_example::cluster::Cluster;
use extract_cluster_example::data;

const ROWS: u64 = 2_000;

/// Rows, those with the right number, and failures.
const QUERY: &str =
    "select count(*), sum(case when number = id then 1 else 0 end), count(kind) from
    (select id, x['value']['number'] as number, x['error']['kind'] as kind
     from (select id, extract_ticket(body) as x from docs))";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_extract-cluster-example"))
}

async fn counts(session: SessionContext, sql: &str) -> datafusion::error::Result<Vec<i64>> {
    let batches: Vec<RecordBatch> = session.sql(sql).await?.collect().await?;
    let row = &batches[0];
    Ok(row.columns().iter().map(|column| column.as_primitive::<Int64Type>().value(0)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_executor_costs_only_its_calls_in_flight() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    data::write(&docs, 2_000, 8).await.unwrap();
    let journal = folder.path().join("journal").display().to_string();

    let delay = Duration::from_millis(50);
    let mut cluster = Cluster::start(program(), delay, &journal).await.unwrap();
    let running = tokio::spawn(counts(cluster.session(&docs).await.unwrap(), QUERY));
    cluster.wait_for_calls(ROWS / 2).await.unwrap();
    cluster.kill_executor().unwrap();
    assert_eq!(running.await.unwrap().unwrap(), [2_000, 2_000, 0]);
    let (calls, most) = cluster.calls().await.unwrap();
    assert!((ROWS..=ROWS + ROWS / 50).contains(&calls), "{calls} calls");
    assert!(most > 20, "one executor alone has 20 calls in flight, and there were {most}");
    drop(cluster);

    // A second run on a fresh cluster.
    let cluster = Cluster::start(program(), delay, &journal).await.unwrap();
    let session = cluster.session(&docs).await.unwrap();
    assert_eq!(counts(session, QUERY).await.unwrap(), [2_000, 2_000, 0]);
    assert_eq!(cluster.calls().await.unwrap().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_filters_make_no_further_calls() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    data::write(&docs, 400, 8).await.unwrap();
    let cluster = Cluster::start(program(), Duration::ZERO, "").await.unwrap();
    let session = cluster.session(&docs).await.unwrap();
    let sql = "select count(x['value']['customer']), count(x['value']['number'])
               from (select id, extract_ticket(body) as x from docs) where id % 8 = 3";
    assert_eq!(counts(session, sql).await.unwrap(), [50, 50]);
    assert_eq!(cluster.calls().await.unwrap().0, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_all_texts_would_meet_ends_the_query() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    data::write(&docs, 400, 8).await.unwrap();
    // The executors cannot open the journal.
    let journal = folder.path().join("none/journal").display().to_string();
    let cluster = Cluster::start(program(), Duration::ZERO, &journal).await.unwrap();
    let session = cluster.session(&docs).await.unwrap();
    let error = counts(session, QUERY).await.unwrap_err().to_string();
    assert!(error.contains("Journal(Open"), "{error}");
    assert_eq!(cluster.calls().await.unwrap().0, 0);
}
