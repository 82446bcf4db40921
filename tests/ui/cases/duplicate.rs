use extract_llm::Extract;

#[derive(Extract)]
#[extract(name = "order", description = "An order.")]
#[extract(name = "purchase")]
struct Order {
    #[extract(description = "How many.", description = "The count.")]
    quantity: u8,
    #[extract(range(min = 1), range(max = 9))]
    boxes: u8,
}

fn main() {}
