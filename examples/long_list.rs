//! Extracts a list with the number of elements that the source has. Missing ones are asked for behind the last
//! one that the model gave:
//!
//! ```text
//! cargo run --example long_list
//! ```
//!
//! The embedded model is too small to go on with a list: what it leaves out is reported. Other models are asked
//! with `EXTRACT_MODEL=provider/model`.

use extract_llm::extraction::Expected;
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
    let text = "In stock are 12 apples, 7 pears, 30 plums.";

    let expected = Expected::counted(|source| Some(source.text().split(", ").count()));
    let mut items = client
        .extract::<Vec<Item>>(text)
        .max_tokens(200)
        .expect_items(expected)
        .list_continuations(8)
        .accept_shortfall(true) // without it, a shortfall is an error
        .items();
    while let Some(item) = items.next().await {
        let Item { name, count } = item?;
        println!("attempt {}: {count:>3} {name}", items.attempt());
    }
    let done = items.report().await?;

    for list in &done.ledger.lists {
        println!(
            "{} of {} items, {} requests for more, {} given twice",
            list.given,
            list.expected.unwrap_or_default(),
            list.continued,
            list.doubles
        );
    }
    println!("{} tokens in all", done.ledger.usage().total_tokens());
    done.ledger.notes.iter().for_each(|note| println!("{note}"));
    Ok(())
}
