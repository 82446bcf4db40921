//! The whole library with the embedded model: a real server, a real model, no key.

use extract_llm::contract::Contract;
use extract_llm::conversation::Delta;
use extract_llm::extraction::{Layout, Outcome};
use extract_llm::partial::Live;
use extract_llm::{Client, Extract, Mode, Step, UserTool};

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Positive,
    Negative,
    Neutral,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_model_fills_in_a_struct() {
    let client = Client::local();

    let done = client
        .extract::<Person>("Maria Lopez is 34 years old and lives in Madrid.")
        .report()
        .await
        .unwrap();

    assert_eq!(done.value, Person { name: "Maria Lopez".into(), age: 34 });
    assert_eq!(done.ledger.attempts.len(), 1);
    assert_eq!(done.ledger.attempts[0].outcome, Outcome::Accepted);
    assert!(
        done.ledger.usage().input_tokens > 0 && done.ledger.usage().output_tokens > 0,
        "{:?}",
        done.ledger.usage()
    );

    // A root that is not an object, and the other enforcing mode. This small model's answer is
    // uncertain, but it always fits the schema.
    let mood: Mood = client.extract("Terrible service, I will never come back.").await.unwrap();
    assert_eq!(mood, Mood::Negative);
    let person = client
        .extract::<Person>("The patient, John Smith (62), was admitted on Monday.")
        .mode(Mode::Tools)
        .report()
        .await
        .unwrap();
    assert_eq!(person.ledger.attempts[0].mode, Mode::Tools);
    assert!(!person.value.name.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_models_value_is_shown_while_it_writes() {
    let text = "Maria Lopez is 34 years old and lives in Madrid.";
    let mut deltas = Client::local().extract::<Person>(text).deltas();
    let mut pieces = 0;
    while let Some(delta) = deltas.next().await {
        pieces += u32::from(matches!(delta.unwrap(), Delta::Text(_)));
    }
    assert!(pieces > 3, "{pieces} pieces");
    assert_eq!(deltas.finish().await.unwrap(), Person { name: "Maria Lopez".into(), age: 34 });
}

#[derive(Debug, PartialEq, Extract)]
enum Fact {
    /// A person and their age.
    Person { name: String, age: u8 },
    /// A town.
    Town { city: String },
}

/// This small model's answers are uncertain, but its calls always have the required form.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_model_calls_one_of_several_tools() {
    let client = Client::local();
    let text = "Maria Lopez is 34 years old.";

    let done = client.extract::<Fact>(text).layout(Layout::Each).report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].mode, Mode::Tools);
    let written = &done.ledger.attempts.last().unwrap().reply;
    assert!(!written.contains("Person\":") && !written.contains("Town\":"), "{written}");

    let tools = [UserTool::of::<Person>().unwrap().named("look_up")];
    match client.extract::<Fact>(text).tools(tools).step().await.unwrap() {
        Step::Value(report) => assert_eq!(report.ledger.attempts[0].mode, Mode::Tools),
        Step::Calls(handed) => {
            assert!(handed.calls.iter().all(|call| call.parse::<Person>().is_ok()), "{handed:?}");
        }
    }
}

/// The first letter of the first field is shown with the delta that contains it.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_models_first_letter_is_shown_at_once() {
    let text = "Maria Lopez is 34 years old and lives in Madrid.";
    let mut deltas = Client::local().extract::<Person>(text).deltas();
    let mut live = Live::<Person>::new(Contract::of::<Person>().unwrap());
    let mut written = String::new();
    let mut shown = 0;
    while let Some(delta) = deltas.next().await {
        let Delta::Text(piece) = delta.unwrap() else { continue };
        written += &piece;
        live.feed(&piece);
        let begun = written.split_once("\"name\"").and_then(|(_, rest)| rest.split_once('"'));
        if begun.is_some_and(|(_, value)| !value.is_empty()) {
            assert!(!live.partial().name.is_empty(), "{written}");
            shown += 1;
        }
    }
    assert!(shown > 1, "{written}");
    assert_eq!(deltas.finish().await.unwrap().name, *live.partial().name);
}
