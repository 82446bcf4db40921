//! Draws a form in the terminal that fills in while the model writes:
//!
//! ```text
//! cargo run --example live_form
//! ```

use std::io::{Write, stdout};

use extract_llm::{Client, Error, Extract};

/// A ticket of a help desk.
#[derive(Debug, Extract)]
struct Ticket {
    /// Name of the writer.
    name: String,
    /// One line that says what is wrong.
    title: String,
    /// How often it happened.
    #[extract(range(max = 100))]
    times: Option<u8>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let text = "My name is Maria Lopez. The printer printed blank pages three times today.";

    let mut stream = client.extract::<Ticket>(text).max_tokens(200).stream();
    let mut lines = 0;
    while let Some(partial) = stream.next().await {
        let ticket: &TicketPartial = partial?;
        // Erase the lines drawn before.
        print!("{}", "\x1b[1A\x1b[2K".repeat(lines));
        println!("name   {}", *ticket.name);
        println!("title  {}", *ticket.title);
        println!("times  {:?}", ticket.times.whole().flatten());
        lines = 3;
        let _ = stdout().flush();
    }
    let ticket = stream.finish().await?;
    println!("checked: {ticket:#?}");
    Ok(())
}
