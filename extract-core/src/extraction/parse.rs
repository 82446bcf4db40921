//! Reading and checking alone, without a model: the steps of the loop for a text that is there
//! already, such as a log of replies or the output of a client of another kind.

use serde_json::Value;

use crate::check::check;
use crate::contract::{Contract, ContractError, Extract, Problems};
use crate::reading::{self, Growing, Level, ReadError, Reading, Repair};

/// A checked value that was read from a text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// What had to be done to read it.
    pub repairs: Vec<Repair>,
    /// How many other values of the text would have fitted as well, and differ.
    pub rivals: usize,
}

/// Why a text gave no value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The type has no schema that could be checked against.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// There is no value in the text.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text ends inside of the value.
    #[error("the text ends in the middle of the value")]
    Cut {
        /// What was there of it, in the type's own shape.
        value: Value,
    },
    /// There is a value, and it does not pass.
    #[error("the value does not pass: {problems}")]
    Invalid {
        /// All that is wrong with it.
        problems: Problems,
        /// The value.
        value: Value,
        /// What had to be done to read it.
        repairs: Vec<Repair>,
    },
}

/// Reads a text that a model wrote and checks the value, without any call.
///
/// ```
/// use extract_core::parse;
///
/// let parsed = parse::<Vec<u32>>("Here you are:\n```json\n[1, 2, '3',]\n```")?;
/// assert_eq!(parsed.value, [1, 2, 3]);
/// assert!(!parsed.repairs.is_empty());
/// # Ok::<(), extract_core::extraction::ParseError>(())
/// ```
pub fn parse<T: Extract>(text: &str) -> Result<Parsed<T>, ParseError> {
    parse_with(&*Contract::of::<T>()?, text)
}

/// The same for a contract that is known only at run time; `T` is then `Value`.
///
/// ```
/// use extract_core::contract::Contract;
/// use extract_core::extraction::parse_with;
/// use serde_json::Value;
///
/// let contract = Contract::of::<Vec<u32>>()?;
/// let parsed = parse_with::<Value>(&contract, "[1, 2]")?;
/// assert_eq!(parsed.value, serde_json::json!([1, 2]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_with<T: Extract>(contract: &Contract, text: &str) -> Result<Parsed<T>, ParseError> {
    let Reading { value, repairs, rivals, .. } = {
        let reading = reading::read(text, contract.shape(None), Level::Lenient)?;
        if reading.is_cut() {
            let value = contract.raise(None, reading.value).value;
            return Err(ParseError::Cut { value });
        }
        reading
    };
    let raised = contract.raise(None, value);
    match check(contract, &raised.value, raised.problems) {
        Ok(value) => Ok(Parsed { value, repairs, rivals }),
        Err(problems) => Err(ParseError::Invalid { problems, value: raised.value, repairs }),
    }
}

/// Reads a text that is cut off: the best value so far, in the type's own shape. It is not checked,
/// because what is missing may still come.
///
/// ```
/// use extract_core::extraction::parse_partial;
/// use serde_json::json;
///
/// let reading = parse_partial::<Vec<String>>(r#"["Ada", "Gra"#)?;
/// assert_eq!(reading.value, json!(["Ada", "Gra"]));
/// # Ok::<(), extract_core::extraction::ParseError>(())
/// ```
pub fn parse_partial<T: Extract>(text: &str) -> Result<Reading, ParseError> {
    let contract = Contract::of::<T>()?;
    let mut reading = reading::read_partial(text, contract.shape(None), Growing::Shown)?;
    reading.value = contract.raise(None, reading.value).value;
    Ok(reading)
}
