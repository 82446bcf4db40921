//! Extracts from a few complaints and writes an HTML report of the run, with the quotes marked in the texts.
//! Open the file that it names in a browser.
//!
//! ```text
//! cargo run --example report
//! ```

use extract_llm::{Client, Extract, Quote};

/// A complaint of a customer.
#[derive(Debug, Extract)]
struct Complaint {
    /// Name of the customer, as it stands in the text.
    #[extract(grounded)]
    customer: String,
    /// The sentence that says what is wrong, copied word for word.
    evidence: Quote,
}

const TEXTS: [(&str, &str); 4] = [
    ("mail-1", "Maria Lopez writes: The phone arrived late. The screen is broken."),
    ("mail-2", "This is Tom Baker. The coffee machine leaks since the first day."),
    ("mail-3", "Priya Raman here. The app logs me out every hour. Please help."),
    ("mail-4", ""),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut run = Client::from_env()?.extract_many::<Complaint, _>(TEXTS);
    while let Some(row) = run.next().await {
        let row = row?;
        match row.result {
            Ok(done) => println!("{}: {}: {}", row.id, done.value.customer, done.value.evidence),
            Err(error) => println!("{}: {error}", row.id),
        }
    }
    let path = std::env::temp_dir().join("extract-llm-run.html");
    run.summary().html(&path)?;
    println!("report: {}", path.display());
    Ok(())
}
