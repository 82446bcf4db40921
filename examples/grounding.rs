//! Values that must occur in the text, on a real model and without a key: a field that is copied
//! verbatim, and a quote with its position.
//!
//! ```text
//! cargo run --example grounding
//! ```

use extract_llm::grounding::Match;
use extract_llm::{Client, Error, Extract, Quote};

/// A complaint of a customer.
#[derive(Debug, Extract)]
struct Complaint {
    /// Name of the customer, as it stands in the text.
    #[extract(grounded)]
    customer: String,
    /// The sentence that says what is wrong, copied word for word.
    evidence: Quote,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = "Maria Lopez writes: The phone arrived late. The screen is broken.";

    let done = Client::from_env()?.extract::<Complaint>(text).report().await?;

    println!("customer  {}", done.value.customer);
    println!("evidence  {}", done.value.evidence);
    if let Some(place) = done.value.evidence.located() {
        println!("it stands in bytes {:?} and says {:?}", place.bytes, &text[place.bytes.clone()]);
        if place.quality < Match::Exact {
            println!("it was not copied exactly: {:?}", place.quality);
        }
    }
    for attempt in &done.ledger.attempts {
        println!("{attempt}");
    }
    Ok(())
}
