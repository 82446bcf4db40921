use extract_llm::{Client, Extract};
use std::rc::Rc;

#[derive(Extract)]
struct Order {
    quantity: u8,
}

async fn pause() {}

fn main() {
    let client = Client::new("openai/gpt-6-luna").unwrap();
    let _ = client.extract::<Order>("two").check(async |order, _| {
        let shared = Rc::new(order.quantity);
        pause().await;
        if *shared > 0 { Ok(()) } else { Err("more than none") }
    });
}
