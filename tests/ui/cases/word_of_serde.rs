use extract_llm::Extract;

#[derive(Extract)]
#[extract(rename_all = "camelCase")]
struct Order {
    #[extract(rename = "count")]
    quantity: u8,
    #[extract(flatten, skip)]
    rest: String,
}

fn main() {}
