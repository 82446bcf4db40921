//! Standing up to a provider that fails: limits on requests, another model that takes over, and one deadline
//! over everything.
//!
//! ```text
//! cargo run --example fallback
//! ```
//!
//! Without a key, the first model is on a port of this machine where nobody listens, and the embedded model
//! takes over. `EXTRACT_MODEL=provider/model` sets the first model, and `EXTRACT_NEXT_MODEL` the next one.

use std::time::Duration;

use extract_llm::extraction::{CircuitBreaker, ClientBuilder, FallbackOn};
use extract_llm::{Client, Error, ErrorKind, Extract};

/// A review of a product.
#[derive(Debug, Extract)]
struct Review {
    /// Name of the reviewer.
    name: String,
    /// Stars from 1 to 5.
    #[extract(range(min = 1, max = 5))]
    stars: u8,
}

/// Returns a builder with the first model.
fn first_model() -> ClientBuilder {
    match std::env::var("EXTRACT_MODEL") {
        Ok(model) => Client::builder().model(model),
        Err(_) => Client::builder().base_url("http://127.0.0.1:9/v1").model("a-model-that-is-down"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let next = match std::env::var("EXTRACT_NEXT_MODEL") {
        Ok(model) => Client::new(&model)?,
        Err(_) => Client::builder().model("local").build()?,
    };
    let client = first_model()
        .concurrency(64) // at most 64 requests at the same time
        .requests_per_minute(500) // and 500 in any minute: the others wait
        .transport_retries(1)
        .fallback_to(&next, FallbackOn::default().failed_checks(2))
        .circuit_breaker(CircuitBreaker::after(2)) // after two failures, the next model is asked first
        .deadline(Duration::from_secs(300)) // over all waits, retries and models
        .build()?;
    println!("models in their order: {:?}\n", client.model_addresses());

    for text in ["Maria: works well, 4 stars.", "Two of five stars. Tom", "Ada: great, 5 stars."] {
        match client.extract::<Review>(text).report().await {
            Ok(done) => {
                let waited = done.ledger.limit_wait();
                println!("{:?}", done.value);
                println!("  {:?} answered, {waited:?} in the limits", done.ledger.answered_by());
                for passed_over in &done.ledger.passed_over {
                    println!("  {passed_over}");
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::Deadline { .. } => println!("no time is left: {error}"),
                _ => println!("no model answered: {error}\n{}", error.ledger()),
            },
        }
    }
    Ok(())
}
