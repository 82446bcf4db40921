use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(pattern)]
    bare: String,
    #[extract(pattern("^a"), contains("b"))]
    two: String,
    #[extract(email, url)]
    formats: String,
    #[extract(regex(path = RE))]
    path: String,
}

fn main() {}
