//! One extraction, from the call to the future that runs it.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::bad_items::BadItems;
use super::client::{Client, NextModel};
use super::client_source::ClientSource;
use super::driver;
use super::error::{Error, InputError};
use super::ledger::Report;
use super::lists::ExpectedItems;
use super::options::Options;
use super::task::Task;
use super::tools::OfferedTool;
use crate::check::Rules;
use crate::contract::{Contract, ContractError, Extract, SchemaSource};
use crate::conversation::{Conversation, Message};

/// Extracts a value from an input, with the model that the environment names ([`Client::from_env`]).
///
/// All calls share a client, and those in one tokio runtime its connections. The client is made at the first
/// call, so a later change of the environment has no effect; only a failure is not kept. For other settings,
/// create a [`Client`].
///
/// ```no_run
/// # use extract_llm::{Error, extract};
/// # #[tokio::main] async fn main() -> Result<(), Error> {
/// let n: u32 = extract("There were seven of them.").await?;
/// # Ok(()) }
/// ```
pub fn extract<T: Extract>(input: impl Into<Conversation>) -> Extraction<T> {
    Extraction::new(ClientSource::Environment, Options::default(), Vec::new(), input.into())
}

/// # Extraction
impl Client {
    /// Starts an extraction. Nothing is sent until it is awaited.
    pub fn extract<T: Extract>(&self, input: impl Into<Conversation>) -> Extraction<T> {
        let options = Options::clone(&self.defaults);
        let client = ClientSource::Given(self.clone());
        Extraction::new(client, options, self.models.clone(), input.into())
    }

    /// Starts an extraction with a JSON Schema that is known only at run time, or with a
    /// [`Contract`](crate::contract::Contract) made from one. The answer is lowered, read, checked and
    /// re-asked in the same way as the answer for a type.
    ///
    /// The schema need not be trusted: see
    /// [`Contract::from_schema`](crate::contract::Contract::from_schema). If it is invalid, the
    /// extraction fails with [`ErrorKind::Contract`](crate::extraction::ErrorKind::Contract).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::contract::Contract;
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"name": "Maria"})), reply::tool(json!({"name": "Tom"})),
    /// # ]));
    /// let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
    /// let value = client.extract_value(&schema, "Maria is 34.").await?;
    /// assert_eq!(value["name"], "Maria");
    ///
    /// let contract = Contract::from_schema(schema)?; // built once, for many calls
    /// let value = client.extract_value(&contract, "Tom is 40.").await?;
    /// # assert_eq!(value["name"], "Tom");
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn extract_value(
        &self,
        schema: impl Into<SchemaSource>,
        input: impl Into<Conversation>,
    ) -> Extraction<Value> {
        self.extract(input).contract(schema)
    }
}

/// An extraction that has not been started. Await it for the value, or call [`report`](Self::report) for
/// the value with its ledger. Dropping the future cancels the current request.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::{Client, Extract};
/// # use serde_json::json;
///
/// #[derive(Debug, Extract)]
/// struct Person {
///     name: String,
///     #[extract(range(max = 150))]
///     age: u8,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"name": "Maria", "age": 34}))]));
/// let person: Person = client
///     .extract("Maria is 34.")
///     .system("Names as they are written.")
///     .max_tokens(500)
///     .validation_retries(3)
///     .await?;
/// assert_eq!(person.age, 34);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
///
/// A setting here replaces that of the client; [`system`](Self::system), [`stop`](Self::stop) and
/// [`extra_body`](Self::extra_body) add to it.
#[must_use = "nothing is sent until the extraction is awaited"]
pub struct Extraction<T> {
    pub(super) client: ClientSource,
    pub(super) input: Conversation,
    /// The contract, if it is not that of the type.
    pub(super) contract: Option<SchemaSource>,
    pub(super) options: Options,
    pub(super) models: Vec<NextModel>,
    /// User-defined tools. An error is that of a type without a contract.
    pub(super) user_tools: Vec<Result<OfferedTool, ContractError>>,
    /// The JSON pointer of the list to which settings about elements apply; `None` if a closure named a
    /// list without a pointer.
    pub(super) list: Option<String>,
    /// The checks of this call.
    pub(super) rules: Rules<T>,
    /// The expected numbers of elements of lists.
    pub(super) expected: Vec<ExpectedItems>,
}

impl<T> fmt::Debug for Extraction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extraction")
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// # Input
impl<T> Extraction<T> {
    /// Creates an extraction with these settings.
    fn new(
        client: ClientSource,
        options: Options,
        models: Vec<NextModel>,
        input: Conversation,
    ) -> Self {
        Self {
            client,
            input,
            contract: None,
            options,
            models,
            user_tools: Vec::new(),
            list: Some(String::new()),
            rules: Rules::default(),
            expected: Vec::new(),
        }
    }

    /// Requests and checks the answer by this contract or JSON Schema instead of the type's. Use it if
    /// the allowed values are known only at run time. A valid answer must still deserialize as the type.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": "pears"})), reply::tool(json!({"value": "plums"})),
    /// # ]));
    /// let in_stock = ["apples", "plums"]; // from a table of this morning
    /// let fruit: String = client
    ///     .extract("Plums, please.")
    ///     .contract(json!({"type": "string", "enum": in_stock}))
    ///     .await?;
    /// assert_eq!(fruit, "plums");
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn contract(mut self, contract: impl Into<SchemaSource>) -> Self {
        self.contract = Some(contract.into());
        self
    }

    /// Adds messages before the input, such as examples, in their order. Several calls add up.
    ///
    /// They are not part of the [`Source`](crate::grounding::Source) of checks. An empty input is
    /// [`InputError::Empty`](super::InputError::Empty) with examples too, because the model would return
    /// one of the examples.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::Message;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 2}))]));
    /// let example = [Message::user("Seven plums."), Message::assistant(r#"{"value": 7}"#)];
    /// let n: u8 = client.extract("A couple of pears.").examples(&example).await?;
    /// # assert_eq!(n, 2);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn examples(mut self, messages: &[Message]) -> Self {
        let end = self.options.before_input;
        let mut all = self.input.messages().to_vec();
        all.splice(end..end, messages.iter().cloned());
        self.input = self.input.with_messages(all);
        self.options.before_input = end + messages.len();
        self
    }
}

impl<T: Extract> Extraction<T> {
    /// Converts the extraction to a task. Fails if the client or the contract could not be made, or if a
    /// setting is invalid.
    pub(super) fn into_task(self) -> Result<Task<T>, Error> {
        let contract = match self.contract {
            Some(source) => source.contract(),
            None => Contract::of::<T>(),
        };
        let name = contract.as_ref().map(|contract| contract.name().to_owned()).unwrap_or_default();
        let client = self.client.client().map_err(|error| error.of_type(&name))?;
        let other = self.models.iter().find_map(|next| next.client.defaults.not_finite());
        if let Some(setting) = self.options.not_finite().or(other) {
            return Err(Error::from(InputError::NotFinite { setting }).of_type(&name));
        }
        let contract =
            counting(&contract?, &self.expected).map_err(|error| error.of_type(&name))?;
        let Self { input, mut options, models, user_tools, list, rules, expected, .. } = self;
        let list_pointer = list_of(&contract, list, options.bad_items)
            .map_err(|error| Error::from(error).of_type(&name))?;
        if options.bad_items == BadItems::Stop {
            options.validation_retries = 0;
        }
        options.budgets.extend(options.policy.budgets());
        let user_tools = user_tools.into_iter().collect::<Result<_, _>>();
        let user_tools = user_tools.map_err(|error| Error::from(error).of_type(&name))?;
        Ok(Task {
            client,
            contract,
            input,
            options,
            models,
            user_tools,
            channel: None,
            list_pointer,
            rules,
            expected,
        })
    }

    /// Runs the extraction, and returns the value with its ledger and its conversation.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7})).usage(90, 5)]));
    /// let done = client.extract::<u8>("There were seven.").report().await?;
    /// println!("{} for {} tokens", done.value, done.ledger.usage().total_tokens());
    /// # assert_eq!(done.ledger.usage().total_tokens(), 95);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub async fn report(self) -> Result<Report<T>, Error> {
        Ok(driver::run(self.into_task()?).await?.report)
    }
}

impl<T: Extract> IntoFuture for Extraction<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.report().await?.value) })
    }
}

/// Returns the contract that is sent: the model states the numbers of elements in it that it is asked for. Fails
/// if one of the lists does not exist.
fn counting(contract: &Arc<Contract>, expected: &[ExpectedItems]) -> Result<Arc<Contract>, Error> {
    for ExpectedItems { pointer, .. } in expected {
        if !pointer.as_ref().is_some_and(|pointer| contract.is_list(pointer)) {
            return Err(InputError::NoList { pointer: pointer.clone() }.into());
        }
    }
    let stated = expected.iter().filter(|items| items.expected.is_stated());
    let stated: Vec<&str> = stated.filter_map(|items| items.pointer.as_deref()).collect();
    Ok(contract.counting(&stated)?)
}

/// Returns the pointer of the list that the policy is about. Fails if the policy needs a list and there
/// is none.
fn list_of(
    contract: &Contract,
    list: Option<String>,
    policy: BadItems,
) -> Result<String, InputError> {
    match list {
        _ if policy == BadItems::AskAgain => Ok(list.unwrap_or_default()),
        Some(list) if contract.is_list(&list) => Ok(list),
        pointer => Err(InputError::NoList { pointer }),
    }
}
