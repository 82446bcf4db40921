//! One extraction, from the call to the future that runs it.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::client::Client;
use super::driver::{self, Task};
use super::options::Options;
use super::{BadItems, Error, InputError, Report, bad_items};
use crate::check::{Feedback, Rules};
use crate::contract::{Contract, Extract, SchemaSource, UserTool};
use crate::conversation::{Input, Message, Mode};
use crate::reading::Level;

/// Extracts a value from an input, with the model that the environment asks for
/// ([`Client::from_env`]).
///
/// A program that extracts more than a few times makes a [`Client`] once: it keeps its connections.
///
/// ```no_run
/// # use extract_llm::{Error, extract};
/// # #[tokio::main] async fn main() -> Result<(), Error> {
/// let n: u32 = extract("There were seven of them.").await?;
/// # Ok(()) }
/// ```
pub fn extract<T: Extract>(input: impl Into<Input>) -> Extraction<T> {
    let client = Client::from_env();
    let options =
        client.as_ref().map(|client| Options::clone(&client.defaults)).unwrap_or_default();
    Extraction {
        client,
        input: input.into(),
        contract: None,
        options,
        user_tools: Vec::new(),
        list: Some(String::new()),
        rules: Rules::default(),
    }
}

impl Client {
    /// Starts an extraction. Nothing is sent until it is awaited.
    pub fn extract<T: Extract>(&self, input: impl Into<Input>) -> Extraction<T> {
        Extraction {
            client: Ok(self.clone()),
            input: input.into(),
            contract: None,
            options: Options::clone(&self.defaults),
            user_tools: Vec::new(),
            list: Some(String::new()),
            rules: Rules::default(),
        }
    }

    /// Starts an extraction by a JSON Schema that is known only at run time, or by a
    /// [`Contract`](crate::contract::Contract) that was made of one before. The answer is lowered,
    /// read, checked and asked for again as that of a type is.
    ///
    /// The schema may come from anywhere; see
    /// [`Contract::from_schema`](crate::contract::Contract::from_schema). What is wrong with it is an
    /// error of the extraction.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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
        input: impl Into<Input>,
    ) -> Extraction<Value> {
        self.extract(input).contract(schema)
    }
}

/// An extraction that waits to be awaited.
///
/// Dropping the future cancels the request that is under way.
#[must_use = "nothing is sent until the extraction is awaited"]
pub struct Extraction<T> {
    pub(super) client: Result<Client, Error>,
    pub(super) input: Input,
    /// Where it is not the type's own.
    pub(super) contract: Option<SchemaSource>,
    pub(super) options: Options,
    /// Tools of the user's own, beside what the value is given by.
    pub(super) user_tools: Vec<UserTool>,
    /// The list whose elements are spoken of, as a JSON pointer; none where what was to be one has none.
    pub(super) list: Option<String>,
    /// The checks of this call.
    pub(super) rules: Rules<T>,
}

impl<T> fmt::Debug for Extraction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extraction")
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<T> Extraction<T> {
    /// Instructions that stand above the conversation. Several are sent in their order.
    pub fn system(mut self, text: impl Into<Arc<str>>) -> Self {
        self.options.system.push(text.into());
        self
    }

    /// How the answer is asked for.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.options.mode = mode;
        self
    }

    /// How often the model is asked again after an answer that does not pass (2 unless set).
    /// Failures of the network and the provider do not count here.
    pub fn validation_retries(mut self, retries: u32) -> Self {
        self.options.validation_retries = retries;
        self
    }

    /// How far the reading of a reply may go ([`Level::Lenient`] unless set): strictly JSON that fits,
    /// repairs that keep what is written, or also what can be saved of a broken reply.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// use extract_llm::reading::Level;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool_text(r#"{"value": "7"}"#)]));
    /// let strict = client.extract::<u8>("There were seven.").reading(Level::Strict).validation_retries(0);
    /// assert!(strict.await.is_err()); // the reply says "7", which is a text
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn reading(mut self, level: Level) -> Self {
        self.options.reading = level;
        self
    }

    /// The most that everything may take together.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Replaces the words that tell the schema where a mode has no other place for it.
    ///
    /// ```
    /// # use extract_llm::{Client, model::{Scripted, scripted::reply}, conversation::Mode};
    /// # use serde_json::json;
    /// # let client = Client::with_model(Scripted::new([]));
    /// let extraction = client
    ///     .extract::<Vec<u8>>("one, two")
    ///     .mode(Mode::Text)
    ///     .instructions(|contract| format!("Répondez en JSON : {}", contract.prompt_schema()));
    /// ```
    pub fn instructions(
        mut self,
        write: impl Fn(&Contract) -> String + Send + Sync + 'static,
    ) -> Self {
        self.options.instructions = Some(Arc::new(write));
        self
    }

    /// Replaces the words that tell the model what is wrong with its answer.
    pub fn feedback(
        mut self,
        write: impl Fn(&Feedback<'_>) -> String + Send + Sync + 'static,
    ) -> Self {
        self.options.feedback = Some(Arc::new(write));
        self
    }

    /// Asks for, and holds the answer to, this contract or JSON Schema instead of the type's own:
    /// where what is allowed is known only at run time. The type still has to read what passes.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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

    /// Messages to put before the input, such as examples. Several are sent in their order.
    ///
    /// They are no part of the [`Source`](crate::grounding::Source) that checks look at, nor of what
    /// there is to read: an empty input is [`InputError::Empty`](super::InputError::Empty) behind
    /// examples too, because the model would give one of them back.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// use extract_llm::conversation::Message;
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
        let mut all = self.input.into_messages();
        all.splice(end..end, messages.iter().cloned());
        self.input = all.into();
        self.options.before_input = end + messages.len();
        self
    }
}

impl<T: Extract> Extraction<T> {
    /// What is to be done; a client that could not be made, settings that mean nothing, and a
    /// contract, are said here.
    pub(super) fn into_task(self) -> Result<Task<T>, Error> {
        let client = self.client?;
        if let Some(setting) = self.options.not_finite() {
            return Err(InputError::NotFinite { setting }.into());
        }
        let contract = match self.contract {
            Some(given) => given.contract()?,
            None => Contract::of::<T>()?,
        };
        let Self { input, mut options, user_tools: own, list, rules, .. } = self;
        let list = bad_items::list_of(&contract, list, options.bad_items)?;
        if options.bad_items == BadItems::Stop {
            options.validation_retries = 0;
        }
        Ok(Task {
            client,
            contract,
            input,
            options,
            user_tools: own,
            rules,
            channel: None,
            list_pointer: list,
        })
    }

    async fn run(self) -> Result<Report<T>, Error> {
        driver::run(self.into_task()?).await
    }

    /// Gives the value with everything that happened on the way to it.
    pub fn report(self) -> ReportRequest<T> {
        ReportRequest(self)
    }
}

impl<T: Extract> IntoFuture for Extraction<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.run().await?.value) })
    }
}

/// An [`Extraction`] that gives a [`Report`].
#[derive(Debug)]
#[must_use = "nothing is sent until the extraction is awaited"]
pub struct ReportRequest<T>(Extraction<T>);

impl<T: Extract> IntoFuture for ReportRequest<T> {
    type Output = Result<Report<T>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.run())
    }
}
