//! Reading and checking without a model: the steps of the loop for an existing text, such as a logged
//! reply or the output of another client.

use std::sync::Arc;

use serde_json::Value;

use crate::check::{Rules, check_at_once};
use crate::contract::{
    CheckContext, CheckFailure, Context, Contract, ContractError, Extract, FailedCheck, Problems,
    wrapper,
};
use crate::partial::{Live, Partial, State};
use crate::reading::{
    AnswerStart, CutEnding, Level, PartialMode, ReadError, Reader, Reading, Repair,
};
use crate::schema::at_pointer;

/// A checked value that was read from a text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// The repairs that were needed to read the value.
    pub repairs: Vec<Repair>,
    /// The number of other, different values in the text that fit as well.
    pub rivals: usize,
}

/// The error of a text that contains no valid value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The type has no contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The text contains no value.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text ends inside the value.
    #[error("the text ends inside {}", if pointer.is_empty() { "the value" } else { pointer })]
    Cut {
        /// The JSON pointer of the innermost incomplete list or object; empty for the whole value.
        pointer: String,
        /// The value so far, in the type's shape.
        value: Box<Value>,
    },
    /// The text contains a value that fails its checks.
    #[error("the value failed its checks: {problems}")]
    Invalid {
        /// All problems of the value.
        problems: Problems,
        /// The value.
        value: Box<Value>,
        /// The repairs that were needed to read the value.
        repairs: Vec<Repair>,
    },
    /// A validator failed to check the value.
    #[error("the value could not be checked{}: {source}", at_pointer(pointer))]
    Check {
        /// The JSON pointer of the value that was checked; empty for the whole value.
        pointer: String,
        /// The failure of the validator.
        source: CheckFailure,
        /// The value.
        value: Box<Value>,
    },
}

/// Reads a value from the text of a model, and checks it, without a request. Repairs the text at
/// [`Level::Lenient`].
///
/// Fails if the text contains no complete value, or if the value fails its checks.
///
/// ```
/// use extract_llm::parse;
///
/// let parsed = parse::<Vec<u32>>("Here you are:\n```json\n[1, 2, '3',]\n```")?;
/// assert_eq!(parsed.value, [1, 2, 3]);
/// assert!(!parsed.repairs.is_empty());
/// # Ok::<(), extract_llm::extraction::ParseError>(())
/// ```
pub fn parse<T: Extract>(text: &str) -> Result<Parsed<T>, ParseError> {
    Contract::of::<T>()?.parse(text)
}

impl Contract {
    /// [`parse`], for a contract that is known only at run time. `T` is then `Value`.
    ///
    /// ```
    /// use extract_llm::contract::Contract;
    /// use serde_json::{Value, json};
    ///
    /// let contract = Contract::from_schema(json!({"type": "array", "items": {"type": "integer"}}))?;
    /// let parsed = contract.parse::<Value>("[1, 2]")?;
    /// assert_eq!(parsed.value, json!([1, 2]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse<T: Extract>(&self, text: &str) -> Result<Parsed<T>, ParseError> {
        read_and_check(self, text, Level::Lenient, Context::empty())
    }
}

impl Level {
    /// [`parse`], at this level of repair.
    ///
    /// ```
    /// use extract_llm::Level;
    ///
    /// assert_eq!(Level::Strict.parse::<Vec<u32>>("[1, 2]")?.value, [1, 2]);
    /// assert!(Level::Strict.parse::<Vec<u32>>("[1, 2,]").is_err());
    /// assert_eq!(Level::Salvage.parse::<Vec<u32>>("[1, \"two\", 3, ")?.value, [1, 3]);
    /// # Ok::<(), extract_llm::extraction::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails in the same way as [`parse`].
    pub fn parse<T: Extract>(self, text: &str) -> Result<Parsed<T>, ParseError> {
        read_and_check(&*Contract::of::<T>()?, text, self, Context::empty())
    }
}

impl CheckContext {
    /// [`parse`], with this context for the type's validators: the source text, and user-defined values.
    ///
    /// ```
    /// use extract_llm::check::CheckContext;
    ///
    /// let context = CheckContext::new().source("Two of A-1, please.");
    /// let parsed = context.parse::<Vec<String>>("[\"A-1\"]")?;
    /// assert_eq!(parsed.value, ["A-1"]);
    /// # Ok::<(), extract_llm::extraction::ParseError>(())
    /// ```
    pub fn parse<T: Extract>(&self, text: &str) -> Result<Parsed<T>, ParseError> {
        read_and_check(&*Contract::of::<T>()?, text, Level::Lenient, self.context())
    }
}

/// Reads a value at a level of repair, and checks it in a context.
fn read_and_check<T: Extract>(
    contract: &Contract,
    text: &str,
    level: Level,
    context: Context<'_>,
) -> Result<Parsed<T>, ParseError> {
    let offered = [contract.name()];
    let reader = Reader::new(contract.shape(None)).level(level).offered(&offered);
    let mut reading = reader.read(text)?;
    if !reading.is_as_written() && !reading.is_from_call() {
        if let Some(value) = contract.read_as_written(None, text) {
            let rules = Rules::default();
            let checked = check_at_once(contract, &value, Vec::new(), &rules, context);
            return parsed(checked, value, Vec::new(), 0);
        }
    }
    if let Some(pointer) = cut_pointer(contract, &reading).filter(|_| level != Level::Salvage) {
        let pointer = pointer.to_owned();
        let value = contract.restore(None, reading.value).value;
        return Err(ParseError::Cut { pointer, value: Box::new(value) });
    }
    let (repairs, rivals) = (std::mem::take(&mut reading.repairs), reading.rivals);
    let raised = contract.restore_reading(None, reading);
    let rules = Rules::default();
    let checked = check_at_once(contract, &raised.value, raised.problems, &rules, context);
    parsed(checked, raised.value, repairs, rivals)
}

/// Converts the result of a check to a parsed value or an error.
fn parsed<T>(
    checked: Result<(Option<T>, Problems), FailedCheck>,
    json: Value,
    repairs: Vec<Repair>,
    rivals: usize,
) -> Result<Parsed<T>, ParseError> {
    match checked {
        Ok((Some(value), problems)) if problems.is_empty() => Ok(Parsed { value, repairs, rivals }),
        Ok((_, problems)) => Err(ParseError::Invalid { problems, value: Box::new(json), repairs }),
        Err(FailedCheck { pointer, failure: source }) => {
            Err(ParseError::Check { pointer, source, value: Box::new(json) })
        }
    }
}

/// Reads a text that may be cut off, and returns the value so far in the partial form of its type. It is not
/// checked. The values around the end of a text that is cut off are incomplete; a number there is not shown,
/// because more digits could follow.
///
/// Fails if the type has no contract, or if the text contains no value.
///
/// ```
/// use extract_llm::parse_partial;
///
/// let names = parse_partial::<Vec<String>>(r#"["Ada", "Gra"#)?;
/// assert_eq!(*names[1], "Gra");
/// assert!(names[0].is_whole() && !names[1].is_whole() && !names.is_whole());
/// # Ok::<(), extract_llm::extraction::ParseError>(())
/// ```
pub fn parse_partial<T: Extract>(text: &str) -> Result<Partial<T>, ParseError> {
    let contract = Contract::of::<T>()?;
    let offered = [contract.name()];
    let reader = Reader::new(contract.shape(None)).offered(&offered);
    let reading = reader.read_partial(text, PartialMode::Shown)?;
    if reading.ending == CutEnding::Whole {
        return Ok(Partial::of(&contract.restore(None, reading.value).value));
    }
    let mut live = Live::<T>::new(Arc::clone(&contract));
    live.feed(text);
    if live.partial().state() == State::Pending && contract.is_wrapped() {
        // The text is the value itself, not the object around it.
        let mut answer = AnswerStart::offering([contract.name().to_owned()]);
        if let Some(start) = answer.find(text, true) {
            live.start_over();
            live.feed(&format!("{{\"{}\":", wrapper::KEY));
            live.feed(&text[start..]);
        }
    }
    Ok(live.partial().clone())
}

/// Returns the JSON pointer of the innermost value in which the text ended, in the type's shape; `None` if
/// the text is not cut.
fn cut_pointer<'r>(contract: &Contract, reading: &'r Reading) -> Option<&'r str> {
    let pointer = reading.cut_pointer()?;
    let inside =
        if contract.is_wrapped() { wrapper::pointer_inside(pointer) } else { Some(pointer) };
    Some(inside.unwrap_or_default())
}
