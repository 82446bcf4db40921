//! Values that a strict dialect sends in another shape, shown as they arrive: maps as lists of
//! pairs, tuples as objects, variants with lowered content.

use extract_llm::dialect::Dialect;
use extract_llm::partial::{AnswerPartial, MaybePartial};
use extract_llm::{Answer, Maybe};

use super::*;

#[derive(Debug, PartialEq, Extract)]
struct Stop {
    city: String,
    #[serde(default)]
    nights: u8,
}

/// Returns an empty partial value for a reply in a strict dialect.
fn strict<T: Extract>() -> Live<T> {
    let contract = Contract::of::<T>().unwrap();
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    assert!(!form.lowered.is_identity());
    Live::with_form(contract, Some(form))
}

/// Feeds these fragments in the strict dialect, and compares the partial value after each.
fn after<T: Extract>(fragments: &[(&str, Value)]) -> Live<T> {
    let mut live = strict::<T>();
    for (fragment, expected) in fragments {
        live.feed(fragment);
        assert_eq!(live.partial().json(), *expected, "after {fragment}");
    }
    live
}

#[test]
fn a_map_entry_appears_after_its_key_and_grows() {
    let live = after::<BTreeMap<String, Stop>>(&[
        (r#"{"value": ["#, json!({})),
        (r#"{"key": "first"#, json!({})),
        (r#"", "value": "#, json!({})),
        (r#"{"city": "Os"#, json!({"first": {"city": "Os"}})),
        (r#"lo", "nights": 2"#, json!({"first": {"city": "Oslo"}})),
        ("}", json!({"first": {"city": "Oslo", "nights": 2}})),
        (
            r#"}, {"key": "second", "value": {"city": "B"#,
            json!({"first": {"city": "Oslo", "nights": 2}, "second": {"city": "B"}}),
        ),
    ]);
    let stops = live.partial();
    assert_eq!(stops.get("first").and_then(Partial::whole).unwrap().nights, 2);
    assert!(!stops.get("second").unwrap().is_whole());
    assert_eq!(stops.state(), State::Incomplete);
}

#[test]
fn a_pair_whose_value_precedes_its_key_appears_when_complete() {
    after::<BTreeMap<u8, String>>(&[
        (r#"{"value": [{"value": "one", "#, json!({})),
        (r#""key": "1"}"#, json!({})),
        (", ", json!({"1": "one"})),
        (r#"{"key": "2", "value": "tw"#, json!({"1": "one", "2": "tw"})),
        (r#"o"}]}"#, json!({"1": "one", "2": "two"})),
    ]);
}

#[test]
fn pairs_are_read_leniently() {
    // Keys in another spelling, a number as a key, an unknown member, a duplicate pair, and
    // elements that are not pairs.
    after::<BTreeMap<u8, String>>(&[
        (r#"{"value": [{Key: 1, "note": {"key": 9}, "Value": "o"#, json!({"1": "o"})),
        (r#"ne"}, {"key": 1, "value": "two"}, 5, ["key"], "key""#, json!({"1": "one"})),
        (r#", {"key": {"a": 1}, "value": "x"}, {"value": "y"}"#, json!({"1": "one"})),
        (r#", {"key": 2, "value": "t", "value": "u"}]}"#, json!({"1": "one", "2": "t"})),
    ]);
    // A missing brace.
    after::<BTreeMap<String, String>>(&[
        (r#"{"value": ["key": "a", "value": "one"}, "#, json!({"a": "one"})),
        (r#""key": "b", "value": "tw"#, json!({"a": "one", "b": "tw"})),
    ]);
}

#[test]
fn maps_of_maps_and_lists_of_maps_are_shown_as_they_arrive() {
    type Nested = Vec<BTreeMap<String, Option<BTreeMap<String, Vec<String>>>>>;
    let live = after::<Nested>(&[
        (r#"{"value": [[{"key": "a", "value": null}, "#, json!([{"a": null}])),
        (r#"{"key": "b", "value": [{"key": "c", "value": ["#, json!([{"a": null, "b": {"c": []}}])),
        (r#""x", "y"#, json!([{"a": null, "b": {"c": ["x", "y"]}}])),
        (r#""]}]}], []]}"#, json!([{"a": null, "b": {"c": ["x", "y"]}}, {}])),
    ]);
    assert!(live.partial().is_whole());
}

#[test]
fn a_map_entry_waits_for_its_required_fields() {
    #[derive(Debug, Extract)]
    struct Row {
        label: String,
        #[extract(stream(required))]
        id: u8,
    }
    after::<BTreeMap<String, Row>>(&[
        (r#"{"value": [{"key": "a", "value": {"label": "x", "#, json!({})),
        (r#""id": 1, ""#, json!({"a": {"label": "x", "id": 1}})),
        (r#"note": 2}}, {"key": "b", "value": {"label": "#, json!({"a": {"label": "x", "id": 1}})),
    ]);
}

#[derive(Debug, PartialEq, Extract)]
struct Leg(Stop, Option<BTreeMap<String, u8>>);

#[test]
fn the_elements_of_a_tuple_grow() {
    after::<(String, Stop, u8)>(&[
        (r#"{"value": {"0": "No"#, json!(["No", null, null])),
        (r#"rth", "1": {"city": "Os"#, json!(["North", {"city": "Os"}, null])),
        (r#"lo"}, "2": 3}}"#, json!(["North", {"city": "Oslo"}, 3])),
    ]);
    let live = after::<Vec<Leg>>(&[
        (r#"{"value": [{"1": [{"key": "a", "value": 1}, "#, json!([[null, {"a": 1}]])),
        (
            r#"{"key": "b", "value": 2}], "0": {"city": "B"#,
            json!([[{"city": "B"}, {"a": 1, "b": 2}]]),
        ),
        (
            r#"", "nights": 1}, "0": {"city": "C"}}"#,
            json!([[{"city": "B", "nights": 1}, {"a": 1, "b": 2}]]),
        ),
    ]);
    assert!(live.partial()[0].is_whole());
}

#[derive(Debug, PartialEq, Extract)]
enum Event {
    Arrived(Stop),
    Left(Stop, Vec<String>),
    Counted { by: BTreeMap<String, u8>, at: (u8, Stop) },
    Slept,
}

#[test]
fn variants_with_lowered_content_are_shown_as_they_arrive() {
    let live = after::<Vec<Event>>(&[
        (r#"{"value": [{"Arrived": {"city": "Os"#, json!([{"Arrived": {"city": "Os"}}])),
        (
            r#"lo"}}, "Slept", {"Left": {"0": {"city": "B"#,
            json!([{"Arrived": {"city": "Oslo"}}, "Slept", {"Left": [{"city": "B"}, null]}]),
        ),
    ]);
    let Some(EventPartial::Left(from, _)) = &*live.partial()[2] else { panic!() };
    assert_eq!(*from.city, "B");
    after::<Event>(&[
        (
            r#"{"value": {"Counted": {"by": [{"key": "me", "value": 1}, "#,
            json!({"Counted": {"by": {"me": 1}}}),
        ),
        (
            r#"], "at": {"1": {"city": "O"#,
            json!({"Counted": {"by": {"me": 1}, "at": [null, {"city": "O"}]}}),
        ),
    ]);
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind")]
enum Tagged {
    Arrived(Stop),
    Counted { by: BTreeMap<String, u8>, note: Option<String> },
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind", content = "data")]
enum Beside {
    Arrived(Stop),
    Left(Stop, Vec<String>),
    Counted { by: BTreeMap<String, u8> },
}

#[test]
fn a_tag_selects_the_branch() {
    after::<Vec<Tagged>>(&[
        (
            r#"{"value": [{"kind": "Counted", "note": null, "by": [{"key": "me", "#,
            json!([{
                "kind": "Counted", "note": null, "by": {},
            }]),
        ),
        (
            r#""value": 1}]}, {"city": "Oslo", "nights": 1, "#,
            json!([{
                "kind": "Counted", "note": null, "by": {"me": 1},
            }]),
        ),
        (
            r#""kind": "Arrived"}, {"kind": "Arrived", "city": "B"#,
            json!([
                {"kind": "Counted", "note": null, "by": {"me": 1}},
                {"kind": "Arrived", "city": "Oslo", "nights": 1},
                {"kind": "Arrived", "city": "B"},
            ]),
        ),
    ]);
    after::<Vec<Beside>>(&[
        (
            r#"{"value": [{"kind": "Left", "data": {"0": {"city": "O"#,
            json!([
                {"kind": "Left", "data": [{"city": "O"}, null]},
            ]),
        ),
        (
            r#"slo"}}}, {"kind": "Counted", "data": {"by": [{"key": "me", "value": 1}, "#,
            json!([
                {"kind": "Left", "data": [{"city": "Oslo"}, null]},
                {"kind": "Counted", "data": {"by": {"me": 1}}},
            ]),
        ),
    ]);
}

#[derive(Debug, PartialEq, Extract)]
struct Open {
    title: String,
    stops: Vec<Stop>,
    #[serde(flatten)]
    others: BTreeMap<String, (String, u8)>,
}

#[test]
fn a_struct_with_a_flattened_map_shows_its_fields_as_they_arrive() {
    let live = after::<Open>(&[
        (r#"{"title": "No"#, json!({"title": "No"})),
        (r#"rth", "stops": [{"city": "Os"#, json!({"title": "North", "stops": [{"city": "Os"}]})),
        (
            r#"lo", "nights": 1}], "additional_properties": [{"key": "x", "value": {"0": "a", "1": 1}}]"#,
            json!({"title": "North", "stops": [{"city": "Oslo", "nights": 1}]}),
        ),
        ("}", json!({"title": "North", "stops": [{"city": "Oslo", "nights": 1}], "x": ["a", 1]})),
    ]);
    assert_eq!(live.partial().whole().unwrap().others["x"], ("a".to_owned(), 1));
}

#[test]
fn maybe_grows_in_every_shape() {
    for form in Dialect::ALL.iter().copied().map(Some).chain([None]) {
        let contract = Contract::of::<Maybe<Stop>>().unwrap();
        let form = form.map(|dialect| contract.lowered(dialect, true).unwrap());
        let mut live = Live::<Maybe<Stop>>::with_form(contract, form);
        live.feed(r#"{"value": {"fou"#);
        assert_eq!(**live.partial(), None);
        live.feed(r#"nd": {"city": "Os"#);
        let Some(MaybePartial::Found(stop)) = &**live.partial() else { panic!() };
        assert_eq!(*stop.city, "Os");
        live.feed(r#"lo", "nights": 2}}}"#);
        let stop = Stop { city: "Oslo".into(), nights: 2 };
        assert_eq!(live.partial().whole(), Some(Maybe::Found(stop)));
        assert_eq!(live.partial().json(), json!({"found": {"city": "Oslo", "nights": 2}}));

        live.start_over();
        live.feed(r#"{"value": {"not_found": {"reason": "nothing is na"#);
        let Some(none) = &**live.partial() else { panic!() };
        assert_eq!((none.reason(), none.found()), (Some("nothing is na"), None));
        assert_eq!(
            serde_json::to_value(none).unwrap(),
            json!({"not_found": {"reason": "nothing is na"}})
        );
    }
}

#[test]
fn answer_and_maybe_grow_inside_other_types() {
    #[derive(Extract)]
    struct Talk {
        turns: Vec<Answer<BTreeMap<String, u8>>>,
        last: Maybe<(String, Option<Stop>)>,
    }
    let live = after::<Talk>(&[
        (r#"{"turns": [{"text": "For how ma"#, json!({"turns": [{"text": "For how ma"}]})),
        (
            r#"ny?"}, {"value": [{"key": "seats", "value": 4}"#,
            json!({"turns": [{"text": "For how many?"}, {"value": {"seats": 4}}]}),
        ),
        (
            r#"]}], "last": {"found": {"0": "bo"#,
            json!({
                "turns": [{"text": "For how many?"}, {"value": {"seats": 4}}],
                "last": {"found": ["bo", null]},
            }),
        ),
    ]);
    let talk = live.partial();
    assert_eq!(talk.turns[0].as_ref().and_then(AnswerPartial::text), Some("For how many?"));
    let seats = talk.turns[1].as_ref().and_then(AnswerPartial::value).unwrap();
    assert_eq!(seats.get("seats").and_then(Partial::whole), Some(4));
    assert_eq!(talk.turns[1].as_ref(), talk.turns[1].clone().as_ref());
    assert_ne!(talk.turns[0].as_ref(), talk.turns[1].as_ref());
}
