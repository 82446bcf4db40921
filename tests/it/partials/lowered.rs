//! Replies to lowered schemas: partial values have the type's shape.

use extract_llm::dialect::Dialect;

use super::*;

#[derive(Debug, PartialEq, Extract)]
struct Trip {
    title: String,
    note: Option<String>,
    #[serde(default)]
    days: u8,
    stops: Vec<Stop>,
    prices: BTreeMap<String, f64>,
    place: (f64, f64),
    extra: Value,
}

#[derive(Debug, PartialEq, Extract)]
struct Stop {
    city: String,
    nights: Option<u8>,
}

#[test]
fn a_lowered_reply_fills_the_partial_value_of_the_type() {
    let contract = Contract::of::<Trip>().unwrap();
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    assert!(!form.lowered.is_identity());
    let own = json!({
        "title": "North", "stops": [{"city": "Oslo", "nights": 2}, {"city": "Bergen"}],
        "prices": {"bus": 12.5}, "place": [1.0, 2.0], "extra": {"a": [1]},
    });
    let text = form.lowered.lower_value(own.clone()).to_string();
    let mut live = Live::<Trip>::with_form(contract.clone(), Some(form.clone()));
    let mut seen = Vec::new();
    for char in text.chars() {
        live.feed(char.encode_utf8(&mut [0; 4]));
        if live.take_changed() {
            seen.push(live.partial().json());
        }
    }
    assert!(seen.contains(&json!({"title": "No"})), "{seen:?}");
    let oslo = |value: &Value| value.pointer("/stops/1/city") == Some(&json!("Be"));
    assert!(seen.iter().any(oslo), "followed into lists");
    // Null for an absent member is not shown. A nullable member may be shown as null.
    let mut last = live.partial().json();
    let none = last["stops"][1].as_object_mut().unwrap().remove("nights");
    assert!(none.is_none_or(|nights| nights.is_null()));
    assert!(last.as_object_mut().unwrap().remove("note").is_none_or(|note| note.is_null()));
    assert_eq!(last, own);
}

#[test]
fn the_next_attempt_may_use_another_dialect() {
    let contract = Contract::of::<BTreeMap<String, u8>>().unwrap();
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    let own = json!({"tea": 2});
    let sent = form.lowered.lower_value(json!({"value": own.clone()})).to_string();
    let mut live = Live::<BTreeMap<String, u8>>::with_form(contract, Some(form));
    live.feed(&sent);
    assert_eq!(live.partial().json(), own);
    live.begin(None);
    assert_eq!(live.partial().state(), State::Pending);
    live.feed(r#"{"value": {"tea": 3, "milk": "#);
    assert_eq!(live.partial().json(), json!({"tea": 3}));
}
