//! A model that answers any request with made-up data that fits the schema of the request.

mod flaw;
mod generator;
mod heights;
mod numbers;
mod pattern;
mod text;

use std::fmt;

use fastrand::Rng;
use futures_util::future::BoxFuture;
use serde_json::Value;

pub use flaw::Flaw;
use flaw::Flawed;
use generator::Generator;

use super::api::{DeltaStream, Model};
use super::profile::Profile;
use super::scripted::{Scripted, ScriptedReply, SeenRequest, reply};
use crate::cache::CacheKey;
use crate::conversation::{
    Mode, Output, ProviderError, ProviderErrorKind, Reply, Request, Role, ToolChoice, Tools,
};
use crate::schema::{Origin, Tree, Validator, validator};

/// How often a value is made anew that does not fit the whole schema.
const ATTEMPTS: u64 = 64;

/// A model that answers any request with made-up data for its type: a test of code around an extraction needs
/// no replies written by hand.
///
/// ```
/// use extract_llm::scripted::Fake;
/// use extract_llm::{Client, Extract};
///
/// #[derive(Debug, PartialEq, Extract)]
/// struct Person {
///     name: String,
///     #[extract(range(max = 150))]
///     age: u8,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = Client::with_model(Fake::seeded(7));
/// let person: Person = client.extract("Maria is 34.").await?;
/// assert!(person.age <= 150);
///
/// let again: Person = Client::with_model(Fake::seeded(7)).extract("Maria is 34.").await?;
/// assert_eq!(again, person, "the same seed and the same input give the same value");
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
///
/// The data fit the JSON Schema that is sent: types, enums and their tags, bounds, lengths, formats, patterns,
/// maps, tuples and recursion. Texts without a format or a pattern are taken from the input, so that a
/// [`Quote`](crate::grounding::Quote) is found there. Checks of your own are not in the schema: they may reject
/// the data. A schema that the model cannot satisfy, such as one with a pattern that looks ahead, fails the
/// request.
///
/// The value depends on the seed and on the messages of the request, not on the order of requests. Another
/// version of this crate may make other values. The model answers in the modes
/// [`Tools`](crate::conversation::Mode::Tools) and [`JsonSchema`](crate::conversation::Mode::JsonSchema), which
/// send a schema; in other modes the request fails.
#[derive(Clone)]
pub struct Fake {
    seed: u64,
    flaws: Vec<Flaw>,
    rate: Option<(Flaw, f64)>,
    model: Scripted,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake")
            .field("seed", &self.seed)
            .field("flaws", &self.flaws)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl Fake {
    /// Creates a model with this seed. All its answers are valid.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, flaws: Vec::new(), rate: None, model: Scripted::new([]) }.rebuilt()
    }

    /// Makes the first answers invalid, one flaw each in this order. Later answers are valid.
    ///
    /// ```
    /// use extract_llm::scripted::{Fake, Flaw};
    /// use extract_llm::Client;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let fake = Fake::seeded(7).flaws([Flaw::WrongType, Flaw::BadJson]);
    /// let done = Client::with_model(fake).extract::<Vec<u32>>("1, 2, 3").validation_retries(2).report().await?;
    /// assert_eq!(done.ledger.attempts.len(), 3, "two answers were rejected");
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn flaws(mut self, flaws: impl IntoIterator<Item = Flaw>) -> Self {
        self.flaws = flaws.into_iter().collect();
        self.rebuilt()
    }

    /// Makes a share of all answers invalid, from 0 for none to 1 for all. Which ones depends on the seed and on
    /// the request. The default is 0. Answers for which [`flaws`](Self::flaws) names a flaw are not affected.
    pub fn flaw_rate(mut self, flaw: Flaw, share: f64) -> Self {
        self.rate = Some((flaw, share));
        self.rebuilt()
    }

    /// Returns the requests so far, oldest first.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.model.seen()
    }

    /// Returns the model with its script made anew.
    fn rebuilt(mut self) -> Self {
        let (seed, flaws, rate) = (self.seed, self.flaws.clone(), self.rate);
        let model = Scripted::answering(move |seen| {
            let mut rng = Rng::with_seed(seed_of(seed, &seen.request, 0));
            let of_rate = rate.filter(|(_, share)| rng.f64() < *share).map(|(flaw, _)| flaw);
            let flaw = flaws.get(seen.number - 1).copied().or(of_rate);
            answer(&seen.request, seed, flaw)
        });
        let profile = Profile::new("fake", "fake").modes([Mode::Tools, Mode::JsonSchema]);
        self.model = model.with_profile(profile);
        self
    }
}

/// Returns the answer to a request.
fn answer(
    request: &Request,
    seed: u64,
    flaw: Option<Flaw>,
) -> Result<ScriptedReply, ProviderError> {
    if flaw == Some(Flaw::Refusal) {
        return Ok(reply::refusal("I cannot help with that."));
    }
    let (name, schema) = match &request.output {
        Output::Tools(tools) => {
            let tool = tool_of(tools, &mut Rng::with_seed(seed_of(seed, request, 0)))?;
            (Some(&tool.name), &tool.schema)
        }
        Output::JsonSchema(tool) => (None, &tool.schema),
        Output::JsonObject | Output::Text => {
            let mode = request.output.mode();
            return Err(fault(&format!(
                "the mode {mode} sends no schema: use tools or JSON Schema"
            )));
        }
    };
    let value = Maker::new(schema)?.make(request, seed, flaw)?;
    Ok(match (flaw, name) {
        (Some(Flaw::BadJson), _) => {
            reply::text("Sorry, there is too much in this text to list it.")
        }
        (Some(Flaw::Truncated), name) => {
            let text = value.to_string();
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            if name.is_some() { reply::tool_text(half).truncated() } else { reply::truncated(half) }
        }
        (_, Some(name)) => reply::call(name, value),
        (_, None) => reply::json(value),
    })
}

/// Returns the tool to call: the one that is asked for, or one of those that make the value.
fn tool_of<'t>(
    tools: &'t Tools,
    rng: &mut Rng,
) -> Result<&'t crate::conversation::Tool, ProviderError> {
    let own = tools.tools.len().saturating_sub(tools.user_tools);
    let index = match tools.choice {
        ToolChoice::Only(index) => index,
        _ if own > 0 => rng.usize(..own),
        _ if tools.tools.is_empty() => 0,
        _ => rng.usize(..tools.tools.len()),
    };
    tools.tools.get(index).map(|tool| &**tool).ok_or_else(|| fault("the request has no tool"))
}

/// Makes values for one schema.
struct Maker {
    tree: Tree,
    validator: Validator,
}

impl Maker {
    /// Reads a schema. Fails if it is not valid.
    fn new(schema: &Value) -> Result<Self, ProviderError> {
        let tree =
            Tree::parse(schema, Origin::Document).map_err(|error| fault(&error.to_string()))?;
        let validator = validator::compile(&tree, schema, str::to_owned)
            .map_err(|error| fault(&error.to_string()))?;
        Ok(Self { tree, validator })
    }

    /// Returns a value that fits, or one with a flaw. Fails if none is found.
    fn make(
        &self,
        request: &Request,
        seed: u64,
        flaw: Option<Flaw>,
    ) -> Result<Value, ProviderError> {
        let input = input_of(request);
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            let rng = Rng::with_seed(seed_of(seed, request, attempt + 1));
            let mut generator = Generator::new(&self.tree, rng, &input);
            let value = match generator.value() {
                Ok(value) => value,
                Err(failure) => {
                    reason = failure;
                    continue;
                }
            };
            if !self.validator.is_valid(&value) {
                self.validator.each_error(&value, 1, |error| {
                    reason = format!("{}: {error}", error.instance_path());
                });
                continue;
            }
            let Some(flaw) = flaw.filter(|flaw| flaw.is_of_data()) else { return Ok(value) };
            let flawed = Flawed { tree: &self.tree, sites: generator.into_sites(), flaw };
            match flawed.find(&value, |value| !self.validator.is_valid(value)) {
                Some(value) => return Ok(value),
                None => reason = format!("the type has no place for {flaw:?}"),
            }
        }
        Err(fault(&reason))
    }
}

/// Returns the text of the user's messages.
fn input_of(request: &Request) -> String {
    let messages = request.messages.iter().filter(|message| message.role == Role::User);
    messages.map(crate::conversation::Message::text).collect::<Vec<_>>().join("\n")
}

/// Returns the seed of one attempt at a request: a hash (FNV-1a) of the seed, the messages and the attempt.
fn seed_of(seed: u64, request: &Request, attempt: u64) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(&seed.to_le_bytes());
    add(&attempt.to_le_bytes());
    for message in &request.messages {
        add(message.text().as_bytes());
        add(&[0]);
    }
    hash
}

/// Returns the error of a request that cannot be answered.
fn fault(reason: &str) -> ProviderError {
    let message = format!("`Fake` has no answer: {reason}");
    ProviderError::new(ProviderErrorKind::Other, message)
}

impl Model for Fake {
    fn profile(&self) -> Profile {
        self.model.profile()
    }

    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        Box::pin(async move {
            let key = self.model.cache_key(request).await?;
            Some(CacheKey::of([b"fake", &self.seed.to_le_bytes()[..], key.as_bytes()]))
        })
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        self.model.respond(request)
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        self.model.stream(request)
    }
}
