use extract_llm::Extract;

#[derive(Extract)]
enum Status {
    #[serde(skip)]
    Open,
    #[serde(skip_deserializing)]
    Paid(String),
}

fn main() {}
