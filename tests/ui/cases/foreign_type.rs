use std::net::SocketAddr;

use extract_llm::Extract;

fn takes<T: Extract>() {}

fn main() {
    takes::<SocketAddr>();
    takes::<Vec<SocketAddr>>();
}
