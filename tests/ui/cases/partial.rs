use extract_llm::Extract;
use extract_llm::partial::Partial;

#[derive(Extract)]
#[extract(partial = "no name")]
struct Quoted {
    a: String,
}

#[derive(Extract)]
#[extract(partial = other::Draft)]
struct Elsewhere {
    a: String,
}

#[derive(Extract)]
#[extract(partial = Draft, skip(Partial))]
struct Both {
    a: String,
}

fn foreign(partial: &Partial<u8>) -> u8 {
    **partial
}

fn main() {}
