//! Re-asks only for the invalid parts: one element of a long list is wrong, and only that element
//! is asked for again, with its own schema.
//!
//! ```text
//! cargo run --example parts
//! ```
//!
//! The answers are scripted, so that the mistake and its cost are the same everywhere. With
//! `EXTRACT_MODEL=provider/model` and the provider's key in the environment, the program asks that
//! model.

use extract_llm::conversation::Prices;
use extract_llm::extraction::Reask;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, Extract};
use serde_json::{Value, json};

/// The stock of a shop.
#[derive(Debug, Extract)]
struct Stock {
    /// Place of storage.
    place: String,
    articles: Vec<Article>,
}

/// One article.
#[derive(Debug, Extract)]
struct Article {
    /// The article number.
    #[extract(validate = is_known)]
    sku: String,
    /// How many pieces there are.
    pieces: u32,
}

fn is_known(sku: &str) -> Result<(), &'static str> {
    match sku.strip_prefix("A-").and_then(|number| number.parse::<u32>().ok()) {
        Some(1000..2000) => Ok(()),
        _ => Err("an article number from A-1000 to A-1999"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let rows = (0..60).map(|row| format!("A-{}: {} pieces", 1000 + row, row * 7 % 40));
    let text = format!("Stock in Bergen.\n{}", rows.collect::<Vec<_>>().join("\n"));
    let client = match std::env::var("EXTRACT_MODEL") {
        Ok(model) => Client::new(&model)?,
        Err(_) => Client::builder().prices(Prices::new(0.5, 4.0)).with_model(script()),
    };

    let done = client
        .extract::<Stock>(text)
        .reask(Reask::Auto) // the default: only the invalid parts, if that is cheaper
        .report()
        .await?;

    println!("{} articles in {}", done.value.articles.len(), done.value.place);
    for attempt in &done.ledger.attempts {
        let asked = match attempt.parts.as_slice() {
            [] => String::from("the whole value"),
            parts => parts.join(", "),
        };
        println!(
            "attempt {} asked for {asked}: {}, {} bytes of answer",
            attempt.number,
            attempt.outcome,
            attempt.reply.len()
        );
        for problem in &attempt.problems {
            println!("  {problem}");
        }
    }
    Ok(())
}

/// Returns a scripted model that makes one mistake and corrects it when asked.
fn script() -> Scripted {
    let article = |row: u32, sku: String| json!({"sku": sku, "pieces": row * 7 % 40});
    let articles: Vec<Value> = (0..60)
        .map(|row| match row {
            41 => article(row, String::from("A-104l")),
            _ => article(row, format!("A-{}", 1000 + row)),
        })
        .collect();
    let part = json!({"articles_41": article(41, String::from("A-1041"))});
    Scripted::new([
        reply::tool(json!({"place": "Bergen", "articles": articles})).usage(900, 1_100),
        reply::tool(part).usage(2_200, 20),
    ])
}
