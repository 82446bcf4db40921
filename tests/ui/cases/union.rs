use extract_llm::Extract;

#[derive(Extract)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
