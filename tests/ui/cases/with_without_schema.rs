use extract_llm::Extract;

mod seconds {}

struct Colour;

mod colour {
    pub(super) mod hex {}
}

#[derive(Extract)]
struct Paint {
    #[serde(with = "colour::hex")]
    wall: Colour,
    #[serde(default, with = "seconds")]
    drying: std::time::Duration,
}

fn main() {}
