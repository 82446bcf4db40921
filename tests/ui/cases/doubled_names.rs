use extract_llm::Extract;

#[derive(Extract)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: u32,
    #[serde(rename = "id")]
    number: u32,
    #[serde(alias = "id")]
    reference: String,
    #[serde(skip)]
    #[serde(rename = "id")]
    skipped: u8,
}

#[derive(Extract)]
enum Change {
    Made,
    #[serde(rename = "Made")]
    Done {
        at: u8,
        #[serde(rename = "at")]
        on: u8,
    },
}

fn main() {}
