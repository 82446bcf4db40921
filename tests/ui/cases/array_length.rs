use extract_llm::Extract;

const LENGTH: usize = 64;

#[derive(Extract)]
struct Order {
    bytes: [u8; LENGTH],
}

fn main() {}
