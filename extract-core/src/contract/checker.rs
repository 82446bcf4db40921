//! [`Checker`]: runs the validators of a typed value with the JSON it was read from, and collects their
//! problems. Knows no schema and no model.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::path_lookup::PathLookup;
use super::value_deserializer::read_key;
use super::{CheckError, CheckFailure, Context, Problem, Problems, excerpt};
use crate::grounding::{FoundQuote, Located, QuoteLog, QuotePlaces, SearchCost};
use crate::schema::push_segment;

/// Walks a typed value together with its JSON, and collects the problems that its validators report.
///
/// `#[derive(Extract)]` generates the walk over the fields of a type. A problem's pointer is that of the
/// value it was reported at.
///
/// ```
/// use extract_llm::check::Checker;
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
    /// The JSON of the whole value.
    root: &'v Value,
    context: Context<'v>,
    /// The JSON pointer of the current value.
    pointer: String,
    problems: Problems,
    /// The first check that could not be made.
    failed: Option<FailedCheck>,
    /// For each text that was looked up in the source, the byte at which its last mention ends. The next
    /// mention is searched from there.
    mentioned: HashMap<String, usize>,
    /// Set while a path in Rust is looked up. No validator runs then.
    lookup: Option<PathLookup>,
    pub(super) fieldwise: FieldwiseCheck,
}

/// A check that could not be made, with the JSON pointer of its value.
#[derive(Debug)]
pub(crate) struct FailedCheck {
    pub(crate) pointer: String,
    pub(crate) failure: CheckFailure,
}

/// The state of a check field by field. It stays empty while a value is checked that was read as a whole.
#[derive(Debug, Default)]
pub(super) struct FieldwiseCheck {
    /// The number of parts that could not be read so far.
    pub(super) unread: usize,
    /// The members that other fields read from an object, by the length of the object's pointer.
    pub(super) others: Vec<(usize, &'static [&'static str])>,
}

impl<'v> Checker<'v> {
    /// Creates a checker at the root of a value, without a source and without context values.
    pub fn new(root: &'v Value) -> Self {
        Self::with_context(root, Context::empty())
    }

    /// Creates a checker at the root of a value, with a source and values that its validators may use.
    ///
    /// ```
    /// use extract_llm::Extract;
    /// use extract_llm::check::{CheckContext, Checker};
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

    /// Returns the JSON of the current value; `None` if the value has no counterpart in the JSON.
    pub fn json(&self) -> Option<&'v Value> {
        self.root.pointer(&self.pointer)
    }

    /// Returns the source and the values that validators may use beside the value.
    pub fn context(&self) -> Context<'v> {
        self.context
    }

    /// Runs a check one step deeper: at a member (by its name in JSON) or at an element (by its index).
    pub fn at(&mut self, segment: impl fmt::Display, check: impl FnOnce(&mut Self)) {
        let segment = segment.to_string();
        self.step(Some((&segment, true)), Some(&segment), check);
    }

    /// Runs a check at a field that has another name in JSON.
    #[doc(hidden)]
    pub fn at_field(
        &mut self,
        field: &str,
        segment: impl fmt::Display,
        check: impl FnOnce(&mut Self),
    ) {
        self.step(Some((field, true)), Some(&segment.to_string()), check);
    }

    /// Runs a check at a field whose JSON is that of the value itself, as with `flatten` and newtypes. If
    /// the field is `sole`, a path in Rust need not name it.
    #[doc(hidden)]
    pub fn at_flat(&mut self, field: &str, sole: bool, check: impl FnOnce(&mut Self)) {
        self.step(Some((field, !sole)), None, check);
    }

    /// Runs a check at a member that has no field in Rust, as the tag around the fields of a variant.
    #[doc(hidden)]
    pub fn at_tag(&mut self, segment: &str, check: impl FnOnce(&mut Self)) {
        self.step(None, Some(segment), check);
    }

    /// Runs a check one step deeper. `field` is the name in Rust, and whether a path in Rust must name it;
    /// `segment` is the name in JSON.
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

    /// Runs a check at a value of a map.
    ///
    /// The name of the key in JSON is searched only if the check reports something, and the check then runs
    /// a second time. So keys need not implement `Serialize`, and a map of valid values costs no search.
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

    /// Returns the name in JSON of a key of the current map, or `?` if no name reads as this key.
    fn name_of<K: DeserializeOwned + PartialEq>(&self, key: &K) -> &'v str {
        let names = self.json().and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
        let name =
            names.into_iter().find(|name| read_key(name).is_ok_and(|found: K| found == *key));
        name.map_or("?", String::as_str)
    }

    /// Adds the problems or the failure that a validator of the current value returned.
    ///
    /// Pointers of problems are relative to the current value. A problem without `found` shows the JSON at
    /// its pointer. Of several failures the first is kept.
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

    /// Adds problems whose pointers are relative to the current value.
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

    /// Returns the length of the current pointer in bytes.
    pub(super) fn depth(&self) -> usize {
        self.pointer.len()
    }

    /// Adds a problem that is made from the current pointer.
    pub(super) fn report_problem(&mut self, problem: impl FnOnce(&str) -> Problem) {
        self.problems.push(problem(&self.pointer));
    }

    /// Searches a text in the source, after its last mention that was found.
    ///
    /// If it is not there, `None` is returned and the current value has a problem. Without a source, the
    /// check fails.
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
        let places = self.context.find::<QuotePlaces>();
        let known = places.and_then(|places| places.find(&self.pointer, text, from));
        let from = places.and_then(|places| places.start(&self.pointer)).unwrap_or(from);
        let found = match known {
            Some(located) => Ok(located),
            None => source.locate_after(text, from, &mut SearchCost::default()),
        };
        match found {
            Ok(located) => {
                self.mentioned.insert(text.to_owned(), located.bytes.end);
                if let Some(log) = self.context.find::<QuoteLog>() {
                    let (pointer, text) = (self.pointer.clone(), text.to_owned());
                    log.add(FoundQuote { pointer, text, located: located.clone() });
                }
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

    /// Returns the JSON pointer, relative to the current value, for a path of field names and indexes in
    /// Rust.
    ///
    /// The second text names the end of the path, for messages, if the walk did not find it; otherwise it
    /// is empty.
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

    /// Returns whether validators run. They do not while a path is looked up.
    #[doc(hidden)]
    pub fn is_checking(&self) -> bool {
        self.lookup.is_none()
    }

    /// Returns the problems that were found. Failed checks are left out.
    pub fn into_problems(self) -> Problems {
        self.problems
    }

    /// Returns the problems that were found, or the first check that could not be made.
    pub(crate) fn finish(self) -> Result<Problems, FailedCheck> {
        self.failed.map_or(Ok(self.problems), Err)
    }

    /// Runs a walk and returns its result. A panic becomes a check that could not be made, at the current
    /// value.
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
