//! Applies the suites' convention for objects: a value has all members of its type, `null` for an
//! absent optional one, and no others. The library's reader leaves members as written.

use serde_json::Value;

/// Adds to every object of a value the missing members that its schema names, and removes the
/// others.
pub(crate) fn complete(value: &mut Value, schema: &Value) {
    visit(value, schema, schema, 0);
}

fn visit(value: &mut Value, schema: &Value, root: &Value, depth: usize) {
    if depth > 200 {
        return;
    }
    let depth = depth + 1;
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(target) = target.strip_prefix('#').and_then(|at| root.pointer(at)) {
            visit(value, target, root, depth);
        }
        return;
    }
    for word in ["anyOf", "oneOf"] {
        let branches = schema.get(word).and_then(Value::as_array).into_iter().flatten();
        if let Some(branch) = branches.clone().find(|branch| is_meant(value, branch, root)) {
            return visit(value, branch, root, depth);
        }
    }
    match value {
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| visit(item, schema, root, depth));
            }
        }
        Value::Object(members) => {
            let Some(known) = schema.get("properties").and_then(Value::as_object) else {
                if let Some(schema) = schema.get("additionalProperties") {
                    members.values_mut().for_each(|member| visit(member, schema, root, depth));
                }
                return;
            };
            let others = schema.get("additionalProperties");
            if others.is_none_or(|others| *others == Value::Bool(false)) {
                members.retain(|name, _| known.contains_key(name));
            }
            for (name, schema) in known {
                match members.get_mut(name) {
                    Some(member) => visit(member, schema, root, depth),
                    None if takes_null(schema, root) => {
                        members.insert(name.clone(), Value::Null);
                    }
                    None => {}
                }
            }
        }
        _ => {}
    }
}

fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
    target.and_then(|at| root.pointer(at)).unwrap_or(schema)
}

/// Returns whether the value has the branch's type, its required members and its constants.
fn is_meant(value: &Value, branch: &Value, root: &Value) -> bool {
    let branch = resolved(branch, root);
    let required = branch.get("required").and_then(Value::as_array).into_iter().flatten();
    match (value, branch.get("type").and_then(Value::as_str)) {
        (Value::Object(members), Some("object") | None) => {
            let constants = branch.get("properties").and_then(Value::as_object);
            required.filter_map(Value::as_str).all(|name| members.contains_key(name))
                && constants.into_iter().flatten().all(|(name, schema)| {
                    let constant = schema.get("const");
                    constant.is_none_or(|one| members.get(name).is_none_or(|member| member == one))
                })
        }
        (Value::Array(_), kind) => kind == Some("array"),
        _ => false,
    }
}

fn takes_null(schema: &Value, root: &Value) -> bool {
    let schema = resolved(schema, root);
    let is_null = |kind: &Value| *kind == "null";
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_null),
        Some(kind) => is_null(kind),
        None => ["anyOf", "oneOf"].iter().any(|word| {
            let branches = schema.get(*word).and_then(Value::as_array);
            branches.into_iter().flatten().any(|branch| takes_null(branch, root))
        }),
    }
}
