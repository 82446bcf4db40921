//! Agreement: the same extraction several times, what most of them say, and how many do for each
//! field. A confidence for models that give no probabilities, at the price of every sample.

mod consensus;

use std::future::IntoFuture;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::builder::Extraction;
use super::driver::{self, Accepted};
use super::error::Error;
use super::ledger::{Attempt, Ledger, Report};
use super::limit::Limit;
use super::task::Task;
use crate::check::check;
use crate::contract::{Extract, FailedCheck, Problems};
use crate::conversation::{Usage, Usd};

/// How many samples are under way at once, unless it is set.
const CONCURRENCY: usize = 4;

impl<T> Extraction<T> {
    /// Takes `samples` samples instead of one, and gives what most of them say, with the share of
    /// samples that say so for each field. Every sample is an extraction of its own, re-asks
    /// included, and costs what one costs: `samples` times the tokens.
    ///
    /// Samples differ by the model's own chance: a temperature of 0 makes them alike. Where a
    /// [seed](Extraction::seed) is set, each sample has the next one.
    ///
    /// More than half of the samples have to give a value; those that do not are in
    /// [`Agreement::failures`].
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": [7, 3]})), reply::tool(json!({"value": [7, 4]})),
    /// #     reply::tool(json!({"value": [7, 3]})),
    /// # ]));
    /// let agreed = client.extract::<(u8, u8)>("seven adults, three or so children").agree(3).await?;
    ///
    /// assert_eq!(agreed.value, (7, 3));
    /// assert_eq!(agreed.share("/0"), Some(1.0));
    /// assert!(agreed.share("/1").unwrap() < 0.7);
    /// println!("{:?} for {} tokens", agreed.cost, agreed.usage.total_tokens());
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn agree(self, samples: usize) -> AgreementRequest<T> {
        AgreementRequest { extraction: self, samples: samples.max(1), concurrency: CONCURRENCY }
    }
}

/// An [`Extraction`] of several samples.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct AgreementRequest<T> {
    extraction: Extraction<T>,
    samples: usize,
    concurrency: usize,
}

impl<T> AgreementRequest<T> {
    /// How many samples are under way at once (4 unless set).
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

impl<T: Extract> IntoFuture for AgreementRequest<T> {
    type Output = Result<Agreement<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

/// What several samples agree on.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Agreement<T> {
    /// What they agree on; it passes all checks.
    pub value: T,
    /// The same as JSON, in the type's own shape.
    pub json: Value,
    /// Where the value is from.
    pub basis: Basis,
    /// For each field of the value, the share of samples that hold the same, in the value's order.
    pub fields: Vec<FieldAgreement>,
    /// The values of the samples that gave one, in their order, with what each took.
    pub samples: Vec<Sample>,
    /// Why the other samples gave none.
    #[serde(serialize_with = "in_words")]
    pub failures: Vec<Error>,
    /// Tokens over all samples, failed ones included.
    pub usage: Usage,
    /// Money over all samples; none if the cost of any reply is not known.
    pub cost: Option<Usd>,
    /// From the call to its end.
    pub elapsed: Duration,
}

/// Where the value of an [`Agreement`] is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Each field holds what most samples hold there.
    Fields,
    /// The fields of most did not pass together, so it is the one sample that agrees most with the
    /// others: the one of this index.
    Sample(usize),
}

/// How many samples hold the same value in one field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldAgreement {
    /// JSON pointer of a value without parts of its own.
    pub pointer: String,
    /// Of the samples that gave a value, from 0 to 1.
    pub share: f64,
}

/// One sample that gave a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// The value as JSON, in the type's own shape.
    pub json: Value,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Tokens over its attempts.
    pub usage: Usage,
    /// Money over its attempts.
    pub cost: Option<Usd>,
    /// What was done otherwise than asked.
    pub notes: Vec<String>,
}

impl Sample {
    fn of<T>(report: Report<T>, json: Value) -> Self {
        let Report { usage, cost, attempts, notes, .. } = report;
        Self { json, attempts, usage, cost, notes }
    }
}

impl<T> Agreement<T> {
    /// The share of samples that hold the same at this place: of a value without parts what
    /// [`fields`](Self::fields) says, of one with parts the least share in it.
    pub fn share(&self, pointer: &str) -> Option<f64> {
        let inside = |field: &&FieldAgreement| {
            let rest = field.pointer.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.fields.iter().filter(inside).map(|field| field.share).reduce(f64::min)
    }

    /// The fields that fewer samples agree on than this share, the most doubtful first.
    pub fn doubtful(&self, below: f64) -> Vec<&FieldAgreement> {
        let mut fields: Vec<&FieldAgreement> =
            self.fields.iter().filter(|field| field.share < below).collect();
        fields.sort_by(|a, b| a.share.total_cmp(&b.share));
        fields
    }
}

fn in_words<S: serde::Serializer>(errors: &[Error], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(ToString::to_string))
}

async fn run<T: Extract>(agreeing: AgreementRequest<T>) -> Result<Agreement<T>, Error> {
    let AgreementRequest { extraction, samples: wanted, concurrency } = agreeing;
    let begun = Instant::now();
    let task = extraction.into_task()?;
    let tasks = (0..wanted).map(|index| {
        let mut task = task.clone();
        let seed = &mut task.options.settings.seed;
        *seed = seed.map(|seed| seed.wrapping_add(index as u64));
        task
    });
    let sampled = stream::iter(tasks.map(|mut task: Task<T>| async move {
        // The deadline is over everything, the samples that came before included.
        task.options.deadline =
            task.options.deadline.map(|deadline| deadline.saturating_sub(begun.elapsed()));
        let Accepted { report, json } = driver::run(task).await?;
        Ok(Sample::of(report, json))
    }));
    let arrived: Vec<Result<Sample, Error>> = sampled.buffered(concurrency).collect().await;
    let mut samples = Vec::new();
    let mut failures = Vec::new();
    for arrival in arrived {
        match arrival {
            Ok(sample) => samples.push(sample),
            // Nothing was asked, and nothing will be.
            Err(error) if error.ledger().is_none() => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    let needed = wanted / 2 + 1;
    if samples.len() < needed {
        let ledger = Box::new(all_attempts(begun, &samples, &failures));
        return Err(Error::TooFewSamples { needed, given: samples.len(), failures, ledger });
    }
    settle(&task, begun, samples, failures).await
}

/// What the samples agree on, as far as it passes.
async fn settle<T: Extract>(
    task: &Task<T>,
    begun: Instant,
    samples: Vec<Sample>,
    failures: Vec<Error>,
) -> Result<Agreement<T>, Error> {
    let values: Vec<&Value> = samples.iter().map(|sample| &sample.json).collect();
    let agreed = consensus::of(&values);
    let best = consensus::most_similar(&values);
    let context = task.options.check_context_for(&task.input);
    let choices = [(Basis::Fields, agreed), (Basis::Sample(best), values[best].clone())];
    let mut problems = Problems::new();
    for (basis, json) in choices {
        let checked =
            check(&task.contract, &json, Vec::new(), &task.rules, context.context()).await;
        match checked {
            Ok(Ok(value)) => return Ok(settled(basis, json, value, begun, samples, failures)),
            Ok(Err(found)) => problems = found,
            Err(FailedCheck { pointer, failure: source }) => {
                let ledger = Box::new(all_attempts(begun, &samples, &failures));
                return Err(Error::Check { pointer, source, last: Some(json), ledger });
            }
        }
    }
    // Only a check that says otherwise the second time comes here.
    let ledger = Box::new(all_attempts(begun, &samples, &failures));
    let best = Some(samples[best].json.clone());
    Err(Error::Invalid { problems, best, limit: Limit::Retries { retries: 0 }, ledger })
}

fn all_attempts(begun: Instant, samples: &[Sample], failures: &[Error]) -> Ledger {
    let mut ledger = Ledger { elapsed: begun.elapsed(), ..Ledger::default() };
    ledger.attempts.extend(samples.iter().flat_map(|sample| sample.attempts.clone()));
    for failed in failures.iter().filter_map(Error::ledger) {
        ledger.attempts.extend(failed.attempts.iter().cloned());
    }
    ledger
}

fn settled<T>(
    basis: Basis,
    json: Value,
    value: T,
    begun: Instant,
    samples: Vec<Sample>,
    failures: Vec<Error>,
) -> Agreement<T> {
    let values: Vec<&Value> = samples.iter().map(|sample| &sample.json).collect();
    let fields = consensus::shares(&json, &values);
    let (usage, cost) = (total_usage(&samples, &failures), total_cost(&samples, &failures));
    let elapsed = begun.elapsed();
    Agreement { value, json, basis, fields, samples, failures, usage, cost, elapsed }
}

fn total_usage(samples: &[Sample], failures: &[Error]) -> Usage {
    let mut total = Usage::default();
    samples.iter().for_each(|sample| total += sample.usage);
    failures.iter().filter_map(Error::ledger).for_each(|ledger| total += ledger.usage());
    total
}

fn total_cost(samples: &[Sample], failures: &[Error]) -> Option<Usd> {
    let mut total = Usd::default();
    for sample in samples {
        total += sample.cost?;
    }
    for ledger in failures.iter().filter_map(Error::ledger) {
        total += ledger.cost()?;
    }
    Some(total)
}
