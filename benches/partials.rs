//! Measures the typed partial value after each portion of a reply, beside one read of the whole
//! text. Read the figures as ratios within one run.
//!
//! ```text
//! cargo bench --bench partials
//! ```

#![expect(clippy::cast_precision_loss, reason = "sizes of replies are far below 2^52")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use extract_core::reading::Scanner;
use extract_llm::Extract;
use extract_llm::contract::Contract;
use extract_llm::partial::Live;
use serde_json::{Value, json};

#[derive(Debug, Extract)]
struct Report {
    title: String,
    summary: String,
    year: u16,
    authors: Vec<Author>,
    sections: Vec<Section>,
}

#[derive(Debug, Extract)]
struct Author {
    name: String,
    email: Option<String>,
}

#[derive(Debug, Extract)]
struct Section {
    heading: String,
    text: String,
    pages: u32,
    score: f64,
    kind: Kind,
    tags: Vec<String>,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Body,
    Appendix,
}

/// Returns a reply of about `bytes` bytes.
fn reply(bytes: usize) -> String {
    let section = |index: usize| {
        json!({
            "heading": format!("Part {index}: what was found"),
            "text": "It was seen that the yield grows with the depth, slowly at first. \"Soils\" \
                     of the second kind gave 12 percent more, and in dry years 20 percent.\n",
            "pages": index, "score": 0.125 * (index % 8) as f64, "kind": "body",
            "tags": ["soil", "yield", "depth"],
        })
    };
    let mut sections: Vec<Value> = Vec::new();
    let mut written = 300;
    while written < bytes {
        let next = section(sections.len());
        written += next.to_string().len() + 1;
        sections.push(next);
    }
    let report = json!({
        "title": "On depth", "summary": "Deeper is better, within bounds.", "year": 2024,
        "authors": [{"name": "Ada Field", "email": null}, {"name": "Bo Stone", "email": "b@x.org"}],
        "sections": sections,
    });
    report.to_string()
}

/// Returns the shortest time of `runs` runs, which is the least disturbed by other work.
fn best<R>(runs: usize, mut work: impl FnMut() -> R) -> Duration {
    let timed = |work: &mut dyn FnMut() -> R| {
        let begun = Instant::now();
        black_box(work());
        begun.elapsed()
    };
    (0..runs).map(|_| timed(&mut work)).min().unwrap_or_default()
}

/// Feeds the text in portions and reads the partial value after each of them. Returns a number that
/// depends on all values, so that the work is not optimised away.
fn follow<T: Extract>(live: &mut Live<T>, text: &str, portion: usize) -> usize {
    let mut seen = 0;
    let mut from = 0;
    while from < text.len() {
        let mut to = (from + portion).min(text.len());
        while !text.is_char_boundary(to) {
            to += 1;
        }
        live.feed(&text[from..to]);
        if live.take_changed() {
            seen += usize::from(black_box(live.partial()).is_whole());
        }
        from = to;
    }
    live.end();
    seen
}

/// Feeds the text to the scanner alone, with an empty sink. The difference to `follow` is the cost
/// of the values.
fn scan(text: &str, portion: usize) -> bool {
    let mut scanner = Scanner::new(());
    let mut from = 0;
    while from < text.len() {
        let mut to = (from + portion).min(text.len());
        while !text.is_char_boundary(to) {
            to += 1;
        }
        scanner.feed_str(&text[from..to]);
        from = to;
    }
    scanner.is_done()
}

/// Returns the slope of the least-squares fit through the logarithms of the points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / count, sum.1 + p.1 / count));
    let over: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    over / logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Returns the resident memory of this process in KiB, or `None` if `/proc` does not report it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn main() {
    let contract = Contract::of::<Report>().expect("a contract");
    let live = || Live::<Report>::new(contract.clone());
    print!("{:>9} {:>12} {:>22}", "bytes", "from_str::<T>", "from_str::<Value>");
    print!(" {:>22}", "scanner alone by 4");
    println!(" {:>22} {:>22} {:>22}", "by 4", "by 16", "by 64");
    let mut lines: [Vec<(f64, f64)>; 3] = Default::default();
    for bytes in [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20] {
        let text = reply(bytes);
        let runs = ((8 << 20) / text.len()).clamp(8, 2_000);
        let once = best(runs, || serde_json::from_str::<Report>(&text).expect("it is one"));
        print!("{:>9} {:>12.1?}", text.len(), once);
        let untyped = best(runs, || serde_json::from_str::<Value>(&text).expect("it is JSON"));
        let ratio = untyped.as_secs_f64() / once.as_secs_f64();
        print!(" {:>13.1?} {:>8}", untyped, format!("{ratio:.2}x"));
        let scanned = best(runs, || scan(&text, 4));
        let ratio = scanned.as_secs_f64() / once.as_secs_f64();
        print!(" {:>13.1?} {:>8}", scanned, format!("{ratio:.2}x"));
        for (line, portion) in lines.iter_mut().zip([4, 16, 64]) {
            let took = best(runs, || follow(&mut live(), &text, portion));
            line.push((text.len() as f64, took.as_secs_f64()));
            let ratio = took.as_secs_f64() / once.as_secs_f64();
            print!(" {:>13.1?} {:>7}", took, format!("{ratio:.2}x"));
        }
        println!();
    }
    let slopes: Vec<String> = lines.iter().map(|line| format!("{:.3}", slope(line))).collect();
    println!("log-log slopes by 4, 16, 64: {}", slopes.join(", "));

    let text = reply(16 << 10);
    let mut last = None;
    for round in 0..=4 {
        for _ in 0..if round == 0 { 100 } else { 2_500 } {
            black_box(follow(&mut live(), &text, 64));
        }
        let now = resident();
        println!("RSS after {:>6} streams: {:?} KiB", 100 + round * 2_500, now);
        last = now.or(last);
    }
}
