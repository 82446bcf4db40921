//! A way out for the model: a value or the reason why there is none, instead of one that is made up.
//!
//! ```text
//! cargo run --example maybe
//! ```

use extract_llm::{Client, Error, Extract, Maybe};

/// A house in an advertisement.
#[derive(Debug, Extract)]
struct House {
    city: String,
    /// The year in which it was built.
    built: Maybe<u16>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    for text in ["A house in Lyon, built in 1970.", "A quiet house in Porto with a garden."] {
        let house: House = client.extract(text).await?;
        match house.built {
            Maybe::Found(year) => println!("{}: built in {year}", house.city),
            Maybe::NotFound { reason } => println!("{}: no year, because {reason}", house.city),
        }
    }
    Ok(())
}
