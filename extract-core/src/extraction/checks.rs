//! The checks of one call, and their context.

use std::any::Any;

use super::builder::Extraction;
use crate::check::Check;
use crate::contract::{CheckError, Context, Extract};
use crate::grounding::Source;

/// # Checks
impl<T> Extraction<T> {
    /// Passes a value to all checks, including those of the type. They get it by its type, from
    /// [`Context::get`]. Several values may be set, one of each type.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": "pears"})), reply::tool(json!({"value": "plums"})),
    /// # ]));
    /// use extract_llm::check::CheckError;
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

    /// Sets the source text of checks and quotes, in place of the text of the user's messages. An example
    /// is the text of a document that is sent as a file.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.options.context = self.options.context.source(source);
        self
    }
}

impl<T: Extract> Extraction<T> {
    /// Adds a validator for this call: a function of the value and a [`Context`], like those of
    /// `#[extract(validate_with = path)]`. It runs after those of the type, in the same pass. Several may
    /// be added.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
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

    /// Adds an asynchronous check: an `async` closure, or an `async fn`, of the value and a [`Context`].
    /// Several may be added; they run concurrently.
    ///
    /// Checks run on every value that can be deserialized, even if other layers have found problems in
    /// it, so that one message reports all problems. A rejection by a check leads to a re-ask. A check
    /// that fails ([`CheckError::failed`]) or panics ends the extraction with
    /// [`ErrorKind::Check`](crate::extraction::ErrorKind::Check).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": "pears"})), reply::tool(json!({"value": "plums"})),
    /// # ]));
    /// use extract_llm::check::CheckError;
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
    /// The closure owns its captures (`async move`) and is cloned for each value. Captures must therefore
    /// be `Clone`: a pool, a client, an `Arc`. Alternatively, the closure captures nothing and uses the
    /// context.
    pub fn check<E, F>(mut self, check: F) -> Self
    where
        T: Send + Sync,
        E: Into<CheckError>,
        // The first bound lets the compiler infer the closure's types; the second one requires `Send`.
        F: AsyncFnOnce(&T, Context<'_>) -> Result<(), E>,
        F: for<'a> Check<'a, T> + Clone + Send + Sync + 'static,
    {
        self.rules.add_check(check);
        self
    }
}
