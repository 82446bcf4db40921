//! The effect of the attributes of `#[extract(..)]` and serde on partial values.

use std::time::Duration;

use super::*;

#[derive(Extract)]
struct Card {
    #[extract(stream(whole))]
    title: String,
    text: String,
    #[extract(stream(whole))]
    tags: Vec<String>,
    inner: Atom,
}

/// It makes sense only in one piece.
#[derive(Debug, PartialEq, Extract)]
#[extract(stream(whole))]
struct Atom {
    symbol: String,
    number: u8,
}

#[test]
fn fields_marked_whole_are_shown_only_when_complete() {
    let steps = steps::<Card>(
        r#"{"title": "Ti", "text": "Te", "tags": ["a", "b"], "inner": {"symbol": "H", "number": 1}}"#,
    );
    let titles: Vec<&Value> = steps.iter().filter_map(|step| step.get("title")).collect();
    assert!(!titles.is_empty() && titles.iter().all(|title| *title == "Ti"));
    assert!(steps.iter().any(|step| step["text"] == "T"));
    let tags: Vec<&Value> = steps.iter().filter_map(|step| step.get("tags")).collect();
    assert!(!tags.is_empty() && tags.iter().all(|tags| **tags == json!(["a", "b"])));
    let inner = steps.iter().filter_map(|step| step.get("inner"));
    assert!(inner.clone().count() > 0);
    assert!(inner.into_iter().all(|inner| *inner == json!({"symbol": "H", "number": 1})));
    let mut live = live::<Card>();
    live.feed(r#"{"inner": {"symbol": "H", "number": 1}, "tags": ["a"], "#);
    assert_eq!(live.partial().inner.whole(), Some(Atom { symbol: "H".into(), number: 1 }));
    assert_eq!(*live.partial().tags[0], "a", "elements of a whole list are shown");
    assert_eq!(live.partial().title.as_str(), live.partial().text.as_str());
}

#[derive(Extract)]
struct Row {
    label: String,
    #[extract(stream(required))]
    id: u32,
    #[extract(stream(whole, required))]
    owner: Option<String>,
}

#[derive(Extract)]
struct Table {
    first: Option<Row>,
    rows: Vec<Row>,
    kind: Kind,
}

#[derive(Extract)]
enum Kind {
    Small {
        text: String,
        #[extract(stream(required))]
        id: u8,
    },
    Large(Row),
}

#[test]
fn an_object_is_withheld_until_its_required_fields_are_present() {
    let mut live = live::<Table>();
    live.feed(r#"{"first": {"label": "x", "id": 1, "owner": "A"#);
    assert_eq!(live.partial().first.state(), State::Pending);
    assert_eq!(*live.partial().first.label, "");
    live.feed(r#"da"}, "rows": [{"label": "a", "id": 1, "owner": "B"}, {"label": "b"#);
    assert_eq!(*live.partial().first.label, "x");
    assert_eq!(live.partial().rows.len(), 1, "a withheld element does not count");
    live.feed(r#"", "owner": null, "id": 2}, {"id": 3, "owner": "C", "label": "c"#);
    assert_eq!(live.partial().rows.len(), 2, "null does not count as a value");
    assert_eq!(live.partial().rows[1].id.whole(), Some(3));
    live.feed(r#""}], "kind": {"Small": {"text": "hid"#);
    assert_eq!(*live.partial().kind, None);
    live.feed(r#"den", "id": 4}}}"#);
    let Some(KindPartial::Small { text, .. }) = &*live.partial().kind else { panic!() };
    assert_eq!(**text, "hidden");
    // The final value shows all fields.
    let whole = json!({
        "first": null, "kind": {"Large": {"label": "", "id": 1, "owner": null}},
        "rows": [{"label": "b", "id": 2, "owner": null}],
    });
    live.settle(&whole);
    assert_eq!(live.partial().json(), whole);
}

#[derive(Extract)]
#[extract(partial = Draft)]
struct Letter {
    body: String,
}

#[expect(dead_code, reason = "it occupies the default name")]
struct LetterPartial;

#[derive(Extract)]
#[extract(skip(Partial))]
struct Opaque {
    body: String,
}

#[expect(dead_code, reason = "it occupies the default name")]
struct OpaquePartial;

#[test]
fn the_partial_type_can_be_renamed_or_omitted() {
    let mut letter = live::<Letter>();
    letter.feed(r#"{"body": "Dear"#);
    let draft: &Draft = letter.partial();
    assert_eq!(*draft.body, "Dear");
    let mut opaque = live::<Opaque>();
    opaque.feed(r#"{"body": "Dear"#);
    assert_eq!(opaque.partial().state(), State::Pending);
    opaque.feed(r#""}"#);
    opaque.end();
    assert_eq!(opaque.partial().whole().unwrap().body, "Dear");
}

mod seconds {
    use std::time::Duration;

    use extract_llm::__private::{schemars, serde};

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        d: D,
    ) -> Result<Duration, D::Error> {
        <u64 as serde::Deserialize>::deserialize(d).map(Duration::from_secs)
    }

    pub(super) fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        g.subschema_for::<u64>()
    }
}

#[derive(Extract)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[extract(with = seconds)]
    time_out: Duration,
    #[serde(default)]
    retry_count: u8,
    #[serde(skip)]
    cache: std::cell::Cell<u8>,
    celsius: Celsius,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(try_from = "f64")]
struct Celsius(f64);

impl TryFrom<f64> for Celsius {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if value < -273.15 { Err("colder than cold") } else { Ok(Self(value)) }
    }
}

#[test]
fn serdes_attributes_are_honoured() {
    let text = r#"{"timeOut": 5, "retryCount": 2, "celsius": 21.5}"#;
    let mut live = live::<Settings>();
    live.feed(text);
    assert_eq!(live.partial().json(), serde_json::from_str::<Value>(text).unwrap());
    assert_eq!(live.partial().celsius.whole(), Some(Celsius(21.5)));
    let settings = live.partial().whole().unwrap();
    assert_eq!((settings.time_out.as_secs(), settings.retry_count), (5, 2));
    assert_eq!(settings.cache.get(), 0);
}
