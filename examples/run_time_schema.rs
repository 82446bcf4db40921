//! A schema that is known only at run time, read from a file:
//!
//! ```text
//! cargo run --example run_time_schema
//! cargo run --example run_time_schema -- my.schema.json "A text of my own."
//! ```
//!
//! It goes the way of a type: lowered to what the provider takes, read, checked, and asked for again
//! where the answer breaks it. It may come from anywhere: nothing it refers to is ever fetched, and
//! what is too deep, too large or too costly is refused before anything is sent.

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
    // Made once; it can be asked for again and again, from any thread.
    let contract = Contract::from_schema(schema)?;
    println!("{} is told to the model as\n{}\n", contract.name(), contract.prompt_schema());

    let done = Client::from_env()?.extract_value(&contract, text.as_str()).report().await?;

    println!("text      {text}");
    println!("value     {:#}", done.value);
    println!("attempts  {}", done.attempts.len());
    Ok(())
}
