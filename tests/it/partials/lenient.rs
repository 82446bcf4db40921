//! Partial values of malformed JSON: the reader's repairs apply to them too.

use super::*;

#[derive(Debug, PartialEq, Extract)]
struct Person {
    #[serde(rename = "fullName", alias = "name")]
    full_name: String,
    age: u8,
    tags: Vec<String>,
    mood: Option<Mood>,
}

#[derive(Debug, PartialEq, Extract)]
enum Mood {
    #[serde(rename = "very happy")]
    Happy,
    Sad,
}

#[test]
fn text_before_the_answer_is_skipped() {
    let ada = json!({"fullName": "Ada"});
    for before in [
        "",
        "Sure, here it is:\n```json\n",
        "<think>{\"fullName\": \"Not her\"}</think>\n",
        "In {braces} there was nothing. Now: ",
    ] {
        assert_eq!(shown::<Person>(&format!("{before}{{\"fullName\": \"Ada")), ada, "{before}");
    }
}

#[test]
fn keys_are_matched_as_in_whole_replies() {
    assert_eq!(shown::<Person>(r#"{"full_name": "A"#), json!({"fullName": "A"}));
    assert_eq!(shown::<Person>(r#"{"name": "A"#), json!({"fullName": "A"}));
    assert_eq!(
        shown::<Person>(r#"{unknown: {"name": "no"}, 'Full Name': 'A"#),
        json!({"fullName": "A"})
    );
}

#[test]
fn scalars_are_converted_as_in_whole_replies() {
    let text = r#"{"fullName": 7, "age": "36 ", "tags": "one", "mood": "VERY happy!"}"#;
    let expected = json!({"fullName": "7", "age": 36, "tags": ["one"], "mood": "very happy"});
    assert_eq!(ended::<Person>(text), expected);
}

#[test]
fn a_value_that_fits_nowhere_is_not_shown() {
    let text = r#"{"fullName": "A", "age": 1000, "mood": "so so", "tags": ["x"]}"#;
    assert_eq!(ended::<Person>(text), json!({"fullName": "A", "tags": ["x"]}));
}

#[test]
fn a_missing_quote_never_shortens_the_text() {
    let text = "{\"fullName\": \"Ada, \n \"age\": 36}";
    let mut live = live::<Person>();
    let mut before = String::new();
    for char in text.chars() {
        live.feed(char.encode_utf8(&mut [0; 4]));
        assert!(live.partial().full_name.starts_with(&before));
        before.clone_from(&live.partial().full_name);
    }
}

#[test]
fn a_key_in_a_list_opens_the_missing_object() {
    let text = r#"{"value": ["fullName": "Ada", "age": 3}, {"fullName": "Bob"#;
    assert_eq!(
        shown::<Vec<Person>>(text),
        json!([{"fullName": "Ada", "age": 3}, {"fullName": "Bob"}])
    );
}

#[test]
fn a_wrapped_value_may_arrive_without_its_wrapper() {
    type Prices = BTreeMap<String, u8>;
    assert_eq!(shown::<Prices>(r#"{"value": {"tea": 2, "milk": 1}"#), json!({"tea": 2, "milk": 1}));
    assert_eq!(shown::<Prices>(r#"{"tea": 2, "milk": 1}"#), json!({"tea": 2, "milk": 1}));
    assert_eq!(shown::<Option<Person>>(r#"{"fullName": "A"#), json!({"fullName": "A"}));
    assert_eq!(shown::<String>(r#"{"value": "A"#), json!("A"));
}

#[test]
fn for_a_duplicate_member_the_shown_value_stays() {
    let text = r#"{"fullName": "Ada", "age": 3, "fullName": "Bob", "age": 4}"#;
    assert_eq!(ended::<Person>(text), json!({"fullName": "Ada", "age": 3}));
}

#[test]
fn an_invalid_escape_is_corrected_in_the_shown_text() {
    let mut live = live::<Person>();
    for piece in [r#"{"fullName": "C:\"#, r"bin\new", r"\app", r#".exe", "age": 3, "#] {
        live.feed(piece);
    }
    assert_eq!(live.partial().json()["fullName"], r"C:\bin\new\app.exe");
}
