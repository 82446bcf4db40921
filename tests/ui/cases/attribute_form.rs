use extract_llm::Extract;

#[derive(Extract)]
#[extract]
struct Bare {
    #[extract = "email"]
    field: String,
}

#[derive(Extract)]
#[extract()]
struct Empty {
    #[extract(description)]
    described: String,
    #[extract(example)]
    shown: String,
    #[extract(email = true)]
    email: String,
}

fn main() {}
