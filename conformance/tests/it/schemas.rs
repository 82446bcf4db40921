//! Runs real JSON Schemas with instances, and the JSON-Schema-Test-Suite. Every schema is accepted
//! or refused with a reason, keeps its names in every dialect, and its values come back unchanged.
//! Needs `EXTRACT_CASES_DIR`; without it the tests print a notice and pass.
//!
//! `EXTRACT_SCHEMAS_SHOW=name-lost` prints every schema with a finding of that class (`all` prints
//! all classes).

mod workers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use conformance::schemas::{Class, Finding};
use serde_json::Value;

/// Schemas that overflow 512 KB of stack or make the library panic. The goal is 0.
const ABORTS: usize = 0;

/// Schemas that are refused, with or without a reason.
const REFUSED: usize = 17;

/// Refusals whose text lacks a location (or limit) or a remedy. The goal is 0.
const REFUSED_WITHOUT_REASON: usize = 15;

/// Pairs of an accepted schema and a dialect that refuses it.
const REFUSED_BY_DIALECT: usize = 218;

/// Property names that a dialect drops without a note. The goal is 0.
const NAMES_LOST: usize = 509;

/// Constants that a dialect drops without a note. The goal is 0.
const VARIANTS_LOST: usize = 0;

/// Names that a dialect drops without a note and that no value can have.
const UNREACHABLE_LOST: usize = 5_457;

/// Values that the cases call valid and that the library's check refuses.
const VALID_DISPUTED: usize = 7;

/// Valid values that come back changed. The goal is 0.
const VALID_CHANGED: usize = 175;

/// Valid values that do not come back. The goal is 0.
const VALID_REFUSED: usize = 0;

/// Invalid values that are accepted unchanged. The goal is 0.
const INVALID_ACCEPTED: usize = 0;

/// Invalid values that are accepted as another value. The goal is 0.
const INVALID_CHANGED: usize = 0;

/// Invalid values that are accepted through a reported conversion of `docs/reading.md`.
const INVALID_CONVERTED: usize = 2_242;

/// Invalid nulls that are accepted as absent members, in dialects that write absence as null.
const INVALID_NULLS: usize = 85;

/// Lowered schemas longer than ten times their source. The goal is 0.
const OVERSIZE: usize = 0;

/// The minimum number of suite tests with the expected verdict.
const SUITE_AGREES: usize = 2_024;

/// The maximum number of findings per class for the real schemas.
const CEILINGS: &[(Class, usize)] = &[
    (Class::Abort, ABORTS),
    (Class::RefusedWithoutReason, REFUSED_WITHOUT_REASON),
    (Class::RefusedByDialect, REFUSED_BY_DIALECT),
    (Class::NameLost, NAMES_LOST),
    (Class::VariantLost, VARIANTS_LOST),
    (Class::UnreachableLost, UNREACHABLE_LOST),
    (Class::ValidDisputed, VALID_DISPUTED),
    (Class::ValidChanged, VALID_CHANGED),
    (Class::ValidRefused, VALID_REFUSED),
    (Class::InvalidAccepted, INVALID_ACCEPTED),
    (Class::InvalidChanged, INVALID_CHANGED),
    (Class::InvalidConverted, INVALID_CONVERTED),
    (Class::InvalidNull, INVALID_NULLS),
    (Class::Oversize, OVERSIZE),
];

/// Returns the lines of a file of schemas, or none without `EXTRACT_CASES_DIR`.
fn lines(file: &str) -> Vec<String> {
    let Some(folder) = env::var_os("EXTRACT_CASES_DIR").map(PathBuf::from) else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return Vec::new();
    };
    let text = fs::read_to_string(folder.join("schemas").join(file)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn count(findings: &[Vec<Finding>], class: Class) -> usize {
    findings.iter().flatten().filter(|finding| finding.class == class).count()
}

/// Returns the JSON name of a class.
fn name(class: Class) -> String {
    serde_json::to_value(class).unwrap().as_str().unwrap().to_owned()
}

/// Prints the findings of the class that `EXTRACT_SCHEMAS_SHOW` names.
fn show(lines: &[String], findings: &[Vec<Finding>]) {
    const MOST: usize = 3;
    let Ok(shown) = env::var("EXTRACT_SCHEMAS_SHOW") else { return };
    for (line, findings) in lines.iter().zip(findings) {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = match &case["id"] {
            Value::String(id) => id.clone(),
            _ => format!("{} / {} / {}", case["file"], case["group"], case["test"]),
        };
        let mut classes: BTreeMap<Class, Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            classes.entry(finding.class).or_default().push(finding);
        }
        for (class, findings) in classes {
            let class = name(class);
            if shown != "all" && shown != class {
                continue;
            }
            println!("{class}: {id}: {} findings", findings.len());
            for Finding { dialect, detail, .. } in findings.iter().take(MOST) {
                println!("    {dialect}: {}", detail.chars().take(400).collect::<String>());
            }
        }
    }
}

#[test]
fn real_schemas_lose_nothing() {
    let lines = lines("real.jsonl");
    if lines.is_empty() {
        return;
    }
    let findings = workers::examine("schemas", &lines);
    show(&lines, &findings);
    let mut beyond = Vec::new();
    for (class, ceiling) in CEILINGS {
        let found = count(&findings, *class);
        let of = |findings: &&Vec<Finding>| findings.iter().any(|one| one.class == *class);
        let schemas = findings.iter().filter(of).count();
        println!("{:<24}{found:>6} (at most {ceiling}) in {schemas} schemas", name(*class));
        if found > *ceiling {
            beyond.push(format!("{}: {found}, at most {ceiling} are known", name(*class)));
        }
    }
    let refused = count(&findings, Class::Refused) + count(&findings, Class::RefusedWithoutReason);
    println!("refused: {refused} (at most {REFUSED})");
    assert!(refused <= REFUSED, "{refused} schemas are refused");
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

#[test]
fn the_test_suite_agrees() {
    let lines = lines("test-suite.jsonl");
    if lines.is_empty() {
        return;
    }
    let findings = workers::examine("suite", &lines);
    show(&lines, &findings);
    let agrees = findings.iter().filter(|findings| findings.is_empty()).count();
    println!("{agrees} of {} tests agree (at least {SUITE_AGREES})", lines.len());
    assert!(agrees >= SUITE_AGREES, "{agrees} of {} tests agree", lines.len());
    assert_eq!(count(&findings, Class::Abort), 0, "a schema of the suite aborts the process");
}

#[test]
fn a_line_that_ends_the_process_is_reported_and_the_others_are_examined() {
    let fine = r#"{"schema": {"type": "object"}, "valid": [{}], "invalid": []}"#.to_owned();
    // Nested deeper than the line's JSON parser allows, so that the process exits with an error.
    let broken = "[".repeat(200);
    let findings = workers::examine("schemas", &[fine.clone(), broken, fine.clone(), fine]);
    let aborted: Vec<bool> =
        findings.iter().map(|one| one.iter().any(|one| one.class == Class::Abort)).collect();
    assert_eq!(aborted, [false, true, false, false], "{findings:?}");
}
