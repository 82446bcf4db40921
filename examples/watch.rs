//! Events of extractions, for a program: each attempt, each wait, the end with its costs.
//!
//! ```text
//! cargo run --example watch
//! ```
//!
//! `examples/otlp` exports traces.

use std::time::Duration;

use extract_llm::extraction::{Event, Listener};
use extract_llm::{Client, Error, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    name: String,
    #[extract(range(max = 120))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let listener = Listener::new(|event| match event {
        Event::Request { extraction, attempt, address, mode, .. } => {
            println!("extraction {extraction}, attempt {attempt}: asks {address} ({mode})");
        }
        Event::Wait { failure: Some(failure), wait, .. } => {
            println!("waits {wait:?} after {failure}");
        }
        Event::Attempt { extraction, attempt } => println!("extraction {extraction}: {attempt}"),
        Event::Done { extraction, type_name, ledger, error } => {
            let outcome = error.map_or("a value", |(kind, _)| kind);
            println!(
                "extraction {extraction} of {type_name}: {outcome} after {:.1?}",
                ledger.latency
            );
        }
        Event::Lost(events) => println!("{events} events were left out"),
        _ => {}
    });
    let client = Client::from_env()?;
    let texts =
        ["Maria Lopez is 34 years old.", "My neighbour Tom Hill, aged 51, repairs bicycles."];
    for text in texts {
        let extraction = client.extract::<Person>(text).on_event(&listener);
        let extraction = extraction.before_request(|next, settings| {
            // Headers and fields of the body can be added, too.
            settings.max_tokens = Some(if next.attempt == 1 { 100 } else { 200 });
        });
        if let Err(error) = extraction.await {
            println!("no value: {}", error.kind().name());
        }
    }
    listener.flush(Duration::from_secs(5)); // before the program ends
    Ok(())
}
