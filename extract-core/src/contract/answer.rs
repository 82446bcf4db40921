//! [`Answer`]: a value, or what the model says instead of one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Checker, Extract, TypeWalk};
use crate::partial::value::{AnswerPartial, Seed};
use crate::schema::PLAIN_TEXT;

/// A value, or plain text: the model may ask back, decline, or just talk.
///
/// Where tools are used, it is left to the model whether it calls one, and what it says without a
/// call is the text. In the other modes the two are a union of JSON, as any enum is.
///
/// ```
/// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
/// use extract_llm::contract::Answer;
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
    /// What was asked for.
    Value(T),
    /// What the model says instead.
    Text(String),
}

impl<T> Answer<T> {
    /// The value, if there is one.
    ///
    /// ```
    /// use extract_llm::contract::Answer;
    ///
    /// assert_eq!(Answer::<u8>::Text("Which one?".into()).value(), None);
    /// ```
    pub fn value(self) -> Option<T> {
        self.into_result().ok()
    }

    /// The value, or what was said instead.
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Text(text) => Err(text),
        }
    }

    /// What was said instead of a value.
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
