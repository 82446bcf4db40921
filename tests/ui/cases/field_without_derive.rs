use extract_llm::Extract;

struct Line {
    quantity: u8,
}

#[derive(Extract)]
struct Order {
    lines: Vec<Line>,
}

fn main() {}
