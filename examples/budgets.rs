//! Budgets and escalation: how much an extraction may cost at most, whom it asks when the first model
//! does not get it right, and what is left when nobody does.
//!
//! ```text
//! cargo run --example budgets
//! ```
//!
//! Without a key both models are the embedded one. With `EXTRACT_MODEL=provider/model`, and another
//! in `EXTRACT_LARGE_MODEL`, they are what you set.

use std::time::Duration;

use extract_llm::extraction::{Limit, RetryContext};
use extract_llm::{Client, Error, Extract};

/// An order, as a customer wrote it.
#[derive(Debug, Extract)]
#[extract(validate = adds_up)]
struct Order {
    /// Who ordered.
    customer: String,
    /// What one piece costs.
    #[extract(range(min = 0.0))]
    price: f64,
    /// How many pieces were ordered.
    #[extract(range(min = 1))]
    pieces: u32,
    /// What all pieces cost together.
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
        .validation_retries(4) // five answers at most,
        .token_budget(6_000) // for so many tokens in all,
        .deadline(Duration::from_secs(120)) // within this time;
        .escalate_to(&large, 2) // after two bad ones of the small model the large one is asked;
        .retry_truncated(400) // a reply that is cut off may be longer, once;
        .retry_context(RetryContext::Last) // and only the latest bad answer is shown again.
        .report()
        .await;

    match &asked {
        Ok(done) => println!("{:#?}", done.value),
        Err(Error::Invalid { problems, best, limit, .. }) => {
            match limit {
                Limit::Tokens { used: Some(used), .. } => println!("{used} tokens were not enough"),
                Limit::Unchanged { .. } => println!("they make the same mistake again and again"),
                other => println!("{other}"),
            }
            println!("the best answer was {best:?}, and wrong in {problems}");
        }
        Err(other) => println!("{other}"),
    }
    let attempts = match &asked {
        Ok(done) => done.attempts.as_slice(),
        Err(error) => error.ledger().map(|ledger| ledger.attempts.as_slice()).unwrap_or_default(),
    };
    for attempt in attempts {
        println!("{}: {attempt}", attempt.address);
    }
    Ok(())
}
