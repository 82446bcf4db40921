//! Budgets and escalation: limits on the cost of an extraction, a larger model for answers that the
//! small one gets wrong, and the best value so far if neither succeeds.
//!
//! ```text
//! cargo run --example budgets
//! ```
//!
//! Without a key both models are the embedded one. `EXTRACT_MODEL=provider/model` sets the first
//! model, and `EXTRACT_LARGE_MODEL` the larger one.

use std::time::Duration;

use extract_llm::extraction::{Limit, RetryContext};
use extract_llm::{Client, Error, ErrorKind, Extract};

/// An order, as a customer wrote it.
#[derive(Debug, Extract)]
#[extract(validate = adds_up)]
struct Order {
    /// Name of the customer.
    customer: String,
    /// Price of one piece.
    #[extract(range(min = 0.0))]
    price: f64,
    /// How many pieces were ordered.
    #[extract(range(min = 1))]
    pieces: u32,
    /// Price of all pieces together.
    #[extract(range(min = 0.0))]
    total: f64,
}

fn adds_up(order: &Order) -> Result<(), &'static str> {
    let expected = order.price * f64::from(order.pieces);
    if (expected - order.total).abs() < 0.01 {
        Ok(())
    } else {
        Err("a total of price times pieces")
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = "Order of Ada Ross: 3 chairs at EUR 20.00 each, EUR 60.00 in all.";
    let small = Client::from_env()?;
    let large = match std::env::var("EXTRACT_LARGE_MODEL") {
        Ok(model) => Client::new(&model)?,
        Err(_) => small.clone(),
    };

    let asked = small
        .extract::<Order>(text)
        .max_tokens(200)
        .validation_retries(4) // at most five answers
        .token_budget(6_000) // at most 6 000 tokens in all attempts
        .deadline(Duration::from_secs(120)) // at most 120 s in all
        .escalate_to(&large, 2) // after two invalid answers, ask the large model
        .retry_truncated(400) // ask once more, with 400 tokens, if a reply is cut off
        .retry_context(RetryContext::Last) // show only the latest invalid answer again
        .report()
        .await;

    match &asked {
        Ok(done) => println!("{:#?}", done.value),
        Err(error) => match error.kind() {
            ErrorKind::Invalid { problems, limit } => {
                match limit {
                    Limit::Budget(over) => println!("the tokens were not enough: {over}"),
                    Limit::Unchanged { .. } => println!("the same mistake comes again and again"),
                    other => println!("{other}"),
                }
                println!("the best answer was {:?}, and wrong in {problems}", error.best());
            }
            _ => println!("{error}"),
        },
    }
    let attempts = match &asked {
        Ok(done) => done.ledger.attempts.as_slice(),
        Err(error) => error.ledger().attempts.as_slice(),
    };
    for attempt in attempts {
        println!("{}: {attempt}", attempt.address);
    }
    Ok(())
}
