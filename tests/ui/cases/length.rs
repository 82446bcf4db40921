use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(length(equal = 3, max = 4))]
    both: String,
    #[extract(length(min = -1))]
    negative: String,
    #[extract(length(exact = 3))]
    unknown: String,
    #[extract(length(min = 4))]
    array: [u8; 3],
    #[extract(inner(length(equal = 2)))]
    arrays: Vec<[u8; 3]>,
}

fn main() {}
