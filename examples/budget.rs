//! A budget in dollars: all calls of a client share one, and each customer has one for a day. A request that
//! does not fit any more is not sent.
//!
//! ```text
//! cargo run --example budget
//! ```
//!
//! Without a key this is the embedded model, whose tokens cost nothing: the prices below make them cost
//! something. `EXTRACT_MODEL=provider/model` asks a provider, at its published prices.

use std::collections::HashMap;

use extract_llm::conversation::Prices;
use extract_llm::extraction::{Budget, Shortage};
use extract_llm::{Client, Error, ErrorKind, Extract, Usd};

/// An order, as a customer wrote it.
#[derive(Debug, Extract)]
struct Order {
    /// The article.
    article: String,
    /// How many pieces were ordered.
    pieces: u32,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let all = Budget::from(Usd(0.50)).named("all calls");
    let builder = Client::builder().max_tokens(100).budget(&all);
    let client = match std::env::var("EXTRACT_MODEL") {
        Ok(model) => builder.model(model).build()?,
        // Dollars for a million tokens of input and of output.
        Err(_) => builder.model("local").prices(Prices::new(0.50, 1.50)).build()?,
    };

    let customers = ["blue", "green"];
    let budgets: HashMap<&str, Budget> =
        customers.map(|name| (name, Budget::from(Usd(0.000_45)).per_day().named(name))).into();

    let orders = ["Three chairs, please.", "One lamp.", "Twelve blue plates.", "Two tables."];
    for (number, text) in orders.into_iter().enumerate() {
        // The second customer orders once.
        let customer = if number == 1 { "green" } else { "blue" };
        let Some(budget) = budgets.get(customer) else { continue };
        match client.extract::<Order>(text).budget(budget).await {
            Ok(order) => println!("{customer}: {} of {}", order.pieces, order.article),
            Err(error) => match error.kind() {
                ErrorKind::Budget(over) => match over.shortage {
                    Shortage::Cost { needed, left, .. } => {
                        println!("{customer}: not sent, it may cost {needed}, and {left} are left");
                    }
                    _ => println!("{customer}: not sent, {over}"),
                },
                _ => println!("{customer}: {error}"),
            },
        }
    }

    for customer in customers {
        let Some(budget) = budgets.get(customer) else { continue };
        let spent = budget.spent();
        let cost = spent.cost.unwrap_or_default();
        println!("{customer} has spent {cost} for {} tokens", spent.tokens);
        if budget.unknown() > 0 {
            println!("{} of its requests are of unknown use", budget.unknown());
        }
    }
    println!("{} are left for all", all.left_cost().unwrap_or_default());
    Ok(())
}
