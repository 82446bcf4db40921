//! The function that all roles register.

use extract_datafusion::ExtractFunction;
use extract_llm::model::Limits;
use extract_llm::pipeline::Journal;
use extract_llm::{Client, Extract, Mode};

use crate::Result;

/// A support ticket.
#[derive(Debug, Extract)]
pub struct Ticket {
    /// The name of the customer.
    pub customer: String,
    /// The number of the ticket.
    pub number: u64,
}

/// The settings of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL of the model's server.
    pub model_url: String,
    /// The folder of the journal, which all executors can reach; empty for none.
    pub journal: String,
    /// The calls in flight at most, in each executor.
    pub concurrency: usize,
}

/// Returns the function `extract_ticket`.
///
/// # Errors
///
/// Fails if a setting is invalid.
pub fn function(settings: &Settings) -> Result<ExtractFunction<Ticket>> {
    let builder = Client::builder().base_url(&settings.model_url).model("fake").mode(Mode::Text);
    // A real provider has limits: divide them by the number of executors.
    let client = builder.limits(Limits::off()).build()?;
    let mut worker = client.worker().concurrency(settings.concurrency);
    if !settings.journal.is_empty() {
        worker = worker.journal(Journal::shared(&settings.journal));
    }
    Ok(ExtractFunction::new("extract_ticket", worker)?)
}
