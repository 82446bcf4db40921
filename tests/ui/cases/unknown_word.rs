use extract_llm::Extract;

#[derive(Extract)]
#[extract(nme = "order")]
struct Order {
    #[extract(rnage(min = 1), emial)]
    quantity: u8,
    #[extract(colour = "red")]
    colour: String,
}

#[derive(Extract)]
enum Status {
    #[extract(descripton = "Paid in full.")]
    Paid,
}

fn main() {}
