//! External schemas and instances: a valid instance comes back unchanged, and an invalid one is
//! refused or read as a fitting value that it may mean.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use extract_llm::Mode;
use extract_llm::dialect::Dialect;
use serde_json::Value;

use crate::breaking::breaks::Break;
use crate::breaking::invented;
use crate::breaking::meaning::Meaning;
use crate::breaking::send::{Setup, Transport};

const COUNTS: [&str; 7] = [
    "schemas refused",
    "valid, unchanged",
    "valid, CHANGED",
    "valid, REFUSED",
    "invalid, refused",
    "invalid, read right",
    "invalid, WRONG",
];

#[test]
fn real_instances_come_back_or_are_refused() {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join("schemas/real.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (next, counts) = (AtomicUsize::new(0), [const { AtomicUsize::new(0) }; 7]);
    let shown = std::env::var("EXTRACT_ORACLE_SHOW").ok().and_then(|most| most.parse().ok());
    let shown = shown.unwrap_or(20);
    let work = || {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
            for (count, words) in held(&serde_json::from_str(line).unwrap()) {
                let before = counts[count].fetch_add(1, Ordering::Relaxed);
                if ([2, 3, 6].contains(&count) && before < shown) || (shown > 99 && count == 5) {
                    eprintln!("{}: {words}\n", COUNTS[count]);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        [scope.spawn(work), scope.spawn(work)].map(|one| one.join().unwrap())
    });
    let counts = counts.map(AtomicUsize::into_inner);
    COUNTS.iter().zip(counts).for_each(|(name, count)| eprintln!("{name:24} {count:6}"));
    assert_eq!([counts[2], counts[3], counts[6]], [0; 3], "changed, refused, wrong");
}

/// Returns the outcomes of one schema, as indices of `COUNTS` with a description.
fn held(case: &Value) -> Vec<(usize, String)> {
    let (schema, id) = (&case["schema"], &case["id"]);
    let Some(row) = invented::row(schema, Vec::new()) else { return vec![(0, String::new())] };
    let dialect = &Dialect::JSON_SCHEMA;
    let setup = Setup { mode: Mode::Tools, dialect, transport: Transport::Whole };
    let Ok(form) = row.contract.lowered(dialect, dialect.enforced()) else {
        return vec![(0, String::new())];
    };
    let meaning = Meaning { row: &row, form: Some(form) };
    let validator = jsonschema::validator_for(schema).ok();
    let instances = |kind: &str| case[kind].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    // A few instances of the set do not fit their schemas.
    let fits = |instance: &Value| validator.as_ref().is_none_or(|one| one.is_valid(instance));
    for instance in instances("valid").into_iter().filter(fits) {
        let sent = meaning.sent(&instance).to_string();
        let answer = (row.ask)(&row.contract, &setup, &sent);
        found.push(match answer.value {
            Ok(read) if (row.same)(&read, &instance) => (1, String::new()),
            Ok(read) => (2, format!("{id}\n  sent {sent}\n  read {read}")),
            Err(refusal) => (3, format!("{id}\n  sent {sent}\n  {}", refusal.text)),
        });
    }
    for instance in instances("invalid") {
        let broken = Break::json(meaning.sent(&instance), "");
        let answer = (row.ask)(&row.contract, &setup, &broken.text);
        found.push(match answer.value {
            Ok(read) => {
                let valid = validator.as_ref().is_none_or(|validator| validator.is_valid(&read));
                let right = valid && meaning.allows(&broken, &read, &answer.repairs);
                let repairs = answer.repairs.join("; ");
                let words = format!("{id}\n  sent {}\n  read {read}\n  {repairs}", broken.text);
                (if right { 5 } else { 6 }, words)
            }
            Err(_) => (4, String::new()),
        });
    }
    found
}
