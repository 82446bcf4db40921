//! The walk of a type's own validators: where in the JSON each value stands, what they may look
//! at, and what they say.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::path_lookup::PathLookup;
use super::value_deserializer::read_key;
use super::{CheckError, CheckFailure, Context, Problem, Problems, excerpt};
use crate::grounding::{Located, SearchCost};
use crate::schema::push_segment;

/// Walks a typed value, with the JSON it was read from beside it, and collects what its validators
/// say, each with its JSON pointer.
///
/// ```
/// use extract_llm::contract::Checker;
/// use serde_json::json;
///
/// let value = json!({"lines": ["x-1"]});
/// let mut checker = Checker::new(&value);
/// checker.at("lines", |checker| {
///     checker.at(0, |checker| checker.report(Err("a known sku")));
/// });
/// let problems = checker.into_problems();
/// assert_eq!(problems.to_string(), r#"/lines/0: expected a known sku, found "x-1""#);
/// ```
#[derive(Debug)]
pub struct Checker<'v> {
    root: &'v Value,
    context: Context<'v>,
    pointer: String,
    problems: Problems,
    failed: Option<FailedCheck>,
    /// How far into the source the texts that were looked up have come, each by itself: the next
    /// mention of a text is looked for behind the last.
    mentioned: HashMap<String, usize>,
    /// Set while a place is looked up, and no validator runs.
    lookup: Option<PathLookup>,
    pub(super) fieldwise: FieldwiseCheck,
}

/// A check that could not be made, and where.
#[derive(Debug)]
pub(crate) struct FailedCheck {
    pub(crate) pointer: String,
    pub(crate) failure: CheckFailure,
}

/// State of a check field by field; empty while the walk is over a value that was read as a whole.
#[derive(Debug, Default)]
pub(super) struct FieldwiseCheck {
    /// Parts that could not be read so far.
    pub(super) unread: usize,
    /// By the length of a pointer: members of the object there that other fields read.
    pub(super) others: Vec<(usize, &'static [&'static str])>,
}

impl<'v> Checker<'v> {
    /// A checker at the root of a value.
    pub fn new(root: &'v Value) -> Self {
        Self::with_context(root, Context::empty())
    }

    /// A checker whose validators may look at more than the value.
    ///
    /// ```
    /// use extract_llm::Extract;
    /// use extract_llm::contract::{CheckContext, Checker};
    /// use serde_json::json;
    ///
    /// let (json, background) = (json!([1]), CheckContext::new().source("One."));
    /// let mut checker = Checker::with_context(&json, background.context());
    /// vec![1_u8].check(&mut checker);
    /// assert!(checker.into_problems().is_empty());
    /// ```
    pub fn with_context(root: &'v Value, context: Context<'v>) -> Self {
        let (pointer, problems, context) = (String::new(), Problems::new(), context.of(root));
        let (mentioned, pieces) = (HashMap::new(), FieldwiseCheck::default());
        Self {
            root,
            context,
            pointer,
            problems,
            failed: None,
            mentioned,
            lookup: None,
            fieldwise: pieces,
        }
    }

    /// The JSON at this place.
    pub fn json(&self) -> Option<&'v Value> {
        self.root.pointer(&self.pointer)
    }

    /// What validators may look at beside the value.
    pub fn context(&self) -> Context<'v> {
        self.context
    }

    /// Steps into a member (by its name on the wire) or an element (by its index).
    pub fn at(&mut self, segment: impl fmt::Display, check: impl FnOnce(&mut Self)) {
        let segment = segment.to_string();
        self.step(Some((&segment, true)), Some(&segment), check);
    }

    /// Steps into a field of this name, which has another on the wire.
    #[doc(hidden)]
    pub fn at_field(
        &mut self,
        field: &str,
        segment: impl fmt::Display,
        check: impl FnOnce(&mut Self),
    ) {
        self.step(Some((field, true)), Some(&segment.to_string()), check);
    }

    /// Steps into a field that stands where the value itself stands. Where it is `sole`, paths need
    /// not name it.
    #[doc(hidden)]
    pub fn at_flat(&mut self, field: &str, sole: bool, check: impl FnOnce(&mut Self)) {
        self.step(Some((field, !sole)), None, check);
    }

    /// Steps into what stands around the fields of a variant.
    #[doc(hidden)]
    pub fn at_tag(&mut self, segment: &str, check: impl FnOnce(&mut Self)) {
        self.step(None, Some(segment), check);
    }

    /// One step: the field by its name in Rust (and whether a path has to name it), and the segment
    /// on the wire.
    fn step(
        &mut self,
        field: Option<(&str, bool)>,
        segment: Option<&str>,
        check: impl FnOnce(&mut Self),
    ) {
        let here = self.pointer.len();
        if let Some(segment) = segment {
            push_segment(&mut self.pointer, segment);
        }
        match &mut self.lookup {
            None => check(self),
            Some(lookup) => {
                if let Some(depth) = lookup.enter(field, &self.pointer) {
                    check(self);
                    if let Some(lookup) = &mut self.lookup {
                        lookup.leave(depth);
                    }
                }
            }
        }
        self.pointer.truncate(here);
    }

    /// Steps into the value of a map. What its key is called on the wire is looked up only where
    /// there is something to say: the key's type need not know how to write itself, and a map of
    /// good values should cost no look-ups.
    pub(crate) fn at_key<K: DeserializeOwned + PartialEq>(
        &mut self,
        key: &K,
        check: impl Fn(&mut Self),
    ) {
        if self.lookup.is_some() {
            let name = self.name_of(key);
            return self.at(name, check);
        }
        let (before, here) = (self.problems.len(), self.pointer.len());
        let was_fine = self.failed.is_none();
        let caught = catch_unwind(AssertUnwindSafe(|| self.at("", &check)));
        if let Err(panic) = caught {
            let inside = self.pointer.split_off(here);
            let name = self.name_of(key);
            push_segment(&mut self.pointer, name);
            self.pointer.push_str(inside.strip_prefix('/').unwrap_or_default());
            resume_unwind(panic);
        }
        let failed = was_fine && self.failed.is_some();
        if self.problems.len() == before && !failed {
            return;
        }
        self.problems.truncate(before);
        if failed {
            self.failed = None;
        }
        let name = self.name_of(key);
        self.at(name, check);
    }

    /// What a key of the map at this place is called on the wire.
    fn name_of<K: DeserializeOwned + PartialEq>(&self, key: &K) -> &'v str {
        let names = self.json().and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
        let name =
            names.into_iter().find(|name| read_key(name).is_ok_and(|found: K| found == *key));
        name.map_or("?", String::as_str)
    }

    /// Takes what a validator of the value at this place answered. Of several that could not be
    /// made, the first is kept.
    pub fn report(&mut self, result: Result<(), impl Into<CheckError>>) {
        let Err(error) = result else { return };
        if self.lookup.is_some() {
            return;
        }
        match error.into() {
            CheckError::Problems(problems) => self.collect(problems),
            CheckError::Failed(failure) => {
                self.failed.get_or_insert(FailedCheck { pointer: self.pointer.clone(), failure });
            }
        }
    }

    fn collect(&mut self, problems: Problems) {
        for mut problem in problems {
            problem.pointer.insert_str(0, &self.pointer);
            if problem.found.is_empty() {
                if let Some(value) = self.root.pointer(&problem.pointer) {
                    problem.found = excerpt(value);
                }
            }
            self.problems.push(problem);
        }
    }

    /// How long the pointer of this place is.
    pub(super) fn depth(&self) -> usize {
        self.pointer.len()
    }

    /// Adds a problem that begins at this place.
    pub(super) fn report_problem(&mut self, problem: impl FnOnce(&str) -> Problem) {
        self.problems.push(problem(&self.pointer));
    }

    /// Looks up where a text stands in the source. What is not there is a problem of the value at this
    /// place.
    pub(crate) fn look_up_quote(&mut self, text: &str) -> Option<Located> {
        if self.lookup.is_some() {
            return None;
        }
        let source = match self.context.source() {
            Ok(source) => source,
            Err(missing) => {
                self.report(Err(missing));
                return None;
            }
        };
        let from = self.mentioned.get(text).copied().unwrap_or_default();
        match source.locate_after(text, from, &mut SearchCost::default()) {
            Ok(located) => {
                self.mentioned.insert(text.to_owned(), located.bytes.end);
                Some(located)
            }
            Err(nearest) => {
                let written = excerpt(&Value::from(text));
                let found = match nearest {
                    Some(near) => {
                        format!(
                            "{written}, to which the nearest is {}",
                            excerpt(&source[near].into())
                        )
                    }
                    None => format!("{written}, and nothing like it"),
                };
                let problem = Problem::rule("", "words copied from the text as they stand there");
                self.report(Err(problem.found(found)));
                None
            }
        }
    }

    /// Where the value at this path of names and indexes in Rust stands, as a pointer from here, and
    /// (as words to append) the part of the path that no walk knows.
    #[cfg(any(feature = "garde", feature = "validator"))]
    pub(super) fn pointer_of_code_path<T: super::Extract>(
        &mut self,
        value: &T,
        path: Vec<String>,
    ) -> (String, String) {
        self.lookup = Some(PathLookup::new(path, &self.pointer));
        value.check(self);
        let Some(lookup) = self.lookup.take() else { return Default::default() };
        let (mut pointer, rest) = lookup.found();
        let known = pointer.len();
        rest.iter().for_each(|segment| push_segment(&mut pointer, segment));
        let is_there = self.root.pointer(&pointer).is_some();
        let words = if is_there {
            String::new()
        } else {
            pointer.truncate(known);
            format!(", at {}", rest.join("."))
        };
        (pointer.split_off(self.pointer.len()), words)
    }

    /// Whether validators are to be run: not while a place is only looked up.
    #[doc(hidden)]
    pub fn is_checking(&self) -> bool {
        self.lookup.is_none()
    }

    /// All that was found.
    pub fn into_problems(self) -> Problems {
        self.problems
    }

    /// All that was found, or the check that could not be made.
    pub(crate) fn finish(self) -> Result<Problems, FailedCheck> {
        self.failed.map_or(Ok(self.problems), Err)
    }

    /// Walks as told. A panic becomes a check that could not be made, at the place where it was.
    pub(crate) fn guarded(mut self, walk: impl FnOnce(&mut Self)) -> Result<Problems, FailedCheck> {
        match catch_unwind(AssertUnwindSafe(|| walk(&mut self))) {
            Ok(()) => self.finish(),
            Err(panic) => {
                let failure = CheckFailure::panicked(&*panic);
                Err(FailedCheck { pointer: self.pointer, failure })
            }
        }
    }
}
