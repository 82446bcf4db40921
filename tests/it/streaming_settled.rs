//! The end of streamed elements: the given elements are compared with the accepted list.

use extract_llm::extraction::{BadItems, ExtractionStream, Items};
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, ErrorKind, Extract, Mode, Quote};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Extract)]
struct Row {
    n: u8,
    note: Option<String>,
}

fn row(n: u32) -> Value {
    json!({"n": n, "note": null})
}

fn client(replies: impl IntoIterator<Item = ScriptedReply>) -> Client {
    Client::with_model(Scripted::new(replies).pieces_of(3))
}

fn rows<const N: usize>(numbers: [u32; N]) -> ScriptedReply {
    reply::tool(json!({"value": numbers.map(row).to_vec()}))
}

fn are_different(rows: &[Row]) -> Result<(), &'static str> {
    let mut numbers: Vec<u8> = rows.iter().map(|row| row.n).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() == rows.len() { Ok(()) } else { Err("each number once") }
}

/// Returns the given numbers, the withdrawn ones with their indices, and the numbers of the final
/// value.
async fn all(
    mut stream: ExtractionStream<Vec<Row>, Items<Row>>,
) -> (Vec<u8>, Vec<(usize, u64)>, Vec<u8>) {
    let mut given = Vec::new();
    while let Some(row) = stream.next().await {
        given.push(row.unwrap().n);
    }
    let withdrawn = stream.withdrawn().to_vec();
    let done = stream.report().await.unwrap();
    assert_eq!(done.ledger.withdrawn, withdrawn);
    assert_eq!(
        done.ledger.notes.iter().any(|note| note.contains("given before")),
        !withdrawn.is_empty()
    );
    let withdrawn = withdrawn.iter().map(|one| (one.index, one.value["n"].as_u64().unwrap()));
    (given, withdrawn.collect(), done.value.iter().map(|row| row.n).collect())
}

#[tokio::test]
async fn a_draft_before_the_answer_is_withdrawn_and_the_answer_is_given() {
    let text =
        "Draft: [{\"n\": 1}, {\"n\": 2}]\n\n```json\n{\"value\": [{\"n\": 2}, {\"n\": 3}]}\n```";
    for mode in [Mode::Text, Mode::JsonSchema] {
        let client = client([reply::text(text)]);
        let stream = client.extract::<Vec<Row>>("…").mode(mode).validation_retries(0).items();
        assert_eq!(all(stream).await, (vec![1, 2, 3], vec![(0, 1)], vec![2, 3]), "{mode}");
    }
}

#[tokio::test]
async fn a_rewritten_list_is_compared_by_its_values() {
    let different = |replies: [ScriptedReply; 2]| {
        let extraction = client(replies).extract::<Vec<Row>>("…");
        extraction.validate(|rows: &Vec<Row>, _| are_different(rows)).items()
    };
    let stream = different([rows([1, 1, 2]), rows([2, 1, 3])]);
    assert_eq!(all(stream).await, (vec![1, 1, 2, 3], vec![(1, 1)], vec![2, 1, 3]));

    // The order of members, and null instead of an absent member, make no difference.
    let again = json!({"value": [{"note": null, "n": 1}, {"n": 2}]});
    let stream = different([rows([1, 1, 2]), reply::tool(again)]);
    assert_eq!(all(stream).await, (vec![1, 1, 2], vec![(1, 1)], vec![1, 2]));
}

#[tokio::test]
async fn a_corrected_element_is_given_and_missing_ones_are_withdrawn() {
    let stream = client([rows([1, 900, 3]), rows([2])]).extract::<Vec<Row>>("…").items();
    assert_eq!(all(stream).await, (vec![1, 3, 2], vec![(0, 1), (1, 3)], vec![2]));

    let stream = client([rows([1, 900, 3]), rows([1, 2, 3])]).extract::<Vec<Row>>("…").items();
    assert_eq!(all(stream).await, (vec![1, 3, 2], vec![], vec![1, 2, 3]));

    let extraction = client([rows([1, 900, 3])]).extract::<Vec<Row>>("…");
    let stream = extraction.bad_items(BadItems::LeaveOut).items();
    assert_eq!(all(stream).await, (vec![1, 3], vec![], vec![1, 3]));
}

#[tokio::test]
async fn a_stream_that_is_not_read_to_its_end_reports_withdrawn_elements() {
    let value = |texts: [&str; 2]| reply::tool(json!({"value": texts}));
    let start = || {
        let client = client([value(["a", "b"]), value(["b", "c"])]);
        let extraction = client.extract::<Vec<String>>("…");
        extraction
            .validate(|texts, _| if texts[0] == "a" { Err("no more of a") } else { Ok(()) })
            .items()
    };
    let mut stream = start();
    assert_eq!(stream.next().await.unwrap().unwrap(), "a");
    let done = stream.report().await.unwrap();
    assert_eq!(done.value, ["b", "c"]);
    assert_eq!(done.ledger.withdrawn.len(), 1);
    assert_eq!((done.ledger.withdrawn[0].index, &done.ledger.withdrawn[0].value), (0, &json!("a")));
    assert_eq!(done.ledger.notes, ["1 element that was given before the end: not in the value"]);

    let done = start().report().await.unwrap();
    assert_eq!(
        (done.ledger.withdrawn.len(), done.ledger.notes.len()),
        (0, 0),
        "no element was given"
    );
}

#[tokio::test]
async fn queued_elements_of_a_rejected_attempt_are_not_given() {
    let value = |numbers: [u8; 4]| reply::tool(json!({"value": numbers}));
    // In one delta: all elements of the first attempt have arrived when the first is given.
    let model = Scripted::new([value([1, 2, 3, 4]), value([2, 1, 5, 6])]).pieces_of(1000);
    let extraction = Client::with_model(model).extract::<Vec<u8>>("…");
    let mut stream = extraction
        .validate(|numbers, _| if numbers[0] == 1 { Err("two comes first") } else { Ok(()) })
        .items();
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    let done = stream.report().await.unwrap();
    assert_eq!((done.value, done.ledger.withdrawn), (vec![2, 1, 5, 6], vec![]));
}

#[tokio::test]
async fn a_long_rewritten_list_is_compared_in_one_pass() {
    let numbers: Vec<u32> = (0..30_000).collect();
    let mut turned = numbers.clone();
    turned.reverse();
    turned[0] = 7;
    let replies = [json!({"value": numbers}), json!({"value": turned})].map(reply::tool);
    let extraction =
        Client::with_model(Scripted::new(replies).pieces_of(4000)).extract::<Vec<u32>>("…");
    let mut stream = extraction
        .validate(|numbers, _| if numbers[0] == 0 { Err("the last one first") } else { Ok(()) })
        .items();
    let mut given = 0;
    while let Some(number) = stream.next().await {
        number.unwrap();
        given += 1;
    }
    assert_eq!(given, 30_001, "7 is in the second list twice");
    assert_eq!(stream.withdrawn().len(), 1);
    assert_eq!(stream.withdrawn()[0].value, 29_999);
}

#[tokio::test]
async fn a_quote_is_located_in_an_element_that_is_given_at_the_end_too() {
    #[derive(Debug, Extract)]
    struct Claim {
        n: u8,
        evidence: Quote,
    }

    const TEXT: &str = "The cat sat on the mat. The dog barked all night long.";
    let claims = |first: u32| {
        let cat = json!({"n": first, "evidence": "The cat sat"});
        reply::tool(json!({"value": [cat, {"n": 2, "evidence": "The dog barked"}]}))
    };
    let mut stream = client([claims(900), claims(1)]).extract::<Vec<Claim>>(TEXT).items();
    let mut places = Vec::new();
    while let Some(claim) = stream.next().await {
        let claim = claim.unwrap();
        places.push((claim.n, claim.evidence.located().unwrap().bytes.clone()));
    }
    assert_eq!(places, [(2, 24..38), (1, 0..11)]);
}

#[tokio::test]
async fn an_unreadable_element_of_the_value_is_an_error() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static READ: AtomicUsize = AtomicUsize::new(0);

    /// It can be read twice.
    #[derive(Debug, schemars::JsonSchema)]
    struct Fickle(#[expect(dead_code, reason = "it is only read")] u8);

    impl<'de> serde::Deserialize<'de> for Fickle {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let n = u8::deserialize(deserializer)?;
            match READ.fetch_add(1, Ordering::SeqCst) {
                0 | 2 => Err(serde::de::Error::custom("not now")),
                _ => Ok(Self(n)),
            }
        }
    }

    impl Extract for Fickle {}

    let mut stream =
        client([reply::tool(json!({"value": [1]}))]).extract::<Vec<Fickle>>("…").items();
    let error = stream.next().await.unwrap().unwrap_err();
    let ErrorKind::Invalid { problems, .. } = error.kind() else { panic!("{error}") };
    let ledger = error.ledger();
    assert!(problems.to_string().contains("/0: expected a value that can be read (not now)"));
    assert_eq!(ledger.attempts.len(), 1);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn items_and_deltas_implement_stream() {
    let numbers = || client([reply::tool(json!({"value": [1, 2, 3]}))]).extract::<Vec<u8>>("…");
    let mut stream = numbers().items();
    let first: Vec<u8> = stream.by_ref().take(2).try_collect().await.unwrap();
    assert_eq!(first, [1, 2]);
    assert_eq!(stream.finish().await.unwrap(), [1, 2, 3]);

    let squares: Vec<u8> = (numbers().items())
        .map_ok(async |n| Ok(n * n))
        .try_buffered(2)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(squares, [1, 4, 9]);

    let pieces: Vec<_> = numbers().deltas().try_collect().await.unwrap();
    assert!(pieces.len() > 3);

    let mut updates = numbers().stream().into_updates();
    assert!(updates.next().await.is_some(), "the stream is Unpin");
}
