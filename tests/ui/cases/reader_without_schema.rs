use extract_llm::Extract;

struct Colour;

fn read<'de, D: serde::Deserializer<'de>>(_: D) -> Result<Colour, D::Error> {
    Ok(Colour)
}

#[derive(Extract)]
struct Paint {
    #[serde(deserialize_with = "read")]
    wall: Colour,
}

fn main() {}
