//! [`Quote`]: a text that must occur in the source.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contract::{Checker, Extract};
use crate::grounding::Located;

/// A text that must occur in the [`Source`](crate::grounding::Source). Its JSON form is a string. The
/// check of a value adds its location in the source.
///
/// A quote may differ from the source in case, white space, punctuation, typographic forms and hyphens at
/// line ends. A few letters may differ too, but no digit, sign or whole word:
/// [`Match`](crate::grounding::Match) says how well a quote matches. A quote that does not occur is a
/// problem, which names the nearest passage.
///
/// Quotes with the same text are assigned to its occurrences in the order of the fields: the second quote
/// to the second occurrence, and so on. If there are too few occurrences, the last one is used again.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::{Client, Error};
/// # use serde_json::json;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([
/// #     reply::tool(json!({"value": ["the ferry is late", "the bus"]})),
/// #     reply::tool(json!({"value": ["the train was late", "the bus"]})),
/// # ]));
/// use extract_llm::Quote;
///
/// let text = "First the train was late, then the bus.";
/// let quotes: Vec<Quote> = client.extract(text).await?; // the first answer quoted a ferry
///
/// let place = quotes[0].located().unwrap();
/// assert_eq!(&text[place.bytes.clone()], "the train was late");
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
///
/// Two quotes are equal if their texts are.
#[derive(Clone)]
pub struct Quote {
    text: String,
    located: OnceLock<Located>,
}

impl Quote {
    /// Creates a quote without a location.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), located: OnceLock::new() }
    }

    /// Returns the quoted text, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the location in the source. Every quote in an extracted value has one. Returns `None` for
    /// a quote that was created or deserialized otherwise.
    pub fn located(&self) -> Option<&Located> {
        self.located.get()
    }

    /// Returns the quoted text by value.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Extract for Quote {
    fn check(&self, checker: &mut Checker<'_>) {
        if self.located.get().is_some() {
            return;
        }
        if let Some(located) = checker.look_up_quote(&self.text) {
            let _ = self.located.set(located);
        }
    }
}

impl JsonSchema for Quote {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quote".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Copied word for word from the text.",
            "minLength": 1,
        })
    }
}

impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Deref for Quote {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quote")
            .field("text", &self.text)
            .field("located", &self.located.get())
            .finish()
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl PartialEq for Quote {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Quote {}

impl Hash for Quote {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
