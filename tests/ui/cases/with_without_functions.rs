use extract_llm::Extract;

struct Colour;

mod colour {}

#[derive(Extract)]
struct Paint {
    #[extract(with = colour)]
    wall: Colour,
}

fn main() {}
