//! Strict lowered schemas compile to grammars with `llguidance`, the engine behind several
//! providers' strict modes. The grammar accepts values of the type as they are sent, and refuses
//! broken ones.

use crate::dialects::grammar::{Dice, Document};
use extract_core::contract::dialect::{Dialect, DialectError, lower};
use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::ApproximateTokEnv;
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

/// The strict dialects that are JSON Schema.
const STRICT: &[&Dialect] = &[
    &Dialect::LLAMA_CPP,
    &Dialect::OPENAI_STRICT,
    &Dialect::OPENAI_FINE_TUNED,
    &Dialect::ANTHROPIC_FORMAT,
    &Dialect::ANTHROPIC_TOOL,
    &Dialect::GEMINI_JSON_SCHEMA,
    &Dialect::MISTRAL,
    &Dialect::DEEPSEEK,
];

struct Oracle(ParserFactory);

impl Oracle {
    fn new() -> Self {
        let tokens = ApproximateTokEnv::single_byte_env();
        let mut factory = ParserFactory::new_simple(&tokens).unwrap();
        factory.quiet();
        Self(factory)
    }

    fn compile(&self, schema: &Value) -> Result<Matcher, String> {
        let grammar = TopLevelGrammar::from_json_schema(schema.clone());
        let parser = self.0.create_parser(grammar).map_err(|error| error.to_string())?;
        let mut matcher = Matcher::new(Ok(parser));
        matcher.get_error().map_or(Ok(()), Err)?;
        let warnings = matcher.grammar_warnings();
        if warnings.is_empty() { Ok(matcher) } else { Err(warnings.join("; ")) }
    }

    /// Returns whether the grammar accepts the whole text and could end there.
    fn accepts(matcher: &Matcher, value: &Value) -> bool {
        let mut matcher = matcher.deep_clone();
        let tokens: Vec<u32> = value.to_string().bytes().map(u32::from).collect();
        matcher.try_consume_tokens(&tokens).is_ok_and(|taken| taken == tokens.len())
            && matcher.is_accepting().unwrap_or(false)
    }
}

/// Returns the value with its object members in the schema's order, which a grammar requires.
fn ordered(schema: &Value, root: &Value, value: &Value) -> Value {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        for branch in branches.as_array().unwrap() {
            let mut with_definitions = json!({"allOf": [branch]});
            with_definitions["$defs"] = root.get("$defs").cloned().unwrap_or(json!({}));
            if jsonschema::validator_for(&with_definitions).unwrap().is_valid(value) {
                return ordered(branch, root, value);
            }
        }
    }
    match value {
        Value::Object(members) => {
            let named = schema.get("properties").and_then(Value::as_object);
            let mut sorted = serde_json::Map::new();
            for (name, property) in named.into_iter().flatten() {
                if let Some(member) = members.get(name) {
                    sorted.insert(name.clone(), ordered(property, root, member));
                }
            }
            for (name, member) in members {
                if !sorted.contains_key(name) {
                    let open = schema.get("additionalProperties").unwrap_or(&Value::Null);
                    sorted.insert(name.clone(), ordered(open, root, member));
                }
            }
            Value::Object(sorted)
        }
        Value::Array(items) => {
            let first = schema.get("prefixItems").and_then(Value::as_array);
            let item = |(index, item)| {
                let own = first.and_then(|first| first.get(index)).or_else(|| schema.get("items"));
                ordered(own.unwrap_or(&Value::Null), root, item)
            };
            items.iter().enumerate().map(item).collect()
        }
        other => other.clone(),
    }
}

/// Returns the schema with every `#` reference replaced by a named definition, so that its parts
/// can stand alone.
fn without_hash(schema: &Value) -> Value {
    let text = schema.to_string().replace(r##"{"$ref":"#"}"##, r##"{"$ref":"#/$defs/Hash"}"##);
    let mut own: Value = serde_json::from_str(&text).unwrap();
    let mut root = own.clone();
    root.as_object_mut().unwrap().shift_remove("$defs");
    own["$defs"]["Hash"] = root;
    own
}

fn hold(seeds: std::ops::Range<u64>, recursive: bool) {
    let oracle = Oracle::new();
    let mut compiled = 0;
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let document = Document::roll(&mut dice, recursive);
        let schema = document.schema();
        let values: Vec<Value> = (0..3).map(|_| document.value(&mut dice)).collect();
        for dialect in STRICT {
            let name = dialect.name();
            let lowered = match lower(&schema, dialect) {
                Ok(lowered) => lowered,
                Err(DialectError::Limit { .. } | DialectError::TooLarge { .. }) => continue,
                Err(error) => panic!("seed {seed}, {name}: {error}"),
            };
            let matcher = match oracle.compile(&lowered.schema) {
                Ok(matcher) => matcher,
                Err(error) => panic!("seed {seed}, {name}: {error}\n{}", lowered.schema),
            };
            compiled += 1;
            let order = without_hash(&lowered.schema);
            for value in &values {
                let sent = lowered.lower_value(value.clone());
                let sent = ordered(&order, &order, &sent);
                assert!(
                    Oracle::accepts(&matcher, &sent),
                    "seed {seed}, {name}: {sent} is not accepted by\n{}",
                    lowered.schema
                );
                // A closed object refuses an unknown member.
                if lowered.schema.get("additionalProperties") == Some(&json!(false)) {
                    let mut broken = sent.clone();
                    broken["no such member"] = json!(1);
                    assert!(!Oracle::accepts(&matcher, &broken), "seed {seed}, {name}: {broken}");
                }
                // A missing required member is refused.
                let required = lowered.schema.get("required").and_then(Value::as_array);
                if let Some(Value::String(first)) = required.and_then(|names| names.first()) {
                    let mut broken = sent.clone();
                    broken.as_object_mut().unwrap().shift_remove(first);
                    assert!(!Oracle::accepts(&matcher, &broken), "seed {seed}, {name}: {broken}");
                }
            }
        }
    }
    assert!(compiled > 100, "only {compiled} schemas were compiled");
}

#[test]
fn lowered_schemas_compile_and_accept_the_values_that_are_sent() {
    hold(0..40, false);
}

#[test]
fn recursive_lowered_schemas_compile_and_accept_the_values_that_are_sent() {
    hold(1000..1030, true);
}
