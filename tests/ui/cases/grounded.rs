use extract_llm::Extract;

#[derive(Extract)]
struct Review {
    #[extract(grounded)]
    happy: bool,
}

fn main() {}
