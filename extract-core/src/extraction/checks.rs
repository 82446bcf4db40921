//! The checks of one call, and what they may look at.

use std::any::Any;

use super::builder::Extraction;
use crate::check::Check;
use crate::contract::{CheckError, Context, Extract};
use crate::grounding::Source;

impl<T> Extraction<T> {
    /// Hands a value to all checks, those of the type included: they have it by its type, from
    /// [`Context::get`]. Several may be given, one of each type.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": "pears"})), reply::tool(json!({"value": "plums"})),
    /// # ]));
    /// use extract_llm::contract::CheckError;
    ///
    /// struct Stock(Vec<&'static str>);
    ///
    /// let fruit = client
    ///     .extract::<String>("Plums, please.")
    ///     .context(Stock(vec!["apples", "plums"]))
    ///     .validate(|fruit: &String, cx| {
    ///         let stock = cx.get::<Stock>()?;
    ///         if stock.0.contains(&fruit.as_str()) { Ok(()) } else { Err(CheckError::from("a fruit in stock")) }
    ///     })
    ///     .await?;
    /// assert_eq!(fruit, "plums");
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn context<C: Any + Send + Sync>(mut self, value: C) -> Self {
        self.options.context = self.options.context.value(value);
        self
    }

    /// Sets the text that checks and quotes are held against, in place of the text of the user's
    /// messages: the text of a document that is sent as a file, for example.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.options.context = self.options.context.source(source);
        self
    }
}

impl<T: Extract> Extraction<T> {
    /// Adds a validator for this call: a function of the value and a [`Context`], like those that the
    /// type names by `#[extract(validate_with = path)]`. It runs after the type's own, in the same
    /// pass. Several may be added.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": 8})), reply::tool(json!({"value": 7})),
    /// # ]));
    /// let n: u32 = client
    ///     .extract("seven")
    ///     .validate(|n, _| if n % 2 == 1 { Ok(()) } else { Err("an odd number") })
    ///     .await?;
    /// assert_eq!(n, 7);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn validate<E: Into<CheckError>>(
        mut self,
        validate: impl Fn(&T, Context<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.rules.add_validator(validate);
        self
    }

    /// Adds a check that may wait: an `async` closure, or an `async fn`, of the value and a
    /// [`Context`]. Several may be added; they run at the same time.
    ///
    /// Checks run on every value that could be read, also where other layers have found problems in
    /// it: so one message tells the model everything. What a check says is wrong is fed back; that it
    /// could not be made ([`CheckError::failed`]), or panicked, ends the extraction with
    /// [`Error::Check`](crate::Error::Check).
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": "pears"})), reply::tool(json!({"value": "plums"})),
    /// # ]));
    /// use extract_llm::contract::CheckError;
    ///
    /// # #[derive(Clone)] struct Database;
    /// # impl Database { async fn has(&self, name: &str) -> Result<bool, std::io::Error> { Ok(name == "plums") } }
    /// # let database = Database;
    /// let fruit = client
    ///     .extract::<String>("Plums, please.")
    ///     .check(async move |fruit, _| {
    ///         let known = database.has(fruit).await.map_err(CheckError::failed)?;
    ///         if known { Ok(()) } else { Err(CheckError::from("a fruit that we sell")) }
    ///     })
    ///     .await?;
    /// assert_eq!(fruit, "plums");
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    ///
    /// The closure owns what it uses (`async move`) and is cloned for each value, so what it captures
    /// is `Clone`: a pool, a client, an `Arc`. Or it captures nothing, and has what it needs from the
    /// context.
    pub fn check<E, F>(mut self, check: F) -> Self
    where
        T: Send + Sync,
        E: Into<CheckError>,
        // The first bound is what the types of a closure are found by, the second one says `Send`.
        F: AsyncFnOnce(&T, Context<'_>) -> Result<(), E>,
        F: for<'a> Check<'a, T> + Clone + Send + Sync + 'static,
    {
        self.rules.add_check(check);
        self
    }
}
