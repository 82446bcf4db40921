//! Shows how sure the model was of each field: the probability of the tokens that the field was read from. Fields
//! below 0.8 are marked for review.
//!
//! ```text
//! cargo run --example confidence [TEXT]
//! ```

use extract_llm::{Client, Error, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
    /// The city they live in.
    city: String,
    /// How they feel.
    mood: Mood,
}

#[derive(Debug, Extract)]
enum Mood {
    Happy,
    Sad,
    Unknown,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        String::from("Tom Hill, who is 51 or so, came from Leeds; he repairs bicycles in York.")
    });
    let client = Client::from_env()?;

    let done = client.extract::<Person>(&text).doubt_below(0.8).report().await?;

    println!("{:?}", done.value);
    for (pointer, confidence) in done.ledger.confidences.iter() {
        let (mean, least) = (confidence.mean, confidence.least);
        println!("{mean:.3} mean, {least:.3} least of {} tokens  {pointer}", confidence.tokens);
    }
    for pointer in done.ledger.confidences.unknown() {
        println!("unknown  {pointer}");
    }
    for doubt in done.doubts() {
        println!("to be reviewed: {}", doubt.pointer);
    }
    for note in &done.ledger.notes {
        println!("note: {note}");
    }
    Ok(())
}
