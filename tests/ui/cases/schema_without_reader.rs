use extract_llm::Extract;

struct Colour;

#[derive(Extract)]
struct Paint {
    #[schemars(with = "String")]
    wall: Colour,
}

fn main() {}
