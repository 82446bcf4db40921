use extract_llm::Extract;

#[derive(Extract)]
#[serde(tag = "kind", content = "kind")]
enum Shape {
    Circle { radius: f64 },
}

fn main() {}
