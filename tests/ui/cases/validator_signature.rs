use extract_llm::Extract;

#[derive(Extract)]
#[extract(validate = adds_up)]
struct Order {
    #[extract(validate = positive)]
    quantity: u8,
    #[extract(validate = missing)]
    boxes: u8,
}

fn positive(quantity: &u8) -> bool {
    *quantity > 0
}

fn adds_up(_: &u8) -> Result<(), String> {
    Ok(())
}

fn main() {}
