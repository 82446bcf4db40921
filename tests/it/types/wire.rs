//! The schema of every row's type as each dialect sends it, kept as snapshots, so that a review
//! shows every changed byte on the wire.

use extract_llm::dialect::Dialect;
use serde_json::Value;

use crate::types::rows;

/// The dialects whose schemas differ from each other. `the_others_are_the_same` compares the rest
/// with these.
const KEPT: &[&Dialect] = &[
    &Dialect::JSON_SCHEMA,
    &Dialect::LLAMA_CPP,
    &Dialect::OPENAI_STRICT,
    &Dialect::ANTHROPIC_TOOL,
    &Dialect::GEMINI_JSON_SCHEMA,
    &Dialect::GEMINI_RESPONSE_SCHEMA,
    &Dialect::DEEPSEEK,
];

#[test]
fn the_schemas_on_the_wire() {
    for dialect in KEPT {
        let mut sent = String::new();
        for row in rows() {
            let text = match row.contract.lowered(dialect, dialect.enforced()) {
                Ok(form) => form.tool.schema.to_string(),
                Err(error) => error.to_string(),
            };
            sent += &format!("{}: {}\n{text}\n\n", row.family, row.kind);
        }
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(dialect.name(), sent);
        });
    }
}

#[test]
fn the_others_are_the_same() {
    for (other, kept) in [
        (&Dialect::GROQ_STRICT, &Dialect::OPENAI_STRICT),
        (&Dialect::MISTRAL, &Dialect::OPENAI_STRICT),
        (&Dialect::OPENAI_FINE_TUNED, &Dialect::DEEPSEEK),
        (&Dialect::ANTHROPIC_FORMAT, &Dialect::ANTHROPIC_TOOL),
        (&Dialect::OPENAI_LOOSE, &Dialect::JSON_SCHEMA),
    ] {
        for row in rows() {
            let schema =
                |dialect| row.contract.lowered(dialect, false).map(|form| form.tool.schema.clone());
            let same: (Option<Value>, Option<Value>) = (schema(other).ok(), schema(kept).ok());
            assert_eq!(same.0, same.1, "{} in {} and {}", row.kind, other.name(), kept.name());
        }
    }
}
