//! [`Plan`]: an estimate of the tokens, the cost and the time of a run, from a sample of its rows.

use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use futures_util::stream::StreamExt;
use serde::Serialize;

use super::error::RunError;
use super::journal::OpenJournal;
use super::progress::Minutes;
use super::run::Run;
use super::spawned::Spawned;
use crate::contract::Extract;
use crate::conversation::{Usage, Usd};

/// An estimate of a run, from a sample of its rows: [`Run::plan`] and [`Run::plan_asking`] make one.
///
/// All figures are for the rows of the whole run if their number is known, and otherwise for the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The number of rows that the figures are for.
    pub rows: u64,
    /// Whether that is the whole run, and not the sample.
    pub is_whole: bool,
    /// The number of rows in the sample.
    pub sample: u64,
    /// The rows of the sample that the journal holds. They cost nothing, and the others of the run are taken to
    /// be in it to the same share.
    pub in_journal: u64,
    /// The input tokens, estimated rather too high.
    pub input_tokens: u64,
    /// The output tokens, if each reply is as long as [`max_tokens`](crate::Extraction::max_tokens) allows, or
    /// has 4,096 tokens.
    pub most_output_tokens: u64,
    /// The cost with that many tokens and without re-asks; `None` if the price is not known.
    pub most_cost: Option<Usd>,
    /// The rows that were asked.
    pub asked: u64,
    /// The tokens, if all rows use as many as those that were asked; `None` if none was.
    pub usage: Option<Usage>,
    /// The cost in that case; `None` if it is not known.
    pub cost: Option<Usd>,
    /// The time in that case, with all places taken and without waits in limits.
    pub time: Option<Duration>,
}

/// Lines for people.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.is_whole { "rows" } else { "rows (the number of all rows is not known)" };
        write!(f, "{} {of}, from a sample of {}", self.rows, self.sample)?;
        if self.in_journal > 0 {
            write!(f, ", {} of which are in the journal", self.in_journal)?;
        }
        write!(
            f,
            "\nat most {} tokens in and {} out without re-asks, ",
            self.input_tokens, self.most_output_tokens
        )?;
        match self.most_cost {
            Some(cost) => write!(f, "{cost}")?,
            None => f.write_str("price unknown")?,
        }
        let Some(usage) = self.usage else { return Ok(()) };
        write!(
            f,
            "\nas the {} rows that were asked: {} tokens in, {} out, ",
            self.asked, usage.input_tokens, usage.output_tokens
        )?;
        match self.cost {
            Some(cost) => write!(f, "{cost}")?,
            None => f.write_str("price unknown")?,
        }
        match self.time {
            Some(time) => write!(f, ", about {}", Minutes(time)),
            None => Ok(()),
        }
    }
}

/// The sums of a sample.
#[derive(Default)]
struct Sample {
    rows: u64,
    in_journal: u64,
    most: Usage,
    /// `None` once a price is not known.
    most_cost: Option<Usd>,
}

/// # Plan
impl<T: Extract + Send + 'static, K: serde::Serialize + Send + 'static> Run<T, K> {
    /// Estimates the tokens and the cost of the run from its first rows. Sends nothing. The rows are part of
    /// the run as before.
    ///
    /// Fails if the source gives no row, if the journal cannot be read, or if the type or a setting is invalid.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// use extract_llm::conversation::Prices;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = Client::builder().prices(Prices::new(1.0, 4.0)).with_model(Scripted::new([]));
    /// let texts = (0..1_000).map(|number| (number, format!("There were {number} of them.")));
    /// let mut run = client.extract_many::<u32, _>(texts).each(|row| row.max_tokens(50));
    /// let plan = run.plan(20).await?;
    /// println!("{plan}");
    /// # assert_eq!((plan.rows, plan.most_output_tokens), (1_000, 50_000));
    /// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
    /// ```
    pub async fn plan(&mut self, sample: usize) -> Result<Plan, RunError> {
        let journal = match self.settings.rows.journal.clone().filter(|file| file.path().exists()) {
            Some(file) => {
                let opening = Spawned::blocking(move || OpenJournal::open_to_read(&file));
                Some(opening.await.ok_or(RunError::Shutdown)??)
            }
            None => None,
        };
        while self.planned.len() < sample.max(1) && !self.is_drained {
            match poll_fn(|context| self.source.poll_next_unpin(context)).await {
                Some((id, input)) => {
                    let job = self.job(id, input);
                    self.planned.extend(job);
                }
                None => self.is_drained = true,
            }
        }
        let mut sum = Sample { most_cost: Some(Usd(0.0)), ..Sample::default() };
        for job in self.planned.iter().take(sample.max(1)) {
            let prepared = self.settings.extraction(job.input.clone()).prepare();
            let prepared = prepared.map_err(RunError::EveryRow)?;
            sum.rows += 1;
            let row = journal.as_ref().map(|journal| prepared.fingerprint(journal.version()));
            if journal.as_ref().zip(row).is_some_and(|(journal, row)| journal.has_value(row)) {
                sum.in_journal += 1;
                continue;
            }
            let (most, cost) = prepared.most_used().map_err(RunError::EveryRow)?;
            sum.most += most;
            sum.most_cost = sum.most_cost.zip(cost).map(|(sum, cost)| Usd(sum.0 + cost.0));
        }
        Ok(self.plan_of(&sum))
    }

    /// [`plan`](Self::plan), which also asks the first `asked` rows for an estimate by what they use. Their
    /// results are not lost: [`next`](Self::next) returns them, and the journal holds them.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let seven = || reply::tool(json!({"value": 7})).usage(100, 10);
    /// # let client = Client::with_model(Scripted::new([seven(), seven(), seven()]));
    /// let texts = (0..3).map(|number| (number, "There were seven of them."));
    /// let mut run = client.extract_many::<u32, _>(texts);
    /// let plan = run.plan_asking(2).await?;
    /// assert_eq!(plan.usage.unwrap().output_tokens, 30);
    ///
    /// let summary = run.finish().await?; // all three rows
    /// assert_eq!((summary.done, summary.requests), (3, 3));
    /// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
    /// ```
    pub async fn plan_asking(&mut self, asked: usize) -> Result<Plan, RunError> {
        let mut plan = self.plan(asked).await?;
        poll_fn(|context| self.poll_planned(context)).await;
        if let Some(error) = self.take_halt() {
            return Err(error);
        }
        let progress = self.progress();
        let ended = (progress.done + progress.failed).saturating_sub(progress.from_journal);
        plan.asked = ended;
        if ended > 0 {
            let rest = plan.rows.saturating_mul(plan.sample.saturating_sub(plan.in_journal));
            let rest = rest.checked_div(plan.sample).unwrap_or_default();
            let usage = progress.usage;
            let scaled = |tokens: u64| scale(tokens, rest, ended);
            let mut all = Usage::new(scaled(usage.input_tokens), scaled(usage.output_tokens));
            all.cached_input_tokens = scaled(usage.cached_input_tokens);
            all.reasoning_tokens = scaled(usage.reasoning_tokens);
            plan.usage = Some(all);
            plan.cost = progress.cost.map(|cost| Usd(cost.0 * ratio(rest, ended)));
            let places = self.settings.rows.in_flight();
            let places = places.min(usize::try_from(rest).unwrap_or(usize::MAX));
            let seconds = self.summary().latency.mean() * ratio(rest, places.max(1) as u64);
            plan.time = Duration::try_from_secs_f64(seconds).ok();
        }
        Ok(plan)
    }

    fn plan_of(&self, sum: &Sample) -> Plan {
        let rows = self.progress().total.unwrap_or(sum.rows);
        let scaled = |tokens: u64| scale(tokens, rows, sum.rows);
        Plan {
            rows,
            is_whole: self.progress().total.is_some() || self.is_drained,
            sample: sum.rows,
            in_journal: sum.in_journal,
            input_tokens: scaled(sum.most.input_tokens),
            most_output_tokens: scaled(sum.most.output_tokens),
            most_cost: sum.most_cost.map(|cost| Usd(cost.0 * ratio(rows, sum.rows))),
            asked: 0,
            usage: None,
            cost: None,
            time: None,
        }
    }
}

/// Returns `of` times `rows` by `sample`.
fn scale(of: u64, rows: u64, sample: u64) -> u64 {
    let product = u128::from(of) * u128::from(rows);
    let scaled = product.checked_div(u128::from(sample)).unwrap_or_default();
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Returns the ratio of two counts; 0 if the second is 0.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn ratio(rows: u64, sample: u64) -> f64 {
    if sample == 0 { 0.0 } else { rows as f64 / sample as f64 }
}
