//! Continues a list that the limit of output tokens cuts off:
//!
//! ```text
//! cargo run --example long_list
//! ```

use extract_llm::{Client, Error, Extract};

/// An item in stock.
#[derive(Debug, Extract)]
struct Item {
    name: String,
    count: u32,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let text = "In stock are 12 apples, 7 pears, 30 plums, 4 melons, 15 lemons, 9 limes, 21 figs and 8 kiwis.";

    // One reply has room for a few items only.
    let call = client.extract::<Vec<Item>>(text).max_tokens(70).continue_lists(true);
    let mut items = call.list_continuations(6).accept_shortfall(true).items();
    while let Some(item) = items.next().await {
        let Item { name, count } = item?;
        println!("attempt {}: {count:>3} {name}", items.attempt());
    }
    let done = items.report().await?;

    for list in &done.ledger.lists {
        println!("{} items, {} requests for more", list.given, list.continued);
        println!("{} items came twice and were left out", list.doubles);
    }
    println!("{} tokens in all", done.ledger.usage().total_tokens());
    done.ledger.notes.iter().for_each(|note| println!("{note}"));
    Ok(())
}
