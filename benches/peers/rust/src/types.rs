//! The types of the measurements. Every Rust peer uses the same definition, through its derive or
//! through schemars.

use extract_llm::Extract;
use rstructor::Instructor;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The bounds that the peers together require of a type.
pub trait Asked:
    Extract + Instructor + JsonSchema + DeserializeOwned + Serialize + Clone + Send + Sync + 'static
{
    /// Checks the user's rules, for the peer that takes them as a closure.
    fn rules(&self) -> Result<(), String> {
        Ok(())
    }

    /// Returns the description that a user without a library would write into the prompt.
    fn in_words() -> &'static str {
        ""
    }
}

macro_rules! asked {
    ($($name:ident => $words:literal),* $(,)?) => {
        $(impl Asked for $name {
            fn in_words() -> &'static str {
                $words
            }
        })*
    };
}

/// Checks the rule of the scripted table: an article number begins with `A-`.
fn known_sku(sku: &str) -> Result<(), String> {
    if sku.starts_with("A-") { Ok(()) } else { Err("an article number that begins with A-".into()) }
}

fn known_line(line: &Line) -> rstructor::Result<()> {
    known_sku(&line.sku).map_err(rstructor::RStructorError::ValidationError)
}

/// An order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "An order.")]
pub struct Order {
    pub customer: String,
    pub email: String,
    pub quantity: u32,
    pub total: f64,
    pub status: Status,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Paid,
    Cancelled,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "One line of an order.", validate = "known_line")]
pub struct Line {
    #[extract(validate = known_sku)]
    pub sku: String,
    pub count: u32,
}

impl Asked for Order {
    fn rules(&self) -> Result<(), String> {
        self.lines.iter().try_for_each(|line| known_sku(&line.sku))
    }
}

/// The stock of a warehouse.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "The stock of a warehouse.")]
pub struct Stock {
    pub items: Vec<Line>,
}

impl Asked for Stock {
    fn rules(&self) -> Result<(), String> {
        self.items.iter().try_for_each(|line| known_sku(&line.sku))
    }
}

/// A person that the text speaks of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "A person that the text speaks of.")]
pub struct Person {
    /// First and last name.
    #[llm(description = "First and last name.")]
    pub name: String,
    /// Age in years.
    #[llm(description = "Age in years.")]
    pub age: u8,
}

/// How a review sounds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "How a review sounds.")]
pub struct Review {
    pub mood: Mood,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    Positive,
    Negative,
    Neutral,
}

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "An event.")]
pub struct Event {
    /// Name of the event.
    #[llm(description = "Name of the event.")]
    pub name: String,
    /// Place of the event.
    #[llm(description = "Place of the event.")]
    pub place: String,
    /// The day, as YYYY-MM-DD.
    #[llm(description = "The day, as YYYY-MM-DD.")]
    pub date: String,
}

/// A postal address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "A postal address.")]
pub struct Address {
    pub street: String,
    /// The house number.
    #[llm(description = "The house number.")]
    pub number: u32,
    pub city: String,
}

/// A product for sale.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "A product for sale.")]
pub struct Product {
    pub name: String,
    pub price: f64,
    pub in_stock: bool,
}

/// The people whose telephone numbers are given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "The people whose telephone numbers are given.")]
pub struct Contacts {
    #[schemars(length(max = 3))]
    pub people: Vec<Contact>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
pub struct Contact {
    pub name: String,
    pub phone: String,
}

/// An invoice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "An invoice.")]
pub struct Invoice {
    /// Name of the sender.
    #[llm(description = "Name of the sender.")]
    pub vendor: String,
    /// The invoice's number.
    #[llm(description = "The invoice's number.")]
    pub number: String,
    /// The amount to pay.
    #[llm(description = "The amount to pay.")]
    pub total: f64,
}

/// A recipe.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "A recipe.")]
pub struct Recipe {
    pub dish: String,
    /// How many people it serves.
    #[llm(description = "How many people it serves.")]
    pub servings: u32,
    /// How many minutes it takes.
    #[llm(description = "How many minutes it takes.")]
    pub minutes: u32,
}

asked! {
    Person => r#"{"name": string, "age": integer}"#,
    Review => r#"{"mood": "positive", "negative" or "neutral"}"#,
    Event => r#"{"name": string, "place": string, "date": "YYYY-MM-DD"}"#,
    Address => r#"{"street": string, "number": integer, "city": string}"#,
    Product => r#"{"name": string, "price": number, "in_stock": true or false}"#,
    Contacts => r#"{"people": [{"name": string, "phone": string}]}"#,
    Invoice => r#"{"vendor": string, "number": string, "total": number}"#,
    Recipe => r#"{"dish": string, "servings": integer, "minutes": integer}"#,
}

/// A long reply, for streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
#[llm(description = "A report.")]
pub struct Log {
    pub heading: String,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Instructor, Extract)]
#[extract(skip(Deserialize, JsonSchema))]
pub struct Entry {
    pub name: String,
    pub note: String,
    pub amount: f64,
    pub tags: Vec<String>,
}
