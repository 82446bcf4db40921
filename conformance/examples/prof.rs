use extract_core::contract::Shape;
use extract_core::reading::*;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let shape = Shape::compile(
        &serde_json::from_str(&std::fs::read_to_string(std::env::args().nth(2).unwrap()).unwrap())
            .unwrap(),
    )
    .unwrap();
    let mode = std::env::args().nth(3).unwrap();
    let t = std::time::Instant::now();
    for _ in 0..300 {
        match mode.as_str() {
            "read" => {
                std::hint::black_box(read(&text, &shape, Level::Lenient).ok());
            }
            "scan" => {
                let mut s = Scanner::new(());
                s.feed_str(&text);
                std::hint::black_box(s.finish().ok());
            }
            "serde" => {
                std::hint::black_box(serde_json::from_str::<serde_json::Value>(&text).ok());
            }
            _ => {
                let mut i = Incremental::new(Reader::new(&shape));
                for c in text.as_bytes().chunks(4) {
                    i.feed(c);
                }
                std::hint::black_box(i.finish().ok());
            }
        }
    }
    println!("{mode}: {:?}", t.elapsed() / 300);
}
