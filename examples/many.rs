//! Extracts from a file of texts, one per line. Ctrl-C stops it after the rows in flight, and the next start
//! goes on behind them: the journal in the temporary folder holds what is done.
//!
//! ```text
//! cargo run --example many [FILE]
//! ```

use std::path::Path;

use extract_llm::pipeline::RunError;
use extract_llm::{Client, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1);
    let file =
        file.as_deref().unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/texts.txt"));
    let texts = std::fs::read_to_string(file)?;
    let lines: Vec<String> = texts.lines().map(str::to_owned).collect();
    let journal = std::env::temp_dir().join("texts.journal.jsonl");

    // A run can be moved to another task.
    let work = tokio::spawn(extract_all(Client::from_env()?, lines, journal.clone()));
    work.await??;
    println!("the journal is {}", journal.display());
    Ok(())
}

async fn extract_all(
    client: Client,
    lines: Vec<String>,
    journal: impl AsRef<Path>,
) -> Result<(), RunError> {
    let mut run = client
        .extract_many::<Person, _>(lines.into_iter().enumerate())
        .each(|row| row.max_tokens(200))
        .concurrency(4)
        .journal(journal.as_ref())
        .progress_bar();

    let stopper = run.stopper();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });

    while let Some(row) = run.next().await {
        let row = row?; // an error of the run itself: a wrong key, a full disk, a budget
        match row.result {
            Ok(done) => println!("{:>4}  {:?}", row.id + 1, done.value),
            Err(error) => println!("{:>4}  {}: {error}", row.id + 1, error.kind()),
        }
    }
    println!("{}", run.summary());
    Ok(())
}
