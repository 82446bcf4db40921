use extract_llm::Extract;

#[derive(Extract)]
#[extract(grounded)]
struct Review {
    #[extract(grounded = true)]
    author: String,
    #[serde(skip)]
    #[extract(grounded)]
    skipped: String,
}

fn main() {}
