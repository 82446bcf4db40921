//! Which tools a type is, read from its schema: so it holds for every enum, derived or written by
//! hand, and for schemas that are known only at run time.

use serde_json::{Map, Value, json};

use super::super::{Contract, name, root};
use super::place::Place;
use super::{Variant, Variants};

/// Marks the branch of a union that says what plain text of the model means. Only types of this
/// crate write it, and no provider is sent it.
pub(in super::super) const PLAIN_TEXT: &str = "x-plain-text";

/// The tools of a type, where it can be several or has plain text beside it.
pub(super) fn variants(contract: &Contract) -> Option<Variants> {
    let document = contract.schema();
    // Definitions go along with each tool; what leads elsewhere would lead into the tool itself.
    for keyword in ["$defs", "definitions"] {
        if !document.get(keyword).is_none_or(leads_into_definitions) {
            return None;
        }
    }
    let mut node = resolve(document, document)?;
    let (mut outer, mut text) = (None, None);
    if let Some((value, key, text_key)) = answer(node) {
        node = resolve(document, value)?;
        (outer, text) = (Some(key.to_owned()), Some(text_key.to_owned()));
    }
    let whole = node;
    let list = node.get("type") == Some(&"array".into()) && node.get("prefixItems").is_none();
    let may_be_empty = node.get("minItems").and_then(Value::as_u64).unwrap_or(0) == 0;
    if list {
        node = resolve(document, node.get("items")?)?;
    }
    let finder = Finder { document, about: node.get("description").and_then(Value::as_str) };
    let union = finder.union(node);
    let variants = match union {
        Some(variants) => variants,
        None if list && root::is_object(node) => vec![finder.element(node, "element")?],
        // A list of numbers is one value, not several calls.
        None if text.is_some() => {
            vec![Finder { document, about: None }.element(whole, contract.name())?]
        }
        None => return None,
    };
    let list = list && (variants.len() > 1 || root::is_object(node));
    Some(Variants { outer, list, may_be_empty, variants, text })
}

/// What a schema is, behind a chain of references.
fn resolve<'a>(document: &'a Value, mut node: &'a Value) -> Option<&'a Value> {
    for _ in 0..16 {
        let members = node.as_object()?;
        let Some(reference) = members.get("$ref").and_then(Value::as_str) else {
            return Some(node);
        };
        if ["properties", "oneOf", "anyOf"].iter().any(|key| members.contains_key(*key)) {
            return Some(node);
        }
        node = document.pointer(reference.strip_prefix('#')?)?;
    }
    None
}

/// The branches of a union: its value, and what it and plain text stand under.
fn answer(node: &Value) -> Option<(&Value, &str, &str)> {
    let branches = branches(node)?;
    let is_text = |branch: &&Value| branch.get(PLAIN_TEXT) == Some(&true.into());
    let text = branches.iter().find(is_text)?;
    let value = branches.iter().find(|branch| !is_text(branch))?;
    let (key, schema) = only_member(value)?;
    Some((schema, key, only_member(text)?.0))
}

fn branches(node: &Value) -> Option<&Vec<Value>> {
    ["oneOf", "anyOf"].iter().find_map(|key| node.get(*key)?.as_array())
}

/// The one member that an object must and may have.
fn only_member(node: &Value) -> Option<(&str, &Value)> {
    let properties = node.get("properties")?.as_object()?;
    let (key, schema) = properties.iter().next()?;
    let only = properties.len() == 1
        && node.get("required") == Some(&json!([key]))
        && node.get("additionalProperties") == Some(&false.into())
        && node.get("$ref").is_none();
    only.then_some((key, schema))
}

struct Finder<'a> {
    document: &'a Value,
    /// What is said of the enum as a whole.
    about: Option<&'a str>,
}

impl Finder<'_> {
    /// The variants of a union in one of serde's tagged representations, if one of them has data.
    fn union(&self, node: &Value) -> Option<Vec<Variant>> {
        // What stands beside the branches holds for all of them, and no tool would say it.
        let beside = ["properties", "required", "allOf", "$ref", "not", "if"];
        if beside.iter().any(|key| node.get(*key).is_some()) {
            return None;
        }
        let branches: Option<Vec<&Value>> =
            branches(node)?.iter().map(|branch| resolve(self.document, branch)).collect();
        let branches = branches?;
        let variants = self.tagged(&branches).or_else(|| self.external(&branches))?;
        let data = variants.iter().any(|variant| {
            let properties = variant.contract.asked_schema().get("properties");
            properties.is_none_or(|properties| properties != &json!({}))
        });
        let mut names: Vec<&str> = variants.iter().map(Variant::name).collect();
        names.sort_unstable();
        names.dedup();
        (data && variants.len() > 1 && names.len() == variants.len()).then_some(variants)
    }

    /// `"Word"` and `{"Name": …}`.
    fn external(&self, branches: &[&Value]) -> Option<Vec<Variant>> {
        let mut variants = Vec::new();
        for branch in branches {
            if let Some((key, schema)) = only_member(branch) {
                let place = Place::Under(key.to_owned());
                variants.push(self.variant(key, schema.clone(), said_of(branch), place)?);
                continue;
            }
            for word in words(branch)? {
                let place = Place::Word(word.to_owned());
                variants.push(self.variant(word, empty(), said_of(branch), place)?);
            }
        }
        Some(variants)
    }

    /// `{"tag": "Name", …}`.
    fn tagged(&self, branches: &[&Value]) -> Option<Vec<Variant>> {
        let first = branches.first()?.get("properties")?.as_object()?;
        let tag = first.keys().find(|key| {
            branches.iter().all(|branch| constant(branch, key).is_some() && demands(branch, key))
        })?;
        let rests: Vec<Value> = branches.iter().map(|branch| without(branch, tag)).collect();
        let content = content(self.document, &rests);
        let mut variants = Vec::new();
        for (branch, rest) in branches.iter().zip(rests) {
            let name = constant(branch, tag)?;
            let schema = content.as_ref().and_then(|key| rest.get("properties")?.get(key)).cloned();
            let place = Place::Tagged {
                tag: tag.clone(),
                name: name.to_owned(),
                content: schema.as_ref().and(content.clone()),
            };
            variants.push(self.variant(name, schema.unwrap_or(rest), said_of(branch), place)?);
        }
        Some(variants)
    }

    /// The one tool of a type that is no union.
    fn element(&self, node: &Value, otherwise: &str) -> Option<Variant> {
        let title = node.get("title").and_then(Value::as_str).unwrap_or(otherwise);
        let title = definition_of(self.document, node).unwrap_or(title);
        self.variant(title, node.clone(), None, Place::Whole)
    }

    fn variant(
        &self,
        tag: &str,
        mut schema: Value,
        said: Option<&str>,
        place: Place,
    ) -> Option<Variant> {
        if !leads_into_definitions(&schema) {
            return None;
        }
        let own = || resolve(self.document, &schema)?.get("description")?.as_str();
        let about = self.about.filter(|_| place != Place::Whole);
        let mut words: Vec<&str> = said.or_else(own).into_iter().collect();
        words.extend(about.filter(|about| !words.contains(about)));
        let words = words.join("\n");
        if schema == Value::Bool(true) {
            schema = json!({});
        }
        let members = schema.as_object_mut()?;
        for keyword in ["$defs", "definitions"] {
            if let Some(definitions) = self.document.get(keyword) {
                members.insert(keyword.to_owned(), definitions.clone());
            }
        }
        members.shift_remove("title");
        if !words.is_empty() {
            members.insert("description".to_owned(), words.into());
        }
        let contract = Contract::build(name::clean(tag), schema).ok()?;
        Some(Variant { contract, place })
    }
}

fn said_of(branch: &Value) -> Option<&str> {
    branch.get("description")?.as_str()
}

fn empty() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}

/// The words that a branch of words is.
fn words(branch: &Value) -> Option<Vec<&str>> {
    if let Some(word) = branch.get("const") {
        return Some(vec![word.as_str()?]);
    }
    branch.get("enum")?.as_array()?.iter().map(Value::as_str).collect()
}

/// The constant text of a property.
fn constant<'a>(branch: &'a Value, key: &str) -> Option<&'a str> {
    let schema = branch.get("properties")?.get(key)?;
    match schema.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) => one.as_str(),
        _ => schema.get("const")?.as_str(),
    }
}

fn demands(branch: &Value, key: &str) -> bool {
    let required = branch.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|name| name == key))
}

/// A branch without its tag.
fn without(branch: &Value, tag: &str) -> Value {
    let mut rest: Map<String, Value> = branch.as_object().cloned().unwrap_or_default();
    rest.shift_remove("description");
    if let Some(properties) = rest.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_remove(tag);
    }
    if let Some(required) = rest.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != tag);
    }
    if rest.get("properties") == Some(&json!({})) && rest.get("$ref").is_none() {
        return empty();
    }
    rest.into()
}

/// The one name under which all variants with data have theirs, as adjacently tagged enums do.
fn content(document: &Value, rests: &[Value]) -> Option<String> {
    let mut found: Option<&String> = None;
    let mut count = 0;
    for rest in rests {
        let properties = rest.get("properties").and_then(Value::as_object)?;
        let Some((key, schema)) = properties.iter().next() else { continue };
        let fits = properties.len() == 1
            && rest.get("$ref").is_none()
            && demands(rest, key)
            && found.is_none_or(|found| found == key)
            && resolve(document, schema).is_some();
        if !fits {
            return None;
        }
        found = Some(key);
        count += 1;
    }
    // One variant with one field is no sign of a common name.
    found.filter(|_| count > 1).cloned()
}

/// The name of the definition that this is.
fn definition_of<'a>(document: &'a Value, node: &Value) -> Option<&'a str> {
    let definitions = ["$defs", "definitions"].iter().find_map(|key| document.get(*key))?;
    let mut entries = definitions.as_object()?.iter();
    entries.find(|(_, schema)| std::ptr::eq(*schema, node)).map(|(name, _)| name.as_str())
}

/// Whether all references in a schema lead to definitions, which go along with it.
fn leads_into_definitions(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().all(|(key, value)| match value {
            Value::String(reference) if key == "$ref" => {
                reference.starts_with("#/$defs/") || reference.starts_with("#/definitions/")
            }
            value => leads_into_definitions(value),
        }),
        Value::Array(items) => items.iter().all(leads_into_definitions),
        _ => true,
    }
}
