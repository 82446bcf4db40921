use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(inner)]
    bare: Vec<u8>,
    #[extract(inner(description = "One."))]
    other: Vec<u8>,
    #[extract(inner(rang(min = 1)))]
    close: Vec<u8>,
}

fn main() {}
