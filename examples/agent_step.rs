//! An agent, one step at a time: the model calls your tools until it can return the value. The
//! arguments of every call are checked before you see them.
//!
//! ```text
//! cargo run --example agent_step
//! ```

use extract_llm::{Client, Conversation, Error, Extract, Step, UserTool};

/// Looks up how many of an article are in stock.
#[derive(Debug, Extract)]
struct Stock {
    /// The article's name, such as `chair`.
    article: String,
}

/// The answer to the customer.
#[derive(Debug, Extract)]
struct Answer {
    article: String,
    in_stock: u32,
}

/// The maximum number of steps with tools. After them the model must answer.
const STEPS: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let tools = [UserTool::of::<Stock>()?.named("look_up_stock")];
    let mut conversation = Conversation::from("How many chairs are in stock?");

    for number in 1..=STEPS {
        let step = client
            .extract::<Answer>(&conversation)
            .system("Look the stock up before you answer.")
            .tools(tools.clone())
            .step();
        match step.await? {
            Step::Value(report) => {
                println!("step {number}: {:?}", report.value);
                return Ok(());
            }
            Step::Calls(calls) => {
                conversation = calls.resume(|call| {
                    println!("step {number}: {} {}", call.name(), call.arguments);
                    let stock: Stock = call.parse().map_err(|error| error.to_string())?;
                    Ok(format!("{} of the article {} are in stock.", 7, stock.article))
                });
            }
        }
    }
    // The steps are used up: ask for the value alone.
    let answer: Answer = client.extract(&conversation).await?;
    println!("in the end: {answer:?}");
    Ok(())
}
