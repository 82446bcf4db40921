//! Prints the elements of a list inside a value, each as soon as it is complete:
//!
//! ```text
//! cargo run --example live_list
//! ```

use std::time::Instant;

use extract_llm::extraction::BadItems;
use extract_llm::{Client, Error, Extract};

/// A person who is mentioned.
#[derive(Debug, Extract)]
struct Person {
    name: String,
    /// In years.
    #[extract(range(max = 150))]
    age: u8,
}

/// A household.
#[derive(Debug, Extract)]
struct Household {
    /// The town where they live.
    town: String,
    people: Vec<Person>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let text =
        "They live in Porto: Maria is 34, her brother Tom is 31, and their mother Rosa is 62.";

    let begun = Instant::now();
    let extraction = client.extract::<Household>(text).max_tokens(300);
    // An invalid element is left out, and the others are kept.
    let mut people =
        extraction.bad_items(BadItems::LeaveOut).items_of(|household| &household.people);
    while let Some(person) = people.next().await {
        println!("{:>6.1?}  {:?}", begun.elapsed(), person?);
    }
    let done = people.report().await?;
    println!(
        "{}: {} people, {} left out, {} tokens",
        done.value.town,
        done.value.people.len(),
        done.ledger.left_out.len(),
        done.ledger.usage().output_tokens
    );
    Ok(())
}
