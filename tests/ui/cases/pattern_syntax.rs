use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(pattern("^[A-Z"))]
    class: String,
    #[extract(pattern("(a|b"))]
    group: String,
    #[extract(regex(pattern = "a)"))]
    end: String,
    #[extract(inner(pattern("*.txt")))]
    glob: Vec<String>,
    #[extract(pattern("^(?!x)[a-z]+$"))]
    fine: String,
}

fn main() {}
