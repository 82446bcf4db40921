//! Extracts with a schema that is known only at run time, read from a file:
//!
//! ```text
//! cargo run --example run_time_schema
//! cargo run --example run_time_schema -- my.schema.json "A text of my own."
//! ```
//!
//! The schema is treated like a type's: it is lowered to the provider's dialect, the answer is
//! checked, and an invalid answer is asked for again. It may come from an untrusted source: no
//! reference is ever fetched, and a schema that is too deep, too large or too costly is refused
//! before anything is sent.

use extract_llm::Client;
use extract_llm::contract::Contract;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop_item.schema.json");
    let path = arguments.next().unwrap_or_else(|| own.to_owned());
    let text = arguments.next().unwrap_or_else(|| {
        "For sale: my old bicycle, used but in good order, for 120 euros.".to_owned()
    });

    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    // Build the contract once. It can be used many times, from any thread.
    let contract = Contract::from_schema(schema)?;
    println!("{} is told to the model as\n{}\n", contract.name(), contract.prompt_schema());

    let done = Client::from_env()?.extract_value(&contract, text.as_str()).report().await?;

    println!("text      {text}");
    println!("value     {:#}", done.value);
    println!("attempts  {}", done.ledger.attempts.len());
    Ok(())
}
