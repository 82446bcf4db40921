//! Runs the same extraction several times, and shows the majority value and the fields on which the
//! samples disagree. It costs as much as all samples together.
//!
//! ```text
//! cargo run --example agreement [TEXT]
//! ```

use extract_llm::{Client, Error, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
    /// The city they live in.
    city: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        String::from("Tom Hill, who is 51 or so, came from Leeds; he repairs bicycles in York.")
    });
    let client = Client::from_env()?;

    // At temperature 0 all samples would be alike.
    let agreed =
        client.extract::<Person>(&text).temperature(0.9).seed(1).agree(3).concurrency(1).await?;

    println!("{:?}", agreed.value);
    for field in &agreed.fields {
        println!("{:>4.0} %  {}", field.share * 100.0, field.pointer);
    }
    for failure in &agreed.failures {
        println!("failed: {failure}");
    }
    println!("{} samples, {} tokens", agreed.samples.len(), agreed.ledger.usage().total_tokens());
    Ok(())
}
