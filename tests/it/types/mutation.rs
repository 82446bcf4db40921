//! Valid values that are made invalid, to find those that the validator accepts and serde refuses.

use extract_core::check::violations;
use extract_llm::Extract;
use extract_llm::contract::Contract;
use serde_json::{Value, json};

/// The name of a mutation, and the function that returns all mutated values.
type Mutation = (&'static str, fn(&Value) -> Vec<Value>);

/// A value that the validator accepts and serde refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) mutation: &'static str,
    pub(crate) value: String,
    pub(crate) serde: String,
}

const MUTATIONS: &[Mutation] = &[
    ("a different type", |value| {
        [json!(null), json!(true), json!(7), json!("seven"), json!([]), json!({})]
            .into_iter()
            .filter(|other| std::mem::discriminant(other) != std::mem::discriminant(value))
            .collect()
    }),
    ("a number out of bounds", |value| match value {
        Value::Number(_) => vec![
            json!(-1),
            json!(0),
            json!(256),
            json!(70_000),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!(-1e300),
        ],
        _ => vec![],
    }),
    ("a fraction", |value| match value {
        Value::Number(_) => vec![json!(0.5), json!(-2.25)],
        _ => vec![],
    }),
    ("a whole number written with a decimal point", |value| match value {
        Value::Number(n) if !n.is_f64() => vec![json!(1.0), json!(2.0)],
        _ => vec![],
    }),
    ("a different string", |value| match value {
        Value::String(text) => vec![
            json!(""),
            json!("no such text"),
            json!(format!("{text}?")),
            json!(format!(" {text}")),
            json!(text.to_uppercase()),
        ],
        _ => vec![],
    }),
    ("a missing member", |value| match value {
        Value::Object(members) => members
            .keys()
            .map(|name| {
                let mut less = members.clone();
                less.shift_remove(name);
                Value::Object(less)
            })
            .collect(),
        _ => vec![],
    }),
    ("an additional member", |value| match value {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("no such member".into(), json!("x"));
            vec![Value::Object(more)]
        }
        _ => vec![],
    }),
    ("a different key", |value| match value {
        Value::Object(members) => members
            .keys()
            .flat_map(|name| {
                ["300", "-1", "99999999999", "no such key"].map(|other| {
                    let renamed = members.iter().map(|(key, value)| {
                        let key = if key == name { other.to_owned() } else { key.clone() };
                        (key, value.clone())
                    });
                    renamed.collect()
                })
            })
            .collect(),
        _ => vec![],
    }),
    ("one element fewer or more", |value| match value {
        Value::Array(items) => {
            let mut changed = vec![Value::Array(items.iter().skip(1).cloned().collect())];
            if let Some(first) = items.first() {
                changed.push(items.iter().chain([first]).cloned().collect());
            }
            changed
        }
        _ => vec![],
    }),
];

/// The maximum number of values that are made from one sample.
const MOST: usize = 3_000;

/// Returns one example for every mutation that the validator accepts and serde refuses.
pub(crate) fn differences<T: Extract>(contract: &Contract, samples: &[Value]) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for sample in samples {
        let mut places = Vec::new();
        walk(sample, &mut String::new(), &mut places);
        let mut made = 0;
        for place in &places {
            for (mutation, mutate) in MUTATIONS {
                let at = sample.pointer(place).unwrap();
                for other in mutate(at) {
                    made += 1;
                    if made > MOST {
                        break;
                    }
                    let mut mutated = sample.clone();
                    *mutated.pointer_mut(place).unwrap() = other;
                    let Err(error) = serde_json::from_value::<T>(mutated.clone()) else { continue };
                    if !violations(contract, &mutated).is_empty()
                        || found.iter().any(|known| known.mutation == *mutation)
                    {
                        continue;
                    }
                    found.push(Difference {
                        mutation,
                        value: mutated.to_string(),
                        serde: error.to_string(),
                    });
                }
            }
        }
    }
    found
}

fn walk(value: &Value, pointer: &mut String, places: &mut Vec<String>) {
    places.push(pointer.clone());
    let here = pointer.len();
    let mut inside = |segment: String, value: &Value| {
        *pointer += "/";
        *pointer += &segment.replace('~', "~0").replace('/', "~1");
        walk(value, pointer, places);
        pointer.truncate(here);
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| inside(name.clone(), value));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inside(index.to_string(), item));
        }
        _ => {}
    }
}
