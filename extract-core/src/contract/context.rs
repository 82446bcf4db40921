//! [`CheckContext`] and [`Context`]: the source text and the values that checks may use beside the value
//! they check. Knows no schema.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::{CheckError, CheckFailure};
use crate::conversation::Message;
use crate::grounding::Source;

/// Holds the source and the values that checks may use. An extraction makes its own. Make one by hand for
/// [`parse`](Self::parse) and for tests of your checks.
///
/// ```
/// use extract_llm::check::CheckContext;
///
/// struct Stock(Vec<&'static str>);
///
/// let background = CheckContext::new().source("Two of A-1, please.").value(Stock(vec!["A-1"]));
/// let cx = background.context();
/// assert_eq!(cx.source()?.text(), "Two of A-1, please.");
/// assert_eq!(cx.get::<Stock>()?.0, ["A-1"]);
/// # Ok::<(), extract_llm::check::CheckError>(())
/// ```
#[derive(Clone, Default)]
pub struct CheckContext {
    /// The messages that the source is made of at its first use.
    messages: Vec<Message>,
    /// The source, once it was set or used.
    source: OnceLock<Source>,
    /// The context values, at most one of each type.
    values: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

/// The context without a source and without values.
static NOTHING: CheckContext = CheckContext::new();

impl CheckContext {
    /// Creates a context without a source and without values.
    pub const fn new() -> Self {
        Self { messages: Vec::new(), source: OnceLock::new(), values: Vec::new() }
    }

    /// Sets the text that the value was extracted from.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.source = OnceLock::from(source.into());
        self
    }

    /// Adds a value, which checks look up by its type. It replaces an earlier value of the same type.
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> Self {
        let id = TypeId::of::<T>();
        self.values.retain(|(of, _)| *of != id);
        self.values.push((id, Arc::new(value)));
        self
    }

    /// Returns the reference that checks receive.
    pub fn context(&self) -> Context<'_> {
        Context { context: self, json: None }
    }

    /// Sets the messages that the source is made of, unless a source was set.
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

/// The source and the values that a check may use beside the value it checks. It is a cheap reference, and
/// `Copy`.
///
/// ```
/// use extract_llm::check::{CheckError, Context};
///
/// fn is_mentioned(name: &str, cx: Context<'_>) -> Result<(), CheckError> {
///     if cx.source()?.contains(name) { Ok(()) } else { Err("a name that stands in the text".into()) }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    context: &'a CheckContext,
    /// The JSON of the whole value, during a check.
    json: Option<&'a Value>,
}

impl<'a> Context<'a> {
    /// Returns a context without a source and without values.
    pub fn empty() -> Context<'static> {
        NOTHING.context()
    }

    /// Returns the text that the value was extracted from, see [`Source`]. It is put together at the first
    /// call.
    ///
    /// Fails with [`CheckFailure::NoSource`] if there is no text: the input is an image, for example, and
    /// no source was set. That is a failure of the check, not a problem of the value.
    pub fn source(self) -> Result<&'a Source, CheckError> {
        let source = self.context.source.get_or_init(|| Source::of(&self.context.messages));
        if source.is_empty() { Err(CheckError::Failed(CheckFailure::NoSource)) } else { Ok(source) }
    }

    /// Returns the JSON of the whole value that is being checked, in the shape of the type; `None` outside
    /// of a check.
    pub fn json(self) -> Option<&'a Value> {
        self.json
    }

    /// Returns the same context for a check of this JSON.
    pub(crate) fn of(self, json: &'a Value) -> Self {
        Self { json: Some(json), ..self }
    }

    /// Returns the value of this type that was passed with [`.context(value)`](crate::Extraction::context).
    ///
    /// Fails with [`CheckFailure::NoContext`] if there is none. That is a failure of the check, not a
    /// problem of the value.
    pub fn get<T: Any + Send + Sync>(self) -> Result<&'a T, CheckError> {
        let missing = CheckFailure::NoContext { type_name: type_name::<T>() };
        self.find().ok_or(CheckError::Failed(missing))
    }

    /// Returns the value of this type; `None` if there is none.
    pub(crate) fn find<T: Any>(self) -> Option<&'a T> {
        let id = TypeId::of::<T>();
        let (_, value) = self.context.values.iter().find(|(of, _)| *of == id)?;
        value.downcast_ref()
    }
}
