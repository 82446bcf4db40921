//! OpenAI, with the key in `OPENAI_API_KEY`. Without a key, the same protocol against the embedded
//! model.
//!
//! ```text
//! cargo run --example openai
//! ```

use extract_llm::model::Protocol;
use extract_llm::{Client, Extract, Mode};

#[path = "support/local.rs"]
mod local;

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
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The embedded server runs only as long as its handle is held.
    let (client, _server) = if std::env::var_os("OPENAI_API_KEY").is_some() {
        (Client::new("openai/gpt-6-luna")?, None)
    } else {
        let (client, server) = local::client(Protocol::Chat, Mode::JsonSchema).await?;
        (client, Some(server))
    };

    let done = client
        .extract::<Person>("My neighbour Tom Hill, aged 51, repairs bicycles.")
        .report()
        .await?;

    println!("{client:?}");
    println!(
        "{:?} by {}, {} tokens",
        done.value,
        done.ledger.attempts[0].mode,
        done.ledger.usage().total_tokens()
    );
    Ok(())
}
