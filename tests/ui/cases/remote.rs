use extract_llm::Extract;

mod other {
    pub struct Foreign {
        pub field: u8,
    }
}

#[derive(Extract)]
#[serde(remote = "other::Foreign")]
struct Definition {
    field: u8,
}

fn main() {}
