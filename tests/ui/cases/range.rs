use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(range)]
    bare: u8,
    #[extract(range())]
    empty: u8,
    #[extract(range(minimum = 1))]
    unknown: u8,
    #[extract(range(mix = 1))]
    close: u8,
    #[extract(range(min = 9, max = 1))]
    reversed: u8,
    #[extract(range(min = 1, min = 2))]
    twice: u8,
    #[extract(range(1, 2))]
    unnamed: u8,
    #[extract(multiple_of = 0)]
    zero: u8,
    #[extract(multiple_of(5))]
    list: u8,
}

fn main() {}
