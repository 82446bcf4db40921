use extract_llm::Extract;

#[derive(Extract)]
#[extract(garde, validator)]
struct Order {
    quantity: u8,
}

fn main() {}
