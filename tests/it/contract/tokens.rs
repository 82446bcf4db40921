//! The length of the two prompt forms of a schema, on three realistic types, in bytes and in
//! pieces. A piece is the unit that most tokenizers split text into before merging: a word with its
//! leading space, up to three digits, or a run of punctuation. It approximates a tokenizer closely
//! enough for a ratio.

use extract_llm::Extract;
use extract_llm::contract::Contract;

/// An invoice, as printed.
#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Invoice {
    /// Legal name of the seller.
    vendor: String,
    /// As on the paper, with all its zeros.
    number: String,
    issued: extract_llm::chrono::NaiveDate,
    due: Option<extract_llm::chrono::NaiveDate>,
    #[extract(length(equal = 3))]
    currency: String,
    #[extract(length(min = 1))]
    lines: Vec<InvoiceLine>,
    #[extract(range(min = 0.0))]
    total: f64,
    status: Status,
}

#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct InvoiceLine {
    text: String,
    #[extract(range(min = 1))]
    quantity: u32,
    unit_price: f64,
    /// Percent.
    tax: Option<f64>,
}

#[derive(Extract)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is of interest")]
enum Status {
    Open,
    /// Paid in full.
    Paid {
        on: extract_llm::chrono::NaiveDate,
    },
    Cancelled {
        reason: Option<String>,
    },
}

/// A person, from a CV.
#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Resume {
    name: String,
    #[extract(email)]
    email: Option<String>,
    phone: Option<String>,
    /// Newest first.
    jobs: Vec<Job>,
    schools: Vec<School>,
    skills: Vec<Skill>,
    languages: std::collections::BTreeMap<String, Level>,
}

#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Job {
    employer: String,
    title: String,
    from: String,
    /// Absent while it lasts.
    until: Option<String>,
    achievements: Vec<String>,
}

#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct School {
    name: String,
    degree: Option<String>,
    year: Option<u16>,
}

#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Skill {
    name: String,
    level: Level,
}

#[derive(Extract)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is of interest")]
enum Level {
    Basic,
    Good,
    Fluent,
}

/// A ticket of the help desk, sorted.
#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Ticket {
    /// One sentence.
    summary: String,
    urgency: Urgency,
    #[extract(length(min = 1, max = 5))]
    labels: Vec<String>,
    actions: Vec<Action>,
}

#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
enum Urgency {
    /// People cannot work.
    High,
    Medium,
    Low,
}

#[derive(Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is of interest")]
enum Action {
    /// Answer with a text of ours.
    Reply {
        text: String,
    },
    Assign {
        team: String,
        note: Option<String>,
    },
    Close,
}

fn pieces(text: &str) -> usize {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Letter,
        Digit,
        Space,
        Other,
    }
    let class = |c: char| match c {
        c if c.is_alphabetic() => Class::Letter,
        c if c.is_numeric() => Class::Digit,
        c if c.is_whitespace() => Class::Space,
        _ => Class::Other,
    };
    let (mut count, mut length, mut last) = (0, 0, Class::Space);
    for c in text.chars() {
        let class = class(c);
        // A single space belongs to the following piece.
        let joins = (class == last && !(class == Class::Digit && length == 3))
            || (last == Class::Space && length == 1 && class != Class::Space);
        if !joins {
            count += 1;
            length = 0;
        }
        length += 1;
        last = class;
    }
    count
}

#[test]
fn the_compact_form_is_much_shorter_than_json_schema() {
    for (contract, most) in [
        (Contract::of::<Invoice>().unwrap(), 0.65),
        (Contract::of::<Resume>().unwrap(), 0.65),
        (Contract::of::<Ticket>().unwrap(), 0.65),
    ] {
        let (compact, json) = (contract.prompt_schema(), contract.json_schema_text());
        let (few, many) = (pieces(compact), pieces(&json));
        println!(
            "{:8} compact {:4} bytes, {few:3} pieces; JSON Schema {:4} bytes, {many:3} pieces",
            contract.name(),
            compact.len(),
            json.len()
        );
        #[expect(clippy::cast_precision_loss, reason = "a ratio of small numbers")]
        let ratio = few as f64 / many as f64;
        assert!(ratio < most, "{}: {ratio:.2}\n{compact}\n{json}", contract.name());
    }
}
