use extract_llm::Extract;

#[derive(Extract)]
#[serde(tag = "type")]
struct Order {
    r#type: String,
    id: u32,
}

#[derive(Extract)]
#[serde(tag = "kind")]
enum Shape {
    Circle {
        #[serde(alias = "kind")]
        form: String,
    },
    Line(Vec<f64>),
    Text(String),
    Size(Option<u32>),
    Nothing(()),
}

fn main() {}
