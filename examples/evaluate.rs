//! Golden rows: inputs whose values are known. The answers of a model are compared with them, field by field. The
//! second evaluation takes the values from the journal, and sends nothing.
//!
//! ```text
//! cargo run --example evaluate
//! ```

use extract_llm::evaluation::{Compare, Golden};
use extract_llm::{Client, Extract, Extraction};
use serde_json::json;

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// The full name.
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let golden = || {
        Golden::new([
            ("r1", "Maria Lopez is 34 years old.", json!({"name": "Maria Lopez", "age": 34})),
            ("r2", "Tom Hill, 51, repairs bicycles.", json!({"name": "Tom Hill", "age": 51})),
            ("r3", "Aisha Khan turned 27 in May.", json!({"name": "Aisha Khan", "age": 27})),
            ("r4", "Rosa Rossi will be 80 tomorrow.", json!({"name": "Rosa Rossi", "age": 79})),
        ])
    };
    let folder = std::env::temp_dir();
    let (journal, page) =
        (folder.join("extract-llm-golden.jsonl"), folder.join("extract-llm-golden.html"));
    if journal.exists() {
        std::fs::remove_file(&journal)?;
    }

    let client = Client::from_env()?;
    let first = client.evaluate::<Person>(golden()?).concurrency(2).journal(&journal).run().await?;
    println!("{first}\n");
    first.html(&page)?;
    println!("the page: {}\n", page.display());

    // The rules are no part of the request, so other rules cost nothing.
    let second = client
        .evaluate::<Person>(golden()?)
        .compare(Compare::new().tolerance("/age", 1.0))
        .journal(&journal)
        .each(Extraction::offline)
        .run()
        .await?;
    println!("{}", second.diff(&first));
    println!("{second}");
    if let Err(missed) = second.require_field("/age", 0.9) {
        println!("below the threshold: {missed}"); // a check in CI ends with an error here
    }
    Ok(())
}
