//! [`ExtractFunction`]: the function as DataFusion calls it, batch by batch.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, UInt64Array};
use arrow_cast::cast;
use arrow_schema::DataType;
use arrow_select::take::take;
use async_trait::async_trait;
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use extract_llm::Extract;
use extract_llm::contract::{Column, ContractError};
use extract_llm::pipeline::{RunError, Worker};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::runtime::Handle;

use crate::answer::{Answer, array, make_nullable, result_type};
use crate::error::stopped;
use crate::memo::{Asked, Known, Memo, Pending};
use crate::task::Task;

/// The default number of answers that are remembered.
const MEMO_ROWS: usize = 100_000;

/// A function that extracts a type from a text. [`register`](crate::register) is the short way; this type has
/// the settings of the function itself, and makes a [`ScalarUDF`] for places that take one.
///
/// ```
/// # use extract_llm::scripted::Scripted;
/// # use extract_llm::Client;
/// use datafusion::prelude::SessionContext;
/// use extract_datafusion::ExtractFunction;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let function = ExtractFunction::<u8>::new("count_persons", client)?.memo_rows(1_000_000);
/// SessionContext::new().register_udf(function.into_udf());
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
///
/// A function that is registered in this way lacks the guard of its fields: see
/// [`register_in`](crate::register_in).
pub struct ExtractFunction<T> {
    name: String,
    signature: Signature,
    return_type: DataType,
    state: Arc<State<T>>,
}

struct State<T> {
    worker: Worker<T>,
    column: Column,
    memo: Memo,
}

impl<T: Extract + Send + 'static> ExtractFunction<T> {
    /// Makes a function of a client or a [`Worker`]. In SQL, names without quotes are lower case.
    ///
    /// Fails if the type cannot be extracted.
    pub fn new(
        name: impl Into<String>,
        worker: impl Into<Worker<T>>,
    ) -> std::result::Result<Self, ContractError> {
        let mut column = extract_arrow::column::<T>()?;
        make_nullable(&mut column);
        let return_type = result_type(&column);
        let state = State { worker: worker.into(), column, memo: Memo::new(MEMO_ROWS) };
        Ok(Self {
            name: name.into(),
            // Within a query, equal texts have equal results.
            signature: Signature::string(1, Volatility::Stable),
            return_type,
            state: Arc::new(state),
        })
    }

    /// Sets how many answers are remembered, at least 1. The default is 100,000. Each takes the memory of its
    /// value. The oldest are forgotten first, so a query that reads more texts twice, such as a self join, asks
    /// for them twice, unless there is a journal. Failures for a passing reason are forgotten after a minute.
    ///
    /// A function that was used before starts with an empty memory.
    pub fn memo_rows(mut self, rows: usize) -> Self {
        let State { worker, column, .. } = &*self.state;
        let (worker, column) = (worker.clone(), column.clone());
        self.state = Arc::new(State { worker, column, memo: Memo::new(rows) });
        self
    }

    /// Returns the Arrow type of the results.
    pub fn return_type(&self) -> &DataType {
        &self.return_type
    }

    /// Returns the function in the form in which DataFusion registers it.
    pub fn into_udf(self) -> ScalarUDF {
        AsyncScalarUDF::new(Arc::new(self)).into_scalar_udf()
    }
}

impl<T: Extract + Send + 'static> State<T> {
    /// Returns the answer to a text: a remembered one, one that is being asked for, or a new one.
    fn ask(self: &Arc<Self>, text: &str, runtime: &Handle) -> Known {
        let key = Memo::key(text);
        self.memo.get_or_start(key, || self.start(key, text.to_owned(), runtime))
    }

    /// Asks for a text on a task of its own: whoever waits for it need not poll it.
    fn start(self: &Arc<Self>, key: [u8; 32], text: String, runtime: &Handle) -> Pending {
        let state = Arc::clone(self);
        let task = Task::new(runtime, async move {
            let asked: Asked = match state.worker.ask((), text).await {
                Ok(row) => Ok(Arc::new(Answer::of(row, &state.column))),
                Err(RunError::Stopped(reason)) => Err(reason),
                Err(reason) => Err(Arc::new(reason)),
            };
            state.memo.finish(key, &asked);
            asked
        });
        let ended = task.map(|asked| asked.unwrap_or_else(|| Err(Arc::new(RunError::Shutdown))));
        ended.boxed().shared()
    }

    /// Returns the answers to some texts, in their order. After an error that stops the worker, those in flight
    /// end, so that the journal has them.
    async fn ask_all(self: &Arc<Self>, texts: &[&str]) -> Result<Vec<Arc<Answer>>> {
        let Ok(runtime) = Handle::try_current() else {
            return exec_err!("an extraction needs a tokio runtime");
        };
        let mut answers: Vec<Option<Arc<Answer>>> = vec![None; texts.len()];
        let mut waiting = FuturesUnordered::new();
        for (index, (text, place)) in texts.iter().zip(&mut answers).enumerate() {
            match self.ask(text, &runtime) {
                Known::Done(answer) => *place = Some(answer),
                Known::Pending(pending) => waiting.push(pending.map(move |asked| (index, asked))),
            }
        }
        let mut failed = None;
        while let Some((index, asked)) = waiting.next().await {
            match (asked, answers.get_mut(index)) {
                (Ok(answer), Some(place)) => *place = Some(answer),
                (Ok(_), None) => {}
                (Err(reason), _) => failed = failed.or(Some(reason)),
            }
        }
        match failed.or_else(|| self.unwritten()) {
            Some(reason) => Err(stopped(&reason)),
            None => Ok(answers.into_iter().flatten().collect()),
        }
    }

    /// Returns the reason if the worker has stopped in a way that its last rows did not show: the journal could
    /// not be written.
    fn unwritten(&self) -> Option<Arc<RunError>> {
        self.worker.error().filter(|reason| matches!(**reason, RunError::Journal(_)))
    }
}

impl<T> fmt::Debug for ExtractFunction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractFunction")
            .field("name", &self.name)
            .field("return_type", &self.return_type)
            .finish_non_exhaustive()
    }
}

/// Functions are equal if they share their answers.
impl<T> PartialEq for ExtractFunction<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.state, &other.state)
    }
}

impl<T> Eq for ExtractFunction<T> {}

impl<T> Hash for ExtractFunction<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        Arc::as_ptr(&self.state).hash(state);
    }
}

impl<T: Extract + Send + 'static> ScalarUDFImpl for ExtractFunction<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.return_type.clone())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!(
            "the asynchronous function {} cannot stand here: put it into a sub-select",
            self.name
        )
    }
}

#[async_trait]
impl<T: Extract + Send + 'static> AsyncScalarUDFImpl for ExtractFunction<T> {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(texts) = args.args.first() else {
            return exec_err!("{} takes a text", self.name);
        };
        let texts = cast(&texts.to_array(args.number_rows)?, &DataType::Utf8View)?;
        let mut distinct: Vec<&str> = Vec::new();
        let mut indices: HashMap<&str, u64> = HashMap::new();
        let places = texts.as_string_view().iter().map(|text| {
            let text = text?;
            Some(*indices.entry(text).or_insert_with(|| {
                distinct.push(text);
                distinct.len() as u64 - 1
            }))
        });
        let places: UInt64Array = places.collect();
        let answers = self.state.ask_all(&distinct).await?;
        if places.null_count() == places.len() {
            let nulls = arrow_array::new_null_array(&self.return_type, places.len());
            return Ok(ColumnarValue::Array(nulls));
        }
        let answers = array(&answers, &self.state.column)?;
        let rows = take(&answers, &places, None);
        Ok(ColumnarValue::Array(rows.map_err(DataFusionError::from)?))
    }
}
