//! Writes tickets of customers as JSON Lines: the same ones at each run, and each one different.
//!
//! ```text
//! cargo run -p extract-cli --example tickets -- 500 > tickets.jsonl
//! extract-llm run --schema extract-cli/examples/ticket.schema.json < tickets.jsonl > values.jsonl
//! ```

use std::io::{self, Write as _};

use serde_json::json;

const PRODUCTS: [&str; 24] = [
    "kettle",
    "desk lamp",
    "garden hose",
    "rain jacket",
    "coffee grinder",
    "bicycle pump",
    "pillow",
    "bread knife",
    "alarm clock",
    "shower curtain",
    "tent",
    "keyboard",
    "rice cooker",
    "hiking boots",
    "picture frame",
    "vacuum cleaner",
    "radio",
    "cutting board",
    "wool blanket",
    "water filter",
    "toaster",
    "suitcase",
    "door lock",
    "camping stove",
];

const GREETINGS: [&str; 8] = [
    "Hello,",
    "Good morning,",
    "Hi there,",
    "Dear team,",
    "To whom it may concern,",
    "Hey,",
    "",
    "Good evening,",
];

const OPENINGS: [&str; 8] = [
    "I bought the {} two weeks ago.",
    "My {} arrived yesterday.",
    "This is about the {} that I ordered for my mother.",
    "We have had your {} at home since the spring.",
    "I am writing because of the {}.",
    "The {} was a present for my neighbour.",
    "Last month you sent me a {}.",
    "Yesterday I unpacked the {}.",
];

const EVENTS: [&str; 16] = [
    "It stopped working after the third day.",
    "It works better than I had hoped, and everyone here likes it.",
    "One part was missing from the box.",
    "The colour is not the one in the picture.",
    "It is exactly what we were looking for.",
    "It makes a loud noise whenever I switch it on.",
    "The manual is only in Finnish, which nobody here reads.",
    "It broke when I picked it up, and I nearly hurt my hand.",
    "I was charged twice for it.",
    "I would like to know whether spare parts are sold.",
    "The parcel was wet, and so was everything in it.",
    "Could you tell me how to clean it?",
    "It came a day early, well packed and with a friendly note.",
    "It is too small for what I need.",
    "I still have no invoice for it.",
    "After one wash it looks ten years old.",
];

const WISHES: [&str; 12] = [
    "Please send me a new one.",
    "I need an answer today, as we leave tomorrow morning.",
    "There is no hurry.",
    "I want my money back at once!",
    "Thank you for your help.",
    "This is the third time that I write to you, and I have had enough.",
    "Have a nice weekend.",
    "Please call me within the hour.",
    "I will order again.",
    "Whenever you find the time is fine.",
    "Otherwise I will go to my lawyer.",
    "Keep up the good work!",
];

const NAMES: [&str; 10] =
    ["Ines", "Tomasz", "Aoife", "Bram", "Chidi", "Freya", "Hiro", "Leila", "Mateo", "Zora"];

/// Numbers that look like chance and are the same at each run.
struct Numbers(u64);

impl Numbers {
    /// Returns a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }

    fn one<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

fn ticket(number: usize, numbers: &mut Numbers) -> String {
    let product = numbers.one(&PRODUCTS);
    let greeting = numbers.one(&GREETINGS);
    let opening = numbers.one(&OPENINGS).replace("{}", product);
    let mut sentences = vec![greeting.to_owned(), opening];
    let first = numbers.below(EVENTS.len());
    sentences.push(EVENTS[first].to_owned());
    if numbers.below(3) == 0 {
        let second = (first + 1 + numbers.below(EVENTS.len() - 1)) % EVENTS.len();
        sentences.push(EVENTS[second].to_owned());
    }
    if numbers.below(2) == 0 {
        sentences
            .push(format!("My order has the number {}-{number:04}.", 100 + numbers.below(900)));
    }
    sentences.push(numbers.one(&WISHES).to_owned());
    sentences.push(format!("– {}", numbers.one(&NAMES)));
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

fn main() -> io::Result<()> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(500);
    let mut numbers = Numbers(20_261_129);
    let mut stdout = io::stdout().lock();
    for number in 1..=count {
        let text = ticket(number, &mut numbers);
        writeln!(stdout, "{}", json!({"id": format!("T-{number:04}"), "text": text}))?;
    }
    Ok(())
}
