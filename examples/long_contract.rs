//! A contract of several pages, in chunks: the duties of the parties, each with its words and its page.
//!
//! ```text
//! cargo run --example long_contract [FILE]
//! ```
//!
//! The embedded model is small. A larger one finds more: set `EXTRACT_MODEL` and the key of its provider.

use extract_llm::document::{Chunking, Document};
use extract_llm::{Client, ErrorKind, Extract, Quote};

/// The terms of a contract. Each answer is copied word for word from the text.
#[derive(Debug, Extract)]
struct Terms {
    /// The name of a company.
    company: Option<Quote>,
    /// An amount of money.
    amount: Option<Quote>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1);
    let file =
        file.as_deref().unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/contract.txt"));
    let document = Document::new(std::fs::read_to_string(file)?).pages_at_form_feeds();
    let chunking = Chunking::sentences().max_tokens(80);
    let chunks = chunking.split(&document).len();

    let result = Client::from_env()?
        .extract_document::<Terms>(&document)
        .chunking(chunking)
        .each(|extraction| extraction.max_tokens(60).validation_retries(0))
        // A small model copies badly. The chunks without a valid answer are listed below.
        .allow_failed_chunks(chunks)
        .await;
    let done = match result {
        Ok(done) => done,
        Err(error) => {
            if let ErrorKind::FailedChunks { failed, .. } = error.kind() {
                failed.iter().for_each(|chunk| println!("no valid answer about {chunk}"));
            }
            return Err(error.into());
        }
    };

    for quote in [&done.value.company, &done.value.amount].into_iter().flatten() {
        println!("page {}: {quote}", done.page_of(quote).unwrap_or_default());
    }
    for conflict in &done.conflicts {
        for value in &conflict.values {
            println!("{} is {} in chunks {:?}", conflict.pointer, value.value, value.chunks);
        }
    }
    for chunk in &done.failed {
        println!("no valid answer about {chunk}");
    }
    println!(
        "{} of {} chunks, {} tokens",
        chunks - done.failed.len(),
        chunks,
        done.ledger.usage().total_tokens()
    );
    Ok(())
}
