use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[serde(skip)]
    #[extract(range(min = 1), validate = positive)]
    quantity: u8,
}

fn positive(_: &u8) -> Result<(), String> {
    Ok(())
}

fn main() {}
