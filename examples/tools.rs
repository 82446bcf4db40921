//! Tools that the library runs: the model calls them until it can return the value. Their arguments are
//! checked, and the ledger has each call.
//!
//! ```text
//! cargo run --example tools
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use extract_llm::{Client, Error, ErrorKind, Extract, ToolError};

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
    in_stock: u32,
}

const QUESTION: &str = "How many chairs are in stock?";

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let shelf = Arc::new(HashMap::from([("chair", 7_u32), ("table", 2)]));

    let extracted = client
        .extract::<Answer>(QUESTION)
        .system("Look the stock up before you answer.")
        .tool("look_up_stock", async move |query: StockQuery| {
            match shelf.get(query.article.as_str()) {
                Some(count) => {
                    Ok(format!("{count} of the article {} are in stock.", query.article))
                }
                // The model gets this text, and may call again with another name.
                None => Err(ToolError::tell("there is no article of this name")),
            }
        })
        .max_steps(3)
        .report()
        .await;

    let ledger = match &extracted {
        Ok(done) => &done.ledger,
        Err(error) => error.ledger(),
    };
    for run in &ledger.tool_runs {
        println!("{run}: {} -> {}", run.arguments, run.result);
    }
    println!("{} requests, {} tokens", ledger.attempts.len(), ledger.usage().total_tokens());

    let answer = match extracted {
        Ok(done) => done.value,
        // Small models, such as the embedded one, call again and again: ask with what the tools have said.
        Err(error) if matches!(error.kind(), ErrorKind::TooManySteps { .. }) => {
            let runs = error.ledger().tool_runs.iter();
            let known: Vec<&str> = runs.map(|run| run.result.as_str()).collect();
            client.extract(format!("{QUESTION}\n\n{}", known.join("\n"))).await?
        }
        Err(error) => return Err(error),
    };
    println!("{answer:?}");
    Ok(())
}
