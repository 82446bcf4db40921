use extract_llm::Extract;

#[derive(Extract)]
#[extract(garde(context = Limits), validator(with = Limits))]
struct Order {
    #[extract(garde)]
    quantity: u8,
}

struct Limits;

fn main() {}
