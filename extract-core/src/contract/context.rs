//! What a check may look at beside the value: the text it was extracted from, and values that the
//! caller hands in.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::{CheckError, CheckFailure};
use crate::conversation::Message;
use crate::grounding::Source;

/// What is handed to checks, by who runs them. An extraction makes its own; for
/// [`parse_in`](crate::extraction::parse_in), and for tests of one's checks, it is made by hand.
///
/// ```
/// use extract_llm::contract::CheckContext;
///
/// struct Stock(Vec<&'static str>);
///
/// let background = CheckContext::new().source("Two of A-1, please.").value(Stock(vec!["A-1"]));
/// let cx = background.context();
/// assert_eq!(cx.source()?.text(), "Two of A-1, please.");
/// assert_eq!(cx.get::<Stock>()?.0, ["A-1"]);
/// # Ok::<(), extract_llm::contract::CheckError>(())
/// ```
#[derive(Clone, Default)]
pub struct CheckContext {
    /// What the source is made of when somebody asks for it.
    messages: Vec<Message>,
    source: OnceLock<Source>,
    values: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

static NOTHING: CheckContext = CheckContext::new();

impl CheckContext {
    /// No source and no values.
    pub const fn new() -> Self {
        Self { messages: Vec::new(), source: OnceLock::new(), values: Vec::new() }
    }

    /// Sets the text that the value comes from.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.source = OnceLock::from(source.into());
        self
    }

    /// Adds a value, to be had by its type. A second one of the same type takes the place of the
    /// first.
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> Self {
        let id = TypeId::of::<T>();
        self.values.retain(|(of, _)| *of != id);
        self.values.push((id, Arc::new(value)));
        self
    }

    /// What checks are handed.
    pub fn context(&self) -> Context<'_> {
        Context { context: self, json: None }
    }

    /// The messages that the source is made of, where it was not set.
    pub(crate) fn messages(mut self, messages: &[Message]) -> Self {
        self.messages = messages.to_vec();
        self
    }
}

impl fmt::Debug for CheckContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckContext")
            .field("source", &self.source.get())
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// What a check may look at beside the value. It is a reference, and copied freely.
///
/// ```
/// use extract_llm::contract::{CheckError, Context};
///
/// fn is_mentioned(name: &str, cx: Context<'_>) -> Result<(), CheckError> {
///     if cx.source()?.contains(name) { Ok(()) } else { Err("a name that stands in the text".into()) }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    context: &'a CheckContext,
    json: Option<&'a Value>,
}

impl<'a> Context<'a> {
    /// A context without a source or values.
    pub fn empty() -> Context<'static> {
        NOTHING.context()
    }

    /// The text that the value was extracted from; see [`Source`]. It is put together once, when it
    /// is first asked for.
    ///
    /// Where there is none (the input is an image, say, and no other source was set), that is a
    /// failure of the check, not a problem of the value.
    pub fn source(self) -> Result<&'a Source, CheckError> {
        let source = self.context.source.get_or_init(|| Source::of(&self.context.messages));
        if source.is_empty() { Err(CheckError::Failed(CheckFailure::NoSource)) } else { Ok(source) }
    }

    /// The JSON of the whole value that is being checked, in the type's own shape.
    pub fn json(self) -> Option<&'a Value> {
        self.json
    }

    /// The same in a check of this value.
    pub(crate) fn of(self, json: &'a Value) -> Self {
        Self { json: Some(json), ..self }
    }

    /// The value of this type that was given by [`.context(value)`](crate::Extraction::context).
    ///
    /// Where there is none, that is a failure of the check.
    pub fn get<T: Any + Send + Sync>(self) -> Result<&'a T, CheckError> {
        let missing = CheckFailure::NoContext { type_name: type_name::<T>() };
        self.find().ok_or(CheckError::Failed(missing))
    }

    /// The value of this type, if there is one.
    pub(crate) fn find<T: Any>(self) -> Option<&'a T> {
        let id = TypeId::of::<T>();
        let (_, value) = self.context.values.iter().find(|(of, _)| *of == id)?;
        value.downcast_ref()
    }
}
