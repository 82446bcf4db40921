//! The settings about long lists.

use super::expected::{Expected, ExpectedItems};
use crate::contract::Extract;
use crate::extraction::builder::Extraction;
use crate::extraction::client::ClientBuilder;
use crate::extraction::settings::settings;
use crate::partial::value::list_pointer;
use crate::partial::{ListType, Partial};

/// When a list is continued.
#[derive(Debug, Clone, Copy)]
pub(in crate::extraction) struct ListPolicy {
    /// Whether lists are continued; `None` if the call decides by its expectations.
    pub(in crate::extraction) continues: Option<bool>,
    /// Limit of the requests for more elements.
    pub(in crate::extraction) most: u32,
    /// Whether fewer elements than expected are accepted.
    pub(in crate::extraction) accepts_shortfall: bool,
}

impl Default for ListPolicy {
    fn default() -> Self {
        Self { continues: None, most: 32, accepts_shortfall: false }
    }
}

settings! {
    "# Long lists\n\nWhat happens if a reply holds only a part of a list.";

    /// Sets whether a list that a reply holds only in part is continued: the model is asked for the elements
    /// behind the last one, not for the whole list again. Default: true for a call that
    /// [expects](crate::Extraction::expect_items_at) a number of elements, and false for others.
    ///
    /// A reply that the limit of output tokens cuts off then keeps its complete elements. Without one
    /// complete element, and in a list of parallel calls, it fails with
    /// [`ErrorKind::Truncated`](crate::extraction::ErrorKind::Truncated) as before. Elements that the model
    /// gives twice where two replies meet are left out. The members behind the list are asked for after it.
    ///
    /// A continuation costs the input once more, and the last elements as input, not all of them. It is no
    /// [re-ask](Self::validation_retries). [Budgets](Self::token_budget), the [deadline](Self::deadline) and
    /// [`list_continuations`](Self::list_continuations) limit it.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::truncated("{\"value\": [1, 2, 3"), reply::tool(json!({"value": [3, 4]})),
    /// # ]));
    /// let numbers: Vec<u8> =
    ///     client.extract("1 to 4").max_tokens(8).continue_lists(true).await?;
    /// assert_eq!(numbers, [1, 2, 3, 4]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn continue_lists(continues: bool) |it| it.options.lists.continues = Some(continues);

    /// Limits the requests for more elements of the lists of one extraction. Default: 32. At the limit, an
    /// incomplete list fails with [`Limit::Continuations`](crate::extraction::Limit::Continuations).
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// # let client = Client::with_model(Scripted::new([]));
    /// let extraction =
    ///     client.extract::<Vec<u8>>("1 to 4").continue_lists(true).list_continuations(100);
    /// ```
    fn list_continuations(requests: u32) |it| it.options.lists.most = requests;

    /// Sets whether an incomplete list is accepted once the model gives no more elements, or the limit of
    /// requests is reached. A note in the ledger says so. Default: false, and such a list is
    /// [`ErrorKind::Invalid`](crate::extraction::ErrorKind::Invalid) with the elements in
    /// [`Error::best`](crate::Error::best).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let none = || reply::tool(json!({"value": []}));
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]})), none(), none()]));
    /// let call = client.extract::<Vec<u8>>("1, 2").expect_items(3).accept_shortfall(true);
    /// assert_eq!(call.await?, [1, 2]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn accept_shortfall(accepts: bool) |it| it.options.lists.accepts_shortfall = accepts;
}

impl<E: Extract> Extraction<Vec<E>> {
    /// Sets the number of elements that the list must have. With fewer, the model is asked for the missing
    /// ones, behind the last one that it gave: see [`continue_lists`](Self::continue_lists). If it gives
    /// nothing new twice in a row, the extraction fails with
    /// [`ErrorKind::Invalid`](crate::extraction::ErrorKind::Invalid) and a problem at the list, unless
    /// [`accept_shortfall`](Self::accept_shortfall) is set. More elements than were counted or set are a problem
    /// of the answer; more than the model stated are accepted, with a note in the ledger.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::extraction::Expected;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value_count": 3, "value": [1, 2]})), reply::tool(json!({"value": [3]})),
    /// # ]));
    /// let call = client.extract::<Vec<u8>>("1, 2, 3").expect_items(Expected::stated());
    /// assert_eq!(call.await?, [1, 2, 3]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn expect_items(self, expected: impl Into<Expected>) -> Self {
        self.expect_items_at("", expected)
    }
}

impl<T: Extract> Extraction<T> {
    /// [`expect_items`](Extraction::expect_items) of a list inside the value: `|table| &table.rows`. The closure
    /// only selects the list, as that of [`items_of`](Self::items_of) does.
    ///
    /// If the list is not reached through fields, newtypes and tuples alone, the extraction fails with
    /// [`InputError::NoList`](crate::extraction::InputError::NoList), without a request.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::extraction::Expected;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": ["odd", [1, 3]]}))]));
    /// let lines = Expected::counted(|source| Some(source.text().lines().count()));
    /// let named = client
    ///     .extract::<(String, Vec<u8>)>("one is odd\nthree is odd")
    ///     .expect_items_of(|named| &named.1, lines)
    ///     .await?;
    /// assert_eq!(named.1, [1, 3]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn expect_items_of<L: ListType>(
        mut self,
        list: impl FnOnce(&Partial<T>) -> &Partial<L>,
        expected: impl Into<Expected>,
    ) -> Self {
        let pointer = list_pointer::of_list(list);
        self.expected.push(ExpectedItems { pointer, expected: expected.into() });
        self
    }

    /// [`expect_items`](Extraction::expect_items) of the list at a JSON pointer. Several calls add up; for one list,
    /// the last one counts.
    ///
    /// If the schema has no list there, the extraction fails with
    /// [`InputError::NoList`](crate::extraction::InputError::NoList), without a request.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"start": [1, 2], "end": []}))]));
    /// let range = client.extract::<std::ops::Range<Vec<u8>>>("from one and two");
    /// assert_eq!(range.expect_items_at("/start", 2).await?.start, [1, 2]);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn expect_items_at(
        mut self,
        pointer: impl Into<String>,
        expected: impl Into<Expected>,
    ) -> Self {
        let pointer = pointer.into();
        self.expected.retain(|known| known.pointer.as_ref() != Some(&pointer));
        self.expected.push(ExpectedItems { pointer: Some(pointer), expected: expected.into() });
        self
    }
}
