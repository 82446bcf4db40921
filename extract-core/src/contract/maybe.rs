//! [`Maybe`]: a value, or the reason why there is none.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Checker, Extract, TypeWalk};
use crate::partial::value::{MaybePartial, Seed};

/// A value, or the reason why the input does not contain it.
///
/// An empty `Option` has no reason, and a plain type makes a model invent a value. As the type of an
/// extraction, or of a field in it, `Maybe` lets the model answer that there is none:
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::{Client, Error};
/// use extract_llm::Maybe;
/// # use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let reason = "no year is mentioned";
/// # let model = Scripted::new([reply::call("not_found", json!({"reason": reason}))]);
/// # let client = Client::with_model(model);
/// let year: Maybe<u16> = client.extract("It was built long ago.").await?;
/// match year {
///     Maybe::Found(year) => println!("built in {year}"),
///     Maybe::NotFound { reason } => println!("unknown: {reason}"),
/// }
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maybe<T> {
    /// The value.
    Found(T),
    /// The input does not contain the value.
    NotFound {
        /// The reason, as the model wrote it.
        reason: String,
    },
}

impl<T> Maybe<T> {
    /// Returns the value; `None` if there is none.
    ///
    /// ```
    /// use extract_llm::Maybe;
    ///
    /// assert_eq!(Maybe::Found(7).found(), Some(7));
    /// ```
    pub fn found(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Returns the value, or the reason as the error.
    ///
    /// ```
    /// use extract_llm::Maybe;
    ///
    /// let nothing = Maybe::<u8>::NotFound { reason: "no number is named".into() };
    /// assert_eq!(nothing.into_result(), Err(String::from("no number is named")));
    /// ```
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Found(value) => Ok(value),
            Self::NotFound { reason } => Err(reason),
        }
    }

    /// Returns whether there is a value.
    pub fn is_found(&self) -> bool {
        matches!(self, Self::Found(_))
    }

    /// Returns the reason why there is no value; `None` if there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Found(_) => None,
            Self::NotFound { reason } => Some(reason),
        }
    }
}

impl<T> From<Maybe<T>> for Option<T> {
    fn from(maybe: Maybe<T>) -> Self {
        maybe.found()
    }
}

impl<T> From<Maybe<T>> for Result<T, String> {
    fn from(maybe: Maybe<T>) -> Self {
        maybe.into_result()
    }
}

impl<T: JsonSchema> JsonSchema for Maybe<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Maybe_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("extract_core::Maybe<{}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "oneOf": [
                {
                    "type": "object",
                    "description": "The value, where the input gives it.",
                    "properties": {"found": value},
                    "required": ["found"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "description": "The input does not give the value.",
                    "properties": {"not_found": {
                        "type": "object",
                        "properties": {"reason": {
                            "type": "string",
                            "description": "Why not, in one sentence.",
                        }},
                        "required": ["reason"],
                        "additionalProperties": false,
                    }},
                    "required": ["not_found"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl<T: Extract> Extract for Maybe<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        if let Self::Found(value) = self {
            checker.at("found", |checker| value.check(checker));
        }
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("found", Checker::check_field_piece::<T>);
    }

    fn seed() -> Seed {
        Seed::one_of::<MaybePartial<T>>()
    }

    fn walk_types(walk: &mut TypeWalk) {
        walk.enter::<Self>(T::walk_types);
    }
}
