//! The elements of a list as each of them closes, checked.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::answer_block::AnswerBlock;
use super::element_reader::{ElementReader, accepted};
use super::element_spans::ElementSpans;
use super::emitted::{Comparison, Emitted};
use super::extraction_stream::ExtractionStream;
use super::view::View;
use super::view::sealed::Observer;
use crate::check::check_elements;
use crate::contract::{CheckContext, Contract, ContractError, Extract, Problems, wrapper};
use crate::conversation::Delta;
use crate::extraction::bad_items::BadItems;
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{AttemptStarted, StreamEvent};
use crate::extraction::error::{Error, InputError};
use crate::extraction::withdrawn::Withdrawn;
use crate::partial::value::list_pointer;
use crate::partial::{ListType, Partial};
use crate::reading::AnswerScan;
use crate::schema::segments;

/// The [`View`] of [`Extraction::items`]: elements of type `E`.
#[derive(Debug)]
pub struct Items<E> {
    /// Where the list is in the value, if it is a list of the value.
    pointer: Option<String>,
    /// The contract of `E`, where the type of the value does not say that the elements are `E`s.
    other: Option<Result<Arc<Contract>, ContractError>>,
    /// What the schema of the whole says of the elements: of the first ones each by itself, and then of
    /// all others.
    contracts: Vec<Option<Arc<Contract>>>,
    /// How these are asked for in the reply that is followed.
    elements: Vec<ElementReader>,
    context: Arc<CheckContext>,
    follower: Option<AnswerScan<ElementSpans>>,
    /// Which call of the reply is followed, and whether it is one.
    block: AnswerBlock,
    policy: BadItems,
    /// How many elements were seen in the reply.
    seen: usize,
    emitted: Emitted,
    /// The last of these, which nobody has taken yet; in the end, those that were not given before.
    ready: VecDeque<E>,
    withdrawn: Vec<Withdrawn>,
    stop: Option<Problems>,
}

impl<E: Extract> Items<E> {
    fn of(pointer: Option<String>, policy: BadItems) -> Self {
        Self {
            pointer,
            other: None,
            contracts: Vec::new(),
            elements: Vec::new(),
            context: Arc::default(),
            follower: None,
            block: AnswerBlock::Nothing,
            policy,
            seen: 0,
            emitted: Emitted::default(),
            ready: VecDeque::new(),
            withdrawn: Vec::new(),
            stop: None,
        }
    }

    /// A reply begins. It is followed if nothing was given out yet: what it says otherwise than the one
    /// before is known, and given, when the whole was checked.
    fn begin(&mut self, attempt: &AttemptStarted) {
        self.block = AnswerBlock::Nothing;
        self.context = Arc::clone(&attempt.check_context);
        // Parts are put into the list, and given out, when the whole was checked.
        if !self.emitted.is_empty() || attempt.is_parts {
            return;
        }
        let Some(pointer) = &self.pointer else { return };
        // An element that cannot be asked for by itself is given when the whole was checked.
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

    fn handle_delta(&mut self, delta: &Delta) {
        let Some(text) = self.block.text_of(delta) else { return };
        let Some(follower) = &mut self.follower else { return };
        follower.feed_str(text);
        let other = self.other.as_ref().and_then(|other| other.as_deref().ok());
        // Nothing is given behind an element at which the stream is to stop.
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
                // When the whole is checked, it is asked for again or left out; and a check that
                // could not be made is an error there.
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// The whole was accepted: what it has and was not given is given now, and what was given and it
    /// does not have is withdrawn.
    fn settle(&mut self, value: &Value) {
        let pointer = self.pointer.as_deref().unwrap_or_default();
        let list = value.pointer(pointer).and_then(Value::as_array);
        let Comparison { kept, fresh } = self.emitted.compare(list.map_or(&[], Vec::as_slice));
        // Some are left only where nobody takes any more.
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

    /// An element that was given, read again from the reply that it stood in.
    fn element_value(&self, which: usize) -> Value {
        let read = |&(ref span, index): &(std::ops::Range<usize>, usize)| {
            let text = self.follower.as_ref()?.text().get(span.clone())?;
            Some(nth(&self.elements, index)?.read(text).ok()?.value)
        };
        self.emitted.place(which).and_then(read).unwrap_or_default()
    }
}

/// What is said of this element: of many, the last is said of all others.
fn nth<T>(elements: &[T], index: usize) -> Option<&T> {
    elements.get(index).or(elements.last())
}

impl<E: Extract> Observer for Items<E> {
    fn handle(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::AttemptStarted(began) => self.begin(&began),
            StreamEvent::Delta(delta) => self.handle_delta(&delta),
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
    /// The elements that [`next`](Self::next) gave and that are not in the value. It is known when
    /// `next` has given `None`; [`report`](Self::report) has it too, and a note of it.
    ///
    /// An element is given as soon as it has been checked by itself. What is wrong with the whole shows
    /// later: the list may have been a draft that stood before the answer, or a rule about all elements
    /// may have failed, after which the model wrote another list. At the end the two are compared by
    /// what they say. Elements of the value that were not given are given then; those that were given
    /// and are not in the value are here. Who has stored elements takes these back. Where the
    /// extraction ends with an error there is no value, and nothing that was given stands.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}, conversation::Mode};
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
    /// Streams the elements of the list, each as soon as it closes and checked by itself. An element
    /// that does not pass is not shown: it is asked for again when the reply is there, and shown
    /// then; [`bad_items`](Self::bad_items) says otherwise.
    ///
    /// What is given was checked as an element: by what the schema says of elements of this list, and
    /// by the validators of their type. The whole list is checked at the end, and
    /// [`finish`](ExtractionStream::finish) gives it. What was given and is not in it after all, because
    /// the model wrote another list, is [`withdrawn`](ExtractionStream::withdrawn).
    ///
    /// The elements are given in the order of the list, but for those that were asked for again, which
    /// come last. Checks see an element as it stands alone; so a [`Quote`](crate::grounding::Quote) in
    /// it is found at the first place where the source has it.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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
    /// [`items`](Extraction::items) of a list inside of the value: `|team| &team.people`, or further
    /// down, `|report| &report.company.people`. What the elements are is known from the field.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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
    /// The closure only points at the list. It is called once, before anything is asked, with a value
    /// of which nothing has come: all fields are there, in options and boxes too, but lists and maps
    /// are empty, so that an index into one of them panics, and an enum has no variant. Where the
    /// closure gives anything but a list that fields, newtypes and tuples lead to, it is
    /// [`InputError::NoList`], and nothing is asked; so it is where serde reads the list by a function
    /// (`deserialize_with`), and, in a type that is inside itself, at more than 30 steps or so.
    /// [`items_at`](Self::items_at) reaches these.
    pub fn items_of<L: ListType>(
        self,
        list: impl FnOnce(&Partial<T>) -> &Partial<L>,
    ) -> ExtractionStream<T, Items<L::Item>> {
        self.follow(list_pointer::of_list(list))
    }

    /// [`items_of`](Self::items_of) by the JSON pointer of the list, where no field leads to it: a list
    /// in an enum, in a map, in an element of another list, in a type that has no partial form, or in
    /// a schema that is known only at run time. Where the schema has none, it is
    /// [`InputError::NoList`], and nothing is asked.
    ///
    /// The elements are read as `E`s, which need not be what the type of the value says of them. What
    /// `E` asks for then becomes a check of this call: an element that does not pass it is asked for
    /// again, or as [`bad_items`](Self::bad_items) says. Where by their schemas no element can be an
    /// `E`, it is [`InputError::OtherElements`], and nothing is asked.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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

    fn follow<E: Extract>(mut self, pointer: Option<String>) -> ExtractionStream<T, Items<E>> {
        let items = Items::of(pointer.clone(), self.options.bad_items);
        self.list = pointer;
        ExtractionStream::begin(self, items)
    }
}
