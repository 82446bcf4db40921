//! A place in a schema in the words of the type it was made of: `Order.lines[].sku` for
//! `/$defs/Order/properties/lines/items/properties/sku`.

use serde_json::Value;

use super::{Contract, root};

/// A pointer into the schema that is asked for, as one into the type's own.
pub(super) fn in_the_type(contract: &Contract, pointer: &str) -> String {
    let inside = if contract.is_wrapped() { root::place_inside(pointer) } else { None };
    inside.unwrap_or(pointer).to_owned()
}

/// A pointer into the type's own schema in words.
pub(super) fn in_words(contract: &Contract, pointer: &str) -> String {
    let mut words = contract.name().to_owned();
    let mut node = Some(contract.schema());
    let segments: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let mut rest = segments.iter().map(String::as_str);
    while let Some(keyword) = rest.next() {
        node = node.and_then(|node| node.get(keyword));
        let named = matches!(
            keyword,
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
        );
        let listed = matches!(keyword, "anyOf" | "oneOf" | "allOf" | "prefixItems");
        let step = if named || listed { rest.next() } else { None };
        if let Some(step) = step {
            node = node.and_then(|node| match node {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                node => node.get(step),
            });
        }
        match (keyword, step) {
            ("$defs" | "definitions", Some(name)) => name.clone_into(&mut words),
            ("properties", Some(name)) => words += &format!(".{name}"),
            ("patternProperties", Some(_)) | ("additionalProperties", _) => words += "{}",
            ("items", _) => words += "[]",
            ("prefixItems", Some(index)) => words += &format!(".{index}"),
            ("anyOf" | "oneOf", Some(index)) => {
                let variant = node.and_then(variant).unwrap_or_else(|| format!("variant {index}"));
                words += &format!("({variant})");
            }
            // A keyword at the end is named by what is said of it.
            _ => {}
        }
    }
    words
}

/// The name of a branch, where it has one: the definition it is, its constant, its tag, or the
/// one member it has to have.
fn variant(branch: &Value) -> Option<String> {
    if let Some(reference) = branch.get("$ref").and_then(Value::as_str) {
        return Some(reference.rsplit('/').next().unwrap_or(reference).to_owned());
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let constant = |schema: &Value| schema.get("const").and_then(text);
    if let Some(constant) = constant(branch).or_else(|| branch.get("title").and_then(text)) {
        return Some(constant);
    }
    let properties = branch.get("properties")?.as_object()?;
    properties.values().find_map(constant).or_else(|| {
        let required = branch.get("required")?.as_array()?;
        (required.len() == 1 && properties.len() == 1).then(|| text(&required[0])).flatten()
    })
}
