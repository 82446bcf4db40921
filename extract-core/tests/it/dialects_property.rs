//! Properties of lowering over generated types and values: a lowered schema follows the dialect's
//! rules, every value of the type can be sent, and it comes back unchanged.

use crate::dialects::grammar::{Dice, Document};
use crate::dialects::rules;
use extract_core::contract::dialect::{Dialect, DialectError, Note, lower};
use proptest::prelude::*;
use serde_json::Value;

/// The number of types that one run lowered and refused.
#[derive(Default)]
struct Count {
    lowered: usize,
    refused: usize,
}

fn check(seed: u64, recursive: bool, count: &mut Count) {
    let mut dice = Dice::new(seed);
    let document = Document::roll(&mut dice, recursive);
    let schema = document.schema();
    let own = jsonschema::validator_for(&schema).unwrap();
    let values: Vec<Value> = (0..6).map(|_| document.value(&mut dice)).collect();
    for value in &values {
        assert!(own.is_valid(value), "seed {seed}: the grammar is wrong: {value} in {schema}");
    }
    for dialect in Dialect::ALL {
        let name = dialect.name();
        let lowered = match lower(&schema, dialect) {
            Ok(lowered) => lowered,
            Err(DialectError::Limit { .. } | DialectError::TooLarge { .. }) => {
                count.refused += 1;
                continue;
            }
            Err(error) => panic!("seed {seed}, {name}: {error}\n{schema}"),
        };
        count.lowered += 1;
        if let Err(broken) = rules::check(name, &lowered.schema) {
            panic!("seed {seed}, {name}: {broken}\n{schema}\n{}", lowered.schema);
        }
        let standard = rules::standard(&lowered.schema);
        let sent = jsonschema::validator_for(&standard).unwrap();
        for value in &values {
            let down = lowered.lower_value(value.clone());
            if let Err(error) = sent.validate(&down) {
                panic!("seed {seed}, {name}: {error}\n{schema}\n{standard}\n{value}\n{down}");
            }
            let up = lowered.restore(down.clone());
            assert!(own.is_valid(&up), "seed {seed}, {name}: {schema}\n{down}\n{up}");
            // In dialects that require every member, null stands both for null and for an absent
            // nullable member.
            // member.
            let told = |note: &Note| note.text.contains("cannot be told from null itself");
            let (up, value) = if lowered.notes.iter().any(told) {
                (without_nulls(up), without_nulls(value.clone()))
            } else {
                (up, value.clone())
            };
            assert_eq!(up, value, "seed {seed}, {name}:\n{schema}\n{standard}\n{down}");
        }
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, member)| !member.is_null());
            Value::Object(kept.map(|(name, member)| (name, without_nulls(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Returns 64 cases, or the number in `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(64);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn values_come_back_unchanged(seed in any::<u64>()) {
        check(seed, false, &mut Count::default());
    }

    #[test]
    fn recursive_values_come_back_unchanged(seed in any::<u64>()) {
        check(seed, true, &mut Count::default());
    }
}

#[test]
fn most_types_are_not_refused() {
    let mut count = Count::default();
    for seed in 0..60 {
        check(seed, false, &mut count);
    }
    assert!(count.refused * 20 < count.lowered, "{} of {}", count.refused, count.lowered);
}
