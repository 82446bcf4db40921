//! A model that counts its calls, and tables of texts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use datafusion::prelude::{SessionConfig, SessionContext};
use extract_llm::conversation::{
    Block, ProviderError, ProviderErrorKind, Reply, Request, StopReason, Usage,
};
use extract_llm::model::{Model, Profile};
use extract_llm::{Client, Extract};
use futures_util::future::BoxFuture;
use serde_json::json;

/// A text that the model has read.
#[derive(Debug, PartialEq, Extract)]
pub(crate) struct Ticket {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) note: Option<String>,
}

/// Counts calls. It answers `item-7` with the number 7, refuses `refuse-7`, denies `deny-7` as for a wrong key, and
/// fails for a passing reason at `busy-7`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counting(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
    by_text: Mutex<BTreeMap<String, usize>>,
    delay: Mutex<Duration>,
}

impl Counting {
    pub(crate) fn slow(delay: Duration) -> Self {
        let counting = Self::default();
        *counting.0.delay.lock().unwrap() = delay;
        counting
    }

    /// Answers at once from now on.
    pub(crate) fn quicken(&self) {
        *self.0.delay.lock().unwrap() = Duration::ZERO;
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder().transport_retries(0).with_model(self.clone())
    }

    /// Returns the calls since the last time that they were taken.
    pub(crate) fn take(&self) -> usize {
        self.0.calls.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    pub(crate) fn most_running(&self) -> usize {
        self.0.most_running.load(Ordering::SeqCst)
    }

    /// Whether no text was asked for twice.
    pub(crate) fn asked_each_once(&self) -> bool {
        self.0.by_text.lock().unwrap().values().all(|calls| *calls == 1)
    }
}

/// Counts a call as running until it ends or is dropped.
struct Running<'c>(&'c Counts);

impl<'c> Running<'c> {
    fn new(counts: &'c Counts) -> Self {
        let running = counts.running.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most_running.fetch_max(running, Ordering::SeqCst);
        Self(counts)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Model for Counting {
    fn profile(&self) -> Profile {
        Profile::new("test", "counting")
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(async move {
            let counts = &*self.0;
            counts.calls.fetch_add(1, Ordering::SeqCst);
            let _running = Running::new(counts);
            let sent = format!("{:?}", request.messages);
            let kinds = ["item-", "refuse-", "deny-", "busy-"];
            let found = kinds.iter().find_map(|kind| Some((*kind, sent.rsplit_once(kind)?.1)));
            let (kind, rest) = found.unwrap_or(("item-", "0"));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let number: u64 = digits.parse().unwrap_or(0);
            *counts.by_text.lock().unwrap().entry(format!("{kind}{number}")).or_default() += 1;
            let delay = *counts.delay.lock().unwrap();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let answer = json!({"name": format!("n{number}"), "number": number, "note": null});
            let mut reply = match kind {
                "deny-" => {
                    let kind = ProviderErrorKind::Authentication;
                    return Err(ProviderError::new(kind, "No such key."));
                }
                "busy-" => {
                    let kind = ProviderErrorKind::Overloaded;
                    return Err(ProviderError::new(kind, "Later."));
                }
                "refuse-" => {
                    Reply::new(vec![Block::Refusal("No.".to_owned())], StopReason::Refusal)
                }
                _ => Reply::new(vec![Block::Text(answer.to_string())], StopReason::Stop),
            };
            reply.usage = Some(Usage::new(40, 10));
            Ok(reply)
        })
    }
}

/// A context with the table `docs` of the columns `id` and `body`, and the function `extract_ticket`.
pub(crate) fn context(
    model: &Counting,
    bodies: &[Option<&str>],
    partitions: usize,
) -> SessionContext {
    let ctx = table(bodies, partitions);
    extract_datafusion::register::<Ticket>(&ctx, "extract_ticket", model.client()).unwrap();
    ctx
}

pub(crate) fn table(bodies: &[Option<&str>], partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let ctx = SessionContext::new_with_config(config);
    let ids: Int64Array = (0..i64::try_from(bodies.len()).unwrap()).collect();
    let bodies = StringArray::from(bodies.to_vec());
    let batch =
        RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("body", Arc::new(bodies) as _)]);
    let batch = batch.unwrap();
    let size = batch.num_rows().div_ceil(partitions).max(1);
    let pieces = (0..batch.num_rows()).step_by(size);
    let pieces = pieces.map(|at| vec![batch.slice(at, size.min(batch.num_rows() - at))]);
    let mut pieces: Vec<Vec<RecordBatch>> = pieces.collect();
    pieces.resize(partitions, Vec::new());
    let table = datafusion::datasource::MemTable::try_new(batch.schema(), pieces);
    ctx.register_table("docs", Arc::new(table.unwrap())).unwrap();
    ctx
}

/// Returns the texts `item-0`, `item-1` and so on.
pub(crate) fn items(count: usize) -> Vec<String> {
    (0..count).map(|item| format!("item-{item}")).collect()
}

pub(crate) fn some(texts: &[String]) -> Vec<Option<&str>> {
    texts.iter().map(|text| Some(text.as_str())).collect()
}

/// Runs a query and returns its rows.
pub(crate) async fn rows(ctx: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    match ctx.sql(sql).await {
        Ok(query) => query.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}")),
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// Returns the number of rows.
pub(crate) fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Returns the result of a query as lines of text.
pub(crate) async fn lines(ctx: &SessionContext, sql: &str) -> Vec<String> {
    let batches = rows(ctx, sql).await;
    let table = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap();
    let lines = table.to_string();
    let cells = lines.lines().filter(|line| line.starts_with('|')).skip(1);
    cells.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect()
}
