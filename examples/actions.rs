//! An enum as the model's choice of action. In tool mode every variant is one tool, and a list of
//! the enum is parallel calls. Only the invalid calls are asked for again.
//!
//! ```text
//! cargo run --example actions [TEXT]
//! ```
//!
//! With `EXTRACT_MODEL=provider/model` and the provider's key in the environment the calls are real
//! tool calls. The embedded model makes at most one call, so it returns the list as one value.

use extract_llm::extraction::Layout;
use extract_llm::{Client, Error, Extract};

/// A request of a restaurant guest.
#[derive(Debug, Extract)]
enum Action {
    /// Book a table.
    Reserve(Reservation),
    /// Cancel a booking.
    Cancel {
        /// The number of the booking.
        id: u32,
    },
}

#[derive(Debug, Extract)]
struct Reservation {
    #[extract(range(min = 1, max = 12))]
    people: u8,
    /// On the clock of 24 hours.
    #[extract(range(min = 0, max = 23))]
    hour: u8,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        String::from("Please cancel booking 17, and reserve a table for 4 people at 19 o'clock.")
    });
    let client = Client::from_env()?;

    let done = client.extract::<Vec<Action>>(&text).layout(Layout::Each).report().await?;

    for action in &done.value {
        match action {
            Action::Reserve(reservation) => println!("reserve  {reservation:?}"),
            Action::Cancel { id } => println!("cancel   number {id}"),
        }
    }
    for note in &done.ledger.notes {
        println!("note     {note}");
    }
    println!(
        "{} attempts, {} tokens",
        done.ledger.attempts.len(),
        done.ledger.usage().total_tokens()
    );
    Ok(())
}
