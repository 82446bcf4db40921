//! The contract of the schema, and the client of the model.

use std::path::Path;
use std::sync::Arc;

use extract_llm::contract::Contract;
use extract_llm::extraction::{Budget, ClientBuilder};
use extract_llm::{Client, Usd};

use crate::args::AskArgs;
use crate::error::CliError;

/// The name of the embedded model.
const EMBEDDED: &str = "local";

/// The rows in flight on the embedded model. Its server works on two at a time.
const EMBEDDED_CONCURRENCY: usize = 4;

/// Reads the JSON Schema of a file.
pub(crate) fn contract(path: &Path) -> Result<Arc<Contract>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| CliError::read(path, error))?;
    let json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|source| CliError::SchemaJson { path: path.to_owned(), source })?;
    Contract::from_schema(json)
        .map_err(|source| CliError::Schema { path: path.to_owned(), source: Box::new(source) })
}

/// The model, with the settings of all rows.
pub(crate) struct Asked {
    pub(crate) client: Client,
    /// The rows in flight; `None` for the default of runs.
    pub(crate) concurrency: Option<usize>,
    pub(crate) budget: Option<Budget>,
}

impl Asked {
    /// Makes the client. Sends nothing.
    pub(crate) fn new(args: &AskArgs) -> Result<Self, CliError> {
        let target = Target::of(args)?;
        let is_embedded = target.is_embedded();
        if is_embedded && (args.requests_per_minute.is_some() || args.tokens_per_minute.is_some()) {
            return Err(CliError::usage(
                "the embedded model has no limits of requests and tokens in a minute: leave out \
                 --requests-per-minute and --tokens-per-minute, or name a model with --model",
            ));
        }
        let mut builder = settings(Client::builder().model(target.model), args)?;
        if let Some(url) = target.base_url {
            builder = builder.base_url(url);
        }
        let concurrency = args.concurrency.and_then(|rows| usize::try_from(rows).ok());
        Ok(Self {
            client: builder.build()?,
            concurrency: concurrency.or_else(|| is_embedded.then_some(EMBEDDED_CONCURRENCY)),
            budget: budget(args),
        })
    }
}

/// The model and the URL of its server.
struct Target {
    model: String,
    base_url: Option<String>,
}

impl Target {
    /// Reads the arguments, and the environment if they do not name a model.
    fn of(args: &AskArgs) -> Result<Self, CliError> {
        let read = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let (model, url) = match &args.model {
            Some(model) => (Some(model.clone()), None),
            None => (read("EXTRACT_MODEL"), read("EXTRACT_BASE_URL")),
        };
        let base_url = args.base_url.clone().or(url);
        match model.map(|model| model.trim().to_owned()) {
            Some(model) => Ok(Self { model, base_url }),
            None if base_url.is_some() => Err(CliError::usage(
                "the URL of a server is given, and no model: name it with --model, as it is called on that server",
            )),
            None if cfg!(feature = "local") => Ok(Self { model: EMBEDDED.to_owned(), base_url }),
            None => Err(CliError::usage(
                "no model is given: name it with --model provider/model or in EXTRACT_MODEL",
            )),
        }
    }

    fn is_embedded(&self) -> bool {
        self.base_url.is_none() && self.model.eq_ignore_ascii_case(EMBEDDED)
    }
}

/// Makes the settings of all rows.
fn settings(mut builder: ClientBuilder, args: &AskArgs) -> Result<ClientBuilder, CliError> {
    if let Some(path) = &args.system_file {
        let text = std::fs::read_to_string(path).map_err(|error| CliError::read(path, error))?;
        builder = builder.system(text);
    }
    if let Some(text) = &args.system {
        builder = builder.system(text.as_str());
    }
    if let Some(mode) = args.mode {
        builder = builder.mode(mode.into());
    }
    if let Some(tokens) = args.max_tokens {
        builder = builder.max_tokens(tokens);
    }
    if let Some(temperature) = args.temperature {
        builder = builder.temperature(temperature);
    }
    if let Some(retries) = args.validation_retries {
        builder = builder.validation_retries(retries);
    }
    if let Some(deadline) = args.deadline {
        builder = builder.deadline(deadline);
    }
    if let Some(prices) = args.prices {
        builder = builder.prices(prices);
    }
    if let Some(requests) = args.concurrency {
        builder = builder.concurrency(requests);
    }
    if let Some(requests) = args.requests_per_minute {
        builder = builder.requests_per_minute(requests);
    }
    if let Some(tokens) = args.tokens_per_minute {
        builder = builder.tokens_per_minute(tokens);
    }
    Ok(builder)
}

/// Returns the budget of the run.
fn budget(args: &AskArgs) -> Option<Budget> {
    if args.budget.is_none() && args.token_budget.is_none() {
        return None;
    }
    let mut budget = Budget::new().named("the budget of this run");
    if let Some(dollars) = args.budget {
        budget = budget.cost(Usd(dollars));
    }
    if let Some(tokens) = args.token_budget {
        budget = budget.tokens(tokens);
    }
    Some(budget)
}
