//! Holds the reader against cases from outside: one question a line, one answer a line. What
//! `parse_lines` answers and what the scorer scores is the same function.

mod convention;
pub mod recordings;
pub mod schemas;

use extract_core::contract::Shape;
use extract_core::reading::{Level, PartialMode, ReadError, Reader, Reading, Repair};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One question: a text, and what it should be read as.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// Handed through.
    #[serde(default)]
    pub id: Value,
    /// What the model wrote.
    pub input: String,
    /// A JSON Schema; without one, any JSON value.
    #[serde(default)]
    pub target_schema: Option<Value>,
    /// `final`, `strict`, or `partial…` for a text that is cut off.
    #[serde(default)]
    pub kind: String,
    /// How far the reading may go; lenient unless set, and salvage where there is no schema.
    #[serde(default)]
    pub level: Option<Level>,
    /// What a suite calls its own settings; those that we have too are followed.
    #[serde(default)]
    pub options: Value,
}

/// What was read, or why nothing was.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A value that fits the schema.
    Ok {
        /// The value.
        ok: Value,
        /// Everything that was changed.
        repairs: Vec<Repair>,
    },
    /// No value, or one that does not fit.
    Err {
        /// Why.
        err: String,
    },
}

/// Answers one line.
pub fn answer_line(line: &str) -> Answer {
    match serde_json::from_str::<Question>(line) {
        Ok(question) => answer(&question),
        Err(error) => Answer::Err { err: format!("not a question: {error}") },
    }
}

/// Answers one question.
pub fn answer(question: &Question) -> Answer {
    let shape = match &question.target_schema {
        Some(schema) => match Shape::compile(schema) {
            Ok(shape) => shape,
            Err(error) => return Answer::Err { err: error.to_string() },
        },
        None => Shape::any(),
    };
    match read(question, &shape) {
        Ok(reading) if reading.fits() => {
            let Reading { mut value, repairs, .. } = reading;
            if let Some(schema) = &question.target_schema {
                convention::complete(&mut value, schema);
            }
            Answer::Ok { ok: value, repairs }
        }
        Ok(reading) => {
            let misfits: Vec<String> = reading
                .misfits
                .iter()
                .map(|misfit| {
                    format!(
                        "{:?}: expected {}, found {}",
                        misfit.pointer, misfit.expected, misfit.found
                    )
                })
                .collect();
            Answer::Err { err: misfits.join("; ") }
        }
        Err(error) => Answer::Err { err: error.to_string() },
    }
}

fn read(question: &Question, shape: &Shape) -> Result<Reading, ReadError> {
    let salvage = question.options.get("schema_repair_mode").is_some_and(|mode| mode == "salvage");
    let level = match question.kind.as_str() {
        "strict" => Level::Strict,
        _ if salvage => Level::Salvage,
        // Without a schema nothing shows what is missing: the suites take what is there.
        _ if question.target_schema.is_none() => Level::Salvage,
        _ => question.level.unwrap_or_default(),
    };
    let reader = Reader::new(shape).level(level);
    match question.kind.as_str() {
        // What a stream shows leaves out numbers that may still grow.
        "partial_streaming" => reader.read_partial(&question.input, PartialMode::Withheld),
        kind if kind.starts_with("partial") => {
            reader.read_partial(&question.input, PartialMode::Shown)
        }
        _ => reader.read(&question.input),
    }
}
