//! [`Answer`]: a value, or plain text of the model in place of it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Checker, Extract, TypeWalk};
use crate::partial::value::{AnswerPartial, Seed};
use crate::schema::PLAIN_TEXT;

/// A value, or plain text: the model may ask back, decline, or just talk.
///
/// With tools, the model decides whether it calls one. Text without a call is the text answer. In all other
/// modes the two are alternatives in JSON, as the variants of any enum.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::{Client, Error};
/// use extract_llm::Answer;
/// # use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::text("For how many people?")]));
/// let seats: Answer<Vec<u8>> = client.extract("Reserve us a table by the window.").await?;
/// match seats {
///     Answer::Value(seats) => println!("reserved: {seats:?}"),
///     Answer::Text(words) => println!("{words}"), // For how many people?
/// }
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// The value that was asked for.
    Value(T),
    /// The text of the model in place of a value.
    Text(String),
}

impl<T> Answer<T> {
    /// Returns the value; `None` if the answer is text.
    ///
    /// ```
    /// use extract_llm::Answer;
    ///
    /// assert_eq!(Answer::<u8>::Text("Which one?".into()).value(), None);
    /// ```
    pub fn value(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Returns the value, or the text as the error.
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Text(text) => Err(text),
        }
    }

    /// Returns the text; `None` if the answer is a value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl<T> From<Answer<T>> for Option<T> {
    fn from(answer: Answer<T>) -> Self {
        answer.value()
    }
}

impl<T> From<Answer<T>> for Result<T, String> {
    fn from(answer: Answer<T>) -> Self {
        answer.into_result()
    }
}

impl<T: JsonSchema> JsonSchema for Answer<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Answer_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("extract_core::Answer<{}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "oneOf": [
                {
                    "type": "object",
                    "description": "What was asked for.",
                    "properties": {"value": value},
                    "required": ["value"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "description": "Words to the user instead: a question back, or why not.",
                    "properties": {"text": {"type": "string"}},
                    "required": ["text"],
                    "additionalProperties": false,
                    PLAIN_TEXT: true,
                },
            ],
        })
    }
}

impl<T: Extract> Extract for Answer<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        if let Self::Value(value) = self {
            checker.at("value", |checker| value.check(checker));
        }
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("value", Checker::check_field_piece::<T>);
    }

    fn seed() -> Seed {
        Seed::one_of::<AnswerPartial<T>>()
    }

    fn walk_types(walk: &mut TypeWalk) {
        walk.enter::<Self>(T::walk_types);
    }
}
