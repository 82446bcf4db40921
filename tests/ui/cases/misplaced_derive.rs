use extract_llm::Extract;

#[derive(Extract)]
fn order() {}

#[extract(name = "order")]
struct Order;

fn main() {}
