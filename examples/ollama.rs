//! Ollama on this machine: no key, and any installed model.
//!
//! ```text
//! cargo run --example ollama [MODEL]
//! ```

use std::time::Duration;

use extract_llm::conversation::{ProviderError, ProviderErrorKind};
use extract_llm::{Client, Error, Extract};

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
    let model = std::env::args().nth(1).unwrap_or_else(|| String::from("qwen3"));
    let client = Client::new(&format!("ollama/{model}"))?;
    let person = client
        .extract::<Person>("My neighbour Tom Hill, aged 51, repairs bicycles.")
        .deadline(Duration::from_secs(120))
        .await;
    match person {
        Err(error) if error.provider_error().is_some_and(is_unreachable) => {
            println!("Ollama does not run on this machine: {error}");
        }
        other => println!("{:?}", other?),
    }
    Ok(())
}

fn is_unreachable(error: &ProviderError) -> bool {
    error.kind == ProviderErrorKind::Connect
}
