use extract_llm::Extract;

fn orders() {
    #[derive(Extract)]
    enum Status {
        Open,
    }

    #[derive(Extract)]
    enum Status {
        Paid,
    }
}

fn main() {}
