//! Each constraint of `#[extract(..)]` end to end: a reply that violates it is re-asked with the
//! problem, in a mode that enforces the schema and in one that only describes it.

use std::collections::BTreeMap;

use extract_llm::scripted::reply;
use extract_llm::{Extract, Mode};
use serde_json::{Value, json};

use super::{scripted, strict};

/// Tests one field with one constraint.
macro_rules! word {
    ($test:ident, $type:ty, [$($word:tt)*], bad: $bad:expr, good: $good:expr, expected: $expected:expr, at: $at:expr) => {
        #[tokio::test]
        async fn $test() {
            #[derive(Debug, Extract)]
            struct Held {
                #[extract($($word)*)]
                #[allow(dead_code, reason = "only its JSON is compared")]
                field: $type,
            }
            for bad in $bad {
                let replies = || [json!({"field": bad.clone()}), json!({"field": $good})];
                let (enforcing, _) = strict(replies().to_vec());
                let (telling, _) = scripted::scripted(replies().map(|value| reply::text(value.to_string())));
                for (client, mode) in [(enforcing, Mode::Tools), (telling, Mode::Text)] {
                    let done = client.extract::<Held>("text").mode(mode).report().await.unwrap();
                    assert_eq!(done.ledger.attempts.len(), 2, "{bad} is wrong");
                    let problem = &done.ledger.attempts[0].problems[0];
                    assert_eq!((problem.pointer.as_str(), problem.expected.as_str()), ($at, $expected), "{bad}");
                }
            }
        }
    };
}

word!(range, f64, [range(min = 0.0, max = 9.5)], bad: [json!(-0.5)], good: json!(9.5),
    expected: "at least 0.0", at: "/field");
word!(range_above, f64, [range(max = 9.5)], bad: [json!(9.75)], good: json!(9.5),
    expected: "at most 9.5", at: "/field");
word!(exclusive_range, u32, [range(exclusive_min = 3, exclusive_max = 5)], bad: [json!(3)], good: json!(4),
    expected: "more than 3", at: "/field");
word!(exclusive_range_above, i32, [range(exclusive_max = 5)], bad: [json!(5), json!(6)], good: json!(4),
    expected: "less than 5", at: "/field");
word!(multiple_of, u32, [multiple_of = 5], bad: [json!(4)], good: json!(10),
    expected: "a multiple of 5", at: "/field");
word!(length_of_a_text, String, [length(min = 2)], bad: [json!("é")], good: json!("éé"),
    expected: "a text of at least 2 characters", at: "/field");
word!(length_of_a_list, Vec<u8>, [length(max = 1)], bad: [json!([1, 2])], good: json!([1]),
    expected: "at most 1 element", at: "/field");
word!(length_equal, Vec<u8>, [length(equal = 2)], bad: [json!([1])], good: json!([1, 2]),
    expected: "at least 2 elements", at: "/field");
word!(pattern, String, [pattern("^[A-Z]+$")], bad: [json!("a"), json!("")], good: json!("A"),
    expected: "a text that matches the pattern ^[A-Z]+$", at: "/field");
word!(contains, String, [contains("a.b")], bad: [json!("axb")], good: json!("xa.by"),
    expected: r"a text that matches the pattern a\.b", at: "/field");
word!(email, String, [email], bad: [json!("ada"), json!("@x")], good: json!("ada@example.com"),
    expected: "a text in the format email", at: "/field");
word!(url, String, [url], bad: [json!("not a url")], good: json!("https://example.com"),
    expected: "a text in the format uri", at: "/field");
word!(ip, String, [ip], bad: [json!("1.2.3"), json!("localhost")], good: json!("::1"),
    expected: "a text in the format ip", at: "/field");
word!(ipv4, String, [ipv4], bad: [json!("::1")], good: json!("127.0.0.1"),
    expected: "a text in the format ipv4", at: "/field");
word!(ipv6, String, [ipv6], bad: [json!("127.0.0.1")], good: json!("::1"),
    expected: "a text in the format ipv6", at: "/field");
word!(inner, Vec<String>, [inner(length(min = 1))], bad: [json!(["x", ""])], good: json!(["x"]),
    expected: "a text of at least 1 character", at: "/field/1");
word!(inner_of_an_option, Option<Vec<u32>>, [inner(range(max = 3))], bad: [json!([4])], good: json!([3]),
    expected: "at most 3", at: "/field/0");
word!(bounds_of_the_type, u32, [description = "x"], bad: [json!(4_294_967_296_u64)], good: json!(1),
    expected: "at most 4294967295", at: "/field");

#[tokio::test]
async fn a_constraint_on_map_values_applies_to_the_pairs_that_are_sent() {
    #[derive(Debug, Extract)]
    struct Held {
        #[extract(inner(range(max = 3)))]
        field: BTreeMap<String, u32>,
    }
    let (client, model) = strict(vec![
        json!({"field": [{"key": "a", "value": 4}]}),
        json!({"field": [{"key": "a", "value": 3}]}),
    ]);
    let done = client.extract::<Held>("text").report().await.unwrap();
    assert_eq!(done.value.field["a"], 3);
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/field/a");
    let feedback: Value = model.seen()[1].body["messages"].clone();
    assert!(feedback.to_string().contains("expected at most 3, found 4"), "{feedback}");
}

#[tokio::test]
async fn a_deeply_invalid_answer_of_a_recursive_union_is_reported_in_bounded_time() {
    #[derive(Debug, PartialEq, Extract)]
    #[serde(untagged)]
    enum Term {
        Sum { left: Box<Term>, right: u8 },
        Product { left: Box<Term>, factor: u8 },
        Number(u8),
    }
    let mut wrong = json!("not a term");
    for _ in 0..40 {
        wrong = json!({"left": wrong, "factor": 1});
    }
    let (client, _) = scripted::scripted([
        reply::tool(json!({ "value": wrong })),
        reply::tool(json!({"value": {"left": 1, "right": 2}})),
    ]);
    let begun = std::time::Instant::now();
    let done = client.extract::<Term>("text").report().await.unwrap();
    assert_eq!(done.value, Term::Sum { left: Box::new(Term::Number(1)), right: 2 });
    assert_eq!(done.ledger.attempts[0].problems.len(), 1);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
