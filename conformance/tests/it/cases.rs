//! Scores the reader on the cases in the folder that `EXTRACT_CASES_DIR` names (JSON lines, one
//! file per suite), and prints a table. Without the variable it prints a notice and passes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use conformance::{Answer, Question, answer};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the cases")]
struct Case {
    #[serde(flatten)]
    question: Question,
    #[serde(default)]
    expected: Value,
    #[serde(default)]
    expect_error: bool,
    #[serde(default)]
    expected_unstated: bool,
    #[serde(default)]
    raw_only: bool,
    #[serde(default)]
    no_json_found: bool,
    #[serde(default)]
    non_json_value: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    right: usize,
    all: usize,
}

impl Tally {
    fn share(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand cases")]
        if self.all == 0 { 1.0 } else { self.right as f64 / self.all as f64 }
    }
}

/// The minimum share of right answers per suite, as (finals, partials). Suites whose cases have
/// schemas must also reject all must-reject cases, where stated below.
const HELD: [(&str, f64, f64); 8] = [
    ("baml", 0.97, 0.7),
    ("baml_newer", 0.9, 0.9),
    ("jiter_partial", 0.9, 0.95),
    ("json_repair", 0.85, 0.9),
    ("jsonrepair_js", 0.95, 0.9),
    ("langchain_partial", 0.95, 0.95),
    ("pydantic_partial", 0.95, 0.95),
    ("vercel_fixjson", 0.9, 0.9),
];

/// Rows whose value the reader refuses by its rules (docs/reading.md), with the reasons. For these
/// rows a refusal is the right answer.
const REFUSED: [(&str, &str); 9] = [
    ("baml/test_basics/test_invalid_array_in_object", "the text ends in a number"),
    ("baml/test_class/test_recursive_type_missing_brackets_and_quotes", "the text ends in words"),
    (
        "baml/test_class/test_recursive_type_with_union_missing_brackets_and_quotes",
        "the text ends in words",
    ),
    ("baml/test_enum/test_enum_from_string", "a name of two letters in a longer text"),
    ("baml/test_lists/test_list_streaming_2", "the text ends in a number"),
    (
        "baml/test_literals/test_union_literal_with_multiple_types_from_object",
        "`status` is no known wrapper",
    ),
    ("baml/test_maps/test_unterminated_map", "the text ends in a string"),
    (
        "json_repair/test_schema_guided_parse/test_schema_pydantic_model_keeps_literal_fenced_snippet_cases[bare-next-key]#2",
        "the end of the string cannot be decided",
    ),
    (
        "json_repair/test_schema_guided_parse/test_schema_pydantic_model_keeps_literal_fenced_snippet_cases[inline-quoted-prose]#1",
        "the end of the string cannot be decided",
    ),
];

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn each_suite_reaches_its_minimum_score() {
    let Some(folder) = env::var_os("EXTRACT_CASES_DIR").map(PathBuf::from) else {
        eprintln!("EXTRACT_CASES_DIR is not set: no cases to score");
        return;
    };
    let verbose = env::var_os("EXTRACT_CASES_SHOW").is_some();
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("lenient"))
        .expect("the folder of cases can be listed")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"))
        .collect();
    assert!(!files.is_empty(), "there are no cases in {}", folder.display());
    files.sort();
    println!("{:<22}{:>14}{:>16}{:>16}", "suite", "final", "partial", "must reject");
    let mut failed = Vec::new();
    for file in files {
        let suite = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a file of cases is text");
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case: Case = serde_json::from_str(line).expect("a case is JSON");
            if case.expected_unstated || case.raw_only || case.no_json_found || case.non_json_value
            {
                continue;
            }
            let group = if case.expect_error {
                "reject"
            } else if case.question.kind.starts_with("partial") {
                "partial"
            } else {
                "final"
            };
            let given = answer(&case.question);
            let refused = REFUSED.iter().any(|(id, _)| case.question.id == *id);
            let right = match &given {
                Answer::Ok { ok, .. } => !case.expect_error && same(ok, &case.expected),
                Answer::Err { .. } => case.expect_error || refused,
            };
            assert!(!refused || right, "{} is refused by the reading rules", case.question.id);
            let tally = tallies.entry(group).or_default();
            tally.all += 1;
            tally.right += usize::from(right);
            if !right && verbose {
                let given = serde_json::to_string(&given).unwrap_or_default();
                println!("✗ {} {} {}", case.question.id, case.question.kind, case.question.options);
                println!(
                    "    in   {}",
                    Value::from(case.question.input.chars().take(300).collect::<String>())
                );
                println!(
                    "    want {}{}",
                    if case.expect_error { "ERROR " } else { "" },
                    case.expected.to_string().chars().take(300).collect::<String>()
                );
                println!("    got  {}", given.chars().take(400).collect::<String>());
            }
        }
        let cell = |group: &str| {
            let tally = tallies.get(group).copied().unwrap_or_default();
            if tally.all == 0 {
                "–".to_owned()
            } else {
                format!("{}/{} {:.1}%", tally.right, tally.all, 100.0 * tally.share())
            }
        };
        println!("{suite:<22}{:>14}{:>16}{:>16}", cell("final"), cell("partial"), cell("reject"));
        if let Some((_, finals, partials)) = HELD.iter().find(|(name, ..)| *name == suite) {
            let share = |group| tallies.get(group).copied().unwrap_or_default().share();
            if share("final") < *finals || share("partial") < *partials {
                failed.push(suite);
            }
        }
    }
    assert!(failed.is_empty(), "below the minimum: {failed:?}");
}
