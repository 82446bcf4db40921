//! A recording of real exchanges, and a test that replays it without a network. A changed prompt is refused, with
//! the difference.
//!
//! ```text
//! cargo run --example cassette
//! ```

use extract_llm::extraction::ClientBuilder;
use extract_llm::model::Cassette;
use extract_llm::{Client, Extract};

/// A person that the text speaks of.
#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

const TEXT: &str = "My neighbour Tom Hill, aged 51, repairs bicycles.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // With EXTRACT_MODEL and a key, this would be a provider. Without them, the server of the embedded model.
    let connect = || extract_local::connect(&extract_local::Options::from_env()?);
    let server = tokio::task::spawn_blocking(connect).await??;
    let client = || -> ClientBuilder {
        let client = Client::builder().base_url(server.base_url()).model(server.model());
        client.api_key("a-key-that-stays-secret").temperature(0.0).max_tokens(200)
    };
    let path = std::env::temp_dir().join("extract-llm-cassette.json");
    if path.exists() {
        std::fs::remove_file(&path)?;
    }

    let recorded: Person =
        client().cassette(Cassette::record(&path)).build()?.extract(TEXT).await?;
    let file = std::fs::read_to_string(&path)?;
    println!(
        "recorded {recorded:?} in {} bytes; the key is in it: {}",
        file.len(),
        file.contains("stays-secret")
    );

    // Nothing is sent from here on, so the server may be gone.
    let offline = client().cassette(Cassette::replay(&path)).build()?;
    let replayed: Person = offline.extract(TEXT).await?;
    assert_eq!(replayed, recorded);
    println!("replayed {replayed:?}");

    let changed =
        offline.extract::<Person>("My neighbour Tom Hill, aged 52, repairs bicycles.").await;
    println!("{}", changed.unwrap_err());
    Ok(())
}
