//! User-defined checks, on a real model and without a key: a field validator that reads the text,
//! rules of the call with a value from the program, and an asynchronous check.
//!
//! ```text
//! cargo run --example checks
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use extract_llm::check::{CheckError, Context};
use extract_llm::{Client, Error, Extract, Problem};
use tokio::sync::RwLock;

/// A guest at the reception of a hotel.
#[derive(Debug, Extract)]
struct Guest {
    /// First and last name.
    #[extract(validate_with = stands_in_the_text)]
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

/// Validates a field against the source text: a name that the text does not contain is invented.
fn stands_in_the_text(name: &str, cx: Context<'_>) -> Result<(), CheckError> {
    if cx.source()?.contains(name) { Ok(()) } else { Err("a name that stands in the text".into()) }
}

/// The program's data that the checks use.
struct House {
    least_age: u8,
}

/// An in-memory table in place of a database.
#[derive(Clone, Default)]
struct Bookings(Arc<RwLock<HashMap<String, u32>>>);

impl Bookings {
    async fn room_of(&self, name: &str) -> Result<Option<u32>, std::io::Error> {
        Ok(self.0.read().await.get(name).copied())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bookings = Bookings::default();
    bookings.0.write().await.insert("Maria Lopez".to_owned(), 17);
    let text = "Good evening! My name is Maria Lopez, I am 34 years old, and I have a booking.";

    let done = Client::from_env()?
        .extract::<Guest>(text)
        .context(House { least_age: 18 })
        .validate(|guest, cx| {
            let least = cx.get::<House>()?.least_age;
            let refusal = Problem::rule("/age", format!("at least {least}"));
            if guest.age >= least { Ok(()) } else { Err(CheckError::from(refusal)) }
        })
        .check(async move |guest, _| {
            // A failed database ends the extraction, because the model cannot correct it.
            let room = bookings.room_of(&guest.name).await.map_err(CheckError::failed)?;
            match room {
                Some(_) => Ok(()),
                None => Err(CheckError::from(Problem::rule("/name", "a guest with a booking"))),
            }
        })
        .report()
        .await?;

    println!("{:#?}", done.value);
    for attempt in &done.ledger.attempts {
        println!("{attempt}");
    }
    Ok(())
}
