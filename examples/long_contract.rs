//! A contract of several pages, in chunks: the duties of the parties, each with its words and page.
//!
//! ```text
//! cargo run --example long_contract [FILE]
//! ```
//!
//! The embedded model is small. A larger one finds more: set `EXTRACT_MODEL` and the key of its provider.

use extract_llm::document::{Chunking, Document, Merge};
use extract_llm::{Client, Extract, Quote};

/// The duties in a contract.
#[derive(Debug, Extract)]
struct Contract {
    /// What a party shall do.
    duties: Vec<Duty>,
}

/// A duty of a party.
#[derive(Debug, Extract)]
struct Duty {
    /// The party that has the duty.
    party: Party,
    /// The sentence that says so, copied word for word.
    sentence: Quote,
}

#[derive(Debug, Extract)]
enum Party {
    Customer,
    Contractor,
    Both,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1);
    let file =
        file.as_deref().unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/contract.txt"));
    let document = Document::new(std::fs::read_to_string(file)?).pages_at_form_feeds();
    let chunking = Chunking::paragraphs().max_tokens(150);
    let chunks = chunking.split(&document).len();

    let done = Client::from_env()?
        .extract_document::<Contract>(&document)
        .chunking(chunking)
        .merge(Merge::new().keep_all("/duties"))
        .each(|extraction| extraction.max_tokens(400).validation_retries(1))
        // A small model does not answer well about every chunk. What it leaves out is listed below.
        .allow_failed_chunks(chunks)
        .await?;

    for duty in &done.value.duties {
        let page = done.page_of(&duty.sentence).unwrap_or_default();
        println!("page {page}  {:?}: {}", duty.party, duty.sentence);
    }
    for chunk in &done.failed {
        println!("no answer about {chunk}");
    }
    println!(
        "{} of {} chunks, {} tokens",
        chunks - done.failed.len(),
        chunks,
        done.ledger.usage().total_tokens()
    );
    Ok(())
}
