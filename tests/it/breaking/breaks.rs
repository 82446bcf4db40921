//! The table of breaks: each row is a class of ways to break a valid answer. An outside report that
//! fits no row adds one. Breaks that leave no valid JSON are in `texts`.

use serde_json::{Map, Value, json};

use crate::breaking::schema::{Branch, Schema, places};
use crate::breaking::send::Transport;
use crate::breaking::texts;

/// A valid answer in its sent form, to be broken.
pub(crate) struct Site<'s> {
    pub(crate) sent: &'s Value,
    pub(crate) schema: Schema<'s>,
    /// The tool's name.
    pub(crate) name: &'s str,
}

/// A broken answer.
#[derive(Default, Clone)]
pub(crate) struct Break {
    pub(crate) text: String,
    /// The pointer of the broken value.
    pub(crate) pointer: String,
    /// The values that the text may be read as, besides its JSON value: the original value, if no
    /// part of it was lost.
    pub(crate) means: Vec<Value>,
    /// Whether the text's JSON value is not its meaning.
    pub(crate) ambiguous: bool,
    /// Whether an accepted value must be reported as one of two values under the same key.
    pub(crate) told: bool,
    /// Whether a value of `means` is right even if the text's JSON value fits the schema.
    pub(crate) near: bool,
    /// The end of the stream, if it is not a natural stop.
    pub(crate) ending: Option<Transport>,
}

/// A name, and the function that returns all breaks of this class.
pub(crate) type Class = (&'static str, fn(&Site<'_>) -> Vec<Break>);

pub(crate) const CLASSES: &[Class] = &[
    ("01 a member away", member_away),
    ("02 a wrong kind", wrong_kind),
    ("03 another variant", another_variant),
    ("04 a foreign object", foreign_object),
    ("05 cut, natural stop", texts::cut),
    ("05 cut, interrupted", texts::interrupted),
    ("05 cut, no stop reason", texts::unstated),
    ("06 two elements run together", texts::run_together),
    ("07 an envelope", envelope),
    ("08 an element doubled", element_doubled),
    ("08 a member doubled", texts::member_doubled),
    ("09 a key beyond recognition", key_unknown),
    ("09 a key nearly spelt", key_near),
    ("10 an enum's text", enum_text),
    ("11 quotes inside strings", texts::quotes),
    ("12 form only", texts::form),
];

/// The classes that run over generated types.
pub(crate) const OF_INVENTED: &[&str] = &["01", "02", "04", "05", "07", "09"];

impl Site<'_> {
    pub(crate) fn places(&self) -> Vec<(String, &Value)> {
        let value = |pointer: String| {
            let value = self.sent.pointer(&pointer).unwrap_or(self.sent);
            (pointer, value)
        };
        places(self.sent).into_iter().map(value).collect()
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = (String, &Map<String, Value>)> {
        let places = self.places().into_iter();
        places.filter_map(|(pointer, value)| Some((pointer, value.as_object()?)))
    }

    /// Returns the answer with another value at a pointer.
    pub(crate) fn with(&self, pointer: &str, value: Value) -> Value {
        let mut changed = self.sent.clone();
        if let Some(place) = changed.pointer_mut(pointer) {
            *place = value;
        }
        changed
    }

    fn replaced(&self, pointer: &str, value: impl Into<Value>) -> Break {
        Break::json(self.with(pointer, value.into()), pointer)
    }
}

impl Break {
    /// Returns a break that is valid JSON.
    #[expect(clippy::needless_pass_by_value, reason = "so that `json!` can stand in the call")]
    pub(crate) fn json(value: Value, pointer: &str) -> Self {
        Self { text: value.to_string(), pointer: pointer.to_owned(), ..Self::default() }
    }

    /// Returns a break of the text.
    pub(crate) fn text(text: impl Into<String>, pointer: &str) -> Self {
        Self { text: text.into(), pointer: pointer.to_owned(), ..Self::default() }
    }

    pub(crate) fn meaning(mut self, value: &Value) -> Self {
        self.means.push(value.clone());
        self
    }
}

pub(crate) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn member_away(site: &Site<'_>) -> Vec<Break> {
    let away = |(pointer, members): (String, &Map<String, Value>)| -> Vec<Break> {
        let less = |name: &String| {
            let mut less = members.clone();
            less.shift_remove(name);
            Break { pointer: child(&pointer, name), ..site.replaced(&pointer, less) }
        };
        members.keys().map(less).collect()
    };
    site.objects().flat_map(away).collect()
}

fn wrong_kind(site: &Site<'_>) -> Vec<Break> {
    let others = json!([null, "zz-text", 17, -3.5, true, [], [1], {}, {"zz": 1}]);
    let others = others.as_array().cloned().unwrap_or_default();
    let wrong = |(pointer, value): (String, &Value)| -> Vec<Break> {
        let other = others.iter().filter(|other| *other != value);
        other.map(|other| site.replaced(&pointer, other.clone())).collect()
    };
    site.places().into_iter().flat_map(wrong).collect()
}

fn another_variant(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, value) in site.places() {
        let branches = site.schema.at(&pointer);
        if branches.len() < 2 {
            continue;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let tags =
                        branches.iter().filter_map(|branch| Some((branch, branch.tag(name)?)));
                    let mut tags: Vec<_> = tags.collect();
                    tags.dedup_by_key(|(_, tag)| *tag);
                    if tags.len() < 2 {
                        continue;
                    }
                    for (branch, tag) in tags.iter().filter(|(_, tag)| member != tag) {
                        let mut retagged = members.clone();
                        retagged.insert(name.clone(), json!(tag));
                        breaks.push(site.replaced(&pointer, retagged));
                        let mut payload = site.schema.example(branch, 0);
                        if let Some(payload) = payload.as_object_mut() {
                            payload.insert(name.clone(), member.clone());
                        }
                        breaks.push(site.replaced(&pointer, payload));
                    }
                    for unknown in [json!("zz_unknown"), json!(""), json!(null), json!(3)] {
                        let mut retagged = members.clone();
                        retagged.insert(name.clone(), unknown);
                        breaks.push(site.replaced(&pointer, retagged));
                    }
                    breaks.push(site.replaced(&pointer, json!({name: member})));
                }
                let key = members.keys().next().filter(|_| members.len() == 1);
                let Some(key) = key.filter(|key| branches.iter().any(|b| b.key() == Some(key)))
                else {
                    continue;
                };
                for branch in branches.iter().filter(|branch| branch.key() != Some(key)) {
                    let units = branch.values.iter().flatten().filter_map(|value| value.as_str());
                    for other in units.chain(branch.key()) {
                        breaks.push(site.replaced(&pointer, json!({other: members[key]})));
                        breaks.push(site.replaced(&pointer, json!(other)));
                        breaks.push(site.replaced(&pointer, json!({key: members[key], other: {}})));
                    }
                    if let Some(other) = branch.key() {
                        let payload = &site.schema.example(branch, 0)[other];
                        breaks.push(site.replaced(&pointer, json!({key: payload})));
                    }
                }
                breaks.push(site.replaced(&pointer, json!({"zz_unknown": members[key]})));
                breaks.push(site.replaced(&pointer, key.as_str()));
            }
            Value::String(unit) => {
                let keys = branches.iter().filter_map(Branch::key);
                for key in keys {
                    breaks.push(site.replaced(&pointer, json!({key: {}})));
                    breaks.push(site.replaced(&pointer, json!({key: unit})));
                }
                if branches.iter().any(|branch| branch.values.iter().flatten().any(|v| *v == value))
                {
                    breaks.push(site.replaced(&pointer, json!({unit: {}})).meaning(site.sent));
                    breaks.push(site.replaced(&pointer, json!({unit: null})).meaning(site.sent));
                    breaks.push(site.replaced(&pointer, json!({unit: "zz"})));
                    breaks.push(site.replaced(&pointer, json!({"type": unit, "zz": 1})));
                    breaks.push(site.replaced(&pointer, "zz_unknown"));
                }
            }
            _ => {}
        }
    }
    breaks
}

fn foreign_object(site: &Site<'_>) -> Vec<Break> {
    let foreign = [
        json!({"error": "none found"}),
        json!({"zz": 1}),
        json!({"name": "zz", "description": "zz"}),
        json!([{"error": "none found"}]),
        json!({"type": "object", "properties": {"zz": {"type": "string"}}, "required": ["zz"]}),
        site.schema.0.clone(),
        site.schema.0["properties"].clone(),
    ];
    let pointers = site.objects().map(|(pointer, _)| pointer);
    let pointers: Vec<String> = std::iter::once(String::new()).chain(pointers).collect();
    let put = |pointer: &String| foreign.clone().map(|other| site.replaced(pointer, other));
    let mut breaks: Vec<Break> = pointers.iter().flat_map(put).collect();
    breaks.dedup_by(|left, right| left.text == right.text);
    breaks
}

fn envelope(site: &Site<'_>) -> Vec<Break> {
    let sent = site.sent;
    let text = sent.to_string();
    // These forms are never accepted unchanged, except for a map or for any JSON value.
    let calls = [
        json!({"name": site.name, "arguments": sent}),
        json!({"name": site.name, "arguments": text}),
        json!({"type": "function", "function": {"name": site.name, "arguments": text}}),
        json!({"tool_calls": [{"name": site.name, "arguments": sent}]}),
    ];
    let whole = [
        json!({"result": sent}),
        json!({"data": sent}),
        json!({site.name: sent}),
        json!({"zz": sent}),
        json!([sent]),
        json!(text),
        json!(json!(text).to_string()),
    ];
    let lossy = [
        json!({"result": sent, "note": "zz"}),
        json!({"name": "zz_other", "arguments": sent}),
        json!([sent, {"zz": 1}]),
        json!({"result": {"data": {"zz": 1}}}),
    ];
    let whole = whole.into_iter().map(|value| Break::json(value, "").meaning(sent));
    let calls = calls.map(|value| Break { near: true, ..Break::json(value, "").meaning(sent) });
    whole.chain(calls).chain(lossy.into_iter().map(|value| Break::json(value, ""))).collect()
}

fn element_doubled(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, value) in site.places() {
        let Some(items) = value.as_array() else { continue };
        let unique = site.schema.at(&pointer).iter().any(|branch| branch.unique);
        for (index, item) in items.iter().enumerate() {
            let mut more = items.clone();
            more.insert(index, item.clone());
            let doubled = site.replaced(&pointer, more);
            breaks.push(if unique { doubled.meaning(site.sent) } else { doubled });
        }
    }
    breaks
}

fn renamed(site: &Site<'_>, new: impl Fn(&str) -> Option<String>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, members) in site.objects() {
        for name in members.keys() {
            let Some(new) = new(name).filter(|new| !members.contains_key(new)) else { continue };
            let key = |key: &String| if key == name { new.clone() } else { key.clone() };
            let other: Map<_, _> =
                members.iter().map(|(k, value)| (key(k), value.clone())).collect();
            breaks.push(Break { pointer: child(&pointer, name), ..site.replaced(&pointer, other) });
        }
    }
    breaks
}

fn key_unknown(site: &Site<'_>) -> Vec<Break> {
    renamed(site, |name| Some(format!("qqq_{}", name.len())))
}

fn key_near(site: &Site<'_>) -> Vec<Break> {
    let camel = |name: &str| {
        let parts = name
            .split('_')
            .map(|part| part[..1.min(part.len())].to_uppercase() + &part[1.min(part.len())..]);
        parts.collect::<String>()
    };
    let upper = renamed(site, |name| Some(name.to_uppercase()).filter(|other| other != name));
    let spaced = renamed(site, |name| Some(format!("{name}_")));
    let camel = renamed(site, |name| Some(name).filter(|name| name.is_ascii()).map(camel));
    let near = |broken: Break| Break { near: true, ..broken.meaning(site.sent) };
    [upper, spaced, camel].concat().into_iter().map(near).collect()
}

fn enum_text(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, value) in site.places() {
        let branches = site.schema.at(&pointer);
        let values = branches.iter().flat_map(|branch| branch.values.iter().flatten());
        let names: Vec<&str> = values.filter_map(|value| value.as_str()).collect();
        let Some(name) = value.as_str().filter(|name| names.contains(name)) else { continue };
        let mut texts: Vec<String> =
            ["N/A", "none", "", "n/a (not stated)", "a", "I", "unknown"].map(str::to_owned).into();
        if let Some(other) = names.iter().find(|other| **other != name) {
            texts.push(format!("either {name} or {other}"));
        }
        texts.push(format!("not {name}"));
        texts.push(format!("{name}zz"));
        texts.push(format!("un{name}"));
        texts.extend(name.chars().next().map(String::from));
        breaks.extend(texts.into_iter().map(|text| site.replaced(&pointer, text)));
    }
    breaks
}
