use extract_llm::Extract;

#[derive(serde::Deserialize, Extract)]
struct Order {
    quantity: u8,
}

fn main() {}
