//! Enums: nothing is shown until the tag is known, then the variant with its partial fields.

use super::*;

/// An instruction.
#[derive(Debug, PartialEq, Extract)]
enum Action {
    /// Book a table.
    Reserve(Reservation),
    Cancel {
        id: u64,
        reason: Option<String>,
    },
    Move(String, u8),
    Nothing,
}

#[derive(Debug, PartialEq, Extract)]
struct Reservation {
    name: String,
    people: u8,
}

#[derive(Extract)]
struct Plan {
    action: Action,
    others: Vec<Action>,
}

#[test]
fn a_variant_appears_with_its_key() {
    let mut live = live::<Plan>();
    live.feed(r#"{"action": {"Res"#);
    assert_eq!(*live.partial().action, None);
    live.feed(r#"erve": "#);
    assert!(matches!(*live.partial().action, Some(ActionPartial::Reserve(_))));
    live.feed(r#"{"name": "Ad"#);
    let Some(ActionPartial::Reserve(reservation)) = &*live.partial().action else { panic!() };
    assert_eq!(*reservation.name, "Ad");
    live.feed(r#"a", "people": 4}}, "others": [{"Cancel": {"id": 7, "reason": "il"#);
    let partial = live.partial();
    assert_eq!(
        partial.action.whole(),
        Some(Action::Reserve(Reservation { name: "Ada".into(), people: 4 }))
    );
    let Some(ActionPartial::Cancel { id, reason }) = &*partial.others[0] else { panic!() };
    assert_eq!((id.whole(), reason.as_str()), (Some(7), "il"));
    live.feed(r#"l"}}, {"Move": ["here"#);
    let Some(ActionPartial::Move(to, _)) = &*live.partial().others[1] else { panic!() };
    assert_eq!(**to, "here");
    live.feed(r#"", 3]}, "Noth"#);
    assert_eq!(live.partial().others.len(), 2);
    live.feed(r#"ing"]}"#);
    assert_eq!(*live.partial().others[2], Some(ActionPartial::Nothing));
    let whole = json!({
        "action": {"Reserve": {"name": "Ada", "people": 4}},
        "others": [{"Cancel": {"id": 7, "reason": "ill"}}, {"Move": ["here", 3]}, "Nothing"],
    });
    assert_eq!(live.partial().json(), whole);
    live.settle(&whole);
    assert!(!live.take_changed() || live.partial().json() == whole);
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Shape {
    Circle { radius: f64 },
    Label { text: String, size: u8 },
    Other(Reservation),
    Empty,
}

#[test]
fn a_variant_appears_with_its_tag() {
    let mut live = live::<Vec<Shape>>();
    live.feed(r#"{"value": [{"kind": "lab"#);
    assert_eq!(live.partial().len(), 0);
    live.feed(r#"el", "text": "Hel"#);
    let Some(ShapePartial::Label { text, .. }) = &*live.partial()[0] else { panic!() };
    assert_eq!(**text, "Hel");
    live.feed(r#"lo", "size": 3}, {"kind": "other", "name": "A"#);
    let Some(ShapePartial::Other(inside)) = &*live.partial()[1] else { panic!() };
    assert_eq!(*inside.name, "A");
    // The variant appears when its tag arrives, which may be last.
    live.feed(r#"da", "people": 1}, {"radius": 2, "kind": "circle"#);
    assert_eq!(live.partial().len(), 2);
    live.feed(r#""}, {"kind": "empty"}]}"#);
    let expected = json!([
        {"kind": "label", "text": "Hello", "size": 3},
        {"kind": "other", "name": "Ada", "people": 1},
        {"kind": "circle", "radius": 2},
        {"kind": "empty"},
    ]);
    assert_eq!(live.partial().json(), expected);
    assert_eq!(live.partial().whole().unwrap().len(), 4);
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "t", content = "c")]
enum Event {
    Say(String),
    Point { x: i32, y: i32 },
    Stop,
}

#[test]
fn an_adjacently_tagged_variant_is_shown_as_it_arrives() {
    let mut live = live::<Vec<Event>>();
    live.feed(r#"{"value": [{"t": "Say", "c": "Hel"#);
    let Some(EventPartial::Say(words)) = &*live.partial()[0] else { panic!() };
    assert_eq!(**words, "Hel");
    live.feed(r#"lo"}, {"t": "Point", "c": {"x": 1, "y": "#);
    let Some(EventPartial::Point { x, y }) = &*live.partial()[1] else { panic!() };
    assert_eq!((x.whole(), y.whole()), (Some(1), None));
    live.feed(r#"2}}, {"t": "Stop"}, {"c": "late", "t": "Say"}]}"#);
    let expected = [
        Event::Say("Hello".into()),
        Event::Point { x: 1, y: 2 },
        Event::Stop,
        Event::Say("late".into()),
    ];
    assert_eq!(live.partial().whole().unwrap(), expected);
}

#[derive(Debug, PartialEq, Extract)]
#[serde(untagged)]
enum Either {
    Number(f64),
    Words { words: String },
}

#[test]
fn an_untagged_enum_appears_when_complete() {
    let mut live = live::<Vec<Either>>();
    live.feed(r#"{"value": [1.5, {"words": "a"#);
    assert_eq!(live.partial().len(), 1);
    live.feed(r#""}]}"#);
    assert_eq!(
        live.partial().whole(),
        Some(vec![Either::Number(1.5), Either::Words { words: "a".into() }])
    );
}

#[derive(Debug, PartialEq, Extract)]
enum Boxed<T> {
    One(T),
    Many(Vec<T>),
    Deep(Box<Self>),
}

#[test]
fn generic_and_recursive_enums_are_shown_as_they_arrive() {
    let mut live = live::<Boxed<String>>();
    live.feed(r#"{"value": {"Deep": {"Deep": {"Many": ["a", "b"#);
    let Some(BoxedPartial::Deep(one)) = &**live.partial() else { panic!() };
    let Some(BoxedPartial::Deep(two)) = &**one else { panic!() };
    let Some(BoxedPartial::Many(list)) = &**two else { panic!() };
    assert_eq!(*list[1], "b");
}
