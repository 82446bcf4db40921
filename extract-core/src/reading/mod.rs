//! From what a model wrote to the JSON value that it meant. Knows the contract, and no provider and
//! no network.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::Contract;

/// A value that was read, and what had to be done to read it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The value.
    pub value: Value,
    /// Every liberty that was taken.
    pub repairs: Vec<Repair>,
}

/// A liberty that was taken with what the model wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repair {
    /// JSON pointer of the value; empty for the whole of it.
    pub pointer: String,
    /// What was done.
    pub kind: RepairKind,
    /// What stood there, bounded in length.
    pub before: String,
    /// What was read, bounded in length.
    pub after: String,
}

/// What a [`Repair`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RepairKind {
    /// The value stood in a fenced code block.
    Fence,
    /// The value stood among other text.
    Prose,
}

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no text.
    #[error("the reply is empty")]
    Empty,
    /// There is text, and no JSON value in it.
    #[error("the reply holds no JSON value: {message}")]
    NoValue {
        /// What the parser said of the text as a whole.
        message: String,
    },
}

/// Reads the JSON value that a text holds.
pub fn read(text: &str, _contract: &Contract) -> Result<Reading, ReadError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(ReadError::Empty);
    }
    let error = match serde_json::from_str(trimmed) {
        Ok(value) => return Ok(Reading { value, repairs: Vec::new() }),
        Err(error) => error,
    };
    let found = fenced(trimmed)
        .map(|value| (value, RepairKind::Fence))
        .or_else(|| in_prose(trimmed).map(|value| (value, RepairKind::Prose)));
    let Some((value, kind)) = found else {
        return Err(ReadError::NoValue { message: error.to_string() });
    };
    let repair =
        Repair { pointer: String::new(), kind, before: String::new(), after: String::new() };
    Ok(Reading { value, repairs: vec![repair] })
}

fn fenced(text: &str) -> Option<Value> {
    let (_, after) = text.split_once("```")?;
    let (_, body) = after.split_once('\n')?;
    let ends = body.match_indices("```").map(|(at, _)| at).take(64);
    ends.into_iter().find_map(|end| serde_json::from_str(body[..end].trim()).ok())
}

fn in_prose(text: &str) -> Option<Value> {
    let starts = text.match_indices(['{', '[']).map(|(at, _)| at).take(64);
    starts.into_iter().find_map(|start| {
        serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>().next()?.ok()
    })
}
