use extract_llm::Extract;

#[derive(Extract)]
#[extract(skip(Serialize))]
struct Other {}

#[derive(Extract)]
#[extract(skip)]
struct Bare {}

#[derive(Extract)]
#[extract(skip = Deserialize)]
struct Value {}

fn main() {}
