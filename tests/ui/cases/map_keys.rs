use std::collections::{BTreeMap, HashMap};

use extract_llm::Extract;

#[derive(Extract)]
struct Board {
    pieces: BTreeMap<(u8, u8), String>,
    moves: Vec<Option<HashMap<Vec<u8>, u8>>>,
    names: BTreeMap<Option<String>, BTreeMap<u8, String>>,
}

#[derive(Extract)]
enum Change {
    Moved(HashMap<[u8; 2], u8>),
}

fn main() {}
