use extract_llm::Extract;

#[derive(Extract)]
struct Address {
    city: String,
}

#[derive(Extract)]
struct Order {
    #[serde(flatten)]
    #[extract(length(min = 1), description = "Where to.")]
    address: Address,
}

fn main() {}
