//! The strict schema of every type compiles in `llguidance`, the engine behind several providers'
//! strict modes, and the grammar accepts the type's values as they are sent.

use extract_llm::dialect::Dialect;
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::ApproximateTokEnv;
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use crate::types::rows;

/// The strict dialects that are JSON Schema.
const STRICT: &[&Dialect] = &[
    &Dialect::JSON_SCHEMA,
    &Dialect::LLAMA_CPP,
    &Dialect::OPENAI_STRICT,
    &Dialect::ANTHROPIC_FORMAT,
    &Dialect::GEMINI_JSON_SCHEMA,
    &Dialect::DEEPSEEK,
];

/// Returns whether the error is about a keyword that this engine does not support. Other engines
/// do.
fn beyond(error: &str) -> bool {
    error.contains("Unimplemented keys")
}

fn compile(factory: &ParserFactory, schema: &Value) -> Result<Matcher, String> {
    let grammar = TopLevelGrammar::from_json_schema(schema.clone());
    let parser = factory.create_parser(grammar).map_err(|error| error.to_string())?;
    let matcher = Matcher::new(Ok(parser));
    matcher.get_error().map_or(Ok(matcher), Err)
}

fn accepts(matcher: &Matcher, value: &Value) -> bool {
    let mut matcher = matcher.deep_clone();
    let tokens: Vec<u32> = value.to_string().bytes().map(u32::from).collect();
    matcher.try_consume_tokens(&tokens).is_ok_and(|taken| taken == tokens.len())
        && matcher.is_accepting().unwrap_or(false)
}

#[test]
fn every_strict_schema_compiles_to_a_grammar_that_accepts_the_values() {
    let tokens = ApproximateTokEnv::single_byte_env();
    let mut factory = ParserFactory::new_simple(&tokens).unwrap();
    factory.quiet();
    let (mut compiled, mut taken, mut refused) = (0, 0, 0);
    let mut faults = Vec::new();
    for row in rows() {
        for dialect in STRICT {
            let name = dialect.name();
            let Ok(form) = row.contract.lowered(dialect, true) else { continue };
            let schema = &form.lowered.schema;
            let matcher = match compile(&factory, schema) {
                Ok(matcher) => matcher,
                Err(error) if name == "json-schema" && beyond(&error) => continue,
                Err(error) => {
                    faults.push(format!("{}, {name}: {error}\n{schema}", row.kind));
                    continue;
                }
            };
            compiled += 1;
            for own in &row.samples {
                let asked =
                    if row.contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
                let sent = form.lowered.lower_value(asked);
                taken += 1;
                // A grammar requires the schema's order, which the rows with absent members have
                // lost.
                let ordered = !row.kind.ends_with("left out");
                if ordered && !accepts(&matcher, &sent) {
                    faults.push(format!("{}, {name}: {sent} is refused\n{schema}", row.kind));
                }
                let broken = json!({"no such member": sent});
                if schema.get("additionalProperties") == Some(&json!(false)) {
                    refused += 1;
                    if accepts(&matcher, &broken) {
                        faults.push(format!("{}, {name}: {broken} is taken\n{schema}", row.kind));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
    assert!(compiled > 500 && taken > 800 && refused > 500, "{compiled}, {taken}, {refused}");
}
