//! [`Evaluate`]: asks for the golden rows, and compares the answers.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::error::EvaluationError;
use super::figures::{EXAMPLES, Evaluation};
use super::golden::{Golden, GoldenRow, check_expected};
use super::place::Place;
use super::rules::Compare;
use super::tally::Tally;
use crate::contract::{Contract, Extract};
use crate::extraction::{Budget, Client, Extraction};
use crate::pipeline::{FailedRows, Journal, Run};

type Each<T> = Arc<dyn Fn(Extraction<T>) -> Extraction<T> + Send + Sync>;

/// An evaluation that has not run yet: [`Client::evaluate`] makes one, and [`run`](Self::run) runs it.
#[must_use = "nothing is sent until the evaluation runs"]
pub struct Evaluate<T> {
    run: Run<T, Value>,
    expected: Vec<(Value, Value)>,
    compare: Compare,
    examples: usize,
    contract: Option<Arc<Contract>>,
    each: Option<Each<T>>,
}

impl<T> fmt::Debug for Evaluate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.expected.len();
        f.debug_struct("Evaluate")
            .field("rows", &rows)
            .field("compare", &self.compare)
            .finish_non_exhaustive()
    }
}

/// # Evaluation
impl Client {
    /// Evaluates this client, with its model and prompt, on golden rows: each input is extracted, and the values
    /// are compared with the expected ones, field by field.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// use extract_llm::evaluation::{Compare, Golden};
    /// use extract_llm::{Client, Extract};
    /// use serde_json::json;
    ///
    /// #[derive(Debug, Extract)]
    /// struct Receipt {
    ///     vendor: String,
    ///     total: f64,
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"vendor": "ACME", "total": 12.0})),
    /// #     reply::tool(json!({"vendor": "Blue Café", "total": 7.2})),
    /// # ]));
    /// let golden = Golden::new([
    ///     ("a", "ACME: 12 euros", json!({"vendor": "Acme", "total": 12})),
    ///     ("b", "Blue Café: 7.50 euros", json!({"vendor": "Blue Café", "total": 7.5})),
    /// ])?;
    /// let evaluation = client
    ///     .evaluate::<Receipt>(golden)
    ///     .compare(Compare::new().tolerance("/total", 0.01))
    ///     .concurrency(1)
    ///     .run()
    ///     .await?;
    /// println!("{evaluation}");
    /// assert_eq!(evaluation.right_rows(), 1);
    /// assert!(evaluation.require_field("/vendor", 0.95).is_ok());
    /// assert!(evaluation.require_field("/total", 0.95).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn evaluate<T: Extract>(&self, golden: Golden) -> Evaluate<T> {
        let mut inputs = Vec::with_capacity(golden.rows.len());
        let mut expected = Vec::with_capacity(golden.rows.len());
        for GoldenRow { id, input, expected: value } in golden.rows {
            inputs.push((id.clone(), input));
            expected.push((id, value));
        }
        Evaluate {
            run: self.extract_many::<T, _>(inputs),
            expected,
            compare: Compare::new(),
            examples: EXAMPLES,
            contract: None,
            each: None,
        }
    }
}

/// # Settings
impl<T> Evaluate<T> {
    /// Sets when a value equals the expected one. The default is [`Compare::new`].
    pub fn compare(mut self, compare: Compare) -> Self {
        self.compare = compare;
        self
    }

    /// Sets how many mismatches of each field are kept as examples. The default is 20.
    pub fn examples(mut self, most: usize) -> Self {
        self.examples = most;
        self
    }

    /// Requests and compares the values by this contract instead of the type's, for schemas that are known only at
    /// run time. `T` is then `serde_json::Value`.
    pub fn contract(mut self, contract: Arc<Contract>) -> Self {
        self.contract = Some(contract);
        self
    }

    /// Changes the extraction of each row, such as its prompt: see [`Run::each`]. A second call replaces the first.
    pub fn each(
        mut self,
        change: impl Fn(Extraction<T>) -> Extraction<T> + Send + Sync + 'static,
    ) -> Self {
        self.each = Some(Arc::new(change));
        self
    }

    /// Keeps the rows that ended in a file: see [`Run::journal`]. A second evaluation with the same golden rows,
    /// model and settings takes the values from it, and sends nothing. `.each(|row| row.offline())` makes sure
    /// that nothing is sent: it fails if the journal lacks a row.
    pub fn journal(mut self, journal: impl Into<Journal>) -> Self {
        self.run = self.run.journal(journal);
        self
    }

    /// Reads the replies in the journal again, in place of the values: see [`Run::reread`].
    pub fn reread(mut self) -> Self {
        self.run = self.run.reread();
        self
    }

    /// Sets what happens to rows that failed in an earlier run with the journal: see [`Run::failed_rows`]. With
    /// [`FailedRows::Only`], the other rows are not part of the evaluation.
    pub fn failed_rows(mut self, which: FailedRows) -> Self {
        self.run = self.run.failed_rows(which);
        self
    }

    /// Sets how many rows are in flight at most: see [`Run::concurrency`]. The default is 256.
    pub fn concurrency(mut self, number: usize) -> Self {
        self.run = self.run.concurrency(number);
        self
    }

    /// Adds a budget that all rows share: see [`Run::budget`].
    pub fn budget(mut self, budget: impl Into<Budget>) -> Self {
        self.run = self.run.budget(budget);
        self
    }

    /// Sets how often a row is asked again that failed for a passing reason: see [`Run::row_retries`].
    pub fn row_retries(mut self, retries: u32) -> Self {
        self.run = self.run.row_retries(retries);
        self
    }
}

impl<T: Extract + Send> Evaluate<T> {
    /// Extracts all rows and returns the evaluation. A row that fails is part of it.
    ///
    /// Fails before anything is sent if a rule or an expected value does not fit the type, and later if the run
    /// stops before its end or if lists are too long to be compared.
    pub async fn run(self) -> Result<Evaluation, EvaluationError> {
        let Self { mut run, expected, compare, examples, contract: own, each } = self;
        let contract = match &own {
            Some(contract) => Arc::clone(contract),
            None => Contract::of::<T>()?,
        };
        let root = Place::new(contract.tree(), contract.node());
        compare.check(&root)?;
        for (id, value) in &expected {
            check_expected(&compare, &root, id, value)?;
        }
        if own.is_some() || each.is_some() {
            run = run.each(move |row| {
                let row = match &own {
                    Some(contract) => row.contract(Arc::clone(contract)),
                    None => row,
                };
                match &each {
                    Some(change) => change(row),
                    None => row,
                }
            });
        }
        let mut run = run.in_order();
        let mut tally = Tally::new(&compare, examples);
        while let Some(row) = run.next().await {
            let row = row?;
            let number = usize::try_from(row.number).unwrap_or(usize::MAX);
            let Some((id, value)) = expected.get(number) else { continue };
            let given = row.result.as_ref().map(|done| &done.json).map_err(ToString::to_string);
            tally.add(&root, id, value, given)?;
        }
        let summary = run.summary();
        let mut evaluation = Evaluation::new(contract.name(), tally);
        evaluation.requests = summary.requests;
        evaluation.usage = summary.usage;
        evaluation.cost = summary.cost;
        Ok(evaluation)
    }
}
