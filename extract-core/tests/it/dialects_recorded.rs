//! Strict schemas that providers accepted or refused in recordings. The recordings are not part of
//! this repository: `EXTRACT_CASES_DIR` names the folder that holds `recordings/*.jsonl`.

use crate::dialects::rules;
use std::collections::BTreeSet;
use std::path::PathBuf;

use extract_core::contract::dialect::{Dialect, DialectError, lower};
use serde_json::Value;

/// Returns the strict schemas in one provider's recorded requests, with the status of the answers.
fn recorded(folder: &PathBuf, provider: &str) -> Vec<(u64, Value)> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if !file.file_name().unwrap().to_string_lossy().starts_with(provider) {
            continue;
        }
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let status = case["status"].as_u64().unwrap_or(0);
            let mut open = vec![&case["request_body"]];
            while let Some(value) = open.pop() {
                if value["strict"] == Value::Bool(true) {
                    for keyword in ["schema", "parameters", "input_schema"] {
                        found.extend(value.get(keyword).map(|schema| (status, schema.clone())));
                    }
                }
                match value {
                    Value::Object(members) => open.extend(members.values()),
                    Value::Array(items) => open.extend(items),
                    _ => {}
                }
            }
        }
    }
    found
}

fn names(schema: &Value) -> BTreeSet<String> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.map(ToString::to_string).collect()
}

#[test]
fn strict_schemas_are_accepted_and_refused_as_recorded() {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return;
    };
    let folder = PathBuf::from(folder).join("recordings");
    for (provider, dialect) in
        [("openai", &Dialect::OPENAI_STRICT), ("anthropic", &Dialect::ANTHROPIC_TOOL)]
    {
        let cases = recorded(&folder, provider);
        assert!(cases.len() > 10, "{provider}: {}", cases.len());
        for (status, schema) in cases {
            let lowered = match lower(&schema, dialect) {
                Ok(lowered) => lowered,
                // The provider refused it too.
                Err(DialectError::Root { .. }) if status == 400 => continue,
                Err(error) => panic!("{provider}, {status}: {error}\n{schema}"),
            };
            let broken = rules::check(dialect.name(), &lowered.schema);
            assert!(broken.is_ok(), "{provider}: {broken:?}\n{}", lowered.schema);
            if status == 200 {
                // A schema that the provider accepted is sent unchanged.
                assert!(lowered.is_identity(), "{provider}: {schema}\n{}", lowered.schema);
                assert_eq!(names(&lowered.schema), names(&schema), "{schema}");
            }
        }
    }
}
