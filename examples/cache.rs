//! Replies that are kept in a file: the second run of this program sends nothing.
//!
//! ```text
//! cargo run --example cache --features file-cache [TEXT]
//! ```

use extract_llm::cache::{Cache, FileCache};
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
    let text = std::env::args().nth(1).unwrap_or_else(|| String::from("Ada Ross is 36."));
    let path = std::env::temp_dir().join("extract-llm-example-cache");
    // At most 10 MB; the oldest replies go first.
    let cache = Cache::new(FileCache::open(&path, 10_000_000)?);
    let client = Client::from_env()?;

    for _ in 0..2 {
        let done = client.extract::<Person>(&text).cache(cache.clone()).report().await?;
        println!("{:?}", done.value);
        for attempt in &done.ledger.attempts {
            println!("  {attempt}");
        }
    }
    println!("delete {} to start anew", path.display());
    Ok(())
}
