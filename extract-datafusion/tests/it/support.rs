//! A scripted model whose calls are counted, and tables of texts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use datafusion::prelude::{SessionConfig, SessionContext};
use extract_llm::scripted::{Scripted, ScriptedReply, SeenRequest, reply};
use extract_llm::{Client, Extract};
use serde_json::json;

/// A text that the model has read.
#[derive(Debug, PartialEq, Extract)]
pub(crate) struct Ticket {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) note: Option<String>,
}

/// A scripted model, and the number of its calls that a test has counted. It answers `item-7` with the number 7,
/// refuses `refuse-7`, denies `deny-7` as for a wrong key, and fails for a passing reason at `busy-7`.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    model: Scripted,
    /// The time that a reply takes.
    delay: Arc<Mutex<Duration>>,
    taken: Arc<AtomicUsize>,
}

impl Default for Counting {
    fn default() -> Self {
        Self::slow(Duration::ZERO)
    }
}

impl Counting {
    pub(crate) fn slow(delay: Duration) -> Self {
        let delay = Arc::new(Mutex::new(delay));
        let of_replies = Arc::clone(&delay);
        let model = Scripted::with(move |request| {
            let delay = *of_replies.lock().unwrap();
            answer(request).after(delay)
        });
        Self { model, delay, taken: Arc::default() }
    }

    /// Answers at once from now on.
    pub(crate) fn quicken(&self) {
        *self.delay.lock().unwrap() = Duration::ZERO;
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder().transport_retries(0).with_model(self.model.clone())
    }

    /// Returns the calls since the last time that they were taken.
    pub(crate) fn take(&self) -> usize {
        let calls = self.model.seen().len();
        calls - self.taken.swap(calls, Ordering::SeqCst)
    }

    pub(crate) fn running(&self) -> usize {
        self.model.in_flight()
    }

    pub(crate) fn most_running(&self) -> usize {
        self.model.most_in_flight()
    }

    /// Whether no text was asked for twice.
    pub(crate) fn asked_each_once(&self) -> bool {
        let seen = self.model.seen();
        let texts: BTreeSet<(&str, u64)> = seen.iter().map(asked).collect();
        texts.len() == seen.len()
    }
}

/// Returns the kind and the number of the text that is asked for.
fn asked(request: &SeenRequest) -> (&'static str, u64) {
    let sent = format!("{:?}", request.request.messages);
    let kinds = ["item-", "refuse-", "deny-", "busy-"];
    let found = kinds.iter().find_map(|kind| Some((*kind, sent.rsplit_once(kind)?.1)));
    let (kind, rest) = found.unwrap_or(("item-", "0"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (kind, digits.parse().unwrap_or(0))
}

fn answer(request: &SeenRequest) -> ScriptedReply {
    let (kind, number) = asked(request);
    match kind {
        "deny-" => reply::failure(401, json!({"error": {"message": "No such key."}})),
        "busy-" => reply::failure(529, json!({"error": {"message": "Later."}})),
        "refuse-" => reply::refusal("No.").usage(40, 10),
        _ => {
            let answer = json!({"name": format!("n{number}"), "number": number, "note": null});
            reply::tool(answer).usage(40, 10)
        }
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
