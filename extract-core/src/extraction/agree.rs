//! Agreement: takes several samples of an extraction, and returns the majority value with the share of
//! the samples for each field. A confidence for models without probabilities, at the cost of all samples.

mod consensus;

use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::builder::Extraction;
use super::confidence::{Confidence, Confidences, Doubt};
use super::driver::{self, Accepted};
use super::error::{Error, ErrorKind, Rejected};
use super::ledger::Ledger;
use super::limit::Limit;
use super::task::Task;
use crate::check::check;
use crate::contract::{Extract, FailedCheck, Problems};

/// The default number of concurrent samples.
const CONCURRENCY: usize = 4;

/// # Agreement
impl<T> Extraction<T> {
    /// Takes `samples` samples instead of one; 0 counts as 1. Returns the majority value of each field,
    /// with the share of the samples that hold it. Every sample is a separate extraction with its
    /// re-asks, so the cost is that of `samples` extractions.
    ///
    /// Samples differ by the randomness of the model: a temperature of 0 makes them alike. If a
    /// [seed](Extraction::seed) is set, it is increased by one for each sample.
    ///
    /// Fails with [`ErrorKind::TooFewSamples`] unless more than half of the samples yield a value. The errors
    /// of the other samples are in [`Agreement::failures`].
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
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
    /// println!("{:?} for {} tokens", agreed.ledger.cost(), agreed.ledger.usage().total_tokens());
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn agree(self, samples: usize) -> AgreementRequest<T> {
        AgreementRequest { extraction: self, samples: samples.max(1), concurrency: CONCURRENCY }
    }
}

/// An [`Extraction`] of several samples. Await it for the [`Agreement`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct AgreementRequest<T> {
    extraction: Extraction<T>,
    samples: usize,
    concurrency: usize,
}

impl<T> AgreementRequest<T> {
    /// Sets the number of concurrent samples. The default is 4; 0 counts as 1.
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

/// The value that several samples agree on.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Agreement<T> {
    /// The value. It has passed all checks.
    pub value: T,
    /// The value as JSON, in the type's shape.
    pub json: Value,
    /// The origin of the value.
    pub basis: Basis,
    /// For each field of the value, the share of the samples that hold the same value, in the order of
    /// the fields.
    pub fields: Vec<FieldAgreement>,
    /// The samples that yielded a value, in their order.
    pub samples: Vec<Sample>,
    /// The errors of the other samples.
    #[serde(serialize_with = "in_words")]
    pub failures: Vec<Error>,
    /// The requests of all samples, including failed ones, in the order of the samples.
    pub ledger: Ledger,
    /// The fields whose share is smaller than the limit of [`doubt_below`](Extraction::doubt_below), smallest
    /// first.
    pub doubts: Vec<Doubt>,
}

/// The origin of the value of an [`Agreement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Each field has the majority value of the samples.
    Fields,
    /// The sample with this index, which agrees most with the others. Used if the majority values fail
    /// the checks together.
    Sample(usize),
}

/// The share of the samples that hold the same value in one field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldAgreement {
    /// The JSON pointer of a field without nested fields: a scalar, or an empty list or object.
    pub pointer: String,
    /// The share of the samples with a value, from 0 to 1.
    pub share: f64,
}

/// A sample that yielded a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// The value as JSON, in the type's shape.
    pub json: Value,
    /// Its requests.
    pub ledger: Ledger,
}

impl<T> Agreement<T> {
    /// Returns the share of the samples that agree on the value at a pointer. For a value with nested
    /// fields this is their smallest share. Returns `None` if the value has no field there.
    pub fn share(&self, pointer: &str) -> Option<f64> {
        let inside = |field: &&FieldAgreement| {
            let rest = field.pointer.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.fields.iter().filter(inside).map(|field| field.share).reduce(f64::min)
    }

    /// Returns the share of the samples that agree on the value at a pointer, as a confidence. For a value with
    /// nested fields, `mean` is the mean of their shares and `least` the smallest. Returns `None` if the value has
    /// no field there.
    ///
    /// ```
    /// # use extract_llm::extraction::Agreement;
    /// # fn show(agreed: &Agreement<(u8, u8)>) {
    /// if agreed.confidence("/1").is_some_and(|confidence| confidence.least < 0.7) {
    ///     println!("the samples disagree about the children: {:?}", agreed.value);
    /// }
    /// # }
    /// ```
    pub fn confidence(&self, pointer: &str) -> Option<Confidence> {
        self.confidences().get(pointer)
    }

    /// Returns the shares of all fields as confidences.
    fn confidences(&self) -> Confidences {
        Confidences::of_shares(
            self.fields.iter().map(|field| (field.pointer.as_str(), field.share)),
        )
    }

    /// Returns the fields with a share smaller than `below`, smallest first.
    pub fn doubtful(&self, below: f64) -> Vec<&FieldAgreement> {
        let mut fields: Vec<&FieldAgreement> =
            self.fields.iter().filter(|field| field.share < below).collect();
        fields.sort_by(|a, b| a.share.total_cmp(&b.share));
        fields
    }
}

/// Serializes errors as their texts.
fn in_words<S: serde::Serializer>(errors: &[Error], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(ToString::to_string))
}

/// Takes the samples, and fails if too few of them yield a value.
async fn run<T: Extract>(agreeing: AgreementRequest<T>) -> Result<Agreement<T>, Error> {
    let AgreementRequest { extraction, samples: wanted, concurrency } = agreeing;
    let begun = Instant::now();
    let mut task = extraction.into_task()?;
    // The samples themselves tell the doubts.
    let doubt_below = task.options.doubt_below.take();
    let tasks = (0..wanted).map(|index| {
        let mut task = task.clone();
        task.options.sample = index;
        let seed = &mut task.options.settings.seed;
        *seed = seed.map(|seed| seed.wrapping_add(index as u64));
        task
    });
    let sampled = stream::iter(tasks.map(|mut task: Task<T>| async move {
        // The deadline covers all samples, including those that ran before this one.
        task.options.deadline =
            task.options.deadline.map(|deadline| deadline.saturating_sub(begun.elapsed()));
        let Accepted { report, json } = driver::run(task).await?;
        Ok(Sample { json, ledger: report.ledger })
    }));
    let arrived: Vec<Result<Sample, Error>> = sampled.buffered(concurrency).collect().await;
    let mut samples = Vec::new();
    let mut failures = Vec::new();
    for arrival in arrived {
        match arrival {
            Ok(sample) => samples.push(sample),
            // No request was made, so the other samples fail in the same way.
            Err(error) if error.is_before_requests() => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    let needed = wanted / 2 + 1;
    if samples.len() < needed {
        let ledger = combined_ledger(begun, &samples, &failures);
        let kind = ErrorKind::TooFewSamples { needed, found: samples.len(), failures };
        return Err(Error::with_ledger(kind, ledger).of_type(task.contract.name()));
    }
    let mut agreed = settle(&task, begun, samples, failures).await?;
    if let Some(limit) = doubt_below {
        agreed.doubts = agreed.confidences().below(limit);
    }
    Ok(agreed)
}

/// Returns the majority value if it passes the checks, otherwise the sample that agrees most with the
/// others.
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
    let failed = |kind, best, ledger| {
        Error::with_ledger(kind, ledger).with_best(Some(best)).of_type(task.contract.name())
    };
    let choices = [(Basis::Fields, agreed), (Basis::Sample(best), values[best].clone())];
    let mut problems = Problems::new();
    for (basis, json) in choices {
        let checked =
            check(&task.contract, &json, Vec::new(), &task.rules, context.context()).await;
        match checked {
            Ok(Ok(value)) => return Ok(settled(basis, json, value, begun, samples, failures)),
            Ok(Err(found)) => problems = found,
            Err(FailedCheck { pointer, failure: source }) => {
                let best = Rejected { value: json, problems: Problems::new() };
                let kind = ErrorKind::Check { pointer, source };
                return Err(failed(kind, best, combined_ledger(begun, &samples, &failures)));
            }
        }
    }
    // The samples have passed before: only a check that changes its result leads here.
    let best = Rejected { value: samples[best].json.clone(), problems: problems.clone() };
    let kind = ErrorKind::Invalid { problems, limit: Limit::Retries { retries: 0 } };
    Err(failed(kind, best, combined_ledger(begun, &samples, &failures)))
}

/// Collects the requests of all samples.
fn combined_ledger(begun: Instant, samples: &[Sample], failures: &[Error]) -> Ledger {
    let mut all = Ledger { latency: begun.elapsed(), ..Ledger::default() };
    let ledgers = samples.iter().map(|sample| &sample.ledger);
    for ledger in ledgers.chain(failures.iter().map(Error::ledger)) {
        all.append(ledger);
    }
    all
}

/// Creates the result.
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
    let ledger = combined_ledger(begun, &samples, &failures);
    Agreement { value, json, basis, fields, samples, failures, ledger, doubts: Vec::new() }
}
