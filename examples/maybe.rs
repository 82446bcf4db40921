//! `Maybe`: the model returns a value, or the reason why the text has none, instead of inventing
//! one. Shown as a field, and as the whole answer while it streams.
//!
//! ```text
//! cargo run --example maybe
//! ```

use std::io::{Write, stdout};

use extract_llm::partial::MaybePartial;
use extract_llm::{Client, Error, Extract, Maybe};

/// A house in an advertisement.
#[derive(Debug, Extract)]
struct House {
    city: String,
    /// The year in which it was built.
    built: Maybe<u16>,
}

/// How to reach the person who sells the house.
#[derive(Debug, Extract)]
struct Seller {
    name: String,
    phone: String,
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

    let text = "A house in Lyon. Ask for Claire Martin, 04 72 00 11 22.";
    let mut stream = client.extract::<Maybe<Seller>>(text).max_tokens(200).stream();
    while let Some(partial) = stream.next().await {
        let line = match &**partial? {
            None => continue, // Neither variant has arrived yet.
            Some(MaybePartial::Found(seller)) => format!("{}, {}", *seller.name, *seller.phone),
            Some(MaybePartial::NotFound { reason }) => format!("no seller: {}", **reason),
        };
        print!("\r\x1b[2K{line}");
        let _ = stdout().flush();
    }
    println!("\nchecked: {:?}", stream.finish().await?);
    Ok(())
}
