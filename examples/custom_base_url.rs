//! Any server with a supported protocol, by its base URL. Without an argument the server is the
//! embedded model's, with OpenAI's Responses protocol.
//!
//! ```text
//! cargo run --example custom_base_url [URL MODEL]
//! ```

use std::time::Duration;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (client, _server) = match arguments.as_slice() {
        [url, model] => {
            let client = Client::builder()
                .base_url(url)
                .model(model)
                .header("x-team", "blue") // any header that the server needs
                .timeout(Duration::from_secs(120))
                .build()?;
            (client, None)
        }
        _ => {
            let (client, server) = local::client(Protocol::Responses, Mode::Tools).await?;
            (client, Some(server))
        }
    };
    let done = client
        .extract::<Person>("My neighbour Tom Hill, aged 51, repairs bicycles.")
        .report()
        .await?;
    println!("{:?} by {}", done.value, done.ledger.attempts[0].mode);
    Ok(())
}
