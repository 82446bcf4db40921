//! Long documents: merging, conflicts, failed chunks, passes, corrections, and the places of quotes.

use std::rc::Rc;
use std::time::Duration;

use extract_llm::document::{Chunking, Document, DocumentReport, Merge, Purpose};
use extract_llm::extraction::{InputError, Limit};
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, ErrorKind, Extract, Problem, Problems, Quote};
use serde_json::{Value, json};

/// A contract between parties.
#[derive(Debug, Extract)]
struct Agreement {
    /// The title.
    title: String,
    end: Option<String>,
    #[extract(length(min = 2))]
    parties: Vec<Party>,
    terms: Terms,
}

#[derive(Debug, Extract)]
struct Terms {
    /// The fee in euros.
    #[extract(range(min = 1))]
    fee: u32,
    law: Option<String>,
}

#[derive(Debug, Extract)]
struct Party {
    #[extract(length(min = 2))]
    name: String,
    role: Option<String>,
}

#[derive(Debug, Extract)]
struct Claims {
    claims: Vec<Claim>,
}

#[derive(Debug, Extract)]
struct Claim {
    about: String,
    evidence: Quote,
}

fn client(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (Client::with_model(model.clone()), model)
}

fn tool(value: Value) -> ScriptedReply {
    reply::tool(value)
}

/// Cuts between paragraphs, one a chunk.
fn each_paragraph() -> Chunking {
    Chunking::paragraphs().count_by(|_| 2).max_tokens(3)
}

#[expect(clippy::needless_pass_by_value, reason = "the calls are shorter")]
fn agreement(title: Value, parties: Value, fee: Value) -> ScriptedReply {
    tool(
        json!({"title": title, "end": null, "parties": parties, "terms": {"fee": fee, "law": null}}),
    )
}

fn claims(all: &[(&str, &str)]) -> ScriptedReply {
    let claims = all.iter().map(|(about, evidence)| json!({"about": about, "evidence": evidence}));
    tool(json!({"claims": claims.collect::<Vec<_>>()}))
}

/// Returns the byte ranges of the evidence.
fn places(done: &DocumentReport<Claims>) -> Vec<(usize, usize)> {
    let located = done.value.claims.iter().map(|claim| claim.evidence.located().unwrap());
    located.map(|located| (located.bytes.start, located.bytes.end)).collect()
}

#[test]
fn a_request_can_be_sent_to_another_thread() {
    fn is_send<T: Send + 'static>(_: T) {}
    #[derive(Extract)]
    struct Shared(#[allow(dead_code)] Vec<Local>);
    #[derive(Extract)]
    struct Local {
        #[allow(dead_code)]
        #[serde(deserialize_with = "rc")]
        #[schemars(with = "String")]
        name: Rc<str>,
    }
    fn rc<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rc<str>, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer).map(Into::into)
    }
    let (client, _) = client([]);
    is_send(client.extract_document::<Shared>("text").into_future());
    is_send(client.extract::<Agreement>("text").split_fields(2).report());
}

#[tokio::test]
async fn a_number_that_parts_cannot_have_is_refused() {
    let client = Client::with_model(Scripted::new([]));
    let document = client
        .extract_document::<Vec<String>>("Ada, Grace")
        .each(|extraction| extraction.expect_items(2));
    let split = client.extract::<Vec<String>>("Ada, Grace").expect_items(2).split_fields(1);
    for error in [document.await.unwrap_err(), split.await.unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::Input(InputError::ExpectedInParts)), "{error}");
    }
}

#[tokio::test]
async fn answers_are_merged_by_the_schema() {
    let (client, model) = client([
        agreement(
            json!("Lease"),
            json!([{"name": "Ada"}, {"name": "Bo", "role": "owner"}]),
            json!(null),
        ),
        agreement(json!(null), json!([]), json!(900)),
        agreement(
            json!("Lease "),
            json!([{"name": "Bo", "role": "owner"}, {"name": "Cy"}]),
            json!(950),
        ),
        agreement(json!("The lease"), json!([]), json!(900)),
    ]);
    let done = client
        .extract_document::<Agreement>("One.\n\nTwo.\n\nThree.\n\nFour.")
        .chunking(each_paragraph())
        .concurrency(1)
        .await
        .unwrap();

    let names: Vec<&str> = done.value.parties.iter().map(|party| party.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bo", "Cy"]);
    assert_eq!((done.value.title.as_str(), done.value.terms.fee), ("Lease", 900));
    assert_eq!(done.value.end, None);
    let conflicts: Vec<&str> = done.conflicts.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(conflicts, ["/title", "/terms/fee"]);
    let fee = &done.conflicts[1];
    assert_eq!(
        (fee.chosen, &fee.values[0].value, &fee.values[1].value),
        (0, &json!(900), &json!(950))
    );
    assert_eq!(fee.values[0].chunks, [2, 4]);
    assert_eq!(fee.values[1].chunks, [3]);
    assert_eq!(done.duplicates.len(), 1);
    assert_eq!(
        (done.duplicates[0].pointer.as_str(), done.duplicates[0].mentions),
        ("/parties/1", 2)
    );
    assert_eq!(done.duplicates[0].chunks, [1, 3]);
    assert_eq!(done.ledger.attempts.len(), 4);
    assert_eq!(done.answers[1].json["terms"]["fee"], 900);
    assert!(serde_json::to_value(&done.conflicts).is_ok());

    // Every field may be null in the answer about a chunk; elements keep their schema.
    let seen = model.seen();
    let schema = &seen[0].body["tools"][0]["function"]["parameters"];
    assert_eq!(schema["properties"]["title"]["type"], json!(["string", "null"]));
    assert!(schema["properties"]["parties"].get("minItems").is_none(), "{schema:#}");
    let system = seen[0].body["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("a part of a longer document"), "{system}");
    assert_eq!(seen[1].body["messages"][1]["content"], "<text>\nTwo.\n\n\n</text>");
}

#[tokio::test]
async fn one_chunk_is_asked_for_the_whole_type() {
    let parties = json!([{"name": "Ada"}, {"name": "Bo"}]);
    let (client, model) = client([
        agreement(json!(null), parties.clone(), json!(5)),
        agreement(json!("Lease"), parties, json!(5)),
    ]);
    let done = client.extract_document::<Agreement>("Short.").await.unwrap();
    assert_eq!(done.value.title, "Lease");
    let seen = model.seen();
    assert_eq!(seen[0].body["messages"][0]["role"], "user", "nothing is said of parts");
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/title");
}

#[tokio::test]
async fn keys_rules_and_wildcards() {
    let party = |name: &str, role: Option<&str>| json!({"name": name, "role": role});
    let replies = || {
        [
            agreement(
                json!("A"),
                json!([party("Ada  L", None), party("Bo", Some("owner"))]),
                json!(1),
            ),
            agreement(
                json!("B"),
                json!([party("Ada L", Some("tenant")), party("Bo", Some("lessor"))]),
                json!(2),
            ),
        ]
    };
    let run = async |merge: Merge| {
        let (client, _) = client(replies());
        let request =
            client.extract_document::<Agreement>("One.\n\nTwo.").chunking(each_paragraph());
        request.merge(merge).concurrency(1).await
    };
    let done =
        run(Merge::new().key("/parties", "/name").last("").first("/terms/fee")).await.unwrap();
    assert_eq!(done.value.parties.len(), 2);
    assert_eq!(done.value.parties[0].role.as_deref(), Some("tenant"));
    assert_eq!(done.value.parties[1].role.as_deref(), Some("lessor"));
    assert_eq!((done.value.title.as_str(), done.value.terms.fee), ("B", 1));
    assert!(done.conflicts.iter().any(|conflict| conflict.pointer == "/parties/1/role"));

    let done = run(Merge::new().key("/parties", "/name").last("/parties/*/role")).await.unwrap();
    assert_eq!(done.value.parties[1].role.as_deref(), Some("lessor"));
    assert_eq!(done.value.title, "A");

    let done = run(Merge::new()).await.unwrap();
    assert_eq!(done.value.parties.len(), 4, "nothing is the same without a key");

    let error = run(Merge::new().key("/parties", "/nmae")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(InputError::MergeRule { .. })), "{error}");
}

#[tokio::test]
async fn equal_elements_of_one_chunk_are_kept_and_of_another_are_the_same() {
    let list = |values: &[u8]| tool(json!({"value": values}));
    let run = async |merge: Merge| {
        let (client, _) = client([list(&[1, 1, 2]), list(&[1, 3])]);
        let request = client.extract_document::<Vec<u8>>("One.\n\nTwo.").chunking(each_paragraph());
        request.merge(merge).concurrency(1).await.unwrap().value
    };
    assert_eq!(run(Merge::new()).await, [1, 1, 2, 3]);
    assert_eq!(run(Merge::new().keep_all("")).await, [1, 1, 2, 1, 3]);
}

#[tokio::test]
async fn a_quote_keeps_the_occurrence_of_its_chunk() {
    let text = "The rent is due. Yes.\n\nNo: the rent is due. Then the rent is due.\n\nÄ: the rent is due.";
    let (client, _) = client([
        claims(&[]),
        claims(&[("b", "the rent is due"), ("b2", "the rent is due")]),
        claims(&[("c", "the rent is due")]),
    ]);
    let pages = [0, text.find("No:").unwrap(), text.find('Ä').unwrap()];
    let done = client
        .extract_document::<Claims>(Document::new(text).pages(pages))
        .chunking(each_paragraph())
        .concurrency(1)
        .await
        .unwrap();
    let found: Vec<usize> = text.match_indices("the rent is due").map(|(at, _)| at).collect();
    let starts: Vec<usize> = places(&done).into_iter().map(|(start, _)| start).collect();
    assert_eq!(starts, found);
    let last = done.value.claims[2].evidence.located().unwrap();
    assert_eq!(last.chars.start, text[..last.bytes.start].chars().count());
    assert_eq!(done.page_of(&done.value.claims[1].evidence), Some(2));
    let place = &done.on_pages(&done.value.claims[2].evidence)[0];
    assert_eq!((place.page, place.bytes.clone()), (3, 4..19));
}

#[tokio::test]
async fn elements_with_quotes_are_the_same_only_at_the_same_place() {
    let text = "One is red. Two is blue. Three is red.";
    let chunking =
        || Chunking::sentences().count_by(|text| text.len() as u64).max_tokens(26).overlap(13);
    let chunks = chunking().split(&Document::new(text));
    assert_eq!(chunks.len(), 3, "{chunks:?}");
    let (client, _) = client([
        claims(&[("red", "One is red")]),
        claims(&[("red", "is red."), ("blue", "Two is blue")]),
        claims(&[("blue", "Two is blue. "), ("red", "is red")]),
    ]);
    let done =
        client.extract_document::<Claims>(text).chunking(chunking()).concurrency(1).await.unwrap();
    assert_eq!(places(&done), [(0, 10), (12, 23), (31, 37)]);
    assert_eq!(done.duplicates.len(), 2);
    assert!(done.conflicts.is_empty());
}

#[tokio::test]
async fn a_quote_that_is_not_in_the_chunk_is_asked_again_about_the_chunk() {
    let (client, model) = client([
        claims(&[("a", "Ada pays")]),
        claims(&[("b", "Ada pays")]), // it stands in the other chunk
        claims(&[("b", "Bo pays")]),
    ]);
    let done = client
        .extract_document::<Claims>("Ada pays.\n\nBo pays.")
        .chunking(each_paragraph())
        .concurrency(1)
        .await
        .unwrap();
    assert_eq!(places(&done), [(0, 8), (11, 18)]);
    assert_eq!(model.seen().len(), 3);
    assert_eq!(done.ledger.attempts[1].problems[0].pointer, "/claims/0/evidence");
}

#[tokio::test]
async fn what_no_chunk_gave_is_asked_for_from_all_of_them() {
    let both = json!([{"name": "Ada"}, {"name": "Bo"}]);
    let (client, model) = client([
        agreement(json!(null), both, json!(7)),
        agreement(json!(null), json!([]), json!(null)),
        tool(json!({"corrected_title": null})),
        tool(json!({"corrected_title": "Lease"})),
    ]);
    let done = client
        .extract_document::<Agreement>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .concurrency(1)
        .await
        .unwrap();
    assert_eq!(done.value.title, "Lease");
    let last = &model.seen()[3].body;
    let messages = last["messages"].as_array().unwrap();
    let text = messages.last().unwrap()["content"].as_str().unwrap();
    assert!(text.contains("/corrected_title: missing required field"), "{text}");
    assert!(text.contains("What the text does not say is null."));
    assert_eq!(messages[messages.len() - 2]["content"], "{}");
    assert_eq!(
        last["tools"][0]["function"]["parameters"]["properties"].as_object().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn an_element_with_a_problem_is_asked_for_from_its_chunk() {
    let (client, model) = client([
        claims(&[("a", "Ada pays")]),
        claims(&[("b", "Ada pays"), ("bad", "Bo pays")]),
        tool(json!({"claims_2": {"about": "good", "evidence": "Ada pays"}})),
    ]);
    let text = "Ada pays.\n\nAda pays, and Bo pays.\n\n";
    let done = client
        .extract_document::<Claims>(text)
        .chunking(each_paragraph())
        .concurrency(1)
        .each(|extraction| {
            extraction.validate(|claims: &Claims, _| {
                let bad = claims.claims.iter().position(|claim| claim.about == "bad");
                match bad {
                    Some(index) => {
                        let pointer = format!("/claims/{index}/about");
                        Err(Problems::from(Problem::rule(pointer, "something good")))
                    }
                    None => Ok(()),
                }
            })
        })
        .await
        .unwrap();
    assert_eq!(done.value.claims[2].about, "good");
    // The corrected quote stands in the chunk that was asked.
    assert_eq!(places(&done), [(0, 8), (11, 19), (11, 19)]);
    let last = &model.seen()[2].body["messages"];
    let count = last.as_array().unwrap().len();
    assert_eq!(last[count - 3]["content"], "<text>\nAda pays, and Bo pays.\n\n\n</text>");
    assert_eq!(last[count - 2]["content"], r#"{"claims_2":{"about":"bad","evidence":"Bo pays"}}"#);
    let text = last[count - 1]["content"].as_str().unwrap();
    assert!(text.contains("- /claims_2/about: expected something good, found \"bad\""), "{text}");
}

#[tokio::test]
async fn a_problem_of_the_whole_asks_about_all_chunks_again() {
    let list = |values: &[u8]| tool(json!({"value": values}));
    let (client, model) = client([list(&[1]), list(&[2]), list(&[1]), list(&[3])]);
    let done = client
        .extract_document::<Vec<u8>>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .concurrency(1)
        .each(|extraction| {
            extraction.validate(|all: &Vec<u8>, _| {
                if all.iter().sum::<u8>() == 4 { Ok(()) } else { Err("numbers with the sum 4") }
            })
        })
        .await
        .unwrap();
    assert_eq!(done.value, [1, 3]);
    let messages = &model.seen()[3].body["messages"];
    assert_eq!(messages[2]["content"], r#"{"value":[2]}"#);
    assert!(messages[3]["content"].as_str().unwrap().contains("numbers with the sum 4"));
}

#[tokio::test]
async fn what_stays_wrong_is_an_error_with_the_best_value() {
    let nothing = || tool(json!({"corrected_title": null}));
    let both = json!([{"name": "Ada"}, {"name": "Bo"}]);
    let (client, model) = client([
        agreement(json!(null), both, json!(7)),
        agreement(json!(null), json!([]), json!(null)),
        nothing(),
        nothing(),
    ]);
    let error = client
        .extract_document::<Agreement>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .concurrency(1)
        .each(|extraction| extraction.validation_retries(1))
        .await
        .unwrap_err();
    let ErrorKind::Invalid { problems, limit } = error.kind() else { panic!("{error}") };
    assert_eq!(problems.iter().next().unwrap().pointer, "/title");
    assert_eq!(*limit, Limit::Retries { retries: 1 });
    assert_eq!(error.best().unwrap().value["terms"]["fee"], 7);
    assert_eq!((model.left(), error.ledger().attempts.len()), (0, 4));
}

#[tokio::test]
async fn a_failed_chunk_fails_the_document_unless_it_is_allowed() {
    let list = |values: &[u8]| tool(json!({"value": values}));
    let run = async |allowed: usize| {
        let (client, _) = client([list(&[1]), reply::refusal("I will not."), list(&[3])]);
        let text = "One.\n\nTwo.\n\nThree.";
        let request = client.extract_document::<Vec<u8>>(Document::new(text).pages([0, 6]));
        request.chunking(each_paragraph()).concurrency(1).allow_failed_chunks(allowed).await
    };
    let error = run(0).await.unwrap_err();
    let ErrorKind::FailedChunks { failed, allowed: 0 } = error.kind() else { panic!("{error}") };
    assert_eq!((failed.len(), failed[0].number, failed[0].bytes.clone()), (1, 2, 6..12));
    assert_eq!((failed[0].pages.clone(), failed[0].pass), (Some(2..=2), 1));
    assert!(matches!(failed[0].error.kind(), ErrorKind::Refused { .. }));
    assert_eq!(error.best().unwrap().value, json!([1, 3]));
    assert_eq!(error.ledger().attempts.len(), 3);
    assert!(!error.is_retryable());
    let line = error.to_string();
    assert!(
        line.starts_with(
            "1 chunk failed, and 0 may; the first failure: chunk 2 (bytes 6..12, page 2): the model refused"
        ),
        "{line}"
    );

    let done = run(1).await.unwrap();
    assert_eq!(done.value, [1, 3]);
    assert_eq!(done.failed[0].number, 2);
    assert!(serde_json::to_value(&done).unwrap()["failed"][0]["error"].is_string());
}

#[tokio::test]
async fn later_passes_ask_for_what_is_missing() {
    let (client, model) = client([
        claims(&[("a", "Ada pays")]),
        claims(&[("b", "Bo pays")]),
        claims(&[("also a", "pays twice"), ("a", "Ada pays")]),
        claims(&[]),
        claims(&[]),
        claims(&[]),
    ]);
    let done = client
        .extract_document::<Claims>("Ada pays twice.\n\nBo pays.")
        .chunking(each_paragraph())
        .concurrency(1)
        .passes(5)
        .await
        .unwrap();
    let about: Vec<&str> = done.value.claims.iter().map(|claim| claim.about.as_str()).collect();
    assert_eq!(about, ["a", "also a", "b"]);
    let new: Vec<(usize, usize)> =
        done.passes.iter().map(|pass| (pass.number, pass.new_elements)).collect();
    assert_eq!(new, [(1, 2), (2, 1), (3, 0)], "passes end after one without anything new");
    assert_eq!(model.left(), 0);
    let messages = &model.seen()[2].body["messages"];
    assert_eq!(messages[2]["role"], "assistant");
    assert_eq!(messages[2]["content"], r#"{"claims":[{"about":"a","evidence":"Ada pays"}]}"#);
    assert!(messages[3]["content"].as_str().unwrap().starts_with("This was found"));
}

#[tokio::test]
async fn a_unanimous_field_is_asked_for_again() {
    let fee =
        |fee: u32| agreement(json!("Lease"), json!([{"name": "Ada"}, {"name": "Bo"}]), json!(fee));
    let terms = |fee: Value| tool(json!({"terms_fee": fee}));
    let run = async |replies: Vec<ScriptedReply>| {
        let (client, _) = client(replies);
        client
            .extract_document::<Agreement>("One.\n\nTwo.")
            .chunking(each_paragraph())
            .concurrency(1)
            .merge(Merge::new().unanimous("/terms"))
            .each(|extraction| extraction.validation_retries(1))
            .await
    };
    let done = run(vec![fee(1), fee(2), terms(json!(2)), terms(json!(null))]).await.unwrap();
    assert_eq!(done.value.terms.fee, 2);
    assert!(done.conflicts.is_empty(), "{:?}", done.conflicts);
    let error = run(vec![fee(1), fee(2), terms(json!(1)), terms(json!(2))]).await.unwrap_err();
    assert!(
        error.to_string().contains("the same value in all parts of the text, found 1 and 2"),
        "{error}"
    );
}

#[tokio::test]
async fn other_roots() {
    #[derive(Debug, PartialEq, Extract)]
    enum Kind {
        Lease { rent: u32 },
        Sale,
    }
    async fn run<T: Extract>(replies: [Value; 2]) -> Result<T, extract_llm::Error> {
        let (client, _) = client(replies.map(|value| tool(json!({"value": value}))));
        let request = client.extract_document::<T>("One.\n\nTwo.").chunking(each_paragraph());
        Ok(request.concurrency(1).each(|it| it.validation_retries(0)).await?.value)
    }
    assert_eq!(run::<u32>([json!(null), json!(7)]).await.unwrap(), 7);
    let lease = json!({"Lease": {"rent": 4}});
    assert_eq!(run::<Kind>([json!(null), lease]).await.unwrap(), Kind::Lease { rent: 4 });
    assert_eq!(run::<Option<u8>>([json!(null), json!(null)]).await.unwrap(), None);
    let error = run::<u32>([json!(null), json!(null)]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{error}");

    type Sums = std::collections::BTreeMap<String, u32>;
    let (client, _) = client([tool(json!({"a": 1})), tool(json!({"b": 2, "a": 1}))]);
    let request = client.extract_document::<Sums>("One.\n\nTwo.").chunking(each_paragraph());
    let done = request.concurrency(1).await.unwrap();
    assert_eq!(done.json, json!({"a": 1, "b": 2}));
}

#[tokio::test]
async fn blank_chunks_are_not_sent_and_bad_pages_are_refused() {
    let (client, model) = client([tool(json!({"value": [1]})), tool(json!({"value": [2]}))]);
    let text = "One.\u{c} \u{c}Two.";
    let request = client.extract_document::<Vec<u8>>(Document::new(text).pages_at_form_feeds());
    let done = request.chunking(Chunking::each_page()).concurrency(1).await.unwrap();
    assert_eq!((done.value.as_slice(), done.chunks.len()), (&[1, 2][..], 3));
    assert!(done.chunks[1].is_blank);
    assert_eq!(model.left(), 0);

    for pages in [vec![1, 3], vec![0, 3, 3], vec![0, 99], vec![0, 2]] {
        let document = Document::new("é. One.").pages(pages.clone());
        let result = client.extract_document::<Vec<u8>>(document).await;
        let is_page = matches!(
            result.as_ref().map_err(extract_llm::Error::kind),
            Err(ErrorKind::Input(InputError::PageStart { .. }))
        );
        assert_eq!(is_page, pages != [0, 2], "{pages:?}: {:?}", result.err());
    }
    let error = client.extract_document::<Vec<u8>>(" \n").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(InputError::Empty)));
}

#[tokio::test]
async fn the_texts_can_be_replaced() {
    let (client, model) = client([tool(json!({"value": [1]})), tool(json!({"value": [2]}))]);
    client
        .extract_document::<Vec<u8>>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .concurrency(1)
        .each(|extraction| extraction.system("Zahlen."))
        .prompt(|prompt| match prompt.purpose {
            Purpose::First => format!("Teil {} von {}.", prompt.chunk.number, prompt.count),
            _ => prompt.default_text(),
        })
        .await
        .unwrap();
    assert_eq!(model.seen()[1].body["messages"][0]["content"], "Zahlen.\n\nTeil 2 von 2.");
}

#[tokio::test]
async fn deadlines_and_budgets_are_those_of_the_document() {
    let (client, model) = client([
        tool(json!({"value": [1]})).usage(950, 10),
        tool(json!({"value": [2]})).usage(950, 10),
    ]);
    let text = "One.\n\nTwo.";
    let request = || client.extract_document::<Vec<u8>>(text).chunking(each_paragraph());
    let error = request().each(|it| it.deadline(Duration::ZERO)).await.unwrap_err();
    let ErrorKind::FailedChunks { failed, .. } = error.kind() else { panic!("{error}") };
    assert!(failed.iter().all(|it| matches!(it.error.kind(), ErrorKind::Deadline { .. })));
    assert!(error.best().is_none() && model.left() == 2);

    let error = request()
        .concurrency(1)
        .each(|it| it.max_tokens(20).token_budget(1_000))
        .await
        .unwrap_err();
    let ErrorKind::FailedChunks { failed, .. } = error.kind() else { panic!("{error}") };
    assert_eq!((failed.len(), failed[0].number), (1, 2));
    assert!(matches!(failed[0].error.kind(), ErrorKind::Budget(_)), "{error}");
}

#[tokio::test]
async fn a_wide_type_is_asked_for_in_calls_and_checked_as_a_whole() {
    let both = json!([{"name": "Ada"}, {"name": "Bo"}]);
    let (client, model) = client([
        tool(json!({"title": "Lease", "end": null})),
        tool(json!({"parties": both, "terms": {"fee": 0, "law": null}})),
        tool(json!({"parties": both, "terms": {"fee": 3, "law": null}})),
        tool(json!({"corrected_title": "The lease"})),
    ]);
    let done = client
        .extract::<Agreement>("Some text.")
        .validate(|it: &Agreement, _| {
            let problem = Problem::rule("/title", "a title with an article");
            if it.title.starts_with("The ") { Ok(()) } else { Err(Problems::from(problem)) }
        })
        .split_fields(2)
        .concurrency(1)
        .report()
        .await
        .unwrap();
    assert_eq!((done.value.title.as_str(), done.value.terms.fee), ("The lease", 3));
    assert_eq!(done.ledger.attempts.len(), 4);
    assert_eq!(done.conversation.messages().len(), 2);
    let seen = model.seen();
    let members = |index: usize| {
        let schema = &seen[index].body["tools"][0]["function"]["parameters"]["properties"];
        schema.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(members(0), ["title", "end"]);
    assert_eq!(members(1), ["parties", "terms"]);
    assert_eq!(members(3), ["corrected_title"]);
    let text = seen[3].body["messages"].to_string();
    assert!(!text.contains("does not say is null"), "{text}");
}

#[tokio::test]
async fn a_call_that_fails_fails_a_wide_type() {
    let (client, _) = client([tool(json!({"title": "Lease", "end": null})), reply::refusal("No.")]);
    let call = client.extract::<Agreement>("Some text.").split_fields(2).concurrency(1);
    let error = call.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Refused { .. }), "{error}");
    assert_eq!(error.ledger().attempts.len(), 2);
}

#[tokio::test]
async fn a_long_document_of_a_wide_type() {
    let (client, model) = client([
        tool(json!({"title": "Lease", "end": null})),
        tool(json!({"parties": [{"name": "Ada"}], "terms": null})),
        tool(json!({"title": null, "end": "2030"})),
        tool(json!({"parties": [{"name": "Bo"}], "terms": {"fee": 3, "law": null}})),
    ]);
    let done = client
        .extract_document::<Agreement>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .split_fields(2)
        .concurrency(1)
        .await
        .unwrap();
    assert_eq!(done.value.end.as_deref(), Some("2030"));
    assert_eq!((done.value.parties.len(), done.value.terms.fee), (2, 3));
    assert_eq!(model.left(), 0);
    assert_eq!(done.answers.len(), 2);
}

#[tokio::test]
async fn a_schema_that_is_known_at_run_time() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "required": ["name", "tags"],
    });
    let (client, _) = client([
        tool(json!({"name": null, "tags": ["a"]})),
        tool(json!({"name": "Ada", "tags": ["b", "a"]})),
    ]);
    let done = client
        .extract_document::<Value>("One.\n\nTwo.")
        .chunking(each_paragraph())
        .concurrency(1)
        .each(|extraction| extraction.contract(&schema))
        .await
        .unwrap();
    assert_eq!(done.value, json!({"name": "Ada", "tags": ["a", "b"]}));
}

#[tokio::test]
async fn a_document_without_any_answer_fails_whatever_is_allowed() {
    let (client, model) =
        client([reply::refusal("No."), reply::refusal("No."), reply::refusal("No.")]);
    let request = client.extract_document::<Vec<u8>>("One.\n\nTwo.").chunking(each_paragraph());
    let error = request.concurrency(1).allow_failed_chunks(9).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::FailedChunks { allowed: 9, .. }), "{error}");
    assert_eq!(model.left(), 1);
}
