//! Gemini, with the key in `GEMINI_API_KEY`.
//!
//! ```text
//! GEMINI_API_KEY=… cargo run --example gemini
//! ```

use extract_llm::model::ConfigError;
use extract_llm::{Client, Error, ErrorKind, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = match Client::new("google/gemini-3.8-flash") {
        // The message names the environment variables that the library read.
        Err(error) if matches!(error.kind(), ErrorKind::Config(ConfigError::MissingKey { .. })) => {
            println!("{error}");
            return Ok(());
        }
        other => other?,
    };
    let done = client
        .extract::<Person>("My neighbour Tom Hill, aged 51, repairs bicycles.")
        .report()
        .await?;
    println!("{:?}, {} tokens", done.value, done.ledger.usage().total_tokens());
    Ok(())
}
