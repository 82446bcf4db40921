use extract_llm::Extract;

#[derive(Extract)]
struct Page<T> {
    items: Vec<T>,
}

struct Line;

fn takes<T: Extract>() {}

fn main() {
    takes::<Page<u8>>();
    takes::<Page<Line>>();
}
