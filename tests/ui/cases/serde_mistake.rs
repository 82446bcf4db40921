use extract_llm::Extract;

#[derive(Extract)]
#[serde(rename_all = "camelcase")]
struct Order {
    #[serde(renme = "count")]
    quantity: u8,
    #[schemars(rnge(min = 1))]
    boxes: u8,
}

fn main() {}
