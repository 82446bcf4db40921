use extract_llm::Extract;

#[derive(schemars::JsonSchema, Extract)]
#[extract(skip(JsonSchema), name = "order", description = "An order.")]
struct Order {
    #[extract(range(min = 1), description = "How many.")]
    quantity: u8,
}

fn main() {}
