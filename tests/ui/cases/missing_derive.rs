use extract_llm::Extract;

struct Order {
    quantity: u8,
}

fn takes<T: Extract>() {}

fn main() {
    takes::<Order>();
    takes::<Vec<Order>>();
}
