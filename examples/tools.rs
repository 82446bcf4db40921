//! Tools that the library runs: the model calls them until it can return the value. Their arguments are
//! checked, and the ledger has each call.
//!
//! ```text
//! cargo run --example tools
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use extract_llm::{Client, Error, Extract, ToolError};

/// Looks up how many of an article are in stock.
#[derive(Debug, Extract)]
struct StockQuery {
    /// The article's name in the singular, such as `chair`.
    #[extract(length(min = 2, max = 40))]
    article: String,
}

/// The answer to the customer.
#[derive(Debug, Extract)]
struct Answer {
    article: String,
    in_stock: u32,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let shelf = Arc::new(HashMap::from([("chair", 7_u32), ("table", 2)]));

    let done = client
        .extract::<Answer>("How many chairs are in stock?")
        .system("Look the stock up before you answer.")
        .tool("look_up_stock", async move |query: StockQuery| {
            let count = shelf.get(query.article.as_str()).copied();
            // The model gets this text, and may call again with another name.
            count.ok_or_else(|| ToolError::tell("there is no article of this name"))
        })
        .max_steps(5)
        .report()
        .await?;

    println!("{:?}", done.value);
    for run in &done.ledger.tool_runs {
        println!("{run}: {} -> {}", run.arguments, run.result);
    }
    println!(
        "{} requests, {} tokens",
        done.ledger.attempts.len(),
        done.ledger.usage().total_tokens()
    );
    Ok(())
}
