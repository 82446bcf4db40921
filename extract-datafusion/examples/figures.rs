//! Measures the function beside one that is written by hand, as one would write it at first: `buffered` over the
//! client, in the order of the rows. The model is in this process and answers after 50 ms. In the cases with a
//! tail, every 50th call takes a second.
//!
//! ```text
//! cargo run --release -p extract-datafusion --example figures
//! ```

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, RecordBatch, StringArray, StringBuilder, StructArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::exec_err;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::{SessionConfig, SessionContext};
use extract_llm::conversation::{Block, ProviderError, Reply, Request, StopReason};
use extract_llm::model::{Model, Profile};
use extract_llm::{Client, Extract};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

const ROWS: usize = 2_000;
const IN_FLIGHT: usize = 100;

#[derive(Debug, Extract)]
struct Ticket {
    customer: String,
    number: i64,
}

/// A model that counts its calls. It does nothing else: `Scripted` writes, reads and keeps each request and reply,
/// which would be a part of the measured time.
#[derive(Clone)]
struct Slow {
    calls: Arc<AtomicUsize>,
    has_tail: bool,
}

impl Model for Slow {
    fn profile(&self) -> Profile {
        Profile::new("test", "slow")
    }

    fn respond<'a>(
        &'a self,
        _: &'a Request,
    ) -> BoxFuture<'a, std::result::Result<Reply, ProviderError>> {
        Box::pin(async move {
            let number = self.calls.fetch_add(1, Ordering::Relaxed);
            let millis = if self.has_tail && number.is_multiple_of(50) { 1_000 } else { 50 };
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let answer = format!(r#"{{"customer": "c", "number": {number}}}"#);
            Ok(Reply::new(vec![Block::Text(answer)], StopReason::Stop))
        })
    }
}

/// The function by hand.
#[derive(Debug)]
struct ByHand {
    client: Client,
    signature: Signature,
}

impl PartialEq for ByHand {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for ByHand {}

impl Hash for ByHand {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}

fn fields() -> Fields {
    let customer = Field::new("customer", DataType::Utf8, true);
    let number = Field::new("number", DataType::Int64, true);
    Fields::from(vec![customer, number])
}

impl ScalarUDFImpl for ByHand {
    fn name(&self) -> &'static str {
        "by_hand"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        let value = Field::new("value", DataType::Struct(fields()), true);
        Ok(DataType::Struct(Fields::from(vec![value])))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("it is asynchronous")
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for ByHand {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = args.args[0].to_array(args.number_rows)?;
        let texts: Vec<String> =
            texts.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        let asked = futures_util::stream::iter(texts)
            .map(|text| async move { self.client.extract::<Ticket>(text).await })
            .buffered(IN_FLIGHT);
        let tickets: Vec<_> = asked.collect().await;
        let (mut customers, mut numbers) = (StringBuilder::new(), Int64Builder::new());
        for ticket in &tickets {
            let ticket = ticket.as_ref().ok();
            customers.append_option(ticket.map(|ticket| ticket.customer.as_str()));
            numbers.append_option(ticket.map(|ticket| ticket.number));
        }
        let columns: Vec<ArrayRef> = vec![Arc::new(customers.finish()), Arc::new(numbers.finish())];
        let value: ArrayRef = Arc::new(StructArray::try_new(fields(), columns, None)?);
        let field = Field::new("value", value.data_type().clone(), true);
        let row = StructArray::try_new(Fields::from(vec![field]), vec![value], None)?;
        Ok(ColumnarValue::Array(Arc::new(row)))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    println!("{ROWS} rows, 50 ms a call, {IN_FLIGHT} in flight: at least 1.0 s");
    println!("{:<46} {:>20} {:>20}", "", "by hand", "extract-datafusion");
    let whole = "select FUNCTION(body) from docs";
    let two = "select x['value']['customer'], x['value']['number'] from
               (select FUNCTION(body) as x from docs)";
    let filtered = "select x['value']['customer'], x['value']['number'] from
                    (select id, FUNCTION(body) as x from docs) where id % 8 = 3";
    let both = "select FUNCTION(body)['value']['customer'] from docs
                where FUNCTION(body)['value']['number'] >= 0";
    let join = "select count(*) from (select id, FUNCTION(body) as x from docs) a
                join (select id, FUNCTION(body) as x from docs) b on a.id = b.id
                where a.x['value']['customer'] = b.x['value']['customer']";
    for (name, sql, partitions, has_tail) in [
        ("one column, 1 partition", whole, 1, false),
        ("one column, 4 partitions", whole, 4, false),
        ("one column, every 50th call takes 1 s", whole, 1, true),
        ("two fields", two, 1, false),
        ("two fields over a filter that keeps 250 rows", filtered, 1, false),
        ("in WHERE and in SELECT", both, 1, false),
        ("self join", join, 1, false),
    ] {
        let mut cells = Vec::new();
        for function in ["by_hand", "extract_ticket"] {
            let model = Slow { calls: Arc::default(), has_tail };
            let ctx = context(partitions)?;
            let client = Client::with_model(model.clone());
            if function == "by_hand" {
                let signature = Signature::string(1, Volatility::Volatile);
                let by_hand = ByHand { client, signature };
                ctx.register_udf(AsyncScalarUDF::new(Arc::new(by_hand)).into_scalar_udf());
            } else {
                let worker = client.worker::<Ticket>().concurrency(IN_FLIGHT);
                extract_datafusion::register(&ctx, function, worker)?;
            }
            let started = Instant::now();
            ctx.sql(&sql.replace("FUNCTION", function)).await?.collect().await?;
            let calls = model.calls.load(Ordering::Relaxed);
            cells.push(format!("{:.2} s, {calls} calls", started.elapsed().as_secs_f64()));
        }
        println!("{name:<46} {:>20} {:>20}", cells[0], cells[1]);
    }
    Ok(())
}

/// Returns a context with the table `docs`.
fn context(partitions: usize) -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let ctx = SessionContext::new_with_config(config);
    let ids: Vec<i64> = (0..i64::try_from(ROWS).unwrap_or_default()).collect();
    let bodies: StringArray = ids.iter().map(|id| Some(format!("Text {id}."))).collect();
    let ids: ArrayRef = Arc::new(datafusion::arrow::array::Int64Array::from(ids));
    let batch = RecordBatch::try_from_iter([("id", ids), ("body", Arc::new(bodies) as ArrayRef)])?;
    let size = ROWS / partitions;
    let pieces = (0..partitions).map(|piece| vec![batch.slice(piece * size, size)]).collect();
    ctx.register_table("docs", Arc::new(MemTable::try_new(batch.schema(), pieces)?))?;
    Ok(ctx)
}
