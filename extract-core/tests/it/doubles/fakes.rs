//! Made-up data for many types, valid and with flaws.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use extract_llm::scripted::{Fake, Flaw};
use extract_llm::{Client, ErrorKind, Extract, Quote};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Extract)]
struct Invoice {
    #[extract(length(min = 3, max = 20))]
    vendor: String,
    #[extract(range(min = 0.5, max = 99.5))]
    total: f64,
    #[extract(length(min = 1, max = 4))]
    lines: Vec<Line>,
    status: Status,
    note: Option<String>,
    #[extract(pattern("^[A-Z]{2}-[0-9]{4,6}$"))]
    number: String,
    #[extract(email)]
    contact: String,
}

#[derive(Debug, Clone, PartialEq, Extract)]
#[serde(deny_unknown_fields)]
struct Line {
    text: String,
    #[extract(range(min = 1, max = 9))]
    count: u8,
}

#[derive(Debug, Clone, PartialEq, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Status {
    Open,
    Paid { on: String, by: Payment },
}

#[derive(Debug, Clone, PartialEq, Extract)]
enum Payment {
    Cash,
    Card(String, u16),
    Transfer { iban: String },
}

#[derive(Debug, Clone, PartialEq, Extract)]
struct Tree {
    name: String,
    left: Option<Box<Tree>>,
    children: Vec<Tree>,
}

#[derive(Debug, Clone, PartialEq, Extract)]
#[serde(untagged)]
enum Amount {
    Number(i32),
    Text { text: String },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Extract)]
enum Color {
    Red,
    Green,
    Blue,
}

/// Extracts values with many seeds. Each must be read at the first answer. Appends those that were not.
async fn check<T: Extract + std::fmt::Debug + Send>(faults: &mut Vec<String>) {
    for seed in 0..25 {
        let client = Client::builder().validation_retries(0).with_model(Fake::seeded(seed));
        let text = "Acme sold seven lamps to Maria in Rome.";
        let whole = client.extract::<T>(text).await.err();
        let streamed = client.extract::<T>(text).stream().finish().await.err();
        let name = std::any::type_name::<T>();
        for error in whole.into_iter().chain(streamed) {
            faults.push(format!("{name}, seed {seed}: {error}"));
        }
    }
}

#[tokio::test]
async fn data_fit_every_kind_of_type() {
    let mut faults = Vec::new();
    let all = &mut faults;
    check::<Invoice>(all).await;
    check::<Vec<Invoice>>(all).await;
    check::<Tree>(all).await;
    check::<Amount>(all).await;
    check::<Vec<Amount>>(all).await;
    check::<Payment>(all).await;
    check::<Option<Color>>(all).await;
    check::<BTreeSet<Color>>(all).await;
    check::<BTreeMap<Color, Line>>(all).await;
    check::<HashMap<u16, Option<f32>>>(all).await;
    check::<BTreeMap<String, Vec<bool>>>(all).await;
    check::<(u8, String, Option<Color>)>(all).await;
    check::<[i16; 3]>(all).await;
    check::<(i8, i64, u64, i128, u128, usize)>(all).await;
    check::<char>(all).await;
    check::<std::time::Duration>(all).await;
    check::<std::net::IpAddr>(all).await;
    check::<std::num::NonZeroU8>(all).await;
    check::<Value>(all).await;
    check::<Quote>(all).await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test]
async fn the_seed_and_the_input_decide() {
    let of = async |seed: u64, input: &str| {
        Client::with_model(Fake::seeded(seed)).extract::<Invoice>(input).await.unwrap()
    };
    let one = of(7, "A lamp for Maria.").await;
    assert_eq!(of(7, "A lamp for Maria.").await, one);
    assert_ne!(of(8, "A lamp for Maria.").await, one);
    assert_ne!(of(7, "A chair for Tom.").await, one);
}

#[tokio::test]
async fn each_flaw_is_rejected_once_and_corrected() {
    for flaw in Flaw::ALL {
        for seed in 0..20 {
            let fake = Fake::seeded(seed).flaws([flaw]);
            let client = Client::with_model(fake.clone());
            let done = client.extract::<Vec<Invoice>>("Acme sold lamps.").report().await;
            match flaw {
                Flaw::Refusal => {
                    let error = done.unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::Refused { .. }), "{error}");
                }
                Flaw::Truncated => {
                    let is_second = done.map_or(1, |done| done.ledger.attempts.len()) > 1;
                    let is_reported = fake.seen().len() == 1;
                    assert!(is_second || is_reported);
                }
                _ => {
                    let done = done.unwrap_or_else(|error| panic!("{flaw:?} {seed}: {error}"));
                    assert_eq!(done.ledger.attempts.len(), 2, "{flaw:?} {seed}: {:?}", done.value);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_rate_makes_a_share_of_answers_invalid() {
    let client = Client::builder().validation_retries(0);
    let client = client.with_model(Fake::seeded(1).flaw_rate(Flaw::WrongType, 0.3));
    let mut failed = 0;
    for row in 0..200 {
        failed += usize::from(client.extract::<Line>(format!("Row {row}")).await.is_err());
    }
    assert!((30..90).contains(&failed), "{failed} of 200");
}

#[tokio::test]
async fn impossible_requests_are_refused() {
    #[derive(Debug, Extract)]
    struct Plain {
        name: String,
    }
    let fake = Fake::seeded(1).flaws([Flaw::UnknownVariant]);
    let error = Client::with_model(fake).extract::<Plain>("Maria").await.unwrap_err();
    assert!(error.to_string().contains("no place for UnknownVariant"), "{error}");

    let schema = json!({"type": "object", "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^(?=a)b"}}});
    let error = Client::with_model(Fake::seeded(1)).extract_value(&schema, "a").await.unwrap_err();
    assert!(error.to_string().contains("is not supported"), "{error}");
}
