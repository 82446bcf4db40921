//! A long history, fitted to a number of tokens before it is sent.
//!
//! ```text
//! cargo run --example fit_history [MAX_TOKENS]
//! ```

use extract_llm::{Client, Conversation, Extract, Message};

/// The last order of the customer.
#[derive(Debug, Extract)]
struct Order {
    /// The kind of goods, such as chairs.
    item: String,
    /// How many pieces.
    #[extract(range(min = 1))]
    pieces: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let max_tokens = match std::env::args().nth(1) {
        Some(tokens) => tokens.parse()?,
        None => 120,
    };
    let mut messages = vec![Message::system("The messages are orders of one customer.")];
    for (pieces, item) in (2..40).zip(["tables", "lamps", "shelves"].into_iter().cycle()) {
        messages.push(Message::user(format!("Please send {pieces} {item}.")));
        messages.push(Message::assistant(format!("{pieces} {item} are noted.")));
    }
    messages.push(Message::user("And 7 chairs, please. That is my last order."));
    let history = Conversation::from(messages);
    println!("the history has about {} tokens", history.approximate_tokens());

    let fitted = history.fit(max_tokens)?;
    println!(
        "{} messages are kept with about {} tokens, {} are left out",
        fitted.conversation.messages().len(),
        fitted.tokens,
        fitted.left_out
    );

    let client = Client::from_env()?;
    let count = client.extract::<Order>(&fitted.conversation).count_tokens().await?;
    println!("the request has {} tokens ({:?})", count.tokens, count.source);
    let order: Order = client.extract(fitted.conversation).await?;
    println!("{order:?}");
    Ok(())
}
