//! Runs the reader over external cases: one question per line, one answer per line. `parse_lines`
//! and the scorer call the same function.

mod convention;
pub mod recordings;
pub mod schemas;

use extract_core::contract::Shape;
use extract_core::reading::{Level, PartialMode, ReadError, Reader, Reading, Repair};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One question: a text, and the schema to read it with.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// An identifier that is copied to the output.
    #[serde(default)]
    pub id: Value,
    /// The model's text.
    pub input: String,
    /// A JSON Schema. Without one, any JSON value is accepted.
    #[serde(default)]
    pub target_schema: Option<Value>,
    /// `final`, `strict`, or `partial…` for a text that is cut off.
    #[serde(default)]
    pub kind: String,
    /// The repair level. Defaults to lenient, and to salvage without a schema.
    #[serde(default)]
    pub level: Option<Level>,
    /// The suite's settings. Those that the reader also has are applied.
    #[serde(default)]
    pub options: Value,
}

/// The value, or the reason why there is none.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A value that fits the schema.
    Ok {
        /// The value.
        ok: Value,
        /// All repairs.
        repairs: Vec<Repair>,
    },
    /// No value, or one that does not fit.
    Err {
        /// The reason.
        err: String,
    },
}

/// Answers one line of JSON. A line that is not a question is answered with an error.
pub fn answer_line(line: &str) -> Answer {
    match serde_json::from_str::<Question>(line) {
        Ok(question) => answer(&question),
        Err(error) => Answer::Err { err: format!("not a question: {error}") },
    }
}

/// Answers one question. Returns an error if the schema is invalid or the text has no fitting
/// value.
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
        // Without a schema no member is required, and the suites accept partial values.
        _ if question.target_schema.is_none() => Level::Salvage,
        _ => question.level.unwrap_or_default(),
    };
    let reader = Reader::new(shape).level(level);
    match question.kind.as_str() {
        // A streaming partial omits numbers that may still grow.
        "partial_streaming" => reader.read_partial(&question.input, PartialMode::Withheld),
        kind if kind.starts_with("partial") => {
            reader.read_partial(&question.input, PartialMode::Shown)
        }
        _ => reader.read(&question.input),
    }
}
