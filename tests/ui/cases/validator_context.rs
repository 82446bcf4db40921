use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(validate_with = without_context)]
    quantity: u8,
}

fn without_context(quantity: &u8) -> Result<(), String> {
    if *quantity > 0 { Ok(()) } else { Err("more than none".into()) }
}

fn main() {}
