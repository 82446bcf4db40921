//! Extracts from a file of texts, one per line, with a limit on concurrent requests. Every line
//! becomes a value or a typed error. A failed line does not stop the others.
//!
//! ```text
//! cargo run --example many [FILE]
//! ```

use extract_llm::conversation::Usage;
use extract_llm::{Client, Error, ErrorKind, Extract};
use futures_util::{StreamExt, stream};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

/// The maximum number of concurrent requests.
const IN_FLIGHT: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1);
    let file =
        file.as_deref().unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/texts.txt"));
    let texts = std::fs::read_to_string(file)?;
    let client = Client::from_env()?;

    let mut rows = stream::iter(texts.lines().enumerate())
        .map(|(line, text)| {
            let row = client.extract::<Person>(text).report();
            async move { (line + 1, row.await) }
        })
        .buffer_unordered(IN_FLIGHT);

    let (mut good, mut bad, mut usage) = (0, 0, Usage::default());
    while let Some((line, row)) = rows.next().await {
        match row {
            Ok(done) => {
                good += 1;
                usage += done.ledger.usage();
                println!("{line:>4}  {:?}", done.value);
            }
            Err(error) => {
                bad += 1;
                usage += error.ledger().usage();
                println!("{line:>4}  {}: {error}", kind(&error));
            }
        }
    }
    println!("{good} values, {bad} errors, {} tokens", usage.total_tokens());
    Ok(())
}

/// Returns a class of error that a pipeline would branch on.
fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Input(_) => "nothing to read",
        ErrorKind::Refused { .. } => "refused",
        ErrorKind::Truncated { .. } => "cut off",
        ErrorKind::Invalid { .. } => "never right",
        _ if error.is_retryable() => "try later",
        _ => "failed",
    }
}
