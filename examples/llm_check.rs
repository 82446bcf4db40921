//! A model that checks another model's answer, on a real model and without a key.
//!
//! ```text
//! cargo run --example llm_check
//! ```
//!
//! Both are the embedded model here, which is too small to judge well. It may reject every answer,
//! and the program shows the result of that. With `EXTRACT_MODEL` and `JUDGE_MODEL` set to
//! `provider/model`, a small model judges a larger one.

use extract_llm::{Client, Error, Extract, llm_check};

/// An answer to a customer's mail.
#[derive(Debug, Extract)]
struct Answer {
    /// The answer to the customer, in one or two sentences.
    #[extract(length(max = 160))]
    reply: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let judge = match std::env::var("JUDGE_MODEL") {
        Ok(model) => Client::new(&model)?,
        Err(_) => client.clone(),
    };
    let mail = "A customer asks for red chairs. Write that they are sold out until May.";

    let polite = llm_check(&judge, "is polite to the customer").at("/reply");
    let asked =
        client.extract::<Answer>(mail).validation_retries(1).llm_check(polite).report().await;

    match asked {
        Ok(done) => {
            println!("{}", done.value.reply);
            for attempt in done.ledger.attempts.iter().chain(&done.ledger.judgements) {
                println!("{attempt}");
            }
            println!("{} tokens, the judge's included", done.ledger.usage().total_tokens());
        }
        Err(error) => {
            println!("There is no answer: {error}\n{}", error.ledger());
        }
    }
    Ok(())
}
