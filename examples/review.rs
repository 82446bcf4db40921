//! The first program of the README.

use extract_llm::{Extract, extract};

/// A review that a customer wrote.
#[derive(Debug, Extract)]
struct Review {
    /// Name of the writer.
    reviewer: Reviewer,
    /// How they felt.
    mood: Mood,
}

#[derive(Debug, Extract)]
struct Reviewer {
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Positive,
    Negative,
    Neutral,
}

#[tokio::main]
async fn main() -> Result<(), extract_llm::Error> {
    let text = "Maria Lopez, 34, writes: I love this phone, the battery lasts for days!";
    let review: Review = extract(text).await?;
    println!("{review:#?}");
    Ok(())
}
