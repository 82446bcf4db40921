use extract_llm::Extract;

struct Colour;

mod colour {}

#[derive(Extract)]
struct Paint {
    #[extract(with = colour, schema_with = schema)]
    #[serde(deserialize_with = "colour::deserialize")]
    both: Colour,
    #[extract(with)]
    bare: Colour,
    #[extract(schema_with = 3)]
    number: Colour,
}

fn main() {}
