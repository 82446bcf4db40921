use extract_llm::Extract;

#[derive(Extract)]
#[extract(range(min = 1), email)]
struct Order {
    #[extract(name = "count")]
    quantity: u8,
}

#[derive(Extract)]
enum Status {
    #[extract(validate = is_paid)]
    Paid(u8),
}

fn main() {}
