use extract_llm::Extract;

#[derive(Extract)]
#[extract(validate)]
struct Order {
    #[extract(validate = |n| *n > 0)]
    quantity: u8,
    #[extract(validate = )]
    boxes: u8,
    #[extract(validate(positive))]
    pieces: u8,
    #[extract(validate_with)]
    with_context: u8,
}

fn main() {}
