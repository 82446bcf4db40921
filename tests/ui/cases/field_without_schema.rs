use std::num::Saturating;

use extract_llm::Extract;

#[derive(Extract)]
struct Server {
    connections: Saturating<u8>,
}

fn main() {}
