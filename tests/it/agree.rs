//! Agreement over samples: the majority value, its shares, its cost, and the result when some
//! samples fail.

use std::time::Duration;

use extract_llm::conversation::Prices;
use extract_llm::extraction::Basis;
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, ErrorKind, Extract};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Extract)]
#[extract(validate = ordered)]
struct Stay {
    guest: String,
    from: u8,
    to: u8,
    #[serde(default)]
    notes: Vec<String>,
}

fn ordered(stay: &Stay) -> Result<(), &'static str> {
    if stay.from < stay.to { Ok(()) } else { Err("a stay that ends after it begins") }
}

fn stay(guest: &str, from: u8, to: u8) -> ScriptedReply {
    reply::tool(json!({"guest": guest, "from": from, "to": to, "notes": []}))
}

fn client(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (Client::with_model(model.clone()), model)
}

#[tokio::test]
async fn the_majority_of_each_field_and_its_share() {
    let (client, model) = client([stay("Ada", 3, 5), stay("Ada L.", 3, 6), stay("Ada", 2, 5)]);

    let agreed = client.extract::<Stay>("Ada, 3rd to 5th").agree(3).await.unwrap();

    assert_eq!(agreed.value, Stay { guest: "Ada".into(), from: 3, to: 5, notes: vec![] });
    assert_eq!(agreed.basis, Basis::Fields);
    let shares: Vec<(&str, f64)> =
        agreed.fields.iter().map(|field| (field.pointer.as_str(), field.share)).collect();
    let two_thirds = 2.0 / 3.0;
    assert_eq!(
        shares,
        [("/guest", two_thirds), ("/from", two_thirds), ("/to", two_thirds), ("/notes", 1.0)]
    );
    assert_eq!(agreed.share("/notes"), Some(1.0));
    assert_eq!(agreed.share(""), Some(two_thirds));
    assert_eq!(agreed.share("/nothing"), None);
    assert_eq!(agreed.doubtful(0.9).len(), 3);
    assert_eq!(agreed.samples.len(), 3);
    assert_eq!(agreed.samples[1].json["guest"], "Ada L.");
    assert!(agreed.failures.is_empty());
    assert_eq!(model.seen().len(), 3);
}

/// The majority of every field alone would give a stay that ends before it begins.
#[tokio::test]
async fn an_invalid_majority_falls_back_to_the_best_whole_sample() {
    let (client, _) =
        client([stay("Ada", 5, 6), stay("Ada", 1, 2), stay("Ada", 5, 7), stay("Ada", 1, 2)]);
    // from: 5 and 1 twice each, so the first wins; to: 2 twice.
    let agreed = client.extract::<Stay>("Ada").agree(4).concurrency(1).await.unwrap();
    assert_eq!(agreed.basis, Basis::Sample(1));
    assert_eq!(agreed.value, Stay { guest: "Ada".into(), from: 1, to: 2, notes: vec![] });
    assert_eq!(agreed.share("/from"), Some(0.5));
}

#[tokio::test]
async fn lists_of_equal_length_are_compared_by_element() {
    let list = |values: &[u8]| reply::tool(json!({"value": values}));
    let (client, _) = client([list(&[1, 2]), list(&[1, 2, 3]), list(&[1, 9, 3])]);
    let agreed = client.extract::<Vec<u8>>("1, 2, 3").agree(3).await.unwrap();
    assert_eq!(agreed.value, [1, 2, 3]);
    assert_eq!(agreed.share("/0"), Some(1.0));
    assert_eq!(agreed.share("/2"), Some(2.0 / 3.0));
    assert_eq!(agreed.json, json!([1, 2, 3]));
}

#[tokio::test]
async fn an_enum_is_agreed_on_together_with_its_fields() {
    #[derive(Debug, PartialEq, Extract)]
    enum Action {
        Reserve { people: u8 },
        Cancel { id: u8 },
    }
    let (client, _) = client([
        reply::call("Cancel", json!({"id": 1})),
        reply::call("Reserve", json!({"people": 2})),
        reply::call("Reserve", json!({"people": 2})),
    ]);
    let agreed = client.extract::<Action>("A table for 2").agree(3).await.unwrap();
    assert_eq!(agreed.value, Action::Reserve { people: 2 });
    assert_eq!(agreed.share("/Reserve/people"), Some(2.0 / 3.0));
}

#[tokio::test]
async fn the_usage_of_every_sample_is_reported() {
    let bad = || reply::tool(json!({"guest": "Ada", "from": 5, "to": 5})).usage(1_000, 100);
    let good = || stay("Ada", 3, 5).usage(1_000, 100);
    let model = Scripted::new([bad(), good(), good(), good()]);
    let client = Client::builder().prices(Prices::new(1.0, 10.0)).with_model(model);
    let agreed = client.extract::<Stay>("Ada").agree(3).concurrency(1).await.unwrap();
    assert_eq!(agreed.ledger.usage().input_tokens, 4_000);
    assert_eq!(
        agreed.samples[0].ledger.attempts.len(),
        2,
        "a sample is re-asked like any extraction"
    );
    let cost = agreed.ledger.cost().unwrap().0;
    assert!((cost - 0.008).abs() < 1e-9, "{cost}");
}

#[tokio::test]
async fn fewer_than_half_of_the_samples_may_fail_and_are_reported() {
    let (client, _) = client([stay("Ada", 3, 5), reply::refusal("no"), stay("Ada", 3, 5)]);
    let agreed = client.extract::<Stay>("Ada").agree(3).concurrency(1).await.unwrap();
    assert_eq!(agreed.samples.len(), 2);
    assert!(matches!(agreed.failures[0].kind(), ErrorKind::Refused { .. }));
    assert_eq!(agreed.share("/from"), Some(1.0), "the share among samples with a value");
    assert_eq!(agreed.ledger.usage().total_tokens(), 45, "failed samples count too");
    let shown = serde_json::to_value(&agreed.samples).unwrap();
    assert!(shown[0]["ledger"]["attempts"].is_array());

    let (client, _) = self::client([
        stay("Ada", 3, 5),
        reply::refusal("no"),
        reply::status(401),
        stay("Ada", 3, 5),
    ]);
    let error = client.extract::<Stay>("Ada").agree(4).concurrency(1).await.unwrap_err();
    let ErrorKind::TooFewSamples { needed, found, failures } = error.kind() else {
        panic!("{error:?}")
    };
    let ledger = error.ledger();
    assert_eq!((*needed, *found, failures.len()), (3, 2, 2));
    assert_eq!(ledger.attempts.len(), 4);
    assert_eq!(ledger.usage().total_tokens(), 45);
}

#[tokio::test]
async fn an_invalid_call_sends_no_request() {
    let (client, model) = client([]);
    let error = client.extract::<Stay>(" ").agree(5).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(_)), "{error:?}");
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn samples_get_different_seeds_if_one_is_set() {
    let three = || (0..3).map(|_| stay("Ada", 3, 5));
    let (seeded, model) = client(three());
    seeded.extract::<Stay>("Ada").seed(7).agree(3).await.unwrap();
    let mut seeds: Vec<Value> = model.seen().iter().map(|seen| seen.body["seed"].clone()).collect();
    seeds.sort_by_key(Value::as_u64);
    assert_eq!(seeds, [json!(7), json!(8), json!(9)]);
    let (plain, model) = client(three());
    plain.extract::<Stay>("Ada").agree(3).await.unwrap();
    assert!(model.seen().iter().all(|seen| seen.body.get("seed").is_none()));
}

/// The clock is paused: it goes on only when all samples that may start wait for their replies.
#[tokio::test(start_paused = true)]
async fn samples_run_concurrently_up_to_the_limit() {
    let second = Duration::from_secs(1);
    let (client, model) = client((0..6).map(|_| stay("Ada", 3, 5).after(second)));
    let started = tokio::time::Instant::now();
    let agreed = client.extract::<Stay>("Ada").agree(6).concurrency(2).await.unwrap();
    assert_eq!(agreed.samples.len(), 6);
    assert_eq!((model.most_in_flight(), model.in_flight()), (2, 0));
    assert_eq!(started.elapsed().as_secs(), 3, "two at a time, to the end");
}

#[tokio::test(start_paused = true)]
async fn one_deadline_covers_all_samples() {
    let slow = || stay("Ada", 3, 5).after(Duration::from_secs(4));
    let (client, _) = client([slow(), slow(), slow()]);
    let error = client
        .extract::<Stay>("Ada")
        .deadline(Duration::from_secs(10))
        .agree(3)
        .concurrency(1)
        .await;
    let agreed = error.unwrap();
    assert_eq!(agreed.samples.len(), 2);
    assert!(matches!(agreed.failures[0].kind(), ErrorKind::Deadline { .. }));
}
