use extract_llm::Extract;

#[derive(Extract)]
struct Page<T> {
    items: Vec<T>,
}

struct Line;

#[derive(Extract)]
struct Order {
    lines: Page<Line>,
}

fn main() {}
