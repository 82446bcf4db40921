//! Streams the checked elements of a list, each as soon as it is complete.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::answer_block::AnswerBlock;
use super::element_reader::{ElementReader, accepted};
use super::element_spans::ElementSpans;
use super::emitted::{Comparison, Emitted, Origin};
use super::extraction_stream::ExtractionStream;
use super::rest_scan::RestScan;
use super::view::View;
use super::view::sealed::Observer;
use crate::check::check_elements;
use crate::contract::dialect::Restored;
use crate::contract::{CheckContext, Contract, ContractError, Extract, Problems, wrapper};
use crate::conversation::Delta;
use crate::extraction::bad_items::BadItems;
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{AttemptStarted, RestStarted, StreamEvent};
use crate::extraction::error::{Error, InputError};
use crate::extraction::withdrawn::Withdrawn;
use crate::partial::value::list_pointer;
use crate::partial::{ListType, Partial};
use crate::reading::AnswerScan;
use crate::schema::segments;

/// The [`View`] of [`Extraction::items`]: elements of type `E`.
#[derive(Debug)]
pub struct Items<E> {
    /// The JSON pointer of the list; `None` if a closure named a list without a pointer.
    pointer: Option<String>,
    /// The contract of `E`, if the type of the elements may be another one.
    other: Option<Result<Arc<Contract>, ContractError>>,
    /// The contracts of the elements: one for each of the first elements, and the last one for the rest.
    contracts: Vec<Option<Arc<Contract>>>,
    /// The readers of the elements in the reply that is followed, in the same order.
    elements: Vec<ElementReader>,
    /// The readers of the elements in a reply that continues the list.
    rest_elements: Vec<ElementReader>,
    /// The context of the checks.
    context: Arc<CheckContext>,
    /// The scan of the reply for elements.
    follower: Option<AnswerScan<ElementSpans>>,
    /// The block of the reply that is followed.
    block: AnswerBlock,
    /// The scan of a reply that continues the list, and the number of elements before it.
    rest: Option<(RestScan, usize)>,
    /// The policy for bad elements.
    policy: BadItems,
    /// The number of elements that were found in the reply.
    seen: usize,
    /// The elements that were checked and queued.
    emitted: Emitted,
    /// The elements that were not taken yet. After the end, also those of the value that were not queued
    /// before.
    ready: VecDeque<E>,
    /// The elements that were taken and are not in the value.
    withdrawn: Vec<Withdrawn>,
    /// The problems for which the stream should end.
    stop: Option<Problems>,
}

impl<E: Extract> Items<E> {
    /// Creates the view of a list.
    fn of(pointer: Option<String>, policy: BadItems) -> Self {
        Self {
            pointer,
            other: None,
            contracts: Vec::new(),
            elements: Vec::new(),
            rest_elements: Vec::new(),
            context: Arc::default(),
            follower: None,
            block: AnswerBlock::Nothing,
            rest: None,
            policy,
            seen: 0,
            emitted: Emitted::default(),
            ready: VecDeque::new(),
            withdrawn: Vec::new(),
            stop: None,
        }
    }

    /// Handles the start of an attempt. Follows its reply if no element was returned yet. Otherwise its
    /// differences from the earlier reply are handled when the whole value has been accepted.
    fn begin(&mut self, attempt: &AttemptStarted) {
        self.block = AnswerBlock::Nothing;
        self.context = Arc::clone(&attempt.check_context);
        self.rest = None;
        if let Some(rest) = &attempt.rest {
            return self.begin_rest(attempt, rest);
        }
        // Parts become elements when the whole value has been accepted.
        if !self.emitted.is_empty() || attempt.is_parts {
            return;
        }
        let Some(pointer) = &self.pointer else { return };
        // An element that cannot be read alone is returned when the whole value has been accepted.
        let element =
            |contract: &Option<Arc<Contract>>| ElementReader::of(contract.as_ref()?, attempt);
        let Some(elements) = self.contracts.iter().map(element).collect() else { return };
        self.elements = elements;
        self.seen = 0;
        let wrapping = attempt.contract.is_wrapped().then(|| wrapper::KEY.to_owned());
        let names = wrapping.into_iter().chain(segments(pointer)).collect();
        let offered = attempt.contract.name().to_owned();
        let members = attempt.contract.shape(attempt.form.as_deref()).member_names();
        let follower = AnswerScan::new(ElementSpans::of(names)).member_names(members);
        self.follower = Some(follower.offering([offered]));
        self.block = AnswerBlock::of(attempt);
    }

    /// Handles the start of an attempt that continues a list. Follows its reply if it is the list of this view.
    fn begin_rest(&mut self, attempt: &AttemptStarted, rest: &RestStarted) {
        // Another model may have another dialect.
        let element =
            |contract: &Option<Arc<Contract>>| ElementReader::of(contract.as_ref()?, attempt);
        let elements: Option<Vec<ElementReader>> = self.contracts.iter().map(element).collect();
        self.rest_elements = elements.unwrap_or_default();
        if self.pointer.as_ref() == Some(&rest.list) && !self.rest_elements.is_empty() {
            self.rest = Some((RestScan::of(attempt, rest), rest.given));
        }
    }

    /// Scans a delta for complete elements, and checks and queues them.
    fn handle_delta(&mut self, delta: &Delta) {
        let Some(text) = self.block.text_of(delta) else { return };
        let Some(follower) = &mut self.follower else { return };
        follower.feed_str(text);
        let other = self.other.as_ref().and_then(|other| other.as_deref().ok());
        // No element is returned after one at which the stream stops.
        while self.stop.is_none() {
            let Some(span) = follower.sink_mut().take() else { break };
            let index = self.seen;
            self.seen += 1;
            let text = follower.text().get(span.clone());
            let Some((element, text)) = nth(&self.elements, index).zip(text) else { continue };
            let read = element.read(text);
            match read.and_then(|read| element.check::<E>(read, other, &self.context)) {
                Ok(Some((value, item))) => {
                    self.emitted.add(&value, span, index);
                    self.ready.push_back(item);
                }
                Err(problems) if self.policy == BadItems::Stop => {
                    let pointer = self.pointer.as_deref().unwrap_or_default();
                    self.stop = Some(problems.under(&format!("{pointer}/{index}")));
                }
                // The check of the whole value decides: the element is re-asked or left out, and the
                // failure of a check is an error.
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// Scans a delta of a reply that continues the list, and checks and queues its complete elements.
    fn handle_rest(&mut self, delta: &Delta) {
        let Some((scan, index)) = &mut self.rest else { return };
        let Some(element) = self.rest_elements.last() else { return };
        let emitted = &self.emitted;
        let is_given = |text: &str| {
            element.read(text).map_or(true, |restored| emitted.contains(&restored.value))
        };
        let other = self.other.as_ref().and_then(|other| other.as_deref().ok());
        for text in scan.feed(delta, is_given) {
            let at = *index;
            *index += 1;
            let read = element.read(&text);
            match read.and_then(|read| element.check::<E>(read, other, &self.context)) {
                Ok(Some((value, item))) if self.stop.is_none() => {
                    self.emitted.add_value(value);
                    self.ready.push_back(item);
                }
                Err(problems) if self.policy == BadItems::Stop && self.stop.is_none() => {
                    let pointer = self.pointer.as_deref().unwrap_or_default();
                    self.stop = Some(problems.under(&format!("{pointer}/{at}")));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Checks and queues the elements of a value that is continued, as far as they were not queued before.
    fn add_continued(&mut self, value: &Value) {
        let pointer = self.pointer.as_deref().unwrap_or_default();
        let list = value.pointer(pointer).and_then(Value::as_array);
        let list = list.map_or(&[] as &[Value], Vec::as_slice);
        let Comparison { fresh, .. } = self.emitted.compare(list);
        let fresh: Vec<(usize, Value)> =
            fresh.into_iter().map(|(index, item)| (index, item.clone())).collect();
        let other = self.other.as_ref().and_then(|other| other.as_deref().ok());
        for (index, item) in fresh.into_iter().take_while(|_| self.stop.is_none()) {
            let Some(element) = nth(&self.elements, index) else { continue };
            let restored = Restored { value: item, problems: Vec::new() };
            match element.check::<E>(restored, other, &self.context) {
                Ok(Some((value, item))) => {
                    self.emitted.add_value(value);
                    self.ready.push_back(item);
                }
                Err(problems) if self.policy == BadItems::Stop => {
                    self.stop = Some(problems.under(&format!("{pointer}/{index}")));
                    break;
                }
                // As in the reply that is followed, the check of the whole value decides.
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// Compares the accepted value with the returned elements. Queues its other elements, and withdraws
    /// the returned elements that it lacks.
    fn settle(&mut self, value: &Value) {
        let pointer = self.pointer.as_deref().unwrap_or_default();
        let list = value.pointer(pointer).and_then(Value::as_array);
        let Comparison { kept, fresh } = self.emitted.compare(list.map_or(&[], Vec::as_slice));
        // Elements are still queued only if the consumer takes no more.
        let taken = self.emitted.len() - self.ready.len();
        let gone = (0..taken).filter(|&which| !kept[which]);
        self.withdrawn =
            gone.map(|index| Withdrawn { index, value: self.element_value(index) }).collect();
        for (index, item) in fresh {
            match accepted(item, &self.context) {
                Ok(item) => self.ready.push_back(item),
                Err(problems) => {
                    self.stop = Some(problems.under(&format!("{pointer}/{index}")));
                    break;
                }
            }
        }
    }

    /// Reads a returned element again from its reply.
    fn element_value(&self, which: usize) -> Value {
        let read = |origin: &Origin| match origin {
            Origin::Value(value) => Some(value.clone()),
            Origin::Reply(span, index) => {
                let text = self.follower.as_ref()?.text().get(span.clone())?;
                Some(nth(&self.elements, *index)?.read(text).ok()?.value)
            }
        };
        self.emitted.origin(which).and_then(read).unwrap_or_default()
    }
}

/// Returns the entry for `index`; the last entry covers the rest.
fn nth<T>(elements: &[T], index: usize) -> Option<&T> {
    elements.get(index).or(elements.last())
}

impl<E: Extract> Observer for Items<E> {
    fn handle(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::AttemptStarted(began) => self.begin(&began),
            StreamEvent::Delta(delta) if self.rest.is_some() => self.handle_rest(&delta),
            StreamEvent::Delta(delta) => self.handle_delta(&delta),
            StreamEvent::Continued { value } => self.add_continued(&value),
            StreamEvent::Settled { value } => self.settle(&value),
        }
    }

    fn has_update(&mut self) -> bool {
        !self.ready.is_empty()
    }

    fn prepare(&mut self, contract: &Contract) -> Result<(), Error> {
        let contracts = self.pointer.as_ref().and_then(|at| contract.elements(at));
        let (Some(contracts), Some(pointer)) = (contracts, &self.pointer) else {
            return Err(InputError::NoList { pointer: self.pointer.clone() }.into());
        };
        if let Some(other) = &self.other {
            let other = other.clone()?;
            let apart = |own: &Option<Arc<Contract>>| own.as_ref()?.has_disjoint_kinds(&other);
            let some: Option<Vec<_>> = contracts.iter().map(apart).collect();
            if let Some((found, expected)) = some.and_then(|all| all.into_iter().next()) {
                let (pointer, name) = (pointer.clone(), other.name().to_owned());
                let error = InputError::OtherElements { pointer, name, expected, found };
                return Err(error.into());
            }
        }
        self.contracts = contracts;
        Ok(())
    }

    fn stop_problems(&mut self) -> Option<Problems> {
        self.stop.take()
    }

    fn needs_settled_value(&self) -> bool {
        !self.emitted.is_empty()
    }

    fn withdrawn(&self) -> &[Withdrawn] {
        &self.withdrawn
    }
}

impl<E: Extract> View for Items<E> {
    type Item<'a> = E;

    fn show(&mut self) -> Option<E> {
        self.ready.pop_front()
    }
}

impl<T: Extract, E: Extract> ExtractionStream<T, Items<E>> {
    /// Returns the elements that [`next`](Self::next) returned and that are not in the value. They are
    /// known once `next` has returned `None`; [`report`](Self::report) has them too, with a note.
    ///
    /// An element is returned as soon as it has passed its checks. Problems of the whole value are found
    /// later. The list may have been a draft before the answer. Or a rule about all elements may have
    /// failed, so that the model wrote another list.
    ///
    /// At the end, the returned elements are compared by value with those of the accepted value. Elements
    /// of the value that were not returned yet are returned then. Returned elements that are not in the
    /// value are listed here: remove them if you have stored them. If the extraction ends with an error,
    /// there is no value, and all returned elements are void.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error, Mode};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let text = "First thoughts: [1, 3]. The answer:\n```json\n{\"value\": [1, 2]}\n```";
    /// # let client = Client::with_model(Scripted::new([reply::text(text)]).mode(Mode::Text));
    /// // A model that thinks aloud: First thoughts: [1, 3]. The answer: {"value": [1, 2]}
    /// let mut stream = client.extract::<Vec<u8>>("one, two").items();
    /// let mut numbers = Vec::new();
    /// while let Some(number) = stream.next().await {
    ///     numbers.push(number?);
    /// }
    /// assert_eq!(numbers, [1, 3, 2]);
    /// for withdrawn in stream.withdrawn().iter().rev() {
    ///     numbers.remove(withdrawn.index);
    /// }
    /// assert_eq!(numbers, [1, 2]);
    /// assert_eq!(stream.finish().await?, [1, 2]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn withdrawn(&self) -> &[Withdrawn] {
        &self.view.withdrawn
    }
}

impl<E: Extract> Extraction<Vec<E>> {
    /// Streams the checked elements of the list, each as soon as it is complete. An element that fails
    /// its checks is not returned; it is re-asked after the reply and returned then, unless
    /// [`bad_items`](Self::bad_items) is set.
    ///
    /// Each element is checked alone: by the list's schema for elements, and by the validators of their
    /// type. The whole list is checked at the end, and [`finish`](ExtractionStream::finish) returns it. A
    /// returned element that is not in it, because the model wrote another list, is
    /// [`withdrawn`](ExtractionStream::withdrawn).
    ///
    /// The elements are returned in the order of the list, except that re-asked ones are last. Because
    /// each is checked alone, a [`Quote`](crate::grounding::Quote) in it gets the location of the first
    /// occurrence in the source.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]}))]));
    /// let mut numbers = client.extract::<Vec<u8>>("one, two").items();
    /// while let Some(number) = numbers.next().await {
    ///     println!("{}", number?);
    /// }
    /// assert_eq!(numbers.finish().await?, [1, 2]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn items(self) -> ExtractionStream<Vec<E>, Items<E>> {
        self.follow(Some(String::new()))
    }
}

impl<T: Extract> Extraction<T> {
    /// [`items`](Extraction::items) of a list inside the value: `|team| &team.people`, or deeper,
    /// `|report| &report.company.people`. The field determines the type of the elements.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": ["odd", [1, 3]]}))]));
    /// let named = client.extract::<(String, Vec<u8>)>("The first odd ones are one and three.");
    /// let mut numbers = named.items_of(|named| &named.1);
    /// while let Some(number) = numbers.next().await {
    ///     println!("{}", number?);
    /// }
    /// assert_eq!(numbers.finish().await?, ("odd".to_owned(), vec![1, 3]));
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    ///
    /// The closure only selects the list. It is called once, before any request, with a pending value.
    /// All fields exist, also in options and boxes. Lists and maps are empty, so an index into one
    /// panics. Enums have no variant.
    ///
    /// The stream fails with [`InputError::NoList`], without a request, if the list is not reached
    /// through fields, newtypes and tuples alone. It also fails if serde reads the list by a function
    /// (`deserialize_with`), or if the list is more than about 30 levels deep in a recursive type. Use
    /// [`items_at`](Self::items_at) for these.
    pub fn items_of<L: ListType>(
        self,
        list: impl FnOnce(&Partial<T>) -> &Partial<L>,
    ) -> ExtractionStream<T, Items<L::Item>> {
        self.follow(list_pointer::of_list(list))
    }

    /// [`items_of`](Self::items_of) with the JSON pointer of the list, for a list that no field leads to.
    /// Examples are a list in an enum, in a map, in an element of another list, in a type without a
    /// partial form, or in a schema that is known only at run time. If the schema has no list there, the
    /// stream fails with [`InputError::NoList`], without a request.
    ///
    /// The elements are deserialized as `E`, which may differ from their type in the value. The schema
    /// and validators of `E` then become a check of this call: an element that fails it is re-asked, or
    /// treated as [`bad_items`](Self::bad_items) says. If no element can be an `E` by their schemas, the
    /// stream fails with [`InputError::OtherElements`], without a request.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"start": [1, 2], "end": []}))]));
    /// let range = client.extract::<std::ops::Range<Vec<u8>>>("from one and two");
    /// let mut numbers = range.items_at::<u8>("/start");
    /// while let Some(number) = numbers.next().await {
    ///     println!("{}", number?);
    /// }
    /// assert_eq!(numbers.finish().await?.start, [1, 2]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn items_at<E: Extract>(
        mut self,
        pointer: impl Into<String>,
    ) -> ExtractionStream<T, Items<E>> {
        let pointer = pointer.into();
        let other = Contract::of::<E>();
        if let Ok(contract) = &other {
            let (contract, list) = (Arc::clone(contract), pointer.clone());
            self.rules.add_validator(move |_, cx| check_elements::<E>(&contract, &list, cx));
        }
        self.list = Some(pointer.clone());
        let mut items = Items::of(Some(pointer), self.options.bad_items);
        items.other = Some(other);
        ExtractionStream::begin(self, items)
    }

    /// Starts a stream of the elements at a pointer.
    fn follow<E: Extract>(mut self, pointer: Option<String>) -> ExtractionStream<T, Items<E>> {
        let items = Items::of(pointer.clone(), self.options.bad_items);
        self.list = pointer;
        ExtractionStream::begin(self, items)
    }
}
