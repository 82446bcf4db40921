//! The elements of a list as each of them closes, checked.

use std::collections::{HashSet, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;

use super::sealed::Sees;
use super::source::Source;
use super::spans::Spans;
use super::{Began, ExtractionStream, Told, View};
use crate::check::{Rules, check_at_once};
use crate::contract::dialect::Raised;
use crate::contract::partial::pointer;
use crate::contract::{
    Background, Contract, Extract, Form, ListType, Partial, Problems, reach, root, segments,
};
use crate::conversation::Delta;
use crate::extraction::{BadItems, Extraction, InputError};
use crate::reading::{self, Follower, Level};

/// The [`View`] of [`Extraction::items`]: elements of type `E`.
#[derive(Debug)]
pub struct Items<E> {
    /// Where the list is in the value, if it is a list of the value.
    pointer: Option<String>,
    /// The contract of one element.
    element: Option<Arc<Contract>>,
    form: Option<Arc<Form>>,
    background: Arc<Background>,
    follower: Option<Follower<Spans>>,
    /// Which call of the reply is followed, and whether it is one.
    source: Source,
    policy: BadItems,
    /// How many elements were seen in the reply.
    seen: usize,
    /// Which of them were given out.
    given: HashSet<usize>,
    ready: VecDeque<E>,
    stop: Option<Problems>,
    result: PhantomData<fn() -> E>,
}

impl<E: Extract> Items<E> {
    fn of(pointer: Option<String>, policy: BadItems) -> Self {
        Self {
            pointer,
            element: None,
            form: None,
            background: Arc::default(),
            follower: None,
            source: Source::Nothing,
            policy,
            seen: 0,
            given: HashSet::new(),
            ready: VecDeque::new(),
            stop: None,
            result: PhantomData,
        }
    }

    /// A reply begins. It is followed if nothing was given out yet: an element that was is not
    /// given again.
    fn begin(&mut self, began: &Began) {
        self.source = Source::Nothing;
        self.seen = 0;
        self.background = Arc::clone(&began.background);
        // Parts are put into the list, and given out, when the whole was checked.
        if !self.given.is_empty() || began.of_parts {
            return;
        }
        let Some(pointer) = &self.pointer else { return };
        // An element that cannot be asked for by itself is given when the whole was checked.
        let Ok(element) = Contract::of::<E>() else { return };
        self.form = match &began.form {
            None => None,
            Some(form) => match element.form_like(form) {
                Ok(form) => Some(form),
                Err(_) => return,
            },
        };
        let wrapping = began.contract.is_wrapped().then(|| root::KEY.to_owned());
        let names = wrapping.into_iter().chain(segments(pointer)).collect();
        self.follower = Some(Follower::new(Spans::of(names)));
        self.element = Some(element);
        self.source = Source::of(began);
    }

    fn piece(&mut self, delta: &Delta) {
        let Some(text) = self.source.text_of(delta) else { return };
        let (Some(follower), Some(element)) = (&mut self.follower, &self.element) else { return };
        follower.feed_str(text);
        let pointer = self.pointer.as_deref().unwrap_or_default();
        while let Some(span) = follower.sink_mut().take() {
            let index = self.seen;
            self.seen += 1;
            let Some(text) = follower.text().get(span) else { continue };
            match read::<E>(text, element, self.form.as_deref(), &self.background) {
                Ok(Some(item)) => {
                    self.given.insert(index);
                    self.ready.push_back(item);
                }
                Err(problems) if self.policy == BadItems::Stop && self.stop.is_none() => {
                    let at = format!("{pointer}/{index}");
                    self.stop = Some(problems.under(&at));
                }
                // When the whole is checked, it is asked for again or left out; and a check that
                // could not be made is an error there.
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// The whole was accepted: what was not given yet is given now.
    fn settle(&mut self, value: &Value, left_out: &[usize]) {
        let list = self.pointer.as_ref().and_then(|pointer| value.pointer(pointer)?.as_array());
        let kept = (0..).filter(|index| left_out.binary_search(index).is_err());
        for (index, item) in kept.zip(list.into_iter().flatten()) {
            if self.given.insert(index) {
                self.ready.extend(E::deserialize(item));
            }
        }
    }
}

/// Reads and checks one element by itself.
fn read<E: Extract>(
    text: &str,
    contract: &Contract,
    form: Option<&Form>,
    background: &Background,
) -> Result<Option<E>, Problems> {
    let wrapped = contract.is_wrapped().then(|| root::wrap_text(text));
    let text = wrapped.as_deref().unwrap_or(text);
    let reading = reading::read_arguments(text, contract.shape(form), Level::Lenient)
        .map_err(|error| Problems::from(error.to_string()))?;
    let Raised { value, problems, .. } = contract.raise(form, reading.value);
    let rules = Rules::default();
    match check_at_once::<E>(contract, &value, problems, &rules, background.context()) {
        Ok((item, problems)) if problems.is_empty() => Ok(item),
        Ok((_, problems)) => Err(problems),
        Err(_) => Ok(None),
    }
}

impl<E: Extract> Sees for Items<E> {
    fn take_in(&mut self, told: Told) {
        match told {
            Told::Began(began) => self.begin(&began),
            Told::Delta(delta) => self.piece(&delta),
            Told::Settled { value, left_out } => self.settle(&value, &left_out),
        }
    }

    fn has_news(&mut self) -> bool {
        !self.ready.is_empty()
    }

    fn refuses(&self, contract: &Contract) -> Option<InputError> {
        let there = self.pointer.as_ref().is_some_and(|at| reach::is_list(contract, at));
        (!there).then(|| InputError::NoList { pointer: self.pointer.clone() })
    }

    fn stops(&mut self) -> Option<Problems> {
        self.stop.take()
    }
}

impl<E: Extract> View for Items<E> {
    type Item<'a> = E;

    fn show(&mut self) -> Option<E> {
        self.ready.pop_front()
    }
}

impl<E: Extract> Extraction<Vec<E>> {
    /// Streams the elements of the list, each as soon as it closes and checked by itself. An element
    /// that does not pass is not shown: it is asked for again when the reply is there, and shown
    /// then; [`bad_items`](Self::bad_items) says otherwise.
    ///
    /// What is given was checked as an element. The whole list is checked at the end, and
    /// [`finish`](ExtractionStream::finish) gives it.
    ///
    /// ```
    /// # use extract_core::{Client, Error, model::{Scripted, scripted::reply}};
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
    /// # use extract_core::{Client, Error, model::{Scripted, scripted::reply}};
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
        self.follow(pointer::of_list(list))
    }

    /// [`items_of`](Self::items_of) by the JSON pointer of the list, where no field leads to it: a list
    /// in an enum, in a map, in an element of another list, in a type that has no partial form, or in
    /// a schema that is known only at run time. Where the schema has none, it is
    /// [`InputError::NoList`], and nothing is asked.
    ///
    /// ```
    /// # use extract_core::{Client, Error, model::{Scripted, scripted::reply}};
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
    pub fn items_at<E: Extract>(self, pointer: impl Into<String>) -> ExtractionStream<T, Items<E>> {
        self.follow(Some(pointer.into()))
    }

    fn follow<E: Extract>(mut self, pointer: Option<String>) -> ExtractionStream<T, Items<E>> {
        let items = Items::of(pointer.clone(), self.options.bad_items);
        self.list = pointer.unwrap_or_default();
        ExtractionStream::begin(self, items)
    }
}
