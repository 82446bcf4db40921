//! [`Quote`]: a text that must stand in the source.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contract::{Checker, Extract};
use crate::grounding::Located;

/// A text that must stand in the [`Source`](crate::grounding::Source). In JSON it is a string; once
/// it was checked it knows where it stands.
///
/// It is found where it stands as it is, or but for case, white space, punctuation, typographic forms
/// and hyphens at line ends, or with a few letters changed, but no digit, sign or whole word:
/// [`Match`](crate::grounding::Match) says which. One that is not found is a problem, told with the passage that comes nearest. Of quotes with the same text, the
/// second stands at the second place where the source has it, and so on, in the order of the
/// fields; where there are no more places, at the last.
///
/// ```
/// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
/// # use serde_json::json;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([
/// #     reply::tool(json!({"value": ["the ferry is late", "the bus"]})),
/// #     reply::tool(json!({"value": ["the train was late", "the bus"]})),
/// # ]));
/// use extract_llm::grounding::Quote;
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
    /// A quote that nobody has looked up.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), located: OnceLock::new() }
    }

    /// What is quoted, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it stands in the source. Every quote of a value that was extracted has a place; one that
    /// was made or read otherwise has none.
    pub fn located(&self) -> Option<&Located> {
        self.located.get()
    }

    /// What is quoted, by value.
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
