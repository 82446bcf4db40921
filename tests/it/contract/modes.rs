//! `Mode::Auto` selects the first mode whose dialect supports a type, and reports the change.

use extract_llm::dialect::Dialect;
use extract_llm::model::Profile;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Extract, Mode};
use serde_json::json;

use super::scripted;

/// Seventeen nullable fields, which is one more than Anthropic's dialect allows.
#[derive(Debug, Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Wide {
    a: Option<u8>,
    b: Option<u8>,
    c: Option<u8>,
    d: Option<u8>,
    e: Option<u8>,
    f: Option<u8>,
    g: Option<u8>,
    h: Option<u8>,
    i: Option<u8>,
    j: Option<u8>,
    k: Option<u8>,
    l: Option<u8>,
    m: Option<u8>,
    n: Option<u8>,
    o: Option<u8>,
    p: Option<u8>,
    q: Option<u8>,
}

fn profile(tools: &'static Dialect) -> Profile {
    let mut profile =
        Profile::new("scripted", "scripted").modes([Mode::JsonSchema, Mode::Text, Mode::Tools]);
    profile.dialect = &Dialect::ANTHROPIC_FORMAT;
    profile.strict = true;
    profile.tool_dialect = tools;
    profile.tool_strict = true;
    profile
}

#[tokio::test]
async fn auto_selects_a_mode_that_supports_the_type() {
    let answers = [reply::tool(json!({}))];
    let model = Scripted::new(answers).with_profile(profile(&Dialect::MISTRAL));
    let done = scripted::client_of(&model).extract::<Wide>("text").report().await.unwrap();

    assert_eq!(done.ledger.attempts[0].mode, Mode::Tools);
    assert_eq!(done.ledger.notes.len(), 1, "{:?}", done.ledger.notes);
    assert!(
        done.ledger.notes[0].starts_with("the mode is tools instead of json_schema: "),
        "{:?}",
        done.ledger.notes
    );
    assert!(done.ledger.notes[0].contains("16"), "with the reason: {:?}", done.ledger.notes);
    assert_eq!(model.seen()[0].body["tools"][0]["function"]["strict"], true);
}

#[tokio::test]
async fn an_explicit_mode_is_kept_without_enforcement() {
    let model =
        Scripted::new([reply::tool(json!({}))]).with_profile(profile(&Dialect::ANTHROPIC_TOOL));
    let extraction = scripted::client_of(&model).extract::<Wide>("text").mode(Mode::Tools);
    let done = extraction.report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].mode, Mode::Tools);
    assert!(
        done.ledger.notes[0].starts_with("the schema is sent without enforcement"),
        "{:?}",
        done.ledger.notes
    );
    let sent = &model.seen()[0].body["tools"][0]["function"];
    assert_eq!(sent.get("strict"), None);
}

#[tokio::test]
async fn without_a_supporting_mode_the_schema_is_sent_without_enforcement() {
    let model =
        Scripted::new([reply::tool(json!({}))]).with_profile(profile(&Dialect::ANTHROPIC_TOOL));
    let done = scripted::client_of(&model).extract::<Wide>("text").report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].mode, Mode::Tools);
    assert_eq!(done.ledger.notes.len(), 1, "{:?}", done.ledger.notes);
}

#[tokio::test]
async fn a_supported_type_stays_in_the_first_mode_without_a_note() {
    let answer = reply::json(json!({"value": [1]}));
    let model = Scripted::new([answer]).with_profile(profile(&Dialect::MISTRAL));
    let done = scripted::client_of(&model).extract::<Vec<u8>>("text").report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].mode, Mode::JsonSchema);
    assert_eq!(done.ledger.notes, [] as [String; 0]);
}
